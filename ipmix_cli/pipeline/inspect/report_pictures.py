"""The pictures of a report: each inside the page as a data URI, in sheets by class and as the stages of one copy."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from ipmix_cli.codecs.codecs import as_image
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.inspect.explain import CopyExplanation
from ipmix_cli.transform import Box, StageFigure

PIXEL_SIDE = 64  # px: pictures up to this side are shown to the pixel, enlarged by the browser
LARGEST = 192  # px: larger ones are reduced to this before they go into the page
QUALITY = 82  # of reduced pictures, as WebP: some 6 kB each


@dataclass(frozen=True)
class Figure:
    """One picture of a page, its caption, and a frame in shares of its sides, by CSS property."""

    uri: str
    caption: str
    detail: str = ""
    frame: dict[str, float] | None = None
    sharp: bool = False


@dataclass(frozen=True)
class Strip:
    """Figures in a row: a sample with its copies, or the steps of a chain."""

    name: str
    detail: str
    figures: Sequence[Figure]


def data_uri(picture: Picture, largest: int = LARGEST) -> str:
    """Return a picture, uint8 (H, W, 3), as a data URI: PNG to the pixel if it is small, else a reduced WebP."""
    image = as_image(picture)
    buffer = io.BytesIO()
    small = max(image.size) <= PIXEL_SIDE
    if small:
        image.save(buffer, "PNG")
    else:
        image.thumbnail((largest, largest), Image.Resampling.LANCZOS)
        image.save(buffer, "WEBP", quality=QUALITY)
    kind = "png" if small else "webp"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def figure(
    picture: Picture, caption: str, detail: str = "", patch: Box | None = None, largest: int = LARGEST
) -> Figure:
    """Return a picture with its caption; `detail` shows below it, and a patch as a frame."""
    height, width = picture.shape[:2]
    frame = None
    if patch is not None:
        frame = {"left": patch.left / width, "top": patch.top / height}
        frame |= {"width": patch.width / width, "height": patch.height / height}
    return Figure(data_uri(picture, largest), caption, detail, frame, max(height, width) <= PIXEL_SIDE)


def stages(origin: CopyExplanation, largest: int = LARGEST) -> list[Strip]:
    """Return the stages of one copy, row by row, each picture reduced to `largest` px if it is larger."""
    return [Strip(row.name, row.detail, [_figure(origin, one, largest) for one in row.figures]) for row in origin.rows]


def _figure(origin: CopyExplanation, one: StageFigure, largest: int) -> Figure:
    caption = origin.variant if one.stage == "out" else one.caption
    return figure(origin.stages[one.stage], caption, one.detail, one.box, largest)
