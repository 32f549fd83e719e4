"""A small real job, finished once, in each kind of output; copies of it are what the tests break."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec

KINDS = {
    "hdf5": ShardSettings(format="hdf5", encoding="raw", copies=2),
    "hdf5-png": ShardSettings(format="hdf5", encoding="png", copies=2),
    "webdataset": ShardSettings(format="webdataset", encoding="png", copies=2),
    "parquet": ShardSettings(format="parquet", encoding="png", copies=2),
    "mds": ShardSettings(format="mds", encoding="raw", copies=2),
    "cifar": ShardSettings(format="cifar", encoding="raw", copies=2),
    "files": ShardSettings(format="files", encoding="png", copies=1),
    "plans": ShardSettings(format="hdf5", encoding="raw", copies=2, store="plans"),
}


@dataclass(frozen=True)
class Made:
    """A finished data set, the request that made it, and the digests of its files."""

    request: Request
    folder: Path
    digests: dict[str, str]

    def copy(self, place: Path) -> Path:
        """Return a copy of the folder, to be broken; one that is there is replaced."""
        shutil.rmtree(place, ignore_errors=True)
        return Path(shutil.copytree(self.folder, place))


@pytest.fixture(scope="session")
def small_request(cifar: Path, bank: Path) -> Callable[..., Request]:
    """Give the request for a few real pictures in shards of ten."""

    def make(kind: str = "hdf5", limit: int = 40, **options: object) -> Request:
        return Request(
            source=SourceSpec(input="cifar10", data_dir=str(cifar)),
            fractals=str(bank),
            limit=limit,
            samples_per_shard=10,
            output=KINDS[kind],
            **options,
        )

    return make


@pytest.fixture(scope="session")
def made(small_request, tmp_path_factory) -> Callable[[str], Made]:
    """Give the finished data set of a kind."""
    ready: dict[str, Made] = {}

    def of(kind: str) -> Made:
        if kind not in ready:
            folder = tmp_path_factory.mktemp("made") / kind
            augment(small_request(kind), str(folder))
            ready[kind] = Made(small_request(kind), folder, all_digests(folder))
        return ready[kind]

    return of


def all_digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder, hidden ones too."""
    import hashlib

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def in_child() -> Callable[[Callable[[], object]], int]:
    """Run a function in a forked process, which has everything imported; the value is its exit code, or -signal."""

    def run(function: Callable[[], object]) -> int:
        sys.stdout.flush()
        process = os.fork()
        if process == 0:
            code = 1
            try:
                function()
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(process, 0)
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    return run


def kill_me() -> None:
    """End this process at once, as the kernel does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="session")
def living():
    """Give the processes of a session that have not ended, by the session's number."""

    def of(session: int) -> list[str]:
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] not in "ZX":
                found.append(path.parent.name)
        return found

    return of
