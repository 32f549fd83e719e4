"""The npy layout is made in pieces: what a kill leaves is gone on with, and the bytes stay the same."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.inspect.status import status
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.run.schedule import ExistingOutput
from ipmix_cli.pipeline.verify.repair import repair
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.shards import npy_arrays
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.storage.folder import open_folder

COUNT = 12


def request_for(layout="npy", **more):
    output = {"format": layout, "encoding": "auto", "clean": False} | more.pop("output", {})
    return Request(
        source=SourceSpec(input="demo"),
        method=more.pop("method", "corruptions"),
        changes=more.pop("changes", {"corruptions": ("fog", "contrast"), "severities": (1, 5)}),
        output=ShardSettings(**output),
        limit=COUNT,
        samples_per_shard=more.pop("samples_per_shard", 3),
        **more,
    )


SEQUENCES = {"method": "sequences", "changes": {"perturbations": ("tilt", "shot_noise")}}


def arrays(out):
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.npy"))}


@pytest.mark.parametrize("more", [{}, SEQUENCES], ids=["corruptions", "sequences"])
def test_the_arrays_do_not_depend_on_the_number_of_shards(tmp_path, more):
    found = []
    for number in (1, 5, COUNT):
        augment(request_for(samples_per_shard=number, **dict(more)), str(tmp_path / str(number)))
        found.append(arrays(tmp_path / str(number)))
    assert found[0] == found[1] == found[2]
    assert not (tmp_path / "1/.ipmix/pieces").exists()


@pytest.mark.parametrize("layout", ["npy", "folders", "hdf5"])
def test_a_killed_run_goes_on_with_the_shards_that_are_there(tmp_path, layout, digests):
    words = ["corrupt", "--in", "demo", "--limit", "40", "--set", "fog,glass_blur", "--samples-per-shard", "2"]
    words += ["--layout", "shards" if layout == "hdf5" else layout, "--jobs", "1", "-q"]
    command = [sys.executable, "-m", "ipmix_cli", *words, "--out"]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True, timeout=240)
    out = tmp_path / "killed"
    process = subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while len(list((out / ".ipmix/shards").glob("[0-9]*.json"))) < 3 and time.monotonic() < until:
        assert process.poll() is None, "it was too quick to be killed"
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    left = status(str(out))
    assert not left.finished
    assert 3 <= left.done < left.shards
    done = subprocess.run([*command, str(out)], check=True, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0
    assert digests(out) == digests(tmp_path / "whole")


@pytest.mark.parametrize("more", [{}, SEQUENCES], ids=["corruptions", "sequences"])
@pytest.mark.parametrize("died_in", ["_new_array", "_labels", "index_of", "clear_state"])
def test_a_run_that_dies_while_arrays_are_put_together_goes_on(tmp_path, monkeypatch, digests, died_in, more):
    augment(request_for(**dict(more)), str(tmp_path / "whole"))
    out = tmp_path / "out"

    def dies(*_):
        raise KeyboardInterrupt

    module = "pipeline.output.finalize" if died_in == "clear_state" else "shards.npy_arrays"
    with monkeypatch.context() as patch:
        patch.setattr(f"ipmix_cli.{module}.{died_in}", dies)
        with pytest.raises(KeyboardInterrupt):
            augment(request_for(**dict(more)), str(out))
    assert len(list((out / ".ipmix/pieces").iterdir())) == 4
    assert augment(request_for(**dict(more)), str(out)).made_shards == 0
    assert digests(out) == digests(tmp_path / "whole")


def test_one_damaged_shard_is_made_again_and_the_others_are_taken_from_the_arrays(tmp_path, digests):
    for name, more in (("c", {}), ("p", SEQUENCES)):
        out = tmp_path / name
        augment(request_for(**dict(more)), str(out))
        whole = digests(out)
        array = next(out.glob("[ct]*.npy"))
        content = bytearray(array.read_bytes())
        content[-5] ^= 1
        array.write_bytes(content)
        report = validate(open_dataset(out), Checks())
        assert {problem.shard for problem in report.problems} == {".ipmix/files/train-000003.jsonl"}
        assert repair(open_dataset(out)).problems == []
        assert digests(out) == whole


@pytest.mark.parametrize("lost", ["labels.npy", "fog.npy", ".ipmix/files/arrays.json"])
def test_whatever_is_lost_is_made_again(tmp_path, digests, lost):
    out = tmp_path / "out"
    augment(request_for(), str(out))
    whole = digests(out)
    (out / lost).unlink()
    assert not validate(open_dataset(out), Checks()).passed
    assert not status(str(out)).finished
    assert repair(open_dataset(out)).problems == []
    assert digests(out) == whole
    (out / lost).unlink()
    augment(request_for(), str(out))
    assert digests(out) == whole


def test_another_label_in_the_labels_is_noticed(tmp_path):
    augment(request_for(), str(tmp_path))
    labels = np.load(tmp_path / "labels.npy")
    labels[COUNT + 4] += 1
    np.save(tmp_path / "labels.npy", labels)
    assert not validate(open_dataset(tmp_path), Checks()).passed


@pytest.mark.parametrize("layout", ["npy", "folders"])
@pytest.mark.parametrize("more", [{}, SEQUENCES], ids=["corruptions", "sequences"])
def test_an_object_store_holds_the_files_of_a_local_folder(tmp_path, digests, layout, more):
    pytest.importorskip("fsspec")
    url = f"memory://sets/{tmp_path.name}"
    augment(request_for(layout, **dict(more)), url)
    augment(request_for(layout, **dict(more)), str(tmp_path))
    folder = open_folder(url)
    for name, digest in digests(tmp_path).items():
        assert hashlib.sha256(folder.read(name)).hexdigest() == digest
    assert len(folder.names()) == len(digests(tmp_path))
    assert validate(open_dataset(url), Checks(level="full", replay="30")).passed
    assert augment(request_for(layout, **dict(more)), url, existing_output=ExistingOutput(verify=True)).made_shards == 0
    lost = next(name for name in folder.names() if name.endswith((".npy", ".png")) and "labels" not in name)
    content = folder.read(lost)
    folder.write(lost, content[:-3] + b"abc")
    assert not validate(open_dataset(url), Checks()).passed
    assert repair(open_dataset(url)).problems == []
    assert folder.read(lost) == content


def test_an_equal_run_that_was_first_and_has_cleared_the_pieces_away_is_no_error(tmp_path, monkeypatch):
    request, out = request_for(), str(tmp_path / "out")
    assemble = npy_arrays.assemble
    runs = []

    def late(folder, pieces):
        if not runs:
            runs.append(None)
            runs[0] = augment(request, out)  # the other run, which does all that is left
        assemble(folder, pieces)

    monkeypatch.setattr("ipmix_cli.shards.npy.assemble", late)
    outcome = augment(request, out)
    assert outcome.manifest == runs[0].manifest
    assert validate(open_dataset(out), Checks(level="full")).passed
    with monkeypatch.context() as patch:
        patch.setattr("ipmix_cli.shards.npy.assemble", lambda *_: npy_arrays._array(open_folder(out), "absent.npy"))
        with pytest.raises(SourceError, match="absent"):
            augment(request, str(tmp_path / "other"))
