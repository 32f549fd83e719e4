"""Corruptions, beside plain NumPy, SciPy and OpenCV, and beside the package ``imagecorruptions`` if it is installed.

First the 19 common ones, then those of C-bar in the list of the size.

Milliseconds of one picture and severity on one core, the mean over the severities. The plain versions are those that
the tests compare with; their random arrays are given to them, while ipmix draws its own within the time.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.material import SIDES, pictures
from benchmarks.setting import Setting
from benchmarks.table import row, times
from benchmarks.timing import Seconds, by_turns, ratio, typical
from ipmix_cli.corruptions.apply import FrostMemory, apply_plan, random_arrays
from ipmix_cli.corruptions.frost import grown
from ipmix_cli.corruptions.plan import draw_plans, draws_of
from ipmix_cli.corruptions.settings import CorruptionSettings
from ipmix_cli.corruptions.table import C_BAR, CORRUPTIONS, PROFILE_SETS, SETS
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.run.warmup import warm_up

ELASTIC_SIDES = {32: 32, 224: 244}
ROUNDS = {32: 10, 224: 1}  # of the severities in a turn of ours
Action = Callable[[], object]


def module_of(name: str) -> Any:
    """Return a module, or None if it is not installed, or does not import."""
    try:
        return importlib.import_module(name)
    except Exception as error:
        print(f"without {name}: {type(error).__name__}: {error}", flush=True)
        return None


def ours(name: str, picture: Picture, severities: Sequence[int]) -> Action:
    """Return what makes the severities of one corruption, some times."""
    side = picture.shape[0]
    settings = CorruptionSettings(corruptions=(name,), severities=tuple(severities), profile=str(side))
    plans = draw_plans(settings, (side, side), 0, np.arange(1))[0]
    memory = FrostMemory()

    def action() -> None:
        for _ in range(ROUNDS[side]):
            for plan in plans:
                apply_plan(picture, plan, None, settings, memory)

    return action


def plain(slow: Any, name: str, picture: Picture, severities: Sequence[int]) -> Action:
    """Return the same by the plain versions of the tests."""
    side = picture.shape[0]
    settings = CorruptionSettings(corruptions=(name,), severities=tuple(severities), profile=str(side))
    parameters = CORRUPTIONS[name].parameters[str(side)]
    frosts = [grown(number) for number in range(6)]
    calls = []
    for plan, severity in zip(draw_plans(settings, (side, side), 0, np.arange(1))[0], severities, strict=True):
        arrays = random_arrays((side, side), plan, settings)
        more = [ELASTIC_SIDES[side]] if name == "elastic_transform" else []
        calls.append((picture, parameters[severity - 1], arrays, draws_of(plan).numbers, frosts, *more))

    return lambda: [getattr(slow, name)(*call) for call in calls]


def others(package: Any, name: str, picture: Picture, severities: Sequence[int]) -> Action:
    """Return the same by ``imagecorruptions``, which knows the parameters of 224 px alone."""
    return lambda: [package.corrupt(picture, corruption_name=name, severity=severity) for severity in severities]


def table(setting: Setting) -> None:
    """Print a row for each corruption, and the means of the 19 and of C-bar."""
    modules = [module_of(f"tests.corruptions.{name}") for name in ("slow_corruptions", "slow_c_bar")]
    package = module_of("imagecorruptions")
    warm_up("method corruptions")
    for side in SIDES:
        picture = np.ascontiguousarray(pictures(setting, side)[0])
        row(f"{side} px", "ipmix, ms", "plain, ms", "ratio", *(["imagecorr., ms", "ratio"] if package else []))
        for title, names, slow in (
            ("mean of 19", SETS["all"], modules[0]),
            ("mean of C-bar", PROFILE_SETS[C_BAR][str(side)], modules[1]),
        ):
            found: dict[str, dict[str, Seconds]] = {}
            for name in names:
                found[name] = measured(setting, name, picture, slow, package)
                row(name, *cells(found[name], bool(package)))
            print_means(f"{title}, {side} px", found, bool(package))


def measured(setting: Setting, name: str, picture: Picture, slow: Any, package: Any) -> dict[str, Seconds]:
    """Return the seconds of a severity of one corruption, by who makes it."""
    severities = setting.effort.severities
    actions = {"ipmix": ours(name, picture, severities)}
    if slow:
        actions["plain"] = plain(slow, name, picture, severities)
    if package and works(others(package, name, picture, severities)):
        actions["package"] = others(package, name, picture, severities)
    found = by_turns(actions, min(setting.effort.turns, 3))
    found["ipmix"] = found["ipmix"] / ROUNDS[picture.shape[0]]
    return {who: seconds / len(severities) for who, seconds in found.items()}


def works(action: Action) -> bool:
    """Return whether a call of another package succeeds at all."""
    try:
        action()
    except Exception:
        return False
    return True


def cells(seconds: dict[str, Seconds], package: bool) -> list[str]:
    """Return the figures of one row."""
    found = [milli(seconds["ipmix"])]
    for name in ("plain", *(["package"] if package else [])):
        there = name in seconds
        found += [milli(seconds[name]), times(ratio(seconds[name], seconds["ipmix"]))] if there else ["-", "-"]
    return found


def print_means(title: str, found: dict[str, dict[str, Seconds]], package: bool) -> None:
    """Print the mean over the corruptions; that of a package over those that it can make."""
    means: dict[str, Seconds] = {}
    for name in ("ipmix", "plain", *(["package"] if package else [])):
        there = [seconds[name] for seconds in found.values() if name in seconds]
        if there:
            means[name] = np.mean(there, axis=0)
    row(title, *cells(means, package))


def milli(seconds: Seconds) -> str:
    """Return milliseconds of one severity."""
    return f"{typical(seconds, 1) * 1e3:.3f}"
