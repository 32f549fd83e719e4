"""Draw a bank: in parallel, written in order, the same bytes for any number of workers.

Workers draw picture i from (seed, i) alone. One pass in the order of i, in the main process, redraws what
looks like an earlier picture; it never looks ahead, so a bank of 100 is the beginning of a bank of 2,000.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import fractals
from fractals import background, colour
from fractals.draw_spec import DrawSpec
from fractals.mixes import MIXES
from fractals.picture import Drawn, drawn
from fractals.quality import DUPLICATE_BITS, Figures, nearest
from fractals.randomness import RandomStream
from ipmix_cli.errors import IpmixError, WriteError
from ipmix_cli.numba_cache.jit import is_compiled, mark_compiled
from ipmix_cli.pipeline.backends.child_processes import deaf_children
from ipmix_cli.pipeline.banks.bank import BankSettings, attributes, bank_paths, cached_bank, write_checksum

REDRAWS = 16  # of one picture for being like an earlier one; then it stays
RESTARTS = 3  # of the workers, after one of them was killed
BATCH_BYTES = 4 << 20  # of pictures that travel together from a worker
FAMILY = "family"  # what the cache calls the use of a family's kernels, before its name
SLOW = ("flame", "julia")  # families whose kernels take longest to compile


@dataclass(frozen=True)
class BankRecord:
    """One finished picture, for progress and report; `rejected` says why earlier attempts were redrawn."""

    index: int
    family: str
    attempts: int
    rejected: list[str]
    figures: Figures


@dataclass(frozen=True)
class Warming:
    """One family's kernels are compiled: `done` of `total` (only in the first run on a machine)."""

    done: int
    total: int


class BankWriter(Protocol):
    """Where pictures go, in order."""

    def write(self, index: int, row: dict[str, Any]) -> None:
        """Write one picture and what is known of it."""
        ...


Opener = Callable[[Path, BankSettings], AbstractContextManager[BankWriter]]


def open_bank_writer(path: Path, settings: BankSettings) -> AbstractContextManager[BankWriter]:
    """Return a writer of one HDF5 file."""
    from ipmix_cli.pipeline.banks.hdf5 import bank_file

    return bank_file(path, (settings.count, settings.size), attributes(settings), settings.class_names())


def open_png(path: Path, settings: BankSettings) -> AbstractContextManager[BankWriter]:
    """Return a writer of a folder of PNG files, in class folders if there are classes."""
    from ipmix_cli.pipeline.banks.folder import bank_folder

    return bank_folder(path, attributes(settings), settings.class_names())


FORMATS: dict[str, Opener] = {"hdf5": open_bank_writer, "png": open_png}


def make_bank(settings: BankSettings, path: Path, *, format_name: str = "hdf5", jobs: int = 1) -> Iterator[BankRecord]:
    """Draw a bank and write it, yielding a record for each picture as soon as it is on its way to the disk.

    The bank appears under its name when the last record has been taken; when anything fails nothing is left.

    Raises
    ------
    WriteError
        When the disk is full, or the place cannot be written.
    """
    with FORMATS[format_name](path, settings) as writer:
        for index, found in enumerate(distinct(settings, jobs)):
            label = index // settings.per_class if settings.per_class else 0
            writer.write(index, _row(found, label))
            yield BankRecord(index, found.recipe["family"], found.attempt + 1, found.rejected, found.figures)


def _row(found: Drawn, label: int) -> dict[str, Any]:
    return {
        "images": found.picture,
        "params": json.dumps(found.recipe, separators=(",", ":")).encode(),
        "family": found.recipe["family"].encode(),
        "attempts": found.attempt + 1,
        "rejected": " ".join(found.rejected).encode()[:256],
        "labels": label,
    }


def distinct(settings: BankSettings, jobs: int) -> Iterator[Drawn]:
    """Yield the pictures of a bank in order, each unlike all before it (the labelled mode wants likeness)."""
    hashes = np.zeros(1024, np.uint64)
    for index, found in enumerate(_drawn_in_order(settings, jobs)):
        if index == len(hashes):
            hashes = np.concatenate([hashes, np.zeros_like(hashes)])
        if not settings.classes:
            found = _unlike(settings.spec(), index, found, hashes)  # noqa: PLW2901 - the redrawn one takes its place
        hashes[index] = found.figures.hash
        yield found


