"""IPMix as the pipeline knows it: the contract's names for what the modules beside this one do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ipmix_cli.kernels import codes
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.operations import ALL_OPERATIONS
from ipmix_cli.methods.steps.chains_method import ChainsMethod
from ipmix_cli.transform import MixingPictures, Plans, Shortcut, Size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ipmix_cli.methods.mixing_set import MixingSet
    from ipmix_cli.picture import Picture


class IPMixTransform(ChainsMethod):
    """IPMix: chains of operations and of mixings with fractals, blended with the clean picture."""

    name: ClassVar[str] = "ipmix"
    summary: ClassVar[str] = "chains of operations and mixings with fractals"
    title: ClassVar[str] = "IPMix"
    credit: ClassVar[str] = "IPMix (Huang et al., NeurIPS 2023)"
    plan_version: ClassVar[int] = 1  # a changed distribution or order of draws changes every byte: raise it then
    single_version: ClassVar[int] = 2  # of jobs in float32 arithmetic: their bytes changed, and no others
    settings_type: ClassVar[type[Any]] = AugmentConfig
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    kernels: ClassVar[str] = ""  # all that were there before other methods
    shortcuts: ClassVar[Mapping[str, Shortcut]] = {
        "all_ops": Shortcut(
            "Also the five operations that overlap with the -C benchmarks.", {"operations": ALL_OPERATIONS}
        ),
    }

    def check_size(self, settings: Any, size: Size) -> None:
        """Refuse patch sizes that do not fit."""
        settings.patch_sizes_for(*size)

    def overflow_of(self, settings: Any) -> str:
        """Return the setting."""
        return str(settings.overflow)

    def plan_version_of(self, settings: Any) -> int:
        """Return 2 where the published float32 arithmetic is followed, which version 1 did not; else 1."""
        return self.plan_version if settings.overflow_code == codes.CLIP else self.single_version

    def mixing_ratio(self, settings: Any) -> float | None:
        """Return the preset's ratio: IPMix always needs mixing pictures."""
        return float(settings.mixing_ratio)

    def mixing_used(self, plans: Plans) -> NDArray[np.int64]:
        """Return each plan's mixing picture."""
        import numpy as np

        return np.asarray(plans["mixing"], np.int64).reshape(-1)

    def plan(
        self,
        settings: Any,
        size: Size,
        seed: int,
        indices: NDArray[np.int64],
        copies: int,
        mixing_shapes: NDArray[np.int32],
    ) -> Plans:
        """Draw the plans (N, V)."""
        from ipmix_cli.methods.ipmix.plan import sample_plans

        return sample_plans(settings, size, seed, indices, copies, mixing_shapes)

    def plan_chosen(
        self,
        settings: Any,
        size: Size,
        seed: int,
        indices: NDArray[np.int64],
        copies: NDArray[np.int64],
        mixing_shapes: NDArray[np.int32],
    ) -> Plans:
        """Draw the plans of those copies alone."""
        from ipmix_cli.methods.ipmix.plan import chosen_plans

        return chosen_plans(settings, size, seed, indices, copies, mixing_shapes)

    def apply(
        self,
        pictures: Picture,
        plans: Plans,
        mixing: MixingPictures | None,
        settings: Any,
        out: Picture,
        workspace: Any = None,
    ) -> None:
        """Fill `out` with the copies, in one compiled call."""
        from ipmix_cli.methods.ipmix.apply import apply_plans

        apply_plans(pictures, plans, _mixing_set(mixing), settings, out, workspace)

    def workspace(self, size: Size, settings: Any) -> Any:
        """Return memory for one thread: fresh memory for every call would cost a tenth of the time."""
        from ipmix_cli.methods.ipmix.apply import workspace_for

        return workspace_for(*size, settings)

    def call_kernels(self) -> None:
        """Make one small copy: IPMix has kernels of its own that draw."""
        self.make_small_copy()


IPMIX = IPMixTransform()


def _mixing_set(mixing: MixingPictures | None) -> MixingSet:
    from ipmix_cli.methods.mixing_set import MixingSet

    assert isinstance(mixing, MixingSet), "IPMix is never without mixing pictures"
    return mixing
