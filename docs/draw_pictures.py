"""Draw the pictures of docs/algorithm.md with the shipped code: ``python docs/draw_pictures.py``, some seconds."""

from __future__ import annotations

import dataclasses
from itertools import count
from pathlib import Path

import numpy as np

from fractals import draw
from ipmix_cli.kernels import codes
from ipmix_cli.methods.ipmix.plan import sample_plans
from ipmix_cli.methods.ipmix.presets import PRESETS
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.methods.mixing_set import MixingSet, mixing_set
from ipmix_cli.methods.operations import OPS
from ipmix_cli.methods.steps.chains_view import Plan
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.contact_sheet import contact_sheet, save_picture
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Sample, SourceSpec
from ipmix_cli.stages import StageClock

IMAGES = Path(__file__).parent / "images"
SIZE = (32, 32)
CLEAN = 5  # the demo set's sixth picture: colours, edges and a direction
VARIANTS = 5


def clean_picture() -> Picture:
    """Return one picture of the demo set."""
    items = open_source(SourceSpec(input="demo")).part(CLEAN, CLEAN + 1).samples(StageClock())
    return next(item.picture for item in items if isinstance(item, Sample))


def bank() -> MixingSet:
    """Return four fractals of four families, as mixing pictures."""
    pictures = [draw(family, seed=3, index=i, size=64) for i, family in enumerate(("flame", "julia", "ifs", "plasma"))]
    return mixing_set(pictures, SIZE, PRESETS["cifar"].mixing_ratio)


def one_step(config: AugmentConfig, kind: int, mixing: MixingSet) -> list[tuple[Picture, str]]:
    """Return what single steps of one kind make of the clean picture, and the step in words."""
    found = []
    for seed in count():
        row = sample_plans(config, SIZE, seed, [0], 1, mixing.shapes)[0, 0]
        step = row["steps"][0, 0]
        if row["lengths"][0] == 1 and step["kind"] == kind and (kind != codes.MIXING or step["height"] >= 12):
            stages = IPMIX.stages(clean_picture(), row, mixing, config)
            found.append((stages["chain0_step0"], Plan.from_row(row, "clip").chains[0].steps[0].describe()))
        if len(found) == VARIANTS:
            return found
    raise AssertionError


def operations() -> None:
    """Draw each operation in a row, at levels up to 10, so that one sees what it does."""
    rows, names, mixing = [], [], bank()
    base = dataclasses.replace(PRESETS["cifar"], chains=1, max_steps=1, severity=10.0)
    for name in OPS:
        made = one_step(dataclasses.replace(base, operations=(name,)), codes.OPERATION, mixing)
        rows.append([clean_picture(), *(picture for picture, _ in made)])
        names.append(name)
    half = (len(rows) + 1) // 2
    joined = [first + second for first, second in zip(rows[:half], [*rows[half:], []], strict=False)]
    both = [f"{a}\n{b}" for a, b in zip(names[:half], [*names[half:], ""], strict=False)]
    save_picture(contact_sheet(joined, both), str(IMAGES / "operations.png"))


def mixings() -> None:
    """Draw each mixing in a row, with the four fractals of a small bank."""
    rows, mixing = [], bank()
    base = dataclasses.replace(PRESETS["cifar"], chains=1, max_steps=1)
    for name in base.mixings:
        made = one_step(dataclasses.replace(base, mixings=(name,)), codes.MIXING, mixing)
        rows.append([clean_picture(), *(picture for picture, _ in made)])
    save_picture(contact_sheet(rows, list(base.mixings), ["clean"]), str(IMAGES / "mixings.png"))


def overflows() -> None:
    """Draw the same plans with both ways of meeting values out of range."""
    rows, mixing = [], bank()
    for overflow in ("clip", "wrap"):
        config = dataclasses.replace(PRESETS["cifar"], mixings=("add", "multiply"), overflow=overflow)
        plans = sample_plans(config, SIZE, 8, [0], 8, mixing.shapes)[0]
        rows.append([IPMIX.stages(clean_picture(), plan, mixing, config)["out"] for plan in plans])
    save_picture(contact_sheet(rows, ["clip", "wrap"]), str(IMAGES / "overflow.png"))


def stages() -> None:
    """Draw one copy, step by step."""
    config, mixing = PRESETS["cifar"], bank()
    plans = sample_plans(config, SIZE, 0, np.arange(200), 1, mixing.shapes)[:, 0]
    plan = max(plans, key=lambda row: (row["lengths"].min(), row["blend"]))
    found, view = (
        IPMIX.stages(clean_picture(), plan, mixing, config),
        Plan.from_row(plan, "clip"),
    )
    rows, names = [[found["clean"], found["mixing"], found["out"]]], ["clean,\nmixing,\nout"]
    for i, chain in enumerate(view.chains):
        rows.append([found["clean"], *(found[f"chain{i}_step{j}"] for j in range(len(chain.steps)))])
        steps = [step.describe().split(" (")[0] for step in chain.steps]
        names.append("\n".join([f"chain {i}", f"weight {chain.weight:.2f}", *steps]))
    save_picture(contact_sheet(rows, names), str(IMAGES / "stages.png"))


if __name__ == "__main__":
    for make in (operations, mixings, overflows, stages):
        make()
