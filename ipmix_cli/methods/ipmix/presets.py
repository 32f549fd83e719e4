"""The published settings, as values with their source."""

from __future__ import annotations

from ipmix_cli.errors import check_name
from ipmix_cli.methods.ipmix.settings import AugmentConfig

AUTO = "auto"
AUTO_LIMIT = 64  # px: pictures up to this side are mixed as CIFAR's are

PRESETS: dict[str, AugmentConfig] = {
    # Huang et al., NeurIPS 2023 (arXiv 2310.04780): defaults of the authors' CIFAR code; resize to 36, crop 32
    "cifar": AugmentConfig(chains=3, max_steps=3, severity=3, beta=3, self_mix=0.0, mixing_ratio=9 / 8),
    # The same: defaults of the authors' ImageNet code; resize to 256, crop 224
    "imagenet": AugmentConfig(chains=3, max_steps=3, severity=1, beta=4, self_mix=0.5, mixing_ratio=8 / 7),
}


def preset_for(name: str, height: int, width: int) -> AugmentConfig:
    """Return a preset by its name; ``auto`` chooses by the picture's size in pixels.

    Raises
    ------
    UsageError
        If there is no preset of that name.

    Examples
    --------
    >>> preset_for("auto", 32, 32) == PRESETS["cifar"]
    True
    """
    if name == AUTO:
        name = "cifar" if max(height, width) <= AUTO_LIMIT else "imagenet"
    check_name("preset", name, [AUTO, *PRESETS])
    return PRESETS[name]
