"""What a bank, or any folder of pictures, is like: figures by family, near-duplicates, and what looks wrong."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fractals.quality import DUPLICATE_BITS, Figures, complaint, measure_quality, nearest
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.banks.mixing import open_bank
from ipmix_cli.pipeline.banks.sidecar import column, recipes, stored_settings

MEASURED_SIDE = 256  # larger pictures are reduced to this before they are measured, so that figures compare
FIGURES = ("luma_std", "edge_share", "slope", "colourfulness", "entropy", "small_std")
PERCENTILES = (5, 50, 95)
RANGES = {  # of medians over a bank: outside them a bank is poorer than photographs, or unlike them
    "luma_std": (30.0, 65.0),
    "slope": (1.7, 3.2),
    "edge_share": (0.15, 0.6),
    "colourfulness": (25.0, 95.0),
}
MOST_DUPLICATES = 0.02
COARSE_SIDE = 192  # px
WORST_DUPLICATES = 0.2  # above this, a bank holds far fewer pictures than its number says
REASONS = {  # why generate-fractals redraws a picture -> in words
    "bland": "hardly any structure in a thumbnail",
    "cycle": "its points run into a short cycle",
    "diverges": "its points run away",
    "duplicate": "looks like an earlier picture",
    "fades": "hardly any contrast left at 36 px",
    "few_colours": "colours of less than 3 bits of entropy",
    "few_edges": "edges on less than 4 % of the pixels",
    "flat": "a standard deviation of the luma below 15",
    "inside": "most of the view lies inside the set",
    "noise": "no structure but noise, in a thumbnail",
    "noisy": "a spectrum that falls off slower than 1/f",
    "one_colour": "one colour on more than 60 % of the pixels",
    "sparse": "points in too small a part of the picture",
    "thin": "a shape much longer than wide",
}


@dataclass
class FamilyCounts:
    """Figures of pictures as they come, seven numbers a picture; `side` is the pictures' size in pixels."""

    side: int = MEASURED_SIDE
    numbers: dict[str, array[float]] = field(default_factory=dict)
    redrawn: dict[str, Counter[str]] = field(default_factory=dict)
    hashes: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, family: str, figures: Figures, rejected: list[str]) -> None:
        """Count one picture."""
        numbers = self.numbers.setdefault(family, array("d"))
        numbers.extend(float(getattr(figures, name)) for name in FIGURES)
        self.redrawn.setdefault(family, Counter()).update(rejected)
        self.hashes.append(int(figures.hash))

    def report(self, bytes_: int = 0, labelled: bool = False) -> BankReport:
        """Return what the pictures counted so far are like; those of one class may look alike."""
        columns = {name: np.frombuffer(values).reshape(-1, len(FIGURES)) for name, values in self.numbers.items()}
        everything = np.concatenate([*columns.values()]) if columns else np.zeros((0, len(FIGURES)))
        rows = {
            name: FamilyRow(len(values), dict(self.redrawn[name].most_common()), _percentiles(values))
            for name, values in sorted(columns.items())
        }
        total = FamilyRow(len(everything), dict(_total(self.redrawn).most_common()), _percentiles(everything))
        duplicates = _duplicates(np.array(self.hashes, np.uint64)) / max(1, len(everything))
        alike = 0.0 if labelled else duplicates
        return BankReport(rows, total, duplicates, bytes_, _warnings(total, alike, self.side), _worst(total, alike))


@dataclass(frozen=True)
class FamilyRow:
    """One family: how many pictures, how often and why redrawn, and percentiles 5, 50 and 95 of each figure."""

    pictures: int
    redrawn: dict[str, int]
    percentiles: dict[str, list[float]]


@dataclass(frozen=True)
class BankReport:
    """What a bank is like; `warnings` is empty for a good one.

    `worst` says why the bank is poor: its median picture would be redrawn, or many are alike. It is empty for others.
    """

    families: dict[str, FamilyRow]
    total: FamilyRow
    duplicates: float
    bytes: int
    warnings: list[str]
    worst: str = ""

    @property
    def verdict(self) -> str:
        """Tell whether the bank is ``good``, ``usable`` or ``poor``."""
        return "poor" if self.worst else "usable" if self.warnings else "good"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"verdict": self.verdict, **asdict(self)}


