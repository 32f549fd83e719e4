"""A plan of PRIME as a person, or a program in another language, reads it.

As plain data::

    {"blend": m,                                           out = (1 - m) * clean + m * sum of weight * chain
     "chains": [{"weight": w, "steps": [step, ..]}, ..]}              a chain starts from the clean picture

    step = {"kind": "displacement", "cut", "scale", "key"}
           {"kind": "colour", "first", "count", "scale", "key"}
           {"kind": "filter", "filter": three rows of three numbers}

Values are real numbers of [0, 1], clipped after each step. Normal number i of a step is the normal quantile of
((SplitMix64(key, i) >> 12) + 1/2) / 2**52. A displacement moves pixel (y, x) by a field across and one down, in pixels:
``scale * sum c(i, j) / r * sin(pi i x / (W - 1)) * sin(pi j y / (H - 1))`` over i, j from 1 to cut with
``r = sqrt(i**2 + j**2) < cut + 1/2``; c(i, j) is number (i - 1) * cut + j - 1, for the field down cut**2 more. The
value is taken, bilinearly, from (y - down, x - across), clamped to the picture. A colour v of channel ch becomes
``v + scale * sum c(k) * sin(pi k v)`` over ``count`` frequencies k from ``first`` on; c(k) is number
ch * count + k - first. A filter is correlated with every channel, which is zero outside the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ipmix_cli.kernels import codes
from ipmix_cli.transform import StageFigure, StageRow

OPERATORS = {"displacement": codes.DISPLACE, "colour": codes.COLOUR, "filter": codes.FILTER}
OPERATOR_NAMES = {code: name for name, code in OPERATORS.items()}


@dataclass(frozen=True)
class Operator:
    """One random operator, with its numbers by their names."""

    kind: str
    numbers: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"kind": self.kind, **self.numbers}

    def describe(self) -> str:
        """Return the step in words."""
        if self.kind == "displacement":
            return f"displacement (frequencies to {self.numbers['cut']}, scale {self.numbers['scale']:.3g} px)"
        if self.kind == "colour":
            first, count = self.numbers["first"], self.numbers["count"]
            return f"colour (frequencies {first} to {first + count - 1}, scale {self.numbers['scale']:.3g})"
        return f"filter ({'; '.join(' '.join(f'{value:.2f}' for value in row) for row in self.numbers['filter'])})"


@dataclass(frozen=True)
class PrimeView:
    """Everything random of one copy."""

    blend: float
    chains: tuple[tuple[float, tuple[Operator, ...]], ...]

    @classmethod
    def from_row(cls, row: Any) -> PrimeView:
        """Make it from one element of a plan array."""
        chains = zip(row["weights"], row["lengths"], row["steps"], strict=True)
        return cls(
            float(row["blend"]),
            tuple(
                (float(weight), tuple(_operator(step) for step in steps[:length])) for weight, length, steps in chains
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data; the module says which."""
        chains = [{"weight": weight, "steps": [step.to_dict() for step in steps]} for weight, steps in self.chains]
        return {"blend": self.blend, "chains": chains}

    def describe(self) -> list[str]:
        """Return the plan in words, one line for each thing that happens."""
        lines = []
        for number, (weight, steps) in enumerate(self.chains):
            lines.append(f"chain {number}, weight {weight:.3f}")
            lines += [f"  {at}. {step.describe()}" for at, step in enumerate(steps)]
        return [*lines, f"blend: {1 - self.blend:.3f} of the picture, {self.blend:.3f} of the chains"]

    def stage_rows(self) -> list[StageRow]:
        """Return what goes in, each chain step by step, and what comes out."""
        rows = [StageRow("goes in", "", (StageFigure("clean", "clean"),))]
        for i, (weight, steps) in enumerate(self.chains):
            figures = tuple(StageFigure(f"chain{i}_step{j}", step.kind) for j, step in enumerate(steps))
            rows.append(StageRow(f"chain {i}", f"weight {weight:.2f}", figures or (StageFigure("clean", "no steps"),)))
        return [*rows, StageRow("comes out", f"{self.blend:.2f} chains", (StageFigure("out", "copy"),))]


def _operator(step: Any) -> Operator:
    kind = OPERATOR_NAMES[int(step["code"])]
    if kind == "filter":
        return Operator(kind, {"filter": step["filter"].reshape(3, 3).tolist()})
    shared = {"scale": float(step["scale"]), "key": f"{int(step['key']):016x}"}
    if kind == "displacement":
        return Operator(kind, {"cut": int(step["count"]), **shared})
    return Operator(kind, {"first": int(step["first"]), "count": int(step["count"]), **shared})
