"""One picture: draw a recipe, look at it cheaply, render it, judge it, and try again if it is poor.

A recipe is plain JSON and enough to render the picture again at any size. Which family picture i shows
depends on the seed and i alone; a rejected attempt is followed by another attempt at the same family, so the
mix keeps its shares.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from fractals import FAMILIES, background, colour, kaleidoscope, quality, tone
from fractals.draw_spec import DrawSpec
from fractals.elementary import TURN, sincos
from fractals.family import Family, Params, Picture
from fractals.randomness import RandomStream

ATTEMPTS = 64  # then the last picture is kept as it is: no family fails even ten times in a row
LARGE = 16 << 20  # bytes: more than any array of a picture
CHOICE, PICTURE, SYSTEM, MEMBER = range(4)  # purposes: the first number of every spawn key

Recipe = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """An accepted picture, and how it came about.

    Parameters
    ----------
    picture : uint8 (S, S, 3)
    recipe : dict
        JSON values from which :func:`render` makes the same picture.
    attempt : int
        The number of the accepted attempt, from 0.
    rejected : list of str
        Why the attempts before it were rejected.
    figures : Figures
    """

    picture: Picture
    recipe: Recipe
    attempt: int
    figures: quality.Figures
    rejected: list[str] = field(default_factory=list)


def drawn(spec: DrawSpec, index: int, first_attempt: int = 0) -> Drawn:
    """Return picture `index` of a bank: the first acceptable attempt from `first_attempt` on."""
    _keep_memory()
    rejected: list[str] = []
    for attempt, recipe, reason in _recipes(spec, index, first_attempt):
        if reason:
            rejected.append(reason)
            continue
        picture = render(recipe, spec.size)
        figures = quality.measure_quality(picture)
        poor = "" if FAMILIES[recipe["family"]].plain else quality.complaint(figures)
        if not poor or attempt + 1 == first_attempt + ATTEMPTS:
            return Drawn(picture, recipe, attempt, figures, rejected)
        rejected.append(poor)
    raise AssertionError("the attempts have no end")


@functools.cache
def _keep_memory() -> None:
    """Free one large array, which teaches the GNU C library to keep the memory of smaller ones for the next.

    It gives free memory back to the system beyond twice the largest array freed so far: without this, the pages of
    every field and picture are asked for again and again, a quarter of the time of the fastest families.
    """
    np.empty(LARGE, np.uint8)


def _recipes(spec: DrawSpec, index: int, first: int) -> Iterator[tuple[int, Recipe, str]]:
    """Yield the recipes of one picture, attempt after attempt, or why one is not worth rendering; the last one is."""
    system = index // spec.per_class if spec.per_class else index
    name = RandomStream(spec.seed, CHOICE, system).choose(list(spec.mix), list(spec.mix.values()))
    family = FAMILIES[name]
    base = class_system(spec, family, system) if spec.per_class else None
    for attempt in range(first, first + ATTEMPTS):
        if base is None:
            stream = RandomStream(spec.seed, PICTURE, index, attempt, crc32(name.encode()))
            params = family.sample(stream)
        else:
            stream = RandomStream(spec.seed, MEMBER, system, index % spec.per_class, attempt)
            params = varied(base, family.varied, stream)
        reason = family.probe(params) if attempt + 1 < first + ATTEMPTS else ""
        style = {} if reason else _style(stream, family, may_fold=base is None)
        yield attempt, {"family": name, "params": params} | style, reason


def class_system(spec: DrawSpec, family: Family, number: int) -> Params:
    """Return the parameters that all pictures of one class are varied from."""
    for attempt in range(ATTEMPTS):
        params = family.sample(RandomStream(spec.seed, SYSTEM, number, attempt))
        if not family.probe(params):
            break
    return params


def varied(params: Params, names: tuple[str, ...], stream: RandomStream, amount: float = 0.06) -> Params:
    """Return parameters of which the named ones are moved by up to 6 %; a seed is drawn anew."""
    return {
        name: (stream.seed() if name == "seed" else _moved(value, stream, amount)) if name in names else value
        for name, value in params.items()
    }


def _moved(value: Any, stream: RandomStream, amount: float) -> Any:
    if isinstance(value, list):
        return [_moved(item, stream, amount) for item in value]
    if isinstance(value, float):
        return float(f"{value * (1 + stream.uniform(-amount, amount)):.7g}")
    return value


def _style(stream: RandomStream, family: Family, may_fold: bool) -> Recipe:
    """Draw what the family does not decide: colours, light, cycles, background, and a kaleidoscope where it may."""
    if family.plain:
        return {}
    recipe: Recipe = {"palette": colour.sample_palette(stream)}
    if family.covers and stream.flag(0.3):
        recipe["cycles"] = stream.choose((2.0, 3.0, 4.0), (4, 2, 1))
    if stream.flag(0.3):
        recipe["relief"] = {"height": stream.log_uniform(1.0, 5.0), "angle": stream.uniform(0, TURN)}
    if not family.covers:
        tone_behind = stream.choose([*background.RANGES], (5, 3, 2))
        recipe["palette"] = colour.between(recipe["palette"], *background.CONTRARY[tone_behind])
        recipe["background"] = background.sample(stream, FAMILIES, tone_behind)
    if may_fold and stream.flag(0.12):  # a class would not be known again
        recipe["kaleidoscope"] = kaleidoscope.sample(stream)
    return recipe


def render(recipe: Recipe, size: int) -> Picture:
    """Return the picture uint8 (S, S, 3) of a recipe."""
    layer = FAMILIES[recipe["family"]].render(recipe["params"], size)
    if "palette" not in recipe:
        return colour.paint(layer.value, colour.greys())
    value = tone.folded(layer.value, recipe["cycles"]) if "cycles" in recipe else layer.value
    picture: Picture = colour.paint(value, colour.palette_table(recipe["palette"]))
    if "relief" in recipe:
        sin, cos = sincos(recipe["relief"]["angle"])
        picture = colour.shaded(picture, tone.lit(layer.value, recipe["relief"]["height"], cos, sin))
    if layer.alpha is not None:
        picture = colour.over(picture, layer.alpha, background.render(recipe["background"], size, FAMILIES))
    if "kaleidoscope" in recipe:
        picture = kaleidoscope.folded(picture, recipe["kaleidoscope"])
    return picture
