"""Methods that mix a sample with a second one, and their labels: plans, and what is alike in applying them.

A plan holds one uniform number for the second sample: it is number ``floor(partner * samples)`` of the data set, the
sample itself among them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.methods.steps.draws import draw_uniforms
from ipmix_cli.methods.steps.method import Method
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.picture import Picture
from ipmix_cli.printable import dimensions
from ipmix_cli.transform import Box, MixingPictures, Plans, Size, StageFigure, StageRow

Reals = NDArray[np.float64]
Words = NDArray[np.int64]

PLAN = np.dtype(
    [
        ("partner", np.float64),  # which sample is the second
        ("weight", np.float64),  # of the sample itself and its label; 1 if there is no second sample
        ("box", np.int64, (4,)),  # top, left, height and width of what is the second sample's; zeros for a mean
    ]
)


@dataclass(frozen=True, kw_only=True)
class PairSettings(Settings):
    """What methods that mix labels have in common."""

    soft_labels: bool = setting(
        "store the weights of all classes of each copy, too, beside its two labels", default=False, later=True
    )


@dataclass(frozen=True)
class PairView:
    """Everything random of one copy."""

    method: str
    partner: float
    weight: float
    box: Box

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the second sample's number is ``floor(partner * samples)``; a box if there is one."""
        plain: dict[str, Any] = {"kind": self.method, "partner": self.partner, "weight": self.weight}
        return {**plain, "box": self.box._asdict()} if self.box.height else plain

    def describe(self) -> list[str]:
        """Return the plan in words."""
        if self.weight == 1.0:
            return ["no second sample: the clean picture"]
        share = f"{self.weight:.3f} of the sample, {1 - self.weight:.3f} of the second one"
        if not self.box.height:
            return [f"{self.method}: {share}"]
        box = self.box
        return [f"{self.method}: {share}, at row {box.top}, column {box.left}, {dimensions(box.height, box.width)}"]


class PairMethod(Method):
    """A method that mixes a sample with a second one, and their labels."""

    mixes_labels: ClassVar[bool] = True
    kernels: ClassVar[str] = "pairs"

    @abstractmethod
    def slots(self, settings: Any) -> int:
        """Return how many numbers of its stream a copy draws; the first is the second sample's."""

    @abstractmethod
    def draw(self, settings: Any, size: Size, uniforms: Reals, plans: Plans) -> None:
        """Turn uniform numbers (N, V, slots) into weights and boxes."""

    @abstractmethod
    def make(self, pictures: Picture, seconds: tuple[Picture, Words], plans: Plans, width: int, out: Picture) -> None:
        """Fill `out` (N, V, bytes) from pictures (N, bytes) and seconds, flat, with the first byte of each."""

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
        uniforms = draw_uniforms(seed, indices, copies, self.slots(settings))
        plans = np.zeros(uniforms.shape[:2], PLAN)
        plans["partner"] = uniforms[..., 0]
        self.draw(settings, size, uniforms, plans)
        return plans

    def partners(self, plans: Plans, indices: NDArray[np.int64], samples: int) -> NDArray[np.int64]:
        """Return (N, V): the second samples, or the samples themselves where there is no second one."""
        own = np.asarray(indices, np.int64)[:, None]
        return np.asarray(np.where(plans["weight"] == 1.0, own, (plans["partner"] * samples).astype(np.int64)))

    def stores_soft_labels(self, settings: PairSettings) -> bool:
        """Return what the settings say."""
        return settings.soft_labels

    def label_weights(self, plans: Plans) -> Reals:
        """Return (N, V): the weight of each sample's own label."""
        return np.asarray(plans["weight"], np.float64)

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
        del settings, workspace
        from ipmix_cli.methods.steps.memory import flat_pictures

        assert mixing is not None, "a method that mixes labels is never without second samples"
        assert out.flags.c_contiguous
        flat = out.reshape(*plans.shape, -1)
        self.make(flat_pictures(pictures), _seconds(mixing), plans, pictures.shape[2], flat)

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return which plans have no second sample."""
        return np.asarray(plans["weight"] == 1.0)

    def view(self, plan: Any, settings: Any) -> PairView:
        """Return one plan as words and plain data."""
        del settings
        box = Box(*(int(side) for side in plan["box"]))
        return PairView(self.name, float(plan["partner"]), float(plan["weight"]), box)

    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: Any
    ) -> dict[str, NDArray[Any]]:
        """Return the clean picture, the second sample's, and the copy."""
        assert mixing is not None
        out = self.copy_of(picture, np.array([plan], plan.dtype), mixing, settings)
        return {"clean": picture.copy(), "second": mixing.picture(0).copy(), "out": out}

    def stage_rows(self, plan: Any, settings: Any, stages: Mapping[str, NDArray[Any]]) -> list[StageRow]:
        """Return what goes in and what comes out."""
        del stages
        view = self.view(plan, settings)
        box = view.box if view.box.height else None
        figures = (
            StageFigure("clean", "clean", f"weight {view.weight:.2f}"),
            StageFigure("second", "second sample", f"weight {1 - view.weight:.2f}"),
            StageFigure("out", "copy", "", box),
        )
        return [StageRow("stages", "", figures)]

    def interest(self, plans: Plans) -> Reals:
        """Prefer plans that have about as much of both samples."""
        return np.asarray(1.0 - np.abs(plans["weight"] - 0.5), np.float64)

    def operations(self, plans: Plans, settings: Any) -> dict[str, int]:
        """Return how many plans have a second sample."""
        del settings
        return {self.name: int((plans["weight"] != 1.0).sum())}

    def facets(self, plans: Plans, settings: Any) -> dict[str, tuple[str, ...]]:
        """Return the method's name if there is a second sample."""
        return {"mixing": tuple(name for name, times in self.operations(plans, settings).items() if times)}


def _seconds(mixing: MixingPictures) -> tuple[Picture, Words]:
    """Return second samples as one row of bytes, read-only, and the first byte of each."""
    from ipmix_cli.methods.steps.memory import read_only

    if isinstance(mixing, MixingSet):
        return read_only(mixing.pixels, np.uint8), read_only(mixing.offsets, np.int64)
    parts = [mixing.picture(number).ravel() for number in range(len(mixing.shapes))]
    ends = np.cumsum([part.size for part in parts], dtype=np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    return read_only(np.concatenate(parts), np.uint8), read_only(offsets, np.int64)
