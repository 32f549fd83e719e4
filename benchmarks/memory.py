"""The most memory of a run, its workers included, pages that they share counted once: for more and more pictures.

Pages of files (programs, the source, the bank) are in memory as long as nobody else needs it; without them stands what
a run needs for itself.
"""

from __future__ import annotations

import joblib

from benchmarks.material import small_count
from benchmarks.process import peak_memory, small_job
from benchmarks.setting import Setting
from benchmarks.table import row, times

SHARES = (5, 1)  # parts of the pictures


def table(setting: Setting) -> None:
    """Print the table."""
    head = f"32 px x 10 -> HDF5, {joblib.cpu_count()} workers"
    row(head, "peak MiB", "x the first", "without files", "x the first")
    first: dict[str, int] = {}
    for share in SHARES:
        pictures = small_count(setting) // share
        peak = peak_memory((*small_job(setting), "--limit", str(pictures)), setting.scratch / "out")
        first = first or peak
        cells = []
        for part in ("Pss", "Pss_Anon"):
            cells += [f"{peak[part] / 1024:,.0f}", times(peak[part] / first[part])]
        row(f"{pictures:,} pictures", *cells)
