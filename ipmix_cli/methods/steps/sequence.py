"""Methods whose copies are operations one after the other: their plans, and how these are applied.

A plan is its length and its steps; a step has an operation with its parameter, how a geometric one takes pixels, what
colour lies outside, and the box of one that erases.
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.kernels import codes
from ipmix_cli.methods.steps.draws import draw_uniforms
from ipmix_cli.methods.steps.method import Method
from ipmix_cli.methods.steps.operations import ERASING, GEOMETRIC, SEQUENCE_NAMES
from ipmix_cli.picture import Picture
from ipmix_cli.transform import MixingPictures, Plans, Size, StageRow

if TYPE_CHECKING:
    from ipmix_cli.kernels.workspace import Workspace
    from ipmix_cli.methods.steps.sequence_view import SequenceView

Reals = NDArray[np.float64]
Words = NDArray[np.int64]

# The order is that of kernels/codes.py; every field has 8 bytes, so that a row is integers and reals at once
STEP = np.dtype(
    [
        ("code", np.int64),
        ("parameter", np.float64),
        ("resample", np.int64),
        ("fill", np.int64),
        ("numbers", np.float64, (6,)),
        ("top", np.int64),
        ("left", np.int64),
        ("height", np.int64),
        ("width", np.int64),
        ("key", np.uint64),
    ]
)


@functools.cache
def plan_dtype(max_steps: int) -> np.dtype[Any]:
    """Return the type of one plan: how many of its steps count, and the steps (max_steps,) of :data:`STEP`."""
    return np.dtype([("length", np.int64), ("steps", STEP, (max_steps,))])


def packed(colour: tuple[int, ...]) -> int:
    """Return a colour as one number, 0xRRGGBB."""
    red, green, blue = colour
    return red << 16 | green << 8 | blue


@dataclass(frozen=True)
class DrawnSteps:
    """What a method has drawn: for each step (N, V, steps), whether it is made at all, and by its field's name what.

    Fields that are left out are zero; ``numbers`` is (N, V, steps, 6).
    """

    made: NDArray[np.bool_]
    fields: dict[str, Any]


class SequenceMethod(Method):
    """A method of operations one after the other."""

    kernels: ClassVar[str] = "sequence"

    @abstractmethod
    def max_steps(self, settings: Any) -> int:
        """Return the largest number of steps of a copy."""

    @abstractmethod
    def slots(self, settings: Any) -> int:
        """Return how many numbers of its stream a copy draws."""

    @abstractmethod
    def draw(self, settings: Any, size: Size, uniforms: Reals) -> DrawnSteps:
        """Turn uniform numbers (N, V, slots) into steps."""

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
        drawn = self.draw(settings, size, draw_uniforms(seed, indices, copies, self.slots(settings)))
        plans = np.zeros(drawn.made.shape[:2], plan_dtype(self.max_steps(settings)))
        steps = plans["steps"]
        for name, values in drawn.fields.items():
            steps[name] = values
        plans["length"] = drawn.made.sum(axis=2)
        if not drawn.made.all():
            _close_up(steps, drawn.made)
        return plans

    def apply(
        self,
        pictures: Picture,
        plans: Plans,
        mixing: MixingPictures | None,
        settings: Any,
        out: Picture,
        workspace: Workspace | None = None,
    ) -> None:
        """Fill `out` with the copies, in one compiled call."""
        del mixing
        from ipmix_cli.kernels.sequence import make_sequences
        from ipmix_cli.methods.steps.memory import flat_pictures, plan_rows

        count, height, width = pictures.shape[:3]
        assert out.shape == (*plans.shape, height, width, 3)
        assert out.flags.c_contiguous
        flat = out.reshape(count, plans.shape[1], height * width * 3)
        make_sequences(
            flat_pictures(pictures), plan_rows(plans), workspace or self.workspace((height, width), settings), flat
        )

    def workspace(self, size: Size, settings: Any) -> Workspace:
        """Return memory for one thread."""
        del settings
        from ipmix_cli.methods.steps.memory import workspace_for

        return workspace_for(*size, chains=1)

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return which plans have no step that changes anything."""
        taken = np.arange(plans["steps"].shape[-1]) < plans["length"][..., None]
        return np.asarray((still_steps(plans["steps"]) | ~taken).all(axis=2))

    def view(self, plan: Any, settings: Any) -> SequenceView:
        """Return one plan as words and plain data."""
        del settings
        from ipmix_cli.methods.steps.sequence_view import SequenceView

        return SequenceView.from_row(plan)

    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: Any
    ) -> dict[str, NDArray[Any]]:
        """Return the clean picture, the picture after each step, and the copy."""
        stages: dict[str, NDArray[Any]] = {"clean": picture.copy()}
        row = np.array([[plan]], plan.dtype)
        for length in range(int(plan["length"]) + 1):
            row["length"] = length
            out = self.copy_of(picture, row, mixing, settings)
            if length:
                stages[f"step{length - 1}"] = out
        return {**stages, "out": out}

    def stage_rows(self, plan: Any, settings: Any, stages: Mapping[str, NDArray[Any]]) -> list[StageRow]:
        """Return what goes in, the picture after each step with the step's name, and what comes out."""
        del stages
        return self.view(plan, settings).stage_rows()

    def operations(self, plans: Plans, settings: Any) -> dict[str, int]:
        """Return how often each operation is a step, the most frequent first."""
        del settings
        taken = np.arange(plans["steps"].shape[-1]) < plans["length"][..., None]
        found, times = np.unique(plans["steps"]["code"][taken], return_counts=True)
        counts = {SEQUENCE_NAMES[int(code)]: int(number) for code, number in zip(found, times, strict=True)}
        return dict(sorted(counts.items(), key=lambda item: -item[1]))

    def interest(self, plans: Plans) -> Reals:
        """Prefer plans with many steps that change something."""
        taken = np.arange(plans["steps"].shape[-1]) < plans["length"][..., None]
        return np.asarray((taken & ~still_steps(plans["steps"])).sum(axis=2), np.float64)


def _close_up(steps: Any, made: NDArray[np.bool_]) -> None:
    """Move the steps that are made to the front, in their order."""
    order = np.argsort(~made, axis=2, kind="stable")
    steps[...] = np.take_along_axis(steps, order, axis=2)


def still_steps(steps: Any) -> NDArray[np.bool_]:
    """Return which steps change no picture: turns by nothing, factors of 1, boxes without a pixel and the like."""
    code, parameter = steps["code"], steps["parameter"]
    still = code == codes.IDENTITY
    still |= np.isin(code, GEOMETRIC) & (parameter == 0.0)
    still |= (code >= codes.COLOR) & (code <= codes.SHARPNESS) & (parameter == 1.0)
    still |= (code == codes.POSTERIZE) & (parameter == 8)
    still |= (code == codes.SOLARIZE) & (parameter >= 256)
    still |= (code == codes.SOLARIZE_ADD) & (parameter == 0)
    still |= np.isin(code, ERASING) & ((steps["height"] == 0) | (steps["width"] == 0))
    return np.asarray(still)


assert STEP.itemsize == 8 * codes.OP_WORDS
