"""Going on with a folder: what counts as done, what is refused, and what is never touched."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ipmix_cli.errors import OtherJobError, UsageError
from ipmix_cli.pipeline.inspect.status import status
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.output.ownership import write_job
from ipmix_cli.pipeline.output.resume import committed
from ipmix_cli.pipeline.output.shard_records import read_record, record_name, write_record
from ipmix_cli.pipeline.output.state import read_state
from ipmix_cli.pipeline.run import schedule
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.run.schedule import ExistingOutput
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.storage.folder import open_folder, write_atomically
from ipmix_cli.storage.temporary import is_stale, temporary_path


@pytest.fixture(scope="module")
def wanted(cifar, bank) -> Request:
    """Four shards of five pictures."""
    return Request(
        source=SourceSpec(input="cifar10", data_dir=str(cifar)),
        fractals=str(bank),
        limit=20,
        samples_per_shard=5,
        output=ShardSettings(encoding="auto", copies=2),
    )


@pytest.fixture
def out(wanted, tmp_path) -> Path:
    """The finished folder."""
    augment(wanted, str(tmp_path / "out"))
    return tmp_path / "out"


@pytest.fixture
def begun(out, unseal) -> Path:
    """The folder as it was before the manifest was written."""
    unseal(out)
    return out


def replace(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes of a file that are there."""
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def test_only_missing_and_short_shards_are_made_again(wanted, out, digests):
    whole = digests(out)
    (out / "train-000001.h5").unlink()
    content = (out / "train-000003.h5").read_bytes()
    (out / "train-000003.h5").write_bytes(content[:-1])
    outcome = augment(wanted, str(out))
    assert (outcome.made_shards, outcome.resumed_shards) == (2, 2)
    assert digests(out) == whole


def test_rot_of_the_same_size_is_found_with_verify(wanted, begun, digests):
    path = begun / "train-000001.h5"
    content = path.read_bytes()
    path.write_bytes(content[:-9] + b"x" + content[-8:])
    assert augment(wanted, str(begun)).made_shards == 0
    assert path.read_bytes() != content
    assert augment(wanted, str(begun), existing_output=ExistingOutput(verify=True)).made_shards == 1
    assert path.read_bytes() == content


def test_a_damaged_record_is_not_believed(wanted, begun, digests):
    for number, (old, new) in enumerate([(b'"bytes": ', b'"bytes":  1'), (b"0", b"1"), (b"[", b"[[[")]):
        replace(begun / record_name(number), old, new)
    assert augment(wanted, str(begun)).made_shards == 3
    assert validate_codes(begun) == set()


@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b"null", b"[1, 2, 3]", b'{"a": NaN}', b"\xff\xfe", b"9" * 9999]
)
def test_a_record_of_anything_is_no_error(content, begun):
    assert read_record(content, open_job(begun).digest()) is None
    (begun / record_name(0)).write_bytes(content)
    assert sorted(committed(open_folder(str(begun)), open_job(begun))) == [1, 2, 3]


def open_job(folder: Path) -> Job:
    """Return the job of an unfinished folder."""
    return Job.from_dict(json.loads((folder / ".ipmix" / "job.json").read_bytes())["job"])


def validate_codes(folder: Path) -> set[str]:
    """Return the codes of all problems."""
    from ipmix_cli.pipeline.verify.validate import validate

    return {problem.code for problem in validate(open_dataset(folder)).problems}


def test_a_record_of_another_job_does_not_count(wanted, begun):
    folder, job = open_folder(str(begun)), open_job(begun)
    record = committed(folder, job)[0]
    write_record(folder, "0" * 64, record)
    assert sorted(committed(folder, job)) == [1, 2, 3]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"nonsense", b"[" * 100_000])
def test_a_claim_that_has_rotted_is_written_again_and_no_shard_is_lost(content, wanted, begun, digests):
    (begun / ".ipmix" / "job.json").write_bytes(content)
    assert augment(wanted, str(begun)).made_shards == 0
    assert validate_codes(begun) == set()


def test_a_flipped_bit_in_the_claim_does_not_look_like_another_job(wanted, begun):
    replace(begun / ".ipmix" / "job.json", b'"seed": 0', b'"seed": 1')
    assert augment(wanted, str(begun)).made_shards == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 5}, r"seed is 0 there, 5 asked for"),
        ({"output": ShardSettings(encoding="auto", copies=3)}, r"copies is 2 there, 3 asked for"),
        ({"changes": {"severity": 2.5}}, r"severity is 3.0 there, 2.5 asked for"),
        ({"limit": 21}, r"limit is 20 there, 21 asked for"),
        ({"samples_per_shard": 7}, r"samples_per_shard is 5 there, 7 asked for"),
    ],
)
@pytest.mark.parametrize("state", ["out", "begun"])
def test_another_job_is_refused_with_what_differs(state, changes, words, wanted, request, digests):
    from dataclasses import replace as changed

    folder = request.getfixturevalue(state)
    before = digests(folder)
    with pytest.raises(OtherJobError, match=words) as caught:
        augment(changed(wanted, **changes), str(folder))
    assert "--overwrite" in caught.value.remedy
    assert digests(folder) == before


def test_a_number_given_as_whole_or_with_a_point_is_the_same_job(wanted, out):
    from dataclasses import replace as changed

    for severity in (3, 3.0):
        assert augment(changed(wanted, changes={"severity": severity}), str(out)).made_shards == 0


