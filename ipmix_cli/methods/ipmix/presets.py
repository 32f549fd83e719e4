"""The published settings, as values with their source."""

from __future__ import annotations

from ipmix_cli.methods.ipmix.settings import AugmentConfig

PRESETS: dict[str, AugmentConfig] = {
    # Huang et al., NeurIPS 2023 (arXiv 2310.04780): defaults of the authors' CIFAR code; resize to 36, crop 32
    "cifar": AugmentConfig(chains=3, max_steps=3, severity=3, beta=3, self_mix=0.0, mixing_ratio=9 / 8),
    # The same: defaults of the authors' ImageNet code; resize to 256, crop 224
    "imagenet": AugmentConfig(chains=3, max_steps=3, severity=1, beta=4, self_mix=0.5, mixing_ratio=8 / 7),
}
