"""Corruptions as the pipeline knows them: each variant of a picture is a corruption at a severity."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.named_sets import plans_of_numbers, settings_of_set
from ipmix_cli.corruptions.profiles import profile_for
from ipmix_cli.corruptions.settings import PRESETS, CorruptionSettings, set_of
from ipmix_cli.numba_cache.kernel_set import KernelSet
from ipmix_cli.picture import Picture
from ipmix_cli.transform import NATIVE, MixingPictures, Plans, Size, Transform

if TYPE_CHECKING:
    from ipmix_cli.corruptions.plan import CorruptionView

C_BAR_CREDIT = "the corruptions of C-bar (Mintun, Kirillov and Xie, NeurIPS 2021)"


class CorruptionTransform(Transform):
    """The corruptions of ImageNet-C, each at up to five severities."""

    name: ClassVar[str] = "corruptions"
    summary: ClassVar[str] = "noise, blur, weather and digital corruptions at five severities"
    title: ClassVar[str] = "Corruptions"
    credit: ClassVar[str] = "common corruptions (Hendrycks and Dietterich, ICLR 2019)"
    made: ClassVar[str] = "corrupted"
    purpose: ClassVar[str] = "test data"
    command: ClassVar[str] = "corrupt"
    plan_version: ClassVar[int] = 1
    settings_type: ClassVar[type[Any]] = CorruptionSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    mixing_option: ClassVar[str] = "frost"
    split: ClassVar[str] = "test"

    def settings_for(self, preset: str, size: Size | None, changes: Mapping[str, Any]) -> CorruptionSettings:
        """Return a set of corruptions with some fields replaced; ``auto`` is the test set.

        The profile is fixed by the pictures' size; where sizes differ, ``auto`` is kept, and chooses for each. A set
        whose members depend on the profile can then not be told.
        """
        settings = settings_of_set(PRESETS, preset, changes, "corruptions")
        if size is not None:
            settings = dataclasses.replace(settings, profile=profile_for(settings.profile, *size))
        settings.check_members()
        return settings

    def options(self, settings: Any) -> dict[str, Any]:
        """Return settings as the options of ``ipmix corrupt``."""
        return {
            "set": set_of(settings.corruptions, settings.profile) or list(settings.corruptions),
            "severity": list(settings.severities),
            "profile": settings.profile,
            "corrected": settings.corrected,
        }

    def variants(self, settings: Any, copies: int) -> Sequence[str]:
        """Return ``CORRUPTION.SEVERITY`` of each variant."""
        del copies
        return [f"{name}.{severity}" for name, severity in settings.variants]

    def credit_of(self, settings: Any) -> str:
        """Return the sources of the corruptions: of the common ones, of C-bar's, or both."""
        from ipmix_cli.corruptions.table import is_of_c_bar

        of_c_bar = {is_of_c_bar(name) for name in settings.corruptions}
        return " and ".join(C_BAR_CREDIT if known else self.credit for known in sorted(of_c_bar))

    def remark(self, settings: Any) -> str:
        """Return that frost is synthetic, where it is."""
        return str(settings.remark)

    def mixing_ratio(self, settings: Any) -> float | None:
        """Return that pictures of frost are taken at their own size, if any are needed."""
        return NATIVE if settings.needs_frost else None

    def mixing_used(self, plans: Plans) -> NDArray[np.int64]:
        """Return the pictures of frost that may be used: which one depends on how many there are."""
        from ipmix_cli.corruptions.frost import LOOKS
        from ipmix_cli.corruptions.table import CORRUPTIONS

        frozen = (plans["corruption"] == CORRUPTIONS["frost"].code).any()
        return np.arange(len(LOOKS) if frozen else 0, dtype=np.int64)

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
        del mixing_shapes
        from ipmix_cli.corruptions.plan import draw_plans

        return draw_plans(settings, size, seed, indices, settings.variants[:copies])

    def plan_chosen(
        self,
        settings: Any,
        size: Size,
        seed: int,
        indices: NDArray[np.int64],
        copies: NDArray[np.int64],
        mixing_shapes: NDArray[np.int32],
    ) -> Plans:
        """Draw the plans (N, V) of the variants whose numbers are `copies` (N, V), and no others."""
        del mixing_shapes
        from ipmix_cli.corruptions.plan import draw_plans

        draw = functools.partial(draw_plans, settings, size, seed)
        return plans_of_numbers(draw, settings.variants, indices, copies)

    def apply(
        self,
        pictures: Picture,
        plans: Plans,
        mixing: MixingPictures | None,
        settings: Any,
        out: Picture,
        workspace: Any = None,
    ) -> None:
        """Fill `out` with the corrupted pictures."""
        from ipmix_cli.corruptions.apply import FrostMemory, apply_plan

        memory = workspace or FrostMemory()
        for picture, row, targets in zip(pictures, plans, out, strict=True):
            own = np.ascontiguousarray(picture)
            for plan, target in zip(row, targets, strict=True):
                target[...] = apply_plan(own, plan, mixing, settings, memory)

    def workspace(self, size: Size, settings: Any) -> Any:
        """Return a place to keep resized pictures of frost."""
        del size, settings
        from ipmix_cli.corruptions.apply import FrostMemory

        return FrostMemory()

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return that no plan is sure to give back the clean picture."""
        return np.zeros(plans.shape, np.bool_)

    def view(self, plan: Any, settings: Any) -> CorruptionView:
        """Return one plan as words and plain data."""
        from ipmix_cli.corruptions.plan import CorruptionView

        return CorruptionView.of(plan, settings)

    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: Any
    ) -> dict[str, NDArray[Any]]:
        """Return the clean picture, the random arrays, and the corrupted picture."""
        from ipmix_cli.corruptions.apply import stages_of

        return stages_of(picture, plan, mixing, settings)

    def interest(self, plans: Plans) -> NDArray[np.float64]:
        """Prefer the middle severity, of which there is most to see."""
        return -np.abs(plans["severity"] - 3.0)

    def operations(self, plans: Plans, settings: Any) -> dict[str, int]:
        """Return how many pictures each corruption makes."""
        del settings
        from ipmix_cli.corruptions.plan import BY_CODE

        codes, counts = np.unique(plans["corruption"], return_counts=True)
        return {BY_CODE[int(code)].name: int(count) for code, count in zip(codes, counts, strict=True)}

    def facets(self, plans: Plans, settings: Any) -> dict[str, tuple[str, ...]]:
        """Return the corruption and its severity."""
        return {
            "corruption": tuple(self.operations(plans, settings)),
            "severity": tuple(str(severity) for severity in plans["severity"].ravel().tolist()),
        }

    def kernel_set(self) -> KernelSet:
        """Return the kernels of all corruptions."""
        from ipmix_cli.kernels import corruptions

        return KernelSet(Path(corruptions.__file__).parent, self._corrupt_small_picture)

    def _corrupt_small_picture(self) -> None:
        from ipmix_cli.corruptions.table import CORRUPTIONS

        settings = CorruptionSettings(corruptions=tuple(CORRUPTIONS))
        pictures = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(1, 4, 4, 3)
        variants = len(settings.variants)
        plans = self.plan(settings, (4, 4), 0, np.zeros(1, np.int64), variants, np.zeros((0, 2), np.int32))
        self.apply(pictures, plans, None, settings, np.empty((1, variants, 4, 4, 3), np.uint8))


TRANSFORM = CorruptionTransform()
