"""IPMix as the pipeline knows it: the contract's names for what the modules beside this one do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ipmix_cli.errors import check_name
from ipmix_cli.kernels import codes
from ipmix_cli.methods.ipmix.presets import AUTO_LIMIT, PRESETS, preset_for
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.operations import ALL_OPERATIONS
from ipmix_cli.transform import MixingPictures, Plans, Shortcut, Size, StageRow, Transform

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ipmix_cli.methods.mixing_set import MixingSet
    from ipmix_cli.methods.steps.chains_view import Plan
    from ipmix_cli.picture import Picture

PHOTOGRAPH = (2 * AUTO_LIMIT, 2 * AUTO_LIMIT)  # what pictures of many sizes are taken for


class IPMixTransform(Transform):
    """IPMix: chains of operations and of mixings with fractals, blended with the clean picture."""

    name: ClassVar[str] = "ipmix"
    summary: ClassVar[str] = "chains of operations and mixings with fractals"
    title: ClassVar[str] = "IPMix"
    credit: ClassVar[str] = "IPMix (Huang et al., NeurIPS 2023)"
    plan_version: ClassVar[int] = 1  # a changed distribution or order of draws changes every byte: raise it then
    single_version: ClassVar[int] = 2  # of jobs in float32 arithmetic: their bytes changed, and no others
    settings_type: ClassVar[type[Any]] = AugmentConfig
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    shortcuts: ClassVar[Mapping[str, Shortcut]] = {
        "all_ops": Shortcut(
            "Also the five operations that overlap with the -C benchmarks.", {"operations": ALL_OPERATIONS}
        ),
    }

    def settings_for(self, preset: str, size: Size | None, changes: Mapping[str, Any]) -> AugmentConfig:
        """Return a preset with some fields replaced; ``auto`` takes pictures of many sizes for photographs."""
        for name in changes:
            check_name("setting", name, [field.name for field in dataclasses.fields(AugmentConfig)])
        config = dataclasses.replace(preset_for(preset, *(size or PHOTOGRAPH)), **changes)
        if size is not None:
            config.patch_sizes_for(*size)  # refuses sizes that do not fit
        return config

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

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return which plans have no step that changes anything."""
        from ipmix_cli.methods.steps.chains import unchanged_plans

        return unchanged_plans(plans)

    def view(self, plan: Any, settings: Any) -> Plan:
        """Return one plan as words and plain data."""
        from ipmix_cli.methods.steps.chains_view import Plan

        return Plan.from_row(plan, settings.overflow)

    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: Any
    ) -> dict[str, NDArray[Any]]:
        """Return the clean and the mixing picture, each chain after each step, masks, partners, and the copy."""
        from ipmix_cli.methods.steps.chains_stages import chain_stages

        return chain_stages(picture, plan, _mixing_set(mixing), overflow=settings.overflow_code)

    def stage_rows(self, plan: Any, settings: Any, stages: Mapping[str, NDArray[Any]]) -> list[StageRow]:
        """Return what goes in, each chain step by step, and what comes out."""
        del stages
        from ipmix_cli.methods.steps.chains_view import stage_rows

        return stage_rows(self.view(plan, settings))

    def interest(self, plans: Plans) -> NDArray[np.float64]:
        """Prefer plans with many steps of both kinds that the blend lets through."""
        from ipmix_cli.methods.steps.chains import interest

        return interest(plans)

    def operations(self, plans: Plans, settings: Any) -> dict[str, int]:
        """Return how often each operation and each mixing is a step."""
        del settings
        from ipmix_cli.methods.steps.chains_view import count_steps

        return count_steps(plans)

    def is_warm(self) -> bool:
        """Whether this machine's cache holds the compiled kernels."""
        from ipmix_cli.methods.ipmix.warmup import is_warm

        return is_warm()

    def warm_up(self) -> None:
        """Compile the kernels into the cache, or load them from it."""
        from ipmix_cli.methods.ipmix.warmup import warm_up

        warm_up()


IPMIX = IPMixTransform()


def _mixing_set(mixing: MixingPictures | None) -> MixingSet:
    from ipmix_cli.methods.mixing_set import MixingSet

    assert isinstance(mixing, MixingSet), "IPMix is never without mixing pictures"
    return mixing
