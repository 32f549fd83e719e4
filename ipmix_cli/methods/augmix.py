"""AugMix (Hendrycks et al., ICLR 2020): chains of operations, mixed with random weights, and with the clean picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import UsageError
from ipmix_cli.methods.steps.chains import PlanArray, plan_dtype, unchanged_plans
from ipmix_cli.methods.steps.chains_method import ChainsMethod
from ipmix_cli.methods.steps.draws import below, dirichlet_of_ones, draw_uniforms
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
HEAD_SLOTS = 1  # the blend; then for each chain:
CHAIN_SLOTS = 2  # weight, length; then for each step three


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
        if self.min_steps > self.max_steps:
            raise UsageError(
                f"min_steps is {self.min_steps}, above max_steps, {self.max_steps}", "choose max_steps above it"
            )


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
    small: ClassVar[str] = "cifar"
    large: ClassVar[str] = "imagenet"
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
        per_chain = CHAIN_SLOTS + PER_OPERATION * settings.max_steps
        u = draw_uniforms(seed, indices, copies, HEAD_SLOTS + settings.chains * per_chain)
        chains = u[..., HEAD_SLOTS:].reshape(*u.shape[:2], settings.chains, per_chain)
        steps = chains[..., CHAIN_SLOTS:].reshape(*chains.shape[:3], settings.max_steps, PER_OPERATION)
        plans = np.zeros(u.shape[:2], plan_dtype(settings.chains, settings.max_steps))
        plans["blend"] = u[..., 0]
        plans["weights"] = dirichlet_of_ones(chains[..., 0])
        plans["lengths"] = settings.min_steps + below(chains[..., 1], settings.max_steps - settings.min_steps + 1)
        drawn = draw_operations(steps, settings.operations, settings.severity, size)
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

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return which plans have no operation that changes anything."""
        return unchanged_plans(plans)


AUGMIX = AugMix()
