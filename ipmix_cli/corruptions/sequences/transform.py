"""Perturbation sequences as the pipeline knows them: each variant of a picture is a frame of a sequence."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.corruptions.named_sets import plans_of_numbers, settings_of_set
from ipmix_cli.corruptions.profiles import AUTO, profile_for
from ipmix_cli.corruptions.sequences.settings import PRESETS, SequenceSettings, sequence_name, variant_name
from ipmix_cli.errors import UsageError
from ipmix_cli.numba_cache.kernel_set import KernelSet
from ipmix_cli.picture import Picture
from ipmix_cli.transform import MixingPictures, Plans, Size, Transform

if TYPE_CHECKING:
    from ipmix_cli.corruptions.sequences.plan import FrameView


class SequenceTransform(Transform):
    """The perturbation sequences of ImageNet-P."""

    name: ClassVar[str] = "sequences"
    summary: ClassVar[str] = "sequences of slowly changing pictures: noise, blur, weather, light and motion"
    title: ClassVar[str] = "Perturbation sequences"
    credit: ClassVar[str] = "perturbation sequences (Hendrycks and Dietterich, ICLR 2019)"
    made: ClassVar[str] = "perturbed"
    purpose: ClassVar[str] = "test data"
    command: ClassVar[str] = "corrupt"
    plan_version: ClassVar[int] = 1
    settings_type: ClassVar[type[Any]] = SequenceSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    split: ClassVar[str] = "test"
    needs_surroundings: ClassVar[bool] = True

    def settings_for(self, preset: str, size: Size | None, changes: Mapping[str, Any]) -> SequenceSettings:
        """Return a set of sequences with some fields replaced; ``auto`` is the test set.

        The profile is fixed by the pictures' size. Where sizes differ it must be named: profiles have other numbers of
        frames.
        """
        settings = settings_of_set(PRESETS, preset, changes, "perturbations")
        if size is not None:
            return dataclasses.replace(settings, profile=profile_for(settings.profile, *size))
        if settings.profile == AUTO:
            raise UsageError(
                "the pictures differ in size, and profiles differ in their numbers of frames",
                "give --size S to make them equal, or name a profile with --profile",
            )
        return settings

    def options(self, settings: Any) -> dict[str, Any]:
        """Return settings as the options of ``ipmix corrupt``."""
        return {
            "sequences": True,
            "set": list(settings.perturbations),
            "difficulty": list(settings.difficulties),
            "profile": settings.profile,
            "corrected": settings.corrected,
        }

    def variants(self, settings: Any, copies: int) -> Sequence[str]:
        """Return ``SEQUENCE.frameNN`` of each variant."""
        del copies
        return [variant_name(*variant) for variant in settings.variants(settings.profile)]

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
        from ipmix_cli.corruptions.sequences.plan import draw_plans

        return draw_plans(settings, size, seed, indices, settings.variants(settings.profile)[:copies])

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
        from ipmix_cli.corruptions.sequences.plan import draw_plans

        draw = functools.partial(draw_plans, settings, size, seed)
        return plans_of_numbers(draw, settings.variants(settings.profile), indices, copies)

    def apply(
        self,
        pictures: Picture,
        plans: Plans,
        mixing: MixingPictures | None,
        settings: Any,
        out: Picture,
        workspace: Any = None,
    ) -> None:
        """Fill `out` with the frames."""
        del mixing, workspace
        from ipmix_cli.corruptions.sequences.plan import frames_of_plans

        for picture, row, targets in zip(pictures, plans, out, strict=True):
            for number, frame in frames_of_plans(np.ascontiguousarray(picture), row, settings):
                targets[number] = frame

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return which frames are sure to be the clean picture: the first one of each sequence of noise."""
        from ipmix_cli.corruptions.sequences.table import PERTURBATIONS

        noise = [perturbation.code for perturbation in PERTURBATIONS.values() if perturbation.is_noise]
        return np.asarray(np.isin(plans["perturbation"], noise) & (plans["frame"] == 0))

    def view(self, plan: Any, settings: Any) -> FrameView:
        """Return one plan as words and plain data."""
        from ipmix_cli.corruptions.sequences.plan import FrameView

        return FrameView.of(plan, settings)

    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: Any
    ) -> dict[str, NDArray[Any]]:
        """Return the clean picture, the random arrays, and the frame."""
        del mixing
        from ipmix_cli.corruptions.draws import Draws
        from ipmix_cli.corruptions.sequences.plan import frames_of_plans, perturbation_of, values_of
        from ipmix_cli.corruptions.sequences.scene import Scene

        size = (int(plan["size"][0]), int(plan["size"][1]))
        fields = perturbation_of(plan).fields(values_of(plan), Draws(int(plan["key"]), {}), size, int(plan["frame"]))
        own = np.ascontiguousarray(picture)
        [(_, frame)] = frames_of_plans(own, np.array([plan]), settings)
        return {"clean": Scene(own, size).picture.copy(), **fields, "out": np.ascontiguousarray(frame)}

    def interest(self, plans: Plans) -> NDArray[np.float64]:
        """Prefer late frames, which differ most from the clean picture."""
        return plans["frame"].astype(np.float64)

    def operations(self, plans: Plans, settings: Any) -> dict[str, int]:
        """Return how many frames each sequence makes."""
        del settings
        from ipmix_cli.corruptions.sequences.plan import BY_CODE

        codes, counts = np.unique(plans[["perturbation", "difficulty"]], return_counts=True)
        return {
            sequence_name(BY_CODE[int(code["perturbation"])].name, int(code["difficulty"])): int(count)
            for code, count in zip(codes, counts, strict=True)
        }

    def facets(self, plans: Plans, settings: Any) -> dict[str, tuple[str, ...]]:
        """Return the sequence and the number of the frame."""
        return {
            "sequence": tuple(self.operations(plans, settings)),
            "frame": tuple(str(frame) for frame in plans["frame"].ravel().tolist()),
        }

    def kernel_set(self) -> KernelSet:
        """Return the kernels of all corruptions."""
        from ipmix_cli.corruptions.transform import TRANSFORM as CORRUPTIONS

        return CORRUPTIONS.kernel_set()


TRANSFORM = SequenceTransform()
