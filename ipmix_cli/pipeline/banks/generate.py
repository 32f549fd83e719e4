"""Make a bank from end to end: compile, draw, write, and measure every picture on its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import cold_families, make_bank, warmed
from ipmix_cli.pipeline.banks.report import BankReport, FamilyCounts
from ipmix_cli.pipeline.listener import Listener


@dataclass
class Generated:
    """What became of a bank: its pictures' figures, the family of each, and the seconds of compiling and drawing."""

    settings: BankSettings
    counts: FamilyCounts = field(default_factory=FamilyCounts)
    families: list[str] = field(default_factory=list)
    compiling: float = 0.0
    drawing: float = 0.0

    def report(self) -> BankReport:
        """Return what the bank is like, with warnings where it is poor."""
        return self.counts.report(labelled=self.settings.classes > 0)


def generate_bank(
    settings: BankSettings,
    path: str | Path,
    *,
    format_name: str = "hdf5",
    jobs: int = 1,
    listener: Listener | None = None,
) -> Generated:
    """Draw a bank of mixing pictures and write it.

    Parameters
    ----------
    settings : BankSettings
        All that decides the bytes.
    path : str or Path
        The file, or the folder for "png"; one that is there is replaced.
    format_name : {"hdf5", "png"}
    jobs : int
        Worker processes; they change no byte.
    listener : Listener, optional
        Told of progress.

    Returns
    -------
    Generated

    Raises
    ------
    WriteError
        When the disk is full, or the place cannot be written; nothing is left then.
    """
    listener = listener or Listener()
    made = Generated(settings, FamilyCounts(settings.size))
    began, cold = perf_counter(), cold_families(settings)
    with listener.activity("compiling, once per machine", len(cold), "families") as advance:
        for warming in warmed(settings, jobs):
            advance(warming.done)
    compiled = perf_counter()
    made.compiling = compiled - began if cold else 0.0
    with listener.activity("drawing", settings.count, "pictures") as advance:
        for record in make_bank(settings, Path(path), format_name=format_name, jobs=jobs):
            made.counts.add(record.family, record.figures, record.rejected)
            made.families.append(record.family)
            advance(record.index + 1)
    made.drawing = perf_counter() - compiled
    return made