def _percentiles(values: NDArray[np.float64]) -> dict[str, list[float]]:
    if not len(values):
        return {name: [0.0, 0.0, 0.0] for name in FIGURES}
    found = np.percentile(values, PERCENTILES, axis=0)
    return {name: [round(float(number), 4) for number in found[:, place]] for place, name in enumerate(FIGURES)}


def _total(counts: dict[str, Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counts.values():
        total.update(counter)
    return total


def _duplicates(hashes: NDArray[np.uint64]) -> int:
    """Count the pictures that look like an earlier one."""
    return sum(nearest(hashes, index, hashes[index]) <= DUPLICATE_BITS for index in range(len(hashes)))


def _worst(total: FamilyRow, duplicates: float) -> str:
    """Return why a bank is poor, in words; empty if it is not."""
    medians = {name: total.percentiles[name][1] for name in FIGURES}
    if word := complaint(Figures(**medians, top_share=0.0, hash=0)):
        return f"its median picture is one that generate-fractals would not keep: {REASONS[word]}"
    return f"{duplicates:.0%} of the pictures look like an earlier one" if duplicates > WORST_DUPLICATES else ""


def ranges_at(side: int) -> dict[str, tuple[float, float]]:
    """Return where medians of good banks of pictures of a side lie; of edges only where enough pixels show them."""
    return {name: limits for name, limits in RANGES.items() if name != "edge_share" or side >= COARSE_SIDE}


def _warnings(total: FamilyRow, duplicates: float, side: int) -> list[str]:
    found = []
    for name, (low, high) in ranges_at(side).items():
        median = total.percentiles[name][1]
        if not low <= median <= high:
            found.append(f"median {name} {median:.2f} is outside {low:g} to {high:g}")
    if duplicates > MOST_DUPLICATES:
        found.append(f"{duplicates:.1%} of the pictures look like an earlier one; at most {MOST_DUPLICATES:.0%} should")
    return found


@dataclass(frozen=True)
class Judged:
    """One picture that has been read and measured."""

    index: int
    family: str
    rejected: list[str]
    figures: Figures


def judged(location: str) -> Iterator[Judged]:
    """Measure every picture of a bank or of a folder of pictures, in order.

    Raises
    ------
    SourceError
        If there is no such bank, or a picture of it cannot be read.
    """
    bank = open_bank(location)
    for index, (family, rejected) in enumerate(_origins(location, len(bank.shapes))):
        yield Judged(index, family, rejected, measure_quality(measured_part(bank.read(index))))


def count_of(location: str) -> int:
    """Return how many pictures a bank or a folder holds."""
    return len(open_bank(location).shapes)


def is_labelled(location: str) -> bool:
    """Tell whether a bank has classes."""
    path = Path(location).expanduser()
    if path.is_dir():
        stored = stored_settings(path)
        return stored is not None and stored.settings.classes > 0
    return column(path, "labels", "iu") is not None


def side_of(location: str) -> int:
    """Return the side of the first picture as it is measured."""
    return min(MEASURED_SIDE, int(open_bank(location).shapes[0].min()))


def bytes_of(location: str) -> int:
    """Return the size of a bank's file, or of all files of a folder."""
    path = Path(location).expanduser()
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def measured_part(picture: Picture) -> Picture:
    """Return the middle square of a picture, reduced to 256 x 256 if it is larger, enlarged to 32 if smaller."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(picture[top : top + side, left : left + side])
    if 32 <= side <= MEASURED_SIDE:
        return square
    wanted = min(max(side, 32), MEASURED_SIDE)
    return np.asarray(cv2.resize(square, (wanted, wanted), interpolation=cv2.INTER_AREA), np.uint8)


def _origins(location: str, count: int) -> Iterator[tuple[str, list[str]]]:
    """Yield the family of each picture and why attempts before it were rejected, where that is known."""
    path = Path(location).expanduser()
    if path.is_file():
        families, rejected = column(path, "family", "S"), column(path, "rejected", "S")
        if families is None or rejected is None or not len(families) == len(rejected) == count:
            yield from (("pictures", []) for _ in range(count))
            return
        for family, reasons in zip(families, rejected, strict=True):
            yield _text(family), _text(reasons).split()
        return
    rows = list(recipes(path))
    if len(rows) == count:
        yield from ((row.family, list(row.rejected)) for row in sorted(rows, key=lambda row: row.file))
    else:
        yield from (("pictures", []) for _ in range(count))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
