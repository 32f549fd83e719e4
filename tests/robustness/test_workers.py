"""Workers that are killed, pictures that kill them, and pictures that cannot be read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import pytest
from joblib.externals.loky.process_executor import ProcessPoolExecutor

try:
    import cloudpickle
except ImportError:  # joblib before 1.6 has its own
    from joblib.externals import cloudpickle

from ipmix_cli.errors import ErrorBudgetError, OtherJobError, UsageError
from ipmix_cli.pipeline.inspect.status import status
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.output import finalize
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run import prepare as prepare_module
from ipmix_cli.pipeline.run import worker
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.run.schedule import ExistingOutput
from ipmix_cli.pipeline.verify.repair import repair
from ipmix_cli.pipeline.verify.validate import validate
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import BadSample, SourceSpec


@dataclass(frozen=True)
class DeadlyPart:
    """A part of a source in which some pictures kill the process that reads them, or have killed it once."""

    part: Any
    deadly: tuple[int, ...]
    once: str = ""

    @property
    def start(self) -> int:
        return int(self.part.start)

    def samples(self, clock: Any) -> Any:
        for item in self.part.samples(clock):
            happened = Path(f"{self.once}-{item.index}")
            if item.index in self.deadly and not (self.once and happened.exists()):
                if self.once:
                    happened.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield item


class DeadlySource:
    """A source with such parts."""

    def __init__(self, source: Any, deadly: tuple[int, ...], once: str = "") -> None:
        self._source, self._how = source, (deadly, once)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def __len__(self) -> int:
        return len(self._source)

    def part(self, start: int, stop: int) -> DeadlyPart:
        return DeadlyPart(self._source.part(start, stop), *self._how)


@pytest.mark.parametrize("submission", [2, 3, 4])
def test_workers_that_are_killed_while_the_first_shards_are_handed_out_cost_nothing(
    submission, made, tmp_path, digests, monkeypatch
):
    real, submitted = ProcessPoolExecutor.submit, []

    def submit(self, *arguments, **options):
        submitted.append(arguments)
        if len(submitted) == submission:
            for process in list(self._processes):
                os.kill(process, signal.SIGKILL)
            time.sleep(0.3)  # until the pool knows that they are gone
        return real(self, *arguments, **options)

    whole = made("hdf5")
    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    augment(whole.request, str(tmp_path / "out"), Execution(jobs=2))
    assert digests(tmp_path / "out") == whole.digests


@pytest.fixture
def deadly(made, monkeypatch):
    """Make some pictures of every source deadly, from now on."""
    made("hdf5")
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    real = prepare_module.open_source

    def poison(*indices: int, once: str = "") -> None:
        monkeypatch.setattr(prepare_module, "open_source", lambda *words: DeadlySource(real(*words), indices, once))

    yield poison
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def test_a_worker_killed_once_costs_nothing(made, deadly, tmp_path, digests):
    deadly(3, 25, once=str(tmp_path / "happened"))
    augment(made("hdf5").request, str(tmp_path / "out"), Execution(jobs=2))
    assert (tmp_path / "happened-3").exists()
    assert (tmp_path / "happened-25").exists()
    assert digests(tmp_path / "out") == made("hdf5").digests


def test_pictures_that_kill_every_worker_are_found_and_left_out(made, deadly, tmp_path):
    deadly(13, 15)
    with pytest.raises(ErrorBudgetError, match=r"1 pictures could not be read, and 0 may be left out.*killed"):
        augment(made("hdf5").request, str(tmp_path / "out"), Execution(jobs=2))
    augment(made("hdf5").request, str(tmp_path / "out"), Execution(jobs=2, max_errors="2"))
    lines = [json.loads(line) for line in (tmp_path / "out" / "errors.jsonl").read_text().splitlines()]
    assert [line["source_index"] for line in lines] == [13, 15]
    assert all("killed the worker" in line["reason"] for line in lines)
    whole, holed = open_dataset(made("hdf5").folder), open_dataset(tmp_path / "out")
    for key in ("00000012", "00000014", "00000039"):
        assert holed.find(key).copies == whole.find(key).copies
        assert holed.find(key).label == whole.find(key).label
    assert validate(holed).problems == []
    listed = (tmp_path / "out" / "errors.jsonl").read_bytes()
    (tmp_path / "out" / "errors.jsonl").write_bytes(listed.replace(b"13", b"12"))
    found = validate(open_dataset(tmp_path / "out")).problems
    assert [(problem.code, problem.shard) for problem in found] == [("file-damaged", "errors.jsonl")]
    assert repair(open_dataset(tmp_path / "out")).written == ["errors.jsonl"]
    assert (tmp_path / "out" / "errors.jsonl").read_bytes() == listed


def test_what_failed_is_tried_again_on_request_and_then_nothing_is_missing(
    made, deadly, monkeypatch, tmp_path, digests
):
    with monkeypatch.context() as patch:
        real = prepare_module.open_source
        patch.setattr(prepare_module, "open_source", lambda *words: DeadlySource(real(*words), (13,)))
        augment(made("hdf5").request, str(tmp_path / "out"), Execution(jobs=2, max_errors="5%"))
    assert augment(made("hdf5").request, str(tmp_path / "out"), Execution(max_errors="5%")).made_shards == 0
    outcome = augment(made("hdf5").request, str(tmp_path / "out"), existing_output=ExistingOutput(retry_failed=True))
    assert outcome.made_shards == 1
    assert digests(tmp_path / "out") == made("hdf5").digests


@pytest.fixture
def few_photographs(photographs: Path, tmp_path: Path, large_bank: Path) -> Request:
    """Give a job over a dozen photographs in four class folders, three to a shard."""
    for number, path in enumerate(sorted(photographs.rglob("*.JPEG"))[:12]):
        folder = tmp_path / "photographs" / f"class{number // 3}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / f"{number % 3}-{path.name}")
    from ipmix_cli.crop import CropConfig

    return Request(
        source=SourceSpec(input=str(tmp_path / "photographs")),
        fractals=str(large_bank),
        crop=CropConfig(mode="center", size=48),
        samples_per_shard=2,
        output=ShardSettings(encoding="auto", copies=2),
    )


def test_a_truncated_picture_is_left_out_and_mended_later(few_photographs, tmp_path, digests):
    augment(few_photographs, str(tmp_path / "whole"))
    victim = next((tmp_path / "photographs" / "class1").glob("1-*"))
    content = victim.read_bytes()
    victim.write_bytes(content[: len(content) // 3])
    out = str(tmp_path / "out")
    with pytest.raises(ErrorBudgetError, match=victim.name) as caught:
        augment(few_photographs, out)
    assert caught.value.exit_code == 5
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert status(out).failed[0].source_index == 4
    augment(few_photographs, out, Execution(max_errors="1"))
    holed, whole = open_dataset(out), open_dataset(tmp_path / "whole")
    assert holed.manifest.failed == 1
    assert holed.manifest.samples == 11
    for index in (3, 5, 11):
        assert holed.find(f"{index:08d}").copies == whole.find(f"{index:08d}").copies
        assert holed.find(f"{index:08d}").label == index // 3
    with h5py.File(tmp_path / "out" / "train-000002.h5") as file:
        assert file["index"][:].tolist() == [5]
    (tmp_path / "out" / "train-000002.h5").unlink()
    assert repair(open_dataset(out)).problems == []

    victim.write_bytes(content)
    with pytest.raises(OtherJobError, match=r"source.digest.*there") as refused:
        augment(few_photographs, out)
    assert "--retry-failed" in refused.value.remedy
    augment(few_photographs, out, existing_output=ExistingOutput(retry_failed=True))
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


@pytest.mark.parametrize("words", ["x", "-1", "101%", "1.5", ""])
def test_an_error_budget_that_is_none_is_refused(words, made, ipmix, tmp_path):
    options = [
        "--in",
        "demo",
        "--out",
        tmp_path / "out",
        "--max-errors",
        words,
        "--fractals",
        made("hdf5").request.fractals,
    ]
    done = ipmix("augment", *options, check=False)
    assert done.returncode == 2
    assert "--max-errors" in done.stderr


def test_tasks_do_not_clear_away_what_other_tasks_have_made_of_mended_pictures(few_photographs, tmp_path):
    out = str(tmp_path / "out")
    victim = next((tmp_path / "photographs" / "class1").glob("1-*"))
    content = victim.read_bytes()
    victim.write_bytes(content[: len(content) // 3])
    augment(few_photographs, out, Execution(max_errors="1"))
    victim.write_bytes(content)
    with pytest.raises(UsageError, match="each would remove"):
        augment(few_photographs, out, Execution(task_index=1, task_count=2), ExistingOutput(retry_failed=True))
    assert status(out).finished


@pytest.mark.parametrize("moment", ["committed", "_all_there"])
def test_shards_made_again_beside_a_run_that_seals_are_what_the_manifest_says(
    moment, few_photographs, tmp_path, monkeypatch, digests
):
    """A picture failed for a passing reason; the run that seals has read the old records by then."""
    augment(few_photographs, str(tmp_path / "whole"))
    out, real, really = str(tmp_path / "out"), worker._announced, getattr(finalize, moment)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "_announced", lambda *some: map(failing, real(*some)))
        augment(few_photographs, out, Execution(max_errors="1"))
    assert status(out).failed
    (tmp_path / "out" / "README.md").unlink()

    def beaten(*arguments, **options):
        found = really(*arguments, **options)
        monkeypatch.undo()
        augment(few_photographs, out, existing_output=ExistingOutput(retry_failed=True))
        return found

    monkeypatch.setattr(finalize, moment, beaten)
    augment(few_photographs, out, Execution(max_errors="1"))
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def failing(item):
    return BadSample(item.index, item.key, "a passing fault") if item.index == 4 else item
