"""Banks of mixing pictures: what decides their bytes, and the cache that holds the built-in ones."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fractals
from fractals import GENERATOR
from fractals.draw_spec import DrawSpec
from fractals.mixes import MIXES
from ipmix_cli.errors import UsageError, WriteError
from ipmix_cli.numba_cache.user_cache import tell_damaged, writable_folders
from ipmix_cli.record import json_digest
from ipmix_cli.storage.folder import write_atomically, xxh3_of
from ipmix_cli.storage.regular_file import read_regular
from ipmix_cli.storage.source_digest import framed

SCHEMA = 1
MOST_PICTURES = 10_000_000
MOST_CHECKSUM = 64  # bytes: a checksum in hexadecimal


@dataclass(frozen=True, kw_only=True)
class BankSettings:
    """Everything that decides the bytes of a bank.

    Parameters
    ----------
    count : int
        Number of pictures; with classes it is their product.
    size : int
        Width and height in pixels, 32 to 1024.
    seed : int
        At least 0.
    mix : tuple of (str, float)
        Families and their relative weights.
    classes, per_class : int
        0, or in the labelled mode the number of systems, and of pictures varied from each.

    Raises
    ------
    UsageError
        For values out of range.
    """

    count: int
    size: int = 256
    seed: int = 0
    mix: tuple[tuple[str, float], ...] = tuple(MIXES["default"].items())
    classes: int = 0
    per_class: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_PICTURES:
            raise UsageError(f"a bank of {self.count} pictures", f"ask for 1 to {MOST_PICTURES} with --count")
        if not (0 <= self.classes <= self.count and 0 <= self.per_class <= self.count):
            raise UsageError(f"{self.classes} classes of {self.per_class} pictures", "give at least 1 of each")
        if self.seed >= 2**63:
            raise UsageError(f"seed {self.seed} is outside 0 .. 2**63 - 1", "give a seed in that range")
        if self.classes * self.per_class not in (0, self.count) or (self.classes > 0) != (self.per_class > 0):
            raise UsageError(
                f"{self.classes} classes of {self.per_class} pictures",
                "give both --classes and --per-class, from 1",
            )
        try:
            self.spec()
        except ValueError as error:
            raise UsageError(str(error), "see ipmix generate-fractals --help") from error

    def spec(self) -> DrawSpec:
        """Return what the pictures depend on."""
        return DrawSpec(mix=dict(self.mix), seed=self.seed, size=self.size, per_class=self.per_class)

    def digest(self) -> str:
        """Return a sha256 in hexadecimal: two banks of one digest hold the same pictures."""
        return json_digest({"generator": GENERATOR, "schema": SCHEMA} | asdict(self))

    def class_names(self) -> list[str] | None:
        """Return the names of the classes in the labelled mode."""
        width = len(str(self.classes - 1))
        return [f"class{number:0{width}d}" for number in range(self.classes)] if self.classes else None


def attributes(settings: BankSettings) -> dict[str, Any]:
    """Return what is stored with a bank: its settings, their digest and the generator's version."""
    return {
        "schema": SCHEMA,
        "generator": GENERATOR,
        "digest": settings.digest(),
        "settings": asdict(settings),
        "seed": settings.seed,
        "size": settings.size,
    }


# The built-in bank of `ipmix augment`.

BUILT_IN = {64: 4096, 128: 2048, 256: 1024, 512: 384, 1024: 128}  # size -> count: seconds to make, 50-400 MB


FEWEST_BUILT_IN = 256
COPIES_A_PICTURE = 8  # that a mixing picture of a small job serves, on average, at least


def builtin_settings(short_side: int, count: int | None = None) -> BankSettings:
    """Return the built-in bank for mixing pictures that are resized to this short side, or the first `count` of it."""
    size = _builtin_size(short_side)
    most = BUILT_IN[size]
    return BankSettings(count=most if count is None else min(max(count, 1), most), size=size, seed=0)


def builtin_count(short_side: int, copies: int) -> int:
    """Return how many pictures the built-in bank has for so many copies: a small job does not wait for 4,096.

    One for every 8 copies, rounded up to a power of two; at least 256, and no more than there are.
    """
    wanted = max(FEWEST_BUILT_IN, -(-copies // COPIES_A_PICTURE))
    return min(1 << (wanted - 1).bit_length(), BUILT_IN[_builtin_size(short_side)])


def _builtin_size(short_side: int) -> int:
    return next((size for size in BUILT_IN if size >= short_side), max(BUILT_IN))


def bank_paths(settings: BankSettings) -> list[Path]:
    """Return where a cached bank may lie, the best place first: in the user's cache, in a private temporary folder.

    Its name tells its settings and the code that draws it, so that what other code has left there is never taken.

    Raises
    ------
    WriteError
        Where neither can be written.
    """
    folders = writable_folders("banks")
    if not folders:
        raise WriteError(
            "neither the user's cache nor the temporary folder can be written",
            "set IPMIX_CACHE_DIR to a folder",
        )
    name = f"{settings.size}px-{settings.digest()[:16]}-{drawing_code()[:16]}.h5"
    return [folder / name for folder in folders]


def cached_bank(settings: BankSettings) -> Path | None:
    """Return a cached bank whose checksum is right; None if it has to be drawn."""
    for path in bank_paths(settings):
        with contextlib.suppress(OSError):
            status = path.stat()
            if _is_sound(path, (status.st_size, status.st_mtime_ns)):
                return path
            tell_damaged(path)
    return None


def write_checksum(path: Path) -> None:
    """Write a bank's checksum next to it; a bank without one is not used."""
    with contextlib.suppress(WriteError):
        write_atomically(_checksum_path(path), xxh3_of(path).encode())


@functools.lru_cache(maxsize=8)
def _is_sound(path: Path, _status: tuple[int, int]) -> bool:
    return read_regular(_checksum_path(path), MOST_CHECKSUM).decode("ascii", "replace") == xxh3_of(path)


def _checksum_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.xxh3")


@functools.cache
def drawing_code() -> str:
    """Return the sha256, in hexadecimal, of the source of everything that draws, or says which is drawn again."""
    digest = hashlib.sha256()
    for path in (*sorted(Path(fractals.__file__).parent.glob("*.py")), Path(__file__).with_name("drawing.py")):
        digest.update(framed(path.name.encode()) + framed(path.read_bytes()))
    return digest.hexdigest()
