"""What many tests need: a small bank, and the program as a user runs it."""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.forks import Forks

pytest_plugins = [f"tests.fixtures.{name}" for name in ("sources", "made_sets", "skips", "compiled_once")]

REPOSITORY = Path(__file__).parents[1]

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LONGEST = ("test_docs.py", "test_benchmarks.py")
ENVIRONMENT: dict[str, str] = {}  # when the tests began: some change theirs


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bank of mixing pictures, 64 px."""
    from ipmix_cli.pipeline.banks.bank import BankSettings
    from ipmix_cli.pipeline.banks.drawing import make_bank

    path = tmp_path_factory.mktemp("bank") / "bank.h5"
    settings = BankSettings(count=40, size=64, mix=(("ifs", 1.0), ("plasma", 1.0)))
    for _ in make_bank(settings, path):
        pass
    return path


@pytest.fixture(scope="session")
def large_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bank of mixing pictures for photographs, 256 px."""
    from ipmix_cli.pipeline.banks.bank import BankSettings
    from ipmix_cli.pipeline.banks.drawing import make_bank

    path = tmp_path_factory.mktemp("bank") / "bank-256.h5"
    for _ in make_bank(BankSettings(count=12, size=256, mix=(("ifs", 1.0), ("plasma", 1.0))), path):
        pass
    return path


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """A process with the program's modules, and what is run in forks of it."""
    made = Forks("tests.fixtures.program_modules", ENVIRONMENT)
    yield made
    made.close()


@pytest.fixture(scope="session")
def training_forks() -> Iterator[Forks]:
    """The same with the modules that training scripts import, too; without a GPU."""
    made = Forks("tests.fixtures.training_modules", {**ENVIRONMENT, "CUDA_VISIBLE_DEVICES": "", "NO_COLOR": "1"})
    yield made
    made.close()


@pytest.fixture(scope="session")
def ipmix(forks: Forks) -> Run:
    """Run the program in a process of its own: ``ipmix("augment", "--in", ...)``.

    It is forked from one that has imported the modules, unless the environment differs or options of
    :class:`subprocess.Popen` are given.
    """

    def run(*words: object, check: bool = True, timeout: float = 240, **options: Any) -> Run:
        program = ["-m", "ipmix_cli", *map(str, words)]
        if options.keys() <= {"env", "cwd"} and forks.can_run(options.get("env", os.environ)):
            done = forks.run(program, timeout=timeout, **options)
        else:
            command = [sys.executable, *program]
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)
        if check and done.returncode:
            pytest.fail(f"{' '.join(program)} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    return run


@pytest.fixture
def digests() -> Callable[[Path], dict[str, str]]:
    """Give the sha256 of every file below a folder, hidden ones too."""

    def of(folder: Path) -> dict[str, str]:
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    return of


def pytest_configure() -> None:
    """Children of the tests find this checkout, not another installed one, and take one worker if none is asked for.

    On a machine with many processors, each would start as many workers.
    """
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    ENVIRONMENT.update(os.environ)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, beside which others can run: at the end, other processes would wait for them."""
    items.sort(key=lambda item: (*LONGEST, item.path.name).index(item.path.name))


def pytest_collection_finish() -> None:
    """Keep searches for garbage from all that is there before the first test: it is much, and forks would copy it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def unseal() -> Callable[[Path], None]:
    """Turn a finished folder back into one whose shards are all made, and which nobody has sealed yet."""
    from ipmix_cli.pipeline.output.manifest import MANIFEST, SECOND_COPY, read_manifest
    from ipmix_cli.pipeline.output.ownership import write_job
    from ipmix_cli.pipeline.output.shard_records import write_record
    from ipmix_cli.pipeline.output.state import read_state, save_job_state
    from ipmix_cli.storage.folder import LocalFolder

    def of(path: Path) -> None:
        folder = LocalFolder(path)
        manifest = read_manifest(folder)
        save_job_state(folder, read_state(folder).job_state)
        write_job(folder, manifest.job)
        for record in manifest.shards:
            write_record(folder, manifest.job.digest(), record)
        folder.remove(MANIFEST, SECOND_COPY)

    return of
