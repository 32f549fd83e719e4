"""Forges records and the inputs of readers, one example after the other, each with a bound of memory and of time.

    python -m tests.robustness.fuzzing records 1000 0            1000 examples from seed 0
    python -m tests.robustness.fuzzing readers 1000 0
    python -m tests.robustness.fuzzing folders 1000 0
    python -m tests.robustness.fuzzing all 1000000 0 3600        as many as fit into an hour, of all three kinds

An example follows from the seed and its number alone. It fails if anything else than an error of ipmix comes out, if it
takes more than `SECONDS` of work, `WAITING` or `MEMORY`; the program prints which example that was.
"""

from __future__ import annotations

import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.robustness.fuzzing.folders import forge_data_set, prepare, unmake
from tests.robustness.fuzzing.inputs import (
    damage_bank,
    damage_input,
    damage_one_file,
    damage_picture,
    damage_synsets,
)
from tests.robustness.fuzzing.predictions import damage_predictions, forge_predictions, score_damaged, score_forged
from tests.robustness.fuzzing.records import (
    forge_bank,
    forge_config,
    forge_manifest,
    forge_sampler_state,
    forge_state,
)

SECONDS = 20  # of work
WAITING = 200  # seconds after which it is taken to wait for ever: a machine may be busy with other things
MEMORY = 2**30  # bytes of data beyond what the process had before the example

Target = Callable[[np.random.Generator, Path], None]

TARGETS: dict[str, tuple[Target, ...]] = {
    "records": (
        *(forge_manifest, forge_manifest, forge_state, forge_bank, forge_config, forge_predictions),
        *(forge_sampler_state, score_forged),
    ),
    "readers": (
        *(damage_one_file, damage_one_file, damage_input, damage_input, damage_input, damage_picture),
        *(damage_predictions, damage_bank, score_damaged, damage_synsets),
    ),
    "folders": (forge_data_set,),
}
TARGETS["all"] = (*TARGETS["records"], *TARGETS["readers"], *TARGETS["folders"] * 8)


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s of work, or {WAITING} s of waiting")


def _limit_time(work: int, waiting: int) -> None:
    """Set both timers; zeros stop them."""
    signal.setitimer(signal.ITIMER_PROF, work)
    signal.alarm(waiting)


def _data_bytes() -> int:
    """Return how many bytes of data this process has."""
    return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()


def _limit_memory() -> None:
    """Limit what the process may have from now on."""
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + MEMORY, resource.RLIM_INFINITY))


def run(kind: str, count: int, seed: int, seconds: float = float("inf")) -> int:
    """Try examples, and return how many failed; each failure is printed."""
    for timer in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(timer, _too_long)
    warnings.simplefilter("ignore")
    failed, number, end = 0, 0, time.monotonic() + seconds
    while number < count and time.monotonic() < end:
        failed += not tried(kind, seed, number)
        number += 1
        if number % 1000 == 0:
            print(f"{number} examples, {failed} failed, {_data_bytes() >> 20} MiB of data", flush=True)
    print(f"{kind}: {number} examples from seed {seed}, {failed} failed")
    return failed


def _chance(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, number]))


def tried(kind: str, seed: int, number: int) -> bool:
    """Try one example; print it where it fails."""
    target = TARGETS[kind][number % len(TARGETS[kind])]
    if target is forge_data_set:
        prepare(_chance(seed, number))
    rng = _chance(seed, number)
    with tempfile.TemporaryDirectory() as folder:
        _limit_memory()
        _limit_time(SECONDS, WAITING)
        try:
            target(rng, Path(folder))
        except Exception:
            trace = traceback.format_exc()[-1500:]
            print(f"{kind}, seed {seed}, example {number}, {target.__name__}:\n{trace}", flush=True)
            return False
        finally:
            _limit_time(0, 0)
            resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return True


if __name__ == "__main__":
    try:
        words = sys.argv[1:]
        sys.exit(run(words[0], int(words[1]), int(words[2]), *map(float, words[3:])) > 0)
    finally:
        unmake()
