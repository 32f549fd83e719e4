"""The most memory of a run, its workers included, pages that they share counted once: for more pictures, more workers.

Pages of files (programs, the source, the bank) are in memory as long as nobody else needs it; without them stands what
a run needs for itself. The shards have one size, that of a large job's: by default a small job's are smaller. A worker
that waits for a slow disk holds two of them, the one that it writes and the one that it makes.
"""

from __future__ import annotations

import joblib

from benchmarks.material import small_count
from benchmarks.process import peak_memory, small_job
from benchmarks.setting import Setting
from benchmarks.table import row, times

SAMPLES = 2**26 // (11 * 32 * 32 * 3)  # of a default shard: 64 MiB of pictures, ten copies and the clean one each


def table(setting: Setting) -> None:
    """Print the table."""
    row("32 px x 10 -> HDF5", "peak MiB", "x the first", "without files", "x the first")
    most = small_count(setting)
    first: dict[str, int] = {}
    for workers, pictures in ((1, most // 10), (1, most // 2), (joblib.cpu_count(), most)):
        numbers = {"--jobs": workers, "--limit": pictures, "--samples-per-shard": SAMPLES}
        options = [word for name, number in numbers.items() for word in (name, str(number))]
        peak = peak_memory((*small_job(setting), *options), setting.scratch / "out")
        first = first or peak
        cells = []
        for part in ("Pss", "Pss_Anon"):
            cells += [f"{peak[part] / 1024:,.0f}", times(peak[part] / first[part])]
        row(f"{pictures:,} pictures, --jobs {workers}", *cells)
