"""What a record, a bank or a leftover of a killed run may not do: contact a host, hang, end a job for good."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import urllib.request
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ipmix_cli.cli.group import app
from ipmix_cli.cli.origin_options import moved_source
from ipmix_cli.errors import ErrorBudgetError, IpmixError, SourceError, UsageError
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import make_bank
from ipmix_cli.pipeline.banks.mixing import open_bank
from ipmix_cli.pipeline.banks.report import is_labelled, judged
from ipmix_cli.pipeline.banks.sidecar import stored_settings
from ipmix_cli.pipeline.inspect.info import info
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.output.manifest import RecordedPlaces, read_manifest
from ipmix_cli.pipeline.run import schedule
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.prepare import Request, reopen
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.storage.folder import LocalFolder
from ipmix_cli.storage.object_store import within
from ipmix_cli.storage.temporary import temporary_path


def class_folders(root: Path) -> Path:
    for number in range(4):
        file = root / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((32, 32, 3), number, np.uint8)).save(file)
    return root


def test_a_remote_place_that_only_a_record_names_is_not_contacted(tmp_path: Path, bank: Path, monkeypatch) -> None:
    source = class_folders(tmp_path / "in")
    augment(Request(source=SourceSpec(input=str(source)), fractals=str(bank)), str(tmp_path / "out"))
    manifest = read_manifest(LocalFolder(tmp_path / "out"))
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a host was contacted"))
    for place in ("ftp://203.0.113.7/x", "http://203.0.113.7/x.tar", "s3://bucket/x"):
        places = RecordedPlaces(source={**manifest.places.source, "input": place}, fractals=manifest.places.fractals)
        with pytest.raises(UsageError, match="because a record says so"):
            reopen(dataclasses.replace(manifest, places=places), Listener())


def test_a_host_that_never_answers_is_given_up() -> None:
    with pytest.raises(TimeoutError, match="no answer"):
        within(0.05, lambda: __import__("time").sleep(5))
    assert within(5, lambda: 3) == 3


def test_max_errors_ends_a_job_whose_shards_are_all_there(tmp_path: Path, bank: Path) -> None:
    source = class_folders(tmp_path / "in")
    (source / "b" / "bad.png").write_bytes(b"x")
    request, out = Request(source=SourceSpec(input=str(source)), fractals=str(bank)), str(tmp_path / "out")
    request = dataclasses.replace(request, crop=dataclasses.replace(request.crop, mode="center", size=32))
    with pytest.raises(ErrorBudgetError):
        augment(request, out, Execution())
    outcome = augment(request, out, Execution(max_errors="1"))
    assert outcome.manifest is not None
    assert outcome.manifest.failed == 1


def test_a_run_counts_failures_by_its_own_option_not_by_that_of_a_run_beside_it(
    tmp_path: Path, bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = class_folders(tmp_path / "in")
    (source / "b" / "bad.png").write_bytes(b"x")
    request = Request(source=SourceSpec(input=str(source)), fractals=str(bank))
    request = dataclasses.replace(request, crop=dataclasses.replace(request.crop, mode="center", size=32))
    save = schedule.save_job_state
    monkeypatch.setattr(
        schedule, "save_job_state", lambda folder, state: save(folder, dataclasses.replace(state, max_errors="0"))
    )
    outcome = augment(request, str(tmp_path / "out"), Execution(max_errors="1"))
    assert outcome.manifest is not None
    assert outcome.manifest.failed == 1


def test_leftovers_of_a_killed_run_are_cleared_when_a_bank_is_made_again(tmp_path: Path) -> None:
    settings = BankSettings(count=2, size=32, mix=(("plasma", 1.0),))
    for name, format_name in (("bank.h5", "hdf5"), ("bank", "png")):
        path = tmp_path / name
        mine = temporary_path(path).name
        dead = path.with_name(mine.replace(f"-{os.getpid()}-", "-999999999-"))
        if format_name == "png":
            dead.mkdir()
            (dead / "000000.png").write_bytes(b"half")
        else:
            dead.write_bytes(b"half")
        for _ in make_bank(settings, path, format_name=format_name):
            pass
        assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (2, 0, 8, 3), (2, 8, 8), (2, 8, 8, 4), (3,)])
def test_a_bank_without_pictures_names_the_bank(shape: tuple[int, ...], tmp_path: Path) -> None:
    path = tmp_path / "empty.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros(shape, np.uint8)
    for command in (open_bank, info, lambda place: list(judged(place))):
        with pytest.raises(SourceError, match=r"empty\.h5"):
            command(str(path))


SIDECARS = [b"no json", b"[]", b'{"settings": 3}', b'{"settings": {}}', b'{"settings": {"count": 1e99}}', b"[" * 10**5]


@pytest.mark.parametrize("content", [*SIDECARS, json.dumps({"settings": {"count": 2**62, "classes": 2**62}}).encode()])
def test_a_damaged_sidecar_names_the_bank(content: bytes, tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "pictures")
    (folder / ".bank.json").write_bytes(content)
    match = "settings are no object" if content == b"[]" else "damaged settings"
    for command in (info, is_labelled):
        with pytest.raises(SourceError, match=match):
            command(str(folder))


def test_a_damaged_line_of_recipes_names_the_bank(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "pictures")
    (folder / ".bank.jsonl").write_bytes(b'{"file": 3}\n')
    for command in (info, lambda place: list(judged(place))):
        with pytest.raises(IpmixError, match="pictures"):
            command(str(folder))


@pytest.mark.parametrize("recorded", [{"input": "cifar10"}, {"input": "cifar100", "input_format": "cifar100"}])
def test_a_data_set_that_only_a_record_names_is_not_downloaded(
    tmp_path: Path, bank: Path, monkeypatch, recorded: dict[str, str]
) -> None:
    source, out = class_folders(tmp_path / "in"), tmp_path / "out"
    augment(Request(source=SourceSpec(input=str(source)), fractals=str(bank)), str(out))
    manifest = read_manifest(LocalFolder(out))
    places = RecordedPlaces(source={**manifest.places.source, **recorded}, fractals=manifest.places.fractals)
    forged = dataclasses.replace(manifest, places=places)
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("a host was contacted"))
    with pytest.raises(UsageError, match="ipmix does not use the network because a record says so"):
        reopen(forged, Listener())
    (out / "manifest.json").write_bytes(forged.to_bytes())
    (out / ".ipmix/manifest.json").write_bytes(forged.to_bytes())
    with pytest.raises(UsageError, match="ipmix does not use the network because a record says so"):
        moved_source(open_dataset(str(out)), None, str(tmp_path / "elsewhere"))
    result = CliRunner().invoke(app, ["augment", "--config", f"{out}/manifest.json", "--out", str(tmp_path / "again")])
    assert isinstance(result.exception, UsageError)
    assert result.exception.remedy.endswith(f"--in {recorded['input']}")


def test_settings_of_a_bank_that_are_no_unicode_are_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / ".bank.json").write_text(r'{"settings": "\udcff", "generator": 3}')
    with pytest.raises(SourceError, match=f"the bank {tmp_path} has damaged settings"):
        stored_settings(tmp_path)
