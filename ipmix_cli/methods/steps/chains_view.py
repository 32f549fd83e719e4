"""One plan as a person, or a program in another language, reads it.

The plan as plain data (:meth:`Plan.to_dict`), numbers in Pillow's own terms::

    {"blend": m,                                    out = (1 - m) * clean + m * sum of weight * chain, to the nearest
     "mixing": {"index", "top", "left"},            which (resized) mixing picture, and where it is cropped
     "overflow": "clip" | "wrap" | "float",         what becomes of mixed values outside [0, 1]; after each step of a
                                                    chain, or, with "float": clipped, and quantised after the last one
     "chains": [{"weight": w, "steps": [step, ..]}, ..]}         a chain starts from the clean picture

    step = {"kind": "operation", "operation": name, "parameters": {..}}               of the running picture; or
           {"kind": "mixing", "mixing": name,
            "patch": {"top", "left", "height", "width"},            only this part of the running picture changes
            "partner": {"kind": "mixing"}                           the mixing picture's same patch; or that of
                     | {"kind": "operation", "operation": name, "parameters": {..}},  .. the clean picture, operated on
            "a", "b"                                                of add and multiply
            "p", "mask_key"}                                        of random_pixels and random_elements

    A plan of operations alone has neither "mixing" nor "overflow".

    parameters: bits | threshold | degrees | f | d | cutoff | factor, one or none; see ``operations.py`` for the calls
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ipmix_cli.kernels import codes
from ipmix_cli.methods.mixings import MIXERS, MIXING_NAMES
from ipmix_cli.methods.operations import OPERATION_NAMES, OPS
from ipmix_cli.methods.steps.chains import PlanArray, taken_steps
from ipmix_cli.printable import dimensions
from ipmix_cli.transform import Box, StageFigure, StageRow


@dataclass(frozen=True)
class OperationStep:
    """An image operation, with its parameter by Pillow's name."""

    operation: str
    parameters: dict[str, int | float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"kind": "operation", "operation": self.operation, "parameters": self.parameters}

    def describe(self) -> str:
        """Return the step in words."""
        values = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.parameters.items()
        )
        return f"{self.operation} ({values})" if values else self.operation


@dataclass(frozen=True)
class MixingStep:
    """A mixing of a patch with its partner: the mixing picture (None), or an operation on the clean picture."""

    mixing: str
    patch: Box
    partner: OperationStep | None
    numbers: dict[str, float]  # a and b, or p
    mask_key: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; the mask's key is 16 hexadecimal digits."""
        plain = {
            "kind": "mixing",
            "mixing": self.mixing,
            "patch": self.patch._asdict(),
            "partner": self.partner.to_dict() if self.partner else {"kind": "mixing"},
            **self.numbers,
        }
        return plain if self.mask_key is None else {**plain, "mask_key": f"{self.mask_key:016x}"}

    def describe(self) -> str:
        """Return the step in words."""
        patch = self.patch
        partner = f"the picture after {self.partner.describe()}" if self.partner else "the mixing picture"
        numbers = ", ".join(f"{name} {value:.3f}" for name, value in self.numbers.items())
        return (
            f"{self.mixing} ({numbers}) with {partner} on {dimensions(patch.height, patch.width)} "
            f"at row {patch.top}, column {patch.left}"
        )


Step = OperationStep | MixingStep


@dataclass(frozen=True)
class Chain:
    """Steps, from the clean picture on, and the weight of what they make."""

    weight: float
    steps: tuple[Step, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"weight": self.weight, "steps": [step.to_dict() for step in self.steps]}


