"""A contact sheet of a bank: a row of pictures for each family, and histograms of the figures."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.banks.mixing import open_bank
from ipmix_cli.pipeline.banks.report import FIGURES, RANGES, FamilyCounts, measured_part
from ipmix_cli.pipeline.contact_sheet import contact_sheet

COLUMNS = 12
TILE = 96  # px
HISTOGRAM = (150, 80)  # px
BAR, SHADE, GROUND = (52, 92, 150), (224, 238, 224), (250, 250, 250)


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
    below = contact_sheet([[_histogram(values[:, i], name) for i, name in enumerate(FIGURES)]], ["all"], FIGURES)
    sheet = Image.new("RGB", (max(pictures.width, below.width), pictures.height + below.height), (255, 255, 255))
    sheet.paste(pictures, (0, 0))
    sheet.paste(below, (0, pictures.height))
    return sheet


def _thumbnail(picture: Picture) -> Picture:
    small = Image.fromarray(measured_part(picture)).resize((TILE, TILE), Image.Resampling.LANCZOS)
    return np.asarray(small, np.uint8)


def _histogram(values: np.ndarray[tuple[int], np.dtype[np.float64]], name: str) -> Picture:
    """Return a small histogram between the extremes; where the median of a good bank lies is shaded."""
    width, height = HISTOGRAM
    out = np.empty((height, width, 3), np.uint8)
    out[:] = GROUND
    low, high = float(values.min()), float(values.max()) + 1e-9
    if name in RANGES:
        left, right = (int(np.clip((edge - low) / (high - low), 0, 1) * width) for edge in RANGES[name])
        out[:, left:right] = SHADE
    counts, _ = np.histogram(values, width // 3, (low, high))
    for place, count in enumerate(counts):
        tall = int(count / counts.max() * (height - 4))
        out[height - tall : height, 3 * place : 3 * place + 2] = BAR
    return out
