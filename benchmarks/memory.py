"""The most memory of a run, its workers included, pages that they share counted once: for more pictures, more workers.

Pages of files (programs, the source, the bank) are in memory as long as nobody else needs it; without them stands what
a run needs for itself. That it does not grow with the pictures is shown with small shards, of which even a fifth of the
pictures make many: a worker that waits for the disk holds two, and with few shards that may never happen.
"""

from __future__ import annotations

import joblib

from benchmarks.material import small_count
from benchmarks.process import peak_memory, small_job
from benchmarks.setting import Setting
from benchmarks.table import row, times

SMALL = ("--samples-per-shard", "400")  # 13 MB of pictures; by default 64 MiB


def table(setting: Setting) -> None:
    """Print the table."""
    row("32 px x 10 -> HDF5", "peak MiB", "x the first", "without files", "x the first")
    most, cores = small_count(setting), joblib.cpu_count()
    first: dict[str, int] = {}
    for pictures, workers, shards in ((most // 5, 1, SMALL), (most, 1, SMALL), (most, cores, ())):
        options = (*small_job(setting), *shards, "--jobs", str(workers), "--limit", str(pictures))
        peak = peak_memory(options, setting.scratch / "out")
        first = first or peak
        cells = []
        for part in ("Pss", "Pss_Anon"):
            cells += [f"{peak[part] / 1024:,.0f}", times(peak[part] / first[part])]
        row(f"{pictures:,} pictures, --jobs {workers}, {'small' if shards else 'default'} shards", *cells)
