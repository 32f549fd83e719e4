"""The stages of one copy as one picture: what goes in, each chain from left to right, and what comes out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from ipmix_cli.codecs.codecs import as_image
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.inspect.explain import CopyExplanation
from ipmix_cli.printable import printable
from ipmix_cli.transform import Box, StageFigure, StageRow

SIDE = 160  # px: smaller pictures are enlarged by a whole number up to this, without smoothing
LARGEST = 224  # px: larger ones are reduced
MARGIN, GAP, ARROW, NAMES = 24, 14, 36, 112  # px: round the page, between rows, before a figure, for the names of rows
TITLE, TEXT, SMALL = 20, 14, 12  # px
LINE = 18  # px
INK, GREY, ACCENT, PAPER = (32, 33, 36), (110, 113, 118), (196, 66, 34), (255, 255, 255)
CHARACTERS = 24  # of small text that a figure's width holds


@dataclass(frozen=True)
class _Figure:
    """A picture as it is pasted, and the lines below it."""

    image: Image.Image
    caption: list[str]
    detail: list[str]

    @property
    def width(self) -> int:
        return max(self.image.width, SIDE)

    @property
    def height(self) -> int:
        return self.image.height + 6 + LINE * (len(self.caption) + len(self.detail))


def stage_sheet(origin: CopyExplanation, class_name: str) -> Image.Image:
    """Draw the stages of a copy: titles, a row for each chain, and an arrow before what a step has made.

    Parameters
    ----------
    origin : CopyExplanation
    class_name : str
        The sample's class, for the title.

    Returns
    -------
    PIL.Image.Image
        RGB; pictures of up to 80 px are enlarged by a whole number, so that their pixels can be seen.
    """
    rows = [[_figure(origin, one) for one in row.figures] for row in origin.rows]
    heights = [max(one.height for one in row) for row in rows]
    widest = max(sum(one.width + ARROW for one in row) for row in rows)
    width = NAMES + max(widest, 2 * (SIDE + ARROW)) + 2 * MARGIN  # two figures: what the title needs
    heading = _heading(origin, class_name, width)
    top = MARGIN + (LINE + 4) * len(heading) + GAP + 6
    sheet = Image.new("RGB", (width, top + sum(heights) + GAP * (len(rows) - 1) + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(heading):
        draw.text(
            (MARGIN, MARGIN - 4 + number * LINE + min(number, 1) * 10),
            line,
            GREY if number else INK,
            _font(TEXT if number else TITLE),
        )
    for number, (row, figures, height) in enumerate(zip(origin.rows, rows, heights, strict=True)):
        _row(sheet, top, row, figures, number > 0)
        top += height + GAP
    return sheet


def _heading(origin: CopyExplanation, class_name: str, width: int) -> list[str]:
    sample = origin.sample
    title = printable(f"{origin.variant} of sample {sample.key}, {class_name}")
    agrees = "the stored copy is this, to the byte" if origin.agrees else "THE STORED COPY IS NOT THIS"
    below = printable(sample.source_key) + (f"; {agrees}" if sample.copies else "")
    characters = (width - 2 * MARGIN) // 8
    return [textwrap.shorten(title, characters * TEXT // TITLE), *textwrap.wrap(below, characters)]


def _figure(origin: CopyExplanation, one: StageFigure) -> _Figure:
    caption = origin.variant if one.stage == "out" else one.caption
    image = _enlarged(origin.stages[one.stage], one.box)
    return _Figure(
        image, textwrap.wrap(printable(caption), CHARACTERS), textwrap.wrap(printable(one.detail), CHARACTERS + 4)
    )


def _enlarged(picture: Picture, patch: Box | None) -> Image.Image:
    """Return a picture at a size that can be looked at; a frame shows the patch that a step has mixed."""
    image = as_image(picture)
    longest = max(image.size)
    factor = float(max(1, SIDE // longest)) if longest <= LARGEST else LARGEST / longest
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    image = image.resize(size, Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.LANCZOS)
    if patch is not None:
        edges = (patch.left, patch.top, patch.left + patch.width, patch.top + patch.height)
        left, top, right, bottom = (round(edge * factor) for edge in edges)
        ImageDraw.Draw(image).rectangle(
            (left, top, max(right - 1, left), max(bottom - 1, top)), outline=ACCENT, width=2
        )
    return image


def _row(sheet: Image.Image, top: int, row: StageRow, figures: Sequence[_Figure], arrows: bool) -> None:
    """Draw one row: its name, and its figures with their captions; with arrows if each follows from the one before."""
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, top), row.name, INK, _font(TEXT))
    for number, line in enumerate(textwrap.wrap(row.detail, 15)):
        draw.text((MARGIN, top + LINE * (number + 1)), line, GREY, _font(SMALL))
    left = MARGIN + NAMES
    for one in figures:
        if arrows:
            _arrow(draw, left, top + one.image.height // 2)
        left += ARROW
        sheet.paste(one.image, (left, top))
        below = top + one.image.height + 4
        for number, line in enumerate([*one.caption, *one.detail]):
            is_caption = number < len(one.caption)
            draw.text(
                (left, below + LINE * number), line, INK if is_caption else GREY, _font(TEXT if is_caption else SMALL)
            )
        left += one.width


def _arrow(draw: ImageDraw.ImageDraw, left: int, middle: int) -> None:
    tip = left + ARROW - 8
    draw.line((left + 6, middle, tip - 4, middle), GREY, 2)
    draw.polygon([(tip, middle), (tip - 8, middle - 5), (tip - 8, middle + 5)], GREY)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