def test_a_changed_source_and_a_changed_bank_are_noticed(wanted, out, tmp_path, cifar):
    import shutil
    from dataclasses import replace as changed

    import h5py

    shutil.copy(wanted.fractals, tmp_path / "bank.h5")
    assert augment(changed(wanted, fractals=str(tmp_path / "bank.h5")), str(out)).made_shards == 0
    shutil.copy(wanted.fractals, tmp_path / "changed.h5")
    with h5py.File(tmp_path / "changed.h5", "r+") as file:
        file["images"][0, 0, 0, 0] = 255 - file["images"][0, 0, 0, 0]
    (tmp_path / "changed.h5").replace(tmp_path / "bank.h5")
    with pytest.raises(OtherJobError, match=r"mixing.digest is"):
        augment(changed(wanted, fractals=str(tmp_path / "bank.h5")), str(out))
    test_split = changed(wanted.source, split="test")
    with pytest.raises(OtherJobError, match=r"source.digest is"):
        augment(changed(wanted, source=test_split), str(out))


@pytest.mark.parametrize("name", ["README.md", "manifest.json", "train-000000.h5", "notes.txt", "errors.jsonl"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_files_that_ipmix_has_not_written_are_never_touched(name, overwrite, wanted, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("years of work")
    with pytest.raises(UsageError, match=name.replace(".", r"\.")):
        augment(wanted, str(tmp_path / "mine"), existing_output=ExistingOutput(overwrite=overwrite))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [name]
    assert (tmp_path / "mine" / name).read_text() == "years of work"


def test_overwrite_leaves_what_others_put_beside_the_data_set(wanted, out, digests):
    (out / "sheet.png").write_text("mine")
    (out / "scan-000001.tar").write_text("mine too")
    whole = digests(out)
    augment(wanted, str(out), existing_output=ExistingOutput(overwrite=True))
    assert digests(out) == whole


def test_temporary_files_of_dead_processes_are_cleared_and_those_of_living_ones_stay(begun, wanted, digests):
    ours = temporary_path(begun / "train-000000.h5")
    ours.write_text("half a shard")
    script = (
        "import sys; from pathlib import Path; from ipmix_cli.storage.temporary import temporary_path;"
        "temporary_path(Path(sys.argv[1])).write_text('half a shard')"
    )
    subprocess.run([sys.executable, "-c", script, str(begun / "train-000001.h5")], check=True)
    (dead,) = begun.glob(".train-000001*")
    other_start = ours.name.replace(ours.name.split("-")[-1], "12345.part")  # our number, started at another time
    reused = ours.with_name(other_start)
    reused.write_text("half a shard")
    assert [is_stale(path) for path in (ours, dead, reused)] == [False, True, True]
    from ipmix_cli.pipeline.output.resume import clear_stale

    clear_stale(open_folder(str(begun)))
    assert ours.exists()
    assert not dead.exists()
    assert not reused.exists()
    augment(wanted, str(begun))
    assert not list(begun.rglob("*.part"))


def test_a_temporary_file_of_another_machine_is_given_a_day(tmp_path):
    path = tmp_path / ".train-000000.h5.elsewhere-123-456.part"
    path.write_text("")
    assert not is_stale(path)
    os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    assert is_stale(path)


def test_a_file_whose_temporary_one_is_cleared_away_is_written_again(tmp_path, monkeypatch):
    real, runs = Path.replace, list(range(10))  # each clears it away once

    def cleared(self, target):
        if runs:
            runs.pop()
            self.unlink()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", cleared)
    write_atomically(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


@pytest.mark.parametrize("existing_output", [ExistingOutput(), ExistingOutput(verify=True)], ids=["plain", "verify"])
def test_a_finished_folder_that_is_mended_keeps_its_manifest_and_says_what_is_missing(
    existing_output, wanted, out, monkeypatch, digests
):
    whole, bad = digests(out), out / "train-000002.h5"
    content = bytearray(bad.read_bytes())
    content[len(content) // 2] ^= 1
    bad.write_bytes(content if existing_output.verify else b"")

    class StopError(Exception):
        pass

    def stopped(run, numbers):
        assert numbers == [2]
        raise StopError

    monkeypatch.setattr(schedule, "_make", stopped)
    with pytest.raises(StopError):
        augment(wanted, str(out), existing_output=existing_output)
    monkeypatch.undo()
    assert (out / "manifest.json").exists()
    assert not status(str(out)).finished
    assert "shard-extra" in validate_codes(out)
    assert augment(wanted, str(out)).made_shards == 1
    assert digests(out) == whole


def test_what_a_run_of_another_job_has_left_is_not_sealed(wanted, begun, digests):
    """It was refused, after it had written down its own source."""
    folder = open_folder(str(begun))
    there, whole = read_state(folder).job_state, open_job(begun)
    claim = json.loads((begun / ".ipmix" / "owner.json").read_bytes())
    other = {**claim, "job": "0" * 64, "class_names": ["cats", "dogs"]}
    (begun / ".ipmix" / "owner.json").write_text(json.dumps(other))
    assert read_state(folder).job_state is None
    assert status(str(begun)).done == 4
    assert augment(wanted, str(begun)).manifest.class_names == there.class_names
    assert open_dataset(begun).manifest.job == whole


def test_the_manifest_of_another_job_does_not_count(wanted, out):
    before = open_dataset(out).manifest.job
    job = dataclasses.replace(before, seed=1, output=dataclasses.replace(before.output, seed=1))
    write_job(open_folder(str(out)), job)
    assert committed(open_folder(str(out)), job) == {}
    assert status(str(out)).done == 0
    assert augment(dataclasses.replace(wanted, seed=1), str(out)).made_shards == 4
    assert validate_codes(out) == set()
