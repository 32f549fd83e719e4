"""AugMix (Hendrycks et al., ICLR 2020): chains of operations, mixed with random weights, and with the clean picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.methods.steps.chain_draws import check_steps, draw_chains
from ipmix_cli.methods.steps.chains import PlanArray, plan_dtype
from ipmix_cli.methods.steps.chains_method import ChainsMethod
from ipmix_cli.methods.steps.levels import PER_OPERATION, draw_operations
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.picture import Picture
from ipmix_cli.transform import MixingPictures, Plans, Size

if TYPE_CHECKING:
    from ipmix_cli.kernels.workspace import Workspace

# The order of the authors' list; the last four overlap with the corruptions of the -C benchmarks
BASIC_OPERATIONS = (
    "autocontrast",
    "equalize",
    "posterize",
    "rotate",
    "solarize",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)
OPERATIONS = (*BASIC_OPERATIONS, "color", "contrast", "brightness", "sharpness")


@dataclass(frozen=True, kw_only=True)
class AugMixSettings(Settings):
    """What one copy of AugMix is drawn from."""

    severity: float = setting("highest level of an operation", low=0.1, high=10)
    chains: int = setting("chains of a copy (the authors' mixture width)", default=3, low=1, high=64)
    min_steps: int = setting("smallest number of operations of a chain", default=1, low=0, high=64)
    max_steps: int = setting("largest number of operations of a chain (the authors' depth)", default=3, low=1, high=64)
    operations: tuple[str, ...] = setting("operations to draw from", default=BASIC_OPERATIONS, choices=OPERATIONS)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_steps(self)


PRESETS: dict[str, AugMixSettings] = {
    # google-research/augmix, cifar.py: defaults
    "cifar": AugMixSettings(severity=3),
    # The same, imagenet.py: defaults
    "imagenet": AugMixSettings(severity=1),
}


class AugMix(ChainsMethod):
    """Chains of operations from the clean picture on, weighted by Dirichlet(1, .., 1), blended by Beta(1, 1)."""

    name: ClassVar[str] = "augmix"
    summary: ClassVar[str] = "chains of operations, mixed with the clean picture"
    title: ClassVar[str] = "AugMix"
    credit: ClassVar[str] = "AugMix (Hendrycks et al., ICLR 2020)"
    settings_type: ClassVar[type[Any]] = AugMixSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    kernels: ClassVar[str] = "chains"

    def plan(
        self,
        settings: AugMixSettings,
        size: Size,
        seed: int,
        indices: NDArray[np.int64],
        copies: int,
        mixing_shapes: NDArray[np.int32],
    ) -> Plans:
        """Draw the plans (N, V)."""
        del mixing_shapes
        dtype = plan_dtype(settings.chains, settings.max_steps)
        plans, uniforms = draw_chains(settings, seed, indices, copies, dtype, PER_OPERATION)
        drawn = draw_operations(uniforms, settings.operations, settings.severity, size)
        plans["steps"]["code"], plans["steps"]["parameter"] = drawn
        return plans

    def apply(
        self,
        pictures: Picture,
        plans: PlanArray,
        mixing: MixingPictures | None,
        settings: AugMixSettings,
        out: Picture,
        workspace: Workspace | None = None,
    ) -> None:
        """Fill `out` with the copies, in one compiled call."""
        del mixing, settings
        from ipmix_cli.methods.steps.chains_apply import NO_MIXING, apply_chains

        apply_chains(pictures, plans, NO_MIXING, out, workspace=workspace)

    def workspace(self, size: Size, settings: AugMixSettings) -> Workspace:
        """Return memory for one thread."""
        from ipmix_cli.methods.steps.memory import workspace_for

        return workspace_for(*size, settings.chains)


AUGMIX = AugMix()