def _unlike(spec: DrawSpec, index: int, found: Drawn, hashes: np.ndarray[Any, np.dtype[np.uint64]]) -> Drawn:
    """Return the picture, or the first later attempt that looks like none of the `index` earlier pictures."""
    for _ in range(REDRAWS):
        if nearest(hashes, index, np.uint64(found.figures.hash)) > DUPLICATE_BITS:
            break
        again = drawn(spec, index, found.attempt + 1)
        rejected = [*found.rejected, "duplicate", *again.rejected]
        found = Drawn(again.picture, again.recipe, again.attempt, again.figures, rejected)
    return found


def _drawn_in_order(settings: BankSettings, jobs: int) -> Iterator[Drawn]:
    """Yield every picture in order, drawn by workers; killed workers are replaced."""
    spec, done, restarts = settings.spec(), 0, 0
    batch = max(1, min(64, BATCH_BYTES // (3 * settings.size**2), -(-settings.count // (4 * jobs))))
    while done < settings.count:
        starts = range(done, settings.count, batch)
        calls = [(_draw_batch, spec, start, min(start + batch, settings.count)) for start in starts]
        try:
            for pictures in _in_order(calls, jobs):
                for picture in pictures:
                    done += 1
                    yield picture
        except BrokenProcessPool as error:
            restarts += 1
            if restarts > RESTARTS:
                raise IpmixError(
                    "a worker was killed again and again", "it may need too much memory: try fewer --jobs"
                ) from error


def _in_order(calls: Sequence[tuple[Any, ...]], jobs: int) -> Iterator[Any]:
    """Yield the results of calls, (function, *arguments), that workers make."""
    import joblib

    parallel = joblib.Parallel(
        n_jobs=jobs,
        backend="loky",
        return_as="generator",
        pre_dispatch="2 * n_jobs",
        batch_size=1,
        mmap_mode=None,
    )
    with deaf_children():
        results: Iterator[Any] = parallel(joblib.delayed(function)(*arguments) for function, *arguments in calls)
    yield from results


def _draw_batch(spec: DrawSpec, start: int, stop: int) -> list[Drawn]:
    return [drawn(spec, index) for index in range(start, stop)]


def warmed(settings: BankSettings, jobs: int) -> Iterator[Warming]:
    """Compile the kernels of the families in the mix, each by one worker, before all workers need them."""
    names = cold_families(settings)
    if not names:
        return
    try:
        for number, _ in enumerate(_in_order([(warm_family, name) for name in names], min(jobs, len(names))), 1):
            yield Warming(number, len(names))
    except BrokenProcessPool:  # a worker was killed: what is not compiled is compiled by those who draw
        return
    families_compiled(names)


def cold_families(settings: BankSettings) -> list[str]:
    """Return the families of a bank's mix unless the cache holds their kernels; what takes longest is first."""
    folder = Path(fractals.__file__).parent
    if is_compiled(folder):
        return []
    names = [name for name, weight in settings.mix if weight and not is_compiled(folder, f"{FAMILY}-{name}")]
    return sorted(names, key=lambda name: name not in SLOW)


def families_compiled(names: Sequence[str]) -> None:
    """Record that the kernels of these families are in the cache, where they are all that the usual mix has."""
    if len(names) >= len(MIXES["default"]):
        mark_compiled(Path(fractals.__file__).parent)


def warm_family(name: str) -> None:
    """Compile the kernels of a family, and those that any picture may need, into the cache, or load them from it."""
    found = drawn(DrawSpec(mix={name: 1.0}, size=32), 0)
    nearest(np.zeros(1, np.uint64), 1, np.uint64(found.figures.hash))
    palette = colour.sample_palette(RandomStream(0, 0))
    background.render({"kind": "gradient", "palette": palette, "angle": 0.0, "round": False}, 32, fractals.FAMILIES)


def ensure_bank(settings: BankSettings, jobs: int) -> Iterator[BankRecord]:
    """Make a bank in the cache unless it is there, whole; two processes may do so at once: same bytes.

    Raises
    ------
    WriteError
        Where no place of the cache has room for it.
    """
    if cached_bank(settings) is not None:
        return
    for _ in warmed(settings, jobs):
        pass
    *places, last = bank_paths(settings)
    for path in places:
        try:
            yield from _cached(settings, path, jobs)
        except WriteError:  # a full disk, which is told before anything is drawn
            continue
        return
    yield from _cached(settings, last, jobs)


def _cached(settings: BankSettings, path: Path, jobs: int) -> Iterator[BankRecord]:
    yield from make_bank(settings, path, jobs=jobs)
    write_checksum(path)
