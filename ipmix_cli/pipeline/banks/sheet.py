"""A contact sheet of a bank: a row of pictures for each family, and histograms of the figures."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.banks.mixing import open_bank
from ipmix_cli.pipeline.banks.report import FIGURES, FamilyCounts, measured_part, ranges_at
from ipmix_cli.pipeline.contact_sheet import contact_sheet

COLUMNS = 12
TILE = 96  # px
HISTOGRAM = (180, 90)  # px
SCALE = 20  # px below a histogram, for its numbers
TITLES = {
    "luma_std": "contrast, std of luma",
    "edge_share": "share of edges",
    "slope": "slope of the spectrum",
    "colourfulness": "colourfulness",
    "entropy": "colours, bits",
    "small_std": "contrast at 36 px",
}
BAR, SHADE, GROUND, INK = (52, 92, 150), (224, 238, 224), (250, 250, 250), (40, 40, 44)


def bank_sheet(location: str, families: list[str], counts: FamilyCounts) -> Image.Image:
    """Return the sheet of a bank.

    Parameters
    ----------
    location : str
        The bank, to read pictures from.
    families : list of str
        The family of each of its pictures.
    counts : FamilyCounts
        Its figures, for the histograms: the ranges of good banks are shaded.
    """
    bank = open_bank(location)
    rows, names = [], []
    for name in sorted(set(families)):
        members = [index for index, family in enumerate(families) if family == name]
        chosen = [members[place * len(members) // COLUMNS] for place in range(COLUMNS)]
        rows.append([_thumbnail(bank.read(index)) for index in dict.fromkeys(chosen)])
        names.append(f"{name}\n{len(members):,}")
    pictures = contact_sheet(rows, names)
    values = np.concatenate([np.frombuffer(numbers).reshape(-1, len(FIGURES)) for numbers in counts.numbers.values()])
    below = contact_sheet(
        [[_histogram(values[:, i], ranges_at(counts.side).get(name)) for i, name in enumerate(FIGURES)]],
        ["all; green:\nmedians of\ngood banks"],
        [TITLES[name] for name in FIGURES],
    )
    sheet = Image.new("RGB", (max(pictures.width, below.width), pictures.height + below.height), (255, 255, 255))
    sheet.paste(pictures, (0, 0))
    sheet.paste(below, (0, pictures.height))
    return sheet


def _thumbnail(picture: Picture) -> Picture:
    small = Image.fromarray(measured_part(picture)).resize((TILE, TILE), Image.Resampling.LANCZOS)
    return np.asarray(small, np.uint8)


def _histogram(values: np.ndarray[tuple[int], np.dtype[np.float64]], good: tuple[float, float] | None) -> Picture:
    """Return a histogram between the extremes, with these and the median below.

    Where the median of a good bank lies is shaded; a line marks the median of this one.
    """
    width, height = HISTOGRAM
    out = np.full((height + SCALE, width, 3), 255, np.uint8)
    out[:height] = GROUND
    low, high = float(values.min()), float(values.max()) + 1e-9
    if good is not None:
        left, right = (_place(edge, low, high) for edge in good)
        out[:height, left:right] = SHADE
    counts, _ = np.histogram(values, width // 3, (low, high))
    for place, count in enumerate(counts):
        tall = int(count / counts.max() * (height - 4))
        out[height - tall : height, 3 * place : 3 * place + 2] = BAR
    median = float(np.median(values))
    out[:height, min(_place(median, low, high), width - 1)] = INK
    return _numbered(out, (low, median, high))


def _place(value: float, low: float, high: float) -> int:
    return int(np.clip((value - low) / (high - low), 0, 1) * HISTOGRAM[0])


def _numbered(histogram: Picture, numbers: tuple[float, float, float]) -> Picture:
    """Return a histogram with its lowest value, its median and its highest value below."""
    image = Image.fromarray(histogram)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(11)
    width, height = HISTOGRAM
    low, median, high = (f"{number:.3g}" for number in numbers)
    draw.text((4, height + 3), low, INK, font)
    draw.text((width // 2, height + 3), f"median {median}", INK, font, anchor="ma")
    draw.text((width - 5, height + 3), high, INK, font, anchor="ra")
    return np.asarray(image, np.uint8)
