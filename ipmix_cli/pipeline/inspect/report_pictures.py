"""The pictures of a report: each inside the page as a data URI, in sheets by class and as the stages of one copy."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image

from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.inspect.explain import CopyExplanation
from ipmix_cli.transform import Box, StageFigure

PIXEL_SIDE = 64  # px: pictures up to this side are shown to the pixel, enlarged by the browser
LARGEST = 192  # px: larger ones are reduced to this before they go into the page
QUALITY = 82  # of reduced pictures, as WebP: some 6 kB each


@dataclass(frozen=True)
class ClassRow:
    """One row of a sheet: a sample of a class, with its copies."""

    class_name: str
    key: str
    clean: Picture | None
    copies: Sequence[Picture]
    names: Sequence[str]


def data_uri(picture: Picture) -> str:
    """Return a picture, uint8 (H, W, 3), as a data URI: PNG to the pixel if it is small, else a reduced WebP."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    buffer = io.BytesIO()
    small = max(image.size) <= PIXEL_SIDE
    if small:
        image.save(buffer, "PNG")
    else:
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
        image.save(buffer, "WEBP", quality=QUALITY)
    kind = "png" if small else "webp"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def figure(picture: Picture, caption: str, detail: str = "", patch: Box | None = None) -> str:
    """Return a picture with its caption; `detail` shows below it, and a patch as a frame."""
    sharp = " sharp" if max(picture.shape[:2]) <= PIXEL_SIDE else ""
    image = f'<img class="picture{sharp}" src="{data_uri(picture)}" alt="{escape(caption)}" loading="lazy">'
    frame = "" if patch is None else _frame(patch, picture)
    small = f"<small>{escape(detail)}</small>" if detail else ""
    return f'<figure><div class="frame">{image}{frame}</div><figcaption>{escape(caption)}{small}</figcaption></figure>'


def _frame(patch: Box, picture: Picture) -> str:
    height, width = picture.shape[:2]
    sides = {
        "left": patch.left / width,
        "top": patch.top / height,
        "width": patch.width / width,
        "height": patch.height / height,
    }
    return f'<i style="{";".join(f"{name}:{100 * share:.2f}%" for name, share in sides.items())}"></i>'


def sheet(rows: Sequence[ClassRow]) -> str:
    """Return samples as rows: the class, the clean picture, the copies."""
    parts = []
    for row in rows:
        clean = [] if row.clean is None else [figure(row.clean, "clean")]
        copies = [figure(copy, name) for copy, name in zip(row.copies, row.names, strict=False)]
        head = f'<div class="who"><strong>{escape(row.class_name)}</strong><small>{escape(row.key)}</small></div>'
        parts.append(f'<div class="strip">{head}{"".join(clean + copies)}</div>')
    return f'<div class="sheet">{"".join(parts)}</div>'


def stages(origin: CopyExplanation) -> str:
    """Return the stages of one copy, row by row."""
    parts = [_strip(row.name, row.detail, [_figure(origin, one) for one in row.figures]) for row in origin.rows]
    return f'<div class="sheet">{"".join(parts)}</div>'


def _figure(origin: CopyExplanation, one: StageFigure) -> str:
    caption = origin.variant if one.stage == "out" else one.caption
    return figure(origin.stages[one.stage], caption, one.detail, one.box)


def _strip(name: str, detail: str, figures: Sequence[str]) -> str:
    head = f'<div class="who"><strong>{escape(name)}</strong><small>{escape(detail)}</small></div>'
    return f'<div class="strip">{head}{"".join(figures)}</div>'
