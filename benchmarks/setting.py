"""What all benchmarks are given: what to measure with, where to write, and how often to repeat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is measured.

    Parameters
    ----------
    turns : int
        Of what runs in memory.
    runs : int
        Of each whole command.
    share : float
        Of the pictures that are encoded, written, and given to other libraries.
    small, photographs : int
        Pictures of 32 px, and photographs, that a command is given.
    severities : tuple of int
        Of each corruption.
    builtin : bool
        Whether commands use the built-in bank, as users' do; else a small one.
    cold : bool
        Whether a start without compiled kernels is timed too.
    """

    turns: int
    runs: int
    share: float
    small: int
    photographs: int
    severities: tuple[int, ...]
    builtin: bool
    cold: bool

    def some(self, count: int) -> int:
        """Return this share of the pictures, but at least four."""
        return max(4, round(count * self.share))


FULL = Effort(
    turns=7, runs=3, share=1.0, small=50_000, photographs=500, severities=(1, 2, 3, 4, 5), builtin=True, cold=True
)
QUICK = Effort(turns=1, runs=1, share=0.1, small=400, photographs=8, severities=(3,), builtin=False, cold=False)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The pictures' places, if real ones were given; a folder to write into; and the effort.

    Parameters
    ----------
    cifar : str or None
        The folder that holds cifar-10-batches-py.
    photographs : str or None
        A folder of photographs, in class folders or not.
    scratch : Path
        Emptied afterwards.
    effort : Effort
    """

    cifar: str | None
    photographs: str | None
    scratch: Path
    effort: Effort

    def described(self) -> str:
        """Return in words what is measured with, and where files are written."""
        small = "CIFAR-10's" if self.cifar else "generated (no --cifar)"
        large = "photographs" if self.photographs else "generated (no --photographs)"
        return f"pictures of 32 px: {small}; of 224 px: {large}; files are written below {self.scratch.parent}"
