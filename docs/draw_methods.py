"""Draw the picture of docs/methods.md with the shipped code: ``python docs/draw_methods.py``, some seconds.

Each row is a method, at its ``auto`` preset; each column one picture of the demo set.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fractals import draw
from ipmix_cli.methods import METHODS, transform_named
from ipmix_cli.methods.mixing_set import MixingSet, mixing_set
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.contact_sheet import contact_sheet, save_picture
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Sample, SourceSpec
from ipmix_cli.stages import StageClock
from ipmix_cli.transform import Transform

IMAGES = Path(__file__).parent / "images"
SIZE = (32, 32)
COLUMNS = 8


def clean_pictures() -> Picture:
    """Return the first pictures of the demo set, (8, 32, 32, 3)."""
    items = open_source(SourceSpec(input="demo")).part(0, COLUMNS).samples(StageClock())
    return np.stack([item.picture for item in items if isinstance(item, Sample)])


def mixing_for(method: Transform, settings: object, pictures: Picture) -> MixingSet | None:
    """Return what a method mixes with: fractals, the other pictures, or nothing."""
    if method.mixes_labels:
        offsets = np.roll(np.arange(COLUMNS), -3) * pictures[0].size
        return MixingSet(pictures.ravel(), offsets, np.tile(np.array([SIZE], np.int32), (COLUMNS, 1)))
    ratio = method.mixing_ratio(settings)
    if ratio is None:
        return None
    return mixing_set(
        [draw(name, seed=3, index=1, size=64) for name in ("flame", "julia", "ifs", "plasma")], SIZE, ratio
    )


def copies(name: str, pictures: Picture) -> list[Picture]:
    """Return one copy of each picture."""
    method = transform_named(name)
    settings = method.settings_for("auto", SIZE, {})
    mixing = mixing_for(method, settings, pictures)
    shapes = np.zeros((0, 2), np.int32) if mixing is None else mixing.shapes
    plans = method.plan(settings, SIZE, 6, np.arange(COLUMNS), 1, shapes)
    out = np.empty((COLUMNS, 1, *SIZE, 3), np.uint8)
    method.apply(pictures, plans, mixing, settings, out)
    return list(out[:, 0])


if __name__ == "__main__":
    clean = clean_pictures()
    strips = [list(clean), *(copies(name, clean) for name in METHODS)]
    save_picture(contact_sheet(strips, ["clean", *METHODS]), str(IMAGES / "methods.png"))
