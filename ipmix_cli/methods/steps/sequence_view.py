"""A plan of operations one after the other, as a person, or a program in another language, reads it.

As plain data (:meth:`SequenceView.to_dict`), numbers in Pillow's own terms::

    {"steps": [step, ..]}                                                     each on what the one before has made

    step = {"kind": "operation", "operation": name, "parameters": {..}}                  and, for a geometric one,
            "resample": "nearest" | "bilinear" | "bicubic", "fill": [r, g, b],
            "matrix": [a, b, c, d, e, f]}             Image.transform(size, AFFINE, matrix, resample, fillcolor=fill)
           {"kind": "erase", "box": {"top", "left", "height", "width"}, "fill": [r, g, b]}
           {"kind": "erase", "box": .., "mean": [r, g, b], "deviation": [r, g, b], "key": 16 hexadecimal digits}

Noise: number i of a box (row by row, the channels of a pixel together) is the normal quantile of
((SplitMix64(key, i) >> 12) + 1/2) / 2**52, times the channel's deviation, plus its mean, rounded, clipped to 0 .. 255.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ipmix_cli.kernels import codes
from ipmix_cli.methods.steps.operations import GEOMETRIC, RESAMPLE_NAMES, SEQUENCE_NAMES, SEQUENCE_OPS
from ipmix_cli.printable import dimensions
from ipmix_cli.transform import Box, StageFigure, StageRow


def unpacked(colour: int) -> list[int]:
    """Return a colour 0xRRGGBB as three numbers."""
    return [colour >> 16, colour >> 8 & 255, colour & 255]


@dataclass(frozen=True)
class Operate:
    """An operation on the whole picture."""

    operation: str
    parameters: dict[str, int | float]
    resample: str = ""
    fill: int = 0
    matrix: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain = {"kind": "operation", "operation": self.operation, "parameters": self.parameters}
        if not self.resample:
            return plain
        return {**plain, "resample": self.resample, "fill": unpacked(self.fill), "matrix": list(self.matrix)}

    def figure(self, stage: str) -> StageFigure:
        """Return what a picture of the step shows."""
        values = ", ".join(f"{name} {value:.3g}" for name, value in self.parameters.items())
        return StageFigure(stage, self.operation, values)

    def describe(self) -> str:
        """Return the step in words."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.parameters.items())
        outside = f"{self.resample}, #{self.fill:06x} outside" if self.resample else ""
        detail = "; ".join(part for part in (values, outside) if part)
        return f"{self.operation} ({detail})" if detail else self.operation


@dataclass(frozen=True)
class Erase:
    """A box that is filled: with a colour, or with normal noise about a mean."""

    box: Box
    fill: int
    numbers: tuple[float, ...] = ()  # means and deviations of noise
    key: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain: dict[str, Any] = {"kind": "erase", "box": self.box._asdict()}
        if not self.numbers:
            return {**plain, "fill": unpacked(self.fill)}
        noise = {"mean": list(self.numbers[:3]), "deviation": list(self.numbers[3:])}
        return {**plain, **noise, "key": f"{self.key:016x}"}

    def figure(self, stage: str) -> StageFigure:
        """Return what a picture of the step shows, with the box in a frame."""
        return StageFigure(stage, "erase", dimensions(self.box.height, self.box.width), self.box)

    def describe(self) -> str:
        """Return the step in words."""
        filled = "noise" if self.numbers else f"#{self.fill:06x}"
        box = self.box
        return f"erase {dimensions(box.height, box.width)} at row {box.top}, column {box.left} with {filled}"


@dataclass(frozen=True)
class SequenceView:
    """Everything random of one copy."""

    steps: tuple[Operate | Erase, ...]

    @classmethod
    def from_row(cls, row: Any) -> SequenceView:
        """Make it from one element of a plan array (:func:`ipmix_cli.methods.steps.sequence.plan_dtype`)."""
        return cls(tuple(_step(step) for step in row["steps"][: int(row["length"])]))

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data; the module says which."""
        return {"steps": [step.to_dict() for step in self.steps]}

    def describe(self) -> list[str]:
        """Return the plan in words, one line for each step."""
        return [f"{at}. {step.describe()}" for at, step in enumerate(self.steps)] or ["no steps: the clean picture"]

    def stage_rows(self) -> list[StageRow]:
        """Return how the stages are shown: what goes in, the picture after each step, and what comes out."""
        steps = tuple(step.figure(f"step{at}") for at, step in enumerate(self.steps))
        return [
            StageRow("goes in", "", (StageFigure("clean", "clean"),)),
            StageRow("steps", "", steps or (StageFigure("clean", "no steps"),)),
            StageRow("comes out", "", (StageFigure("out", "copy"),)),
        ]


def _step(row: Any) -> Operate | Erase:
    code = int(row["code"])
    box = Box(*(int(row[name]) for name in Box._fields))
    numbers = tuple(float(value) for value in row["numbers"])
    if code == codes.ERASE:
        return Erase(box, int(row["fill"]))
    if code == codes.ERASE_WITH_NOISE:
        return Erase(box, 0, numbers, int(row["key"]))
    name = SEQUENCE_NAMES[code]
    parameters = SEQUENCE_OPS[name].parameters(float(row["parameter"]))
    if code not in GEOMETRIC:
        return Operate(name, parameters)
    return Operate(name, parameters, RESAMPLE_NAMES[int(row["resample"])], int(row["fill"]), numbers)
