"""Each image operation and each mixing, beside Pillow's own and numpy's.

The time of one step on a running picture: that of chains of three steps, less that of chains of one, halved. The plain
way runs the same steps with the same numbers: Pillow on pictures of its own that are there already, numpy on the same
patches. A mixing's patches have all the sizes that are drawn, so that its time is that of a typical patch. What has no
plain twin here or in :mod:`benchmarks.baseline` is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.baseline import OPERATIONS, added, masked, multiplied
from benchmarks.material import SIDES, Pixels, mixing_for, pictures
from benchmarks.setting import Setting
from benchmarks.table import micro, row, times
from benchmarks.timing import Seconds, by_turns, ratio, typical
from ipmix_cli.kernels import codes
from ipmix_cli.methods.ipmix.apply import apply_plans, workspace_for
from ipmix_cli.methods.ipmix.plan import sample_plans
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.methods.operations import OPS
from ipmix_cli.methods.steps.chains import PlanArray

COUNTS = {32: 300, 224: 24}  # pictures
POOL = 40  # plans drawn for each that is used: one in some eight begins with three steps of the kind that is wanted

MIXINGS: dict[str, Callable[[Pixels, Pixels, dict[str, Any], np.random.Generator], Pixels]] = {
    "add": lambda u, v, step, _: added(u, v, step["a"], step["b"]),
    "multiply": lambda u, v, step, _: multiplied(u, v, step["a"], step["b"]),
    "random_pixels": lambda u, v, step, rng: masked(u, v, step["p"], 1, rng),
    "random_elements": lambda u, v, step, rng: masked(u, v, step["p"], 3, rng),
}
"""The mixings, as functions of a patch, its partner, a plan's step, and chance for the masks."""


@dataclass(frozen=True)
class Steps:
    """Steps of one name, three for each of some pictures, as plans."""

    name: str
    pictures: Pixels
    mixing: MixingSet
    plans: PlanArray


def steps_of(setting: Setting, name: str, side: int) -> Steps:
    """Draw steps of one operation, or one mixing with the mixing picture, as the preset would."""
    size, config = (side, side), replace(IPMIX.settings_for("auto", (side, side), {}), self_mix=0.0)
    config = replace(config, operations=(name,)) if name in OPS else replace(config, mixings=(name,))
    kind = codes.OPERATION if name in OPS else codes.MIXING
    chosen, mixing = pictures(setting, side)[: COUNTS[side]], mixing_for(setting, side)
    many = sample_plans(config, size, 1, np.arange(len(chosen) * POOL), 1, mixing.shapes).reshape(-1)
    full = many["steps"][(many["lengths"] == 3) & (many["steps"]["kind"][:, :, 0] == kind)]
    plans = sample_plans(config, size, 1, np.arange(len(chosen)), 1, mixing.shapes)
    plans["steps"][:, 0, 0] = np.resize(full, (len(chosen), 3))
    return Steps(name, chosen, mixing, plans)


def applier(steps: Steps, length: int) -> Callable[[], None]:
    """Return an action that makes copies of one chain of this many steps."""
    side = steps.pictures.shape[1]
    config = IPMIX.settings_for("auto", (side, side), {})
    plans = steps.plans.copy()
    plans["lengths"] = (length, 0, 0)
    out = np.empty((len(plans), 1, side, side, 3), np.uint8)
    return partial(apply_plans, steps.pictures, plans, steps.mixing, config, out, workspace_for(side, side, config))


def plain_operations(steps: Steps) -> Callable[[], None]:
    """Return an action that runs the first operation of each picture by Pillow."""
    operation, parameters = OPERATIONS[steps.name], steps.plans["steps"][:, 0, 0, 0]["parameter"].tolist()
    images = [Image.fromarray(picture) for picture in steps.pictures]

    def run() -> None:
        for image, parameter in zip(images, parameters, strict=True):
            operation(image, parameter)

    return run


def plain_mixings(steps: Steps) -> Callable[[], None]:
    """Return an action that runs the first mixing of each picture by numpy, in place as IPMix does."""
    rng = np.random.default_rng(0)
    running = steps.pictures.copy()
    firsts = [dict(zip(step.dtype.names, step.tolist(), strict=True)) for step in steps.plans["steps"][:, 0, 0, 0]]
    patches = [np.s_[s["top"] : s["top"] + s["height"], s["left"] : s["left"] + s["width"]] for s in firsts]
    partners = [steps.mixing.picture(number % len(steps.mixing.shapes)) for number in range(len(firsts))]
    mixed = MIXINGS[steps.name]

    def run() -> None:
        for canvas, partner, patch, step in zip(running, partners, patches, firsts, strict=True):
            canvas[patch] = mixed(canvas[patch], partner[patch], step, rng)

    return run


def measured(setting: Setting, name: str, side: int) -> tuple[Seconds, Seconds]:
    """Return the seconds of one step, interleaved: ipmix's, and the plain way's."""
    steps = steps_of(setting, name, side)
    plain = plain_operations(steps) if name in OPS else plain_mixings(steps)
    actions = {"three": applier(steps, 3), "one": applier(steps, 1), "plain": plain}
    seconds = by_turns(actions, setting.effort.turns)
    own = np.maximum((seconds["three"] - seconds["one"]) / 2, 1e-9)  # of less than the noise, no less than a nanosecond
    return own / len(steps.pictures), seconds["plain"] / len(steps.pictures)


def table(setting: Setting) -> None:
    """Print the table."""
    row("one step, microseconds", *(cell for side in SIDES for cell in (f"{side} px", "plain", "x plain")))
    for name in (*OPERATIONS, *MIXINGS):
        cells: list[str] = []
        for side in SIDES:
            own, plain = measured(setting, name, side)
            cells += [micro(typical(own)), micro(typical(plain)), times(ratio(plain, own))]
        row(name, *cells)
