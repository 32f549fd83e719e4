"""The built-in bank of mixing pictures: how large a job's is, and making it where this machine's cache has it not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from ipmix_cli.pipeline.banks.bank import BankSettings, bank_paths, builtin_count
from ipmix_cli.pipeline.banks.mixing import builtin_name, builtin_of, cached_builtin
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.state import JobState
from ipmix_cli.pipeline.run.warmup import FAMILY, cold_kernels, compile_named

BUILTIN = "builtin"
MANY_SIZES = (448, 448)  # what pictures of many sizes are taken for where one number is needed
WORKER_PICTURES = 512  # of 64 px that are drawn in the time in which a worker process starts


@dataclass
class Preparation:
    """Seconds that a run spent on what is made once on a machine, and serves later runs."""

    compiling: float = 0.0
    bank: float = 0.0
    bank_pictures: int = 0

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Count the seconds of the block as `compiling`, or as `bank`."""
        began = perf_counter()
        try:
            yield
        finally:
            setattr(self, what, getattr(self, what) + perf_counter() - began)


def builtin_side(size: tuple[int, int] | None, ratio: float) -> int:
    """Return the short side of mixing pictures for samples of (H, W)."""
    return round(max(size or MANY_SIZES) * ratio)


def builtin_pictures(job: Job, ratio: float, recorded: Job | None = None, there: JobState | None = None) -> int:
    """Return how many pictures the built-in bank of a new job has.

    As many as a recorded job had that is to be made again, or the same job in the output folder, which may be of a
    version that drew the whole bank for every job; else by the number of copies.
    """
    if recorded is not None:
        return recorded.mixing.pictures
    if there is not None and there.places.fractals == BUILTIN and replace(there.job, mixing=job.mixing) == job:
        return there.job.mixing.pictures
    return builtin_count(builtin_side(job.size, ratio), job.samples * job.output.copies)


def builtin_bank(
    side: int,
    count: int | None = None,
    listener: Listener | None = None,
    jobs: int = 1,
    job: Job | None = None,
    spent: Preparation | None = None,
) -> str:
    """Make the built-in bank for mixing pictures of a short side unless the cache holds it; return its name.

    It is the first `count` pictures, or all. The kernels of a `job` that is to follow are compiled beside those that
    draw. The name is for :func:`ipmix_cli.pipeline.banks.mixing.open_bank`.
    """
    listener, spent = listener or Listener(), spent or Preparation()
    settings = builtin_of(builtin_name(side, count) if count is not None else f"builtin:{side}")
    if cached_builtin(settings) is None:
        from ipmix_cli.pipeline.banks.drawing import cold_families, families_compiled  # and with them all that draws

        families = cold_families(settings)
        names = [*(cold_kernels(job) if job is not None else []), *names_of(families)]
        with spent.timed("compiling"):
            compile_named(names, listener, jobs)
            families_compiled(families)
        with spent.timed("bank"):
            _draw(settings, listener, jobs)
        spent.bank_pictures = settings.count
    return builtin_name(side, settings.count)


def _draw(settings: BankSettings, listener: Listener, jobs: int) -> None:
    from ipmix_cli.pipeline.banks.drawing import ensure_bank

    path = bank_paths(settings)[0]
    listener.note(f"Drawing the built-in bank of {settings.count:,} mixing pictures, once on this machine: {path}")
    work = settings.count * settings.size**2 // 64**2
    with listener.activity("drawing fractals", settings.count, "pictures") as advance:
        for made, _ in enumerate(ensure_bank(settings, min(jobs, -(-work // WORKER_PICTURES))), 1):
            advance(made)


def names_of(families: Sequence[str]) -> list[str]:
    """Return families as :func:`ipmix_cli.pipeline.run.warmup.warm_up` is told them."""
    return [f"{FAMILY}{name}" for name in families]
