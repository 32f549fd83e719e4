"""The stages of a copy as one picture."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ipmix_cli.pipeline.inspect.stage_sheet import ACCENT, GREY, stage_sheet
from ipmix_cli.transform import Box, StageFigure, StageRow

random = np.random.default_rng(3)


def origin(side: int, box: Box | None = None, source_key: str = "folder/picture.png") -> Any:
    names = ("clean", "chain0_step0", "out")
    step = StageFigure("chain0_step0", "add with autocontrast", "weight 0.41; 4 x 6 px", box)
    return SimpleNamespace(
        sample=SimpleNamespace(key="00000003", source_key=source_key, copies=[b""]),
        variant="copy 1",
        stages={name: random.integers(120, 255, (side, side, 3), np.uint8) for name in names},
        rows=[
            StageRow("goes in", "", (StageFigure("clean", "clean"),)),
            StageRow("chain 0", "weight 0.30", (step,)),
            StageRow("comes out", "0.42 clean + 0.58 chains", (StageFigure("out", "copy"),)),
        ],
        agrees=True,
    )


def places(sheet: Any, picture: Any) -> list[tuple[int, int]]:
    """Return where a picture stands in a sheet, top and left."""
    pixels, (height, width) = np.asarray(sheet), picture.shape[:2]
    corners = np.argwhere((pixels == picture[0, 0]).all(axis=2))
    return [(y, x) for y, x in corners.tolist() if (pixels[y : y + height, x : x + width] == picture).all()]


@pytest.mark.parametrize(("side", "factor"), [(32, 5), (64, 2), (200, 1)])
def test_small_pictures_are_enlarged_by_a_whole_number_without_smoothing(side: int, factor: int) -> None:
    one = origin(side)
    sheet = stage_sheet(one, "frog")
    found = [places(sheet, one.stages[name].repeat(factor, 0).repeat(factor, 1)) for name in one.stages]
    assert [len(each) for each in found] == [1, 1, 1]
    tops = [each[0][0] for each in found]
    assert tops == sorted(tops)


def test_an_arrow_stands_before_what_was_made_and_before_nothing_else() -> None:
    one = origin(32)
    sheet = stage_sheet(one, "frog")
    pixels = np.asarray(sheet)
    for name, has_arrow in (("clean", False), ("chain0_step0", True), ("out", True)):
        top, left = places(sheet, one.stages[name].repeat(5, 0).repeat(5, 1))[0]
        before = pixels[top + 70 : top + 90, left - 30 : left]
        assert (before == GREY).all(axis=2).any() == has_arrow


def test_a_frame_shows_the_patch_that_was_mixed() -> None:
    pixels = np.asarray(stage_sheet(origin(32, Box(4, 6, 8, 10)), "frog"))
    rows, columns = np.nonzero((pixels == ACCENT).all(axis=2))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (8 * 5, 10 * 5)


def test_long_names_leave_the_margins_free() -> None:
    pixels = np.asarray(stage_sheet(origin(32, source_key="a/very/long/name/" * 20), "class " * 40))
    assert (pixels[:, -12:] == 255).all()
    assert (pixels[:, :20] == 255).all()


def test_the_page_of_a_single_step_has_room_for_its_title() -> None:
    assert stage_sheet(origin(32), "frog").width >= 500