@dataclass(frozen=True)
class Plan:
    """Everything random of one copy."""

    blend: float
    mixing: int
    crop_top: int
    crop_left: int
    chains: tuple[Chain, ...]
    overflow: str  # empty for a plan of operations alone

    @classmethod
    def from_row(cls, row: Any, overflow: str) -> Plan:
        """Make it from one element of a plan array (:func:`ipmix_cli.methods.steps.chains.plan_dtype`)."""
        chains = zip(row["weights"], row["lengths"], row["steps"], strict=True)
        return cls(
            blend=float(row["blend"]),
            mixing=int(row["mixing"]),
            crop_top=int(row["crop_top"]),
            crop_left=int(row["crop_left"]),
            chains=tuple(
                Chain(float(weight), tuple(_step(step) for step in steps[:length])) for weight, length, steps in chains
            ),
            overflow=overflow,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data; the module says which."""
        mixing = {"index": self.mixing, "top": self.crop_top, "left": self.crop_left}
        return {
            "blend": self.blend,
            **({"mixing": mixing, "overflow": self.overflow} if self.overflow else {}),
            "chains": [chain.to_dict() for chain in self.chains],
        }

    def describe(self) -> list[str]:
        """Return the plan in words, one line for each thing that happens."""
        lines = []
        if self.overflow:
            lines.append(f"mixing picture {self.mixing}, cropped at row {self.crop_top}, column {self.crop_left}")
        for number, chain in enumerate(self.chains):
            lines.append(f"chain {number}, weight {chain.weight:.3f}" + ("" if chain.steps else ": no steps"))
            lines += [f"  {at}. {step.describe()}" for at, step in enumerate(chain.steps)]
        lines.append(f"blend: {1 - self.blend:.3f} of the picture, {self.blend:.3f} of the chains")
        return lines


def stage_rows(plan: Plan) -> list[StageRow]:
    """Return how the stages of a copy are shown: what goes in, each chain step by step, what comes out."""
    ends = [StageFigure("clean", "clean")]
    if plan.overflow:
        ends.append(StageFigure("mixing", "mixing picture"))
    rows = [StageRow("goes in", "", tuple(ends))]
    for i, chain in enumerate(plan.chains):
        steps = tuple(_figure(f"chain{i}_step{j}", step) for j, step in enumerate(chain.steps))
        rows.append(StageRow(f"chain {i}", f"weight {chain.weight:.2f}", steps or (StageFigure("clean", "no steps"),)))
    blend = f"{1 - plan.blend:.2f} clean + {plan.blend:.2f} chains"
    return [*rows, StageRow("comes out", blend, (StageFigure("out", "copy"),))]


def _figure(stage: str, step: Step) -> StageFigure:
    if isinstance(step, OperationStep):
        values = ", ".join(f"{name} {value:.3g}" for name, value in step.parameters.items())
        return StageFigure(stage, step.operation, values)
    numbers = ", ".join(f"{name} {value:.2f}" for name, value in step.numbers.items())
    partner = "" if step.partner is None else f" with {step.partner.operation}"
    patch = step.patch
    detail = f"{numbers}; {dimensions(patch.height, patch.width)}"
    return StageFigure(stage, f"{step.mixing}{partner}", detail, Box(patch.top, patch.left, patch.height, patch.width))


def count_steps(plans: PlanArray) -> dict[str, int]:
    """Return how often each operation and each mixing is a step of some plans (N, K), the most frequent first."""
    steps, taken = plans["steps"], taken_steps(plans)
    counts: dict[str, int] = {}
    for kind, names in ((codes.OPERATION, OPERATION_NAMES), (codes.MIXING, MIXING_NAMES)):
        found, times = np.unique(steps["code"][taken & (steps["kind"] == kind)], return_counts=True)
        counts |= {names[int(code)]: int(number) for code, number in zip(found, times, strict=True)}
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _operation(code: int, value: float) -> OperationStep:
    name = OPERATION_NAMES[int(code)]
    return OperationStep(name, OPS[name].parameters(float(value)))


def _step(row: Any) -> Step:
    if row["kind"] == codes.OPERATION:
        return _operation(row["code"], row["parameter"])
    name = MIXING_NAMES[int(row["code"])]
    masked = bool(MIXERS[name].mask)
    partner = None
    if row["partner"] == codes.PARTNER_OPERATION:
        partner = _operation(row["partner_code"], row["partner_parameter"])
    return MixingStep(
        mixing=name,
        patch=Box(int(row["top"]), int(row["left"]), int(row["height"]), int(row["width"])),
        partner=partner,
        numbers={key: float(row[key]) for key in (("p",) if masked else ("a", "b"))},
        mask_key=int(row["mask_key"]) if masked else None,
    )
