"""Contact sheets: labelled rows of pictures as one picture."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from ipmix_cli.codecs.codecs import as_image
from ipmix_cli.picture import Picture

SMALLEST = 96  # px: smaller pictures are enlarged by a whole number, without smoothing
LARGEST = 256  # px: larger ones are reduced
MARGIN = 6
INK, PAPER = (40, 40, 44), (255, 255, 255)


def contact_sheet(rows: Sequence[Sequence[Picture]], names: Sequence[str], heads: Sequence[str] = ()) -> Image.Image:
    """Draw rows of pictures, a name before each row and a head above each column.

    Parameters
    ----------
    rows : sequence of sequences of uint8 (H, W, 3)
    names : one for each row; may have several lines
    heads : one for each column

    Returns
    -------
    PIL.Image.Image
    """
    font = ImageFont.load_default(13)
    tiles = [[tile(picture) for picture in row] for row in rows]
    columns = max(len(row) for row in tiles)
    widths = [max(row[i].width for row in tiles if i < len(row)) for i in range(columns)]
    heights = [max(one.height for one in row) for row in tiles]
    left = MARGIN * 2 + int(max((font.getlength(line) for name in names for line in name.split("\n")), default=0))
    top = MARGIN + (20 if heads else 0)
    size = (left + sum(widths) + MARGIN * columns, top + sum(heights) + MARGIN * len(tiles))
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for i, head in enumerate(heads):
        draw.text((left + sum(widths[:i]) + MARGIN * i, MARGIN), head, INK, font)
    y = top
    for row, name, height in zip(tiles, names, heights, strict=True):
        draw.multiline_text((MARGIN, y + 4), name, INK, font)
        for i, one in enumerate(row):
            sheet.paste(one, (left + sum(widths[:i]) + MARGIN * i, y))
        y += height + MARGIN
    return sheet


def tile(picture: Picture) -> Image.Image:
    """Return a picture at a size that can be looked at."""
    image = as_image(picture)
    longest = max(image.size)
    if longest < SMALLEST:
        factor = -(-SMALLEST // longest)
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    if longest > LARGEST:
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return image


def save_picture(image: Image.Image, path: str) -> None:
    """Write a picture so that it appears whole or not at all; the form follows the name's ending."""
    import io
    from pathlib import Path

    from ipmix_cli.errors import UsageError
    from ipmix_cli.storage.folder import write_atomically

    form = Image.registered_extensions().get(Path(path).suffix.lower())
    if form not in {"PNG", "JPEG", "WEBP"}:
        raise UsageError(f"cannot write pictures as {Path(path).name!r}", "give a name that ends in .png")
    buffer = io.BytesIO()
    image.save(buffer, form, **({"quality": 92} if form == "JPEG" else {}))
    write_atomically(Path(path), buffer.getvalue())
