"""Copies made when they are read: byte for byte the stored ones, or fresh in every epoch."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipmix_cli import Request, ShardDataset, ShardSettings, SourceSpec, augment, open_dataset, validate
from ipmix_cli.errors import IpmixError, SourceError, UsageError
from ipmix_cli.pipeline.inspect.explain import trace

COPIES = 5
FORMS: dict[str, dict[str, Any]] = {
    "hdf5-raw": {"encoding": "raw"},
    "hdf5-lzf": {"encoding": "raw", "compression": "lzf"},
    "hdf5-png": {"encoding": "png"},
    "tar": {"format": "webdataset", "encoding": "png"},
    "tar-flat": {"format": "webdataset", "encoding": "webp", "layout": "flat"},
    "parquet": {"format": "parquet", "encoding": "png"},
    "mds": {"format": "mds", "encoding": "raw"},
    "files": {"format": "files", "encoding": "png"},
}
Make = Callable[..., Path]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory, bank: Path) -> Make:
    made: dict[str, Path] = {}

    def of(form: str, store: str, copies: int = COPIES) -> Path:
        name = f"{form}-{store}-{copies}"
        if name not in made:
            made[name] = tmp_path_factory.mktemp("rendered") / name
            output = ShardSettings(copies=copies, store=store, **FORMS[form])
            source = SourceSpec(input="demo")
            request = Request(source=source, fractals=str(bank), output=output, limit=20, samples_per_shard=7)
            augment(request, str(made[name]))
        return made[name]

    return of


@pytest.mark.parametrize("form", FORMS)
def test_rendered_copies_are_the_stored_ones(make: Make, form: str) -> None:
    folders = make(form, "plans"), make("hdf5-raw", "pixels")
    for view in ("all", "random", "fixed", "triplet", "clean"):
        rendered, stored = (ShardDataset(folder, view=view, copy=3, seed=4) for folder in folders)
        for data in (rendered, stored):
            data.set_epoch(6)
        assert rendered.targets == stored.targets
        for index in range(len(stored)):
            assert np.array_equal(rendered[index][0], stored[index][0])
        assert np.array_equal(rendered[::-3].pictures, stored[::-3].pictures)


def test_no_copy_takes_any_space(make: Make) -> None:
    few, many = (sum(path.stat().st_size for path in make("hdf5-raw", "plans", n).glob("*.h5")) for n in (5, 9999))
    assert abs(many - few) < 100
    data = ShardDataset(make("hdf5-raw", "plans", 9999), view="fixed", copy=9998)
    assert not np.array_equal(data[3][0], ShardDataset(make("hdf5-raw", "plans", 9999), view="clean")[3][0])


def test_the_other_commands_know_rendered_sets(make: Make, ipmix: Callable[..., Any], tmp_path: Path) -> None:
    folder = make("hdf5-raw", "plans")
    assert validate(open_dataset(folder)).passed
    explained = trace(open_dataset(folder), "00000003", 4)
    assert np.array_equal(explained.stages["out"], ShardDataset(make("hdf5-raw", "pixels"), view="all")[3][0][4])
    assert "not stored" in ipmix("explain", folder, "--key", "00000003", "--copy", 4).stdout
    assert "rendered when read" in ipmix("info", folder).stdout
    ipmix("preview", folder, "--out", tmp_path / "sheet.png")
    ipmix("report", folder, "--out", tmp_path / "page.html", "--jobs", 2)
    assert (tmp_path / "page.html").stat().st_size > 10_000


def test_one_command_turns_rendered_into_stored(make: Make, ipmix: Callable[..., Any], tmp_path: Path) -> None:
    rendered, stored = make("hdf5-raw", "plans"), make("hdf5-raw", "pixels")
    ipmix("augment", "--config", rendered / "manifest.json", "--store", "pixels", "--out", tmp_path / "x", "-q")
    for path in sorted(stored.glob("*.h5")):
        assert (tmp_path / "x" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("form", ["hdf5-raw", "tar"])
@pytest.mark.parametrize("store", ["pixels", "plans"])
def test_fresh_copies_are_never_the_same(make: Make, form: str, store: str) -> None:
    data = ShardDataset(make(form, store), view="random", fresh=True, seed=1)
    again = ShardDataset(make(form, store), view="random", fresh=True, seed=1)
    epochs = []
    for epoch in range(6):
        data.set_epoch(epoch)
        again.set_epoch(epoch)
        epochs.append(data[:].pictures)
        assert np.array_equal(epochs[-1][7], again[7][0])
    distinct = {picture.tobytes() for epoch in epochs for picture in epoch}
    assert len(distinct) > 0.95 * 6 * len(data)  # a few have plans without a step
    other = ShardDataset(make(form, store), view="random", fresh=True, seed=2)
    assert not np.array_equal(other[:].pictures, epochs[0])


def test_fresh_triplets_need_no_two_stored_copies(make: Make) -> None:
    first, second, third = ShardDataset(make("hdf5-raw", "pixels", 1), view="triplet", fresh=True)[4][0]
    assert np.array_equal(first, ShardDataset(make("hdf5-raw", "pixels", 1), view="clean")[4][0])
    assert not np.array_equal(second, third)


def test_loader_workers_render_the_same(make: Make) -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    from ipmix_cli.reader import collate

    data = ShardDataset(make("hdf5-raw", "plans"), view="triplet")
    loader = torch_data.DataLoader(data, 6, num_workers=2, multiprocessing_context="spawn", collate_fn=collate)
    batches = [pictures.numpy() for pictures, _ in loader]
    assert np.array_equal(np.concatenate(batches), data[:].pictures)
    plain = [pictures.numpy() for pictures, _ in torch_data.DataLoader(data, 6)]
    assert np.array_equal(np.concatenate(plain), data[:].pictures)
    assert np.array_equal(pickle.loads(pickle.dumps(data))[5][0], data[5][0])


def test_a_bank_that_is_missing_or_another_one_is_refused(make: Make, large_bank: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    shutil.copytree(make("hdf5-raw", "plans"), folder)
    for fractals in (str(tmp_path / "gone.h5"), str(large_bank)):
        with pytest.raises(SourceError):
            ShardDataset(folder, fractals=fractals)
        assert len(ShardDataset(folder, view="clean", fractals=fractals)) == 20
        with pytest.raises(SourceError):
            ShardDataset(make("hdf5-raw", "pixels"), fresh=True, fractals=fractals)


@pytest.mark.parametrize(
    "output",
    [
        {"store": "plans", "clean": False},
        {"store": "plans", "format": "webdataset", "encoding": "jpeg"},
        {"store": "pixels", "copies": 1001},
        {"store": "both"},
    ],
)
def test_what_cannot_be_rendered_is_refused(bank: Path, tmp_path: Path, output: dict[str, Any]) -> None:
    request = Request(source=SourceSpec(input="demo"), fractals=str(bank), output=ShardSettings(**output), limit=4)
    with pytest.raises(UsageError):
        augment(request, str(tmp_path / "x"))


def test_fresh_copies_need_clean_pictures(bank: Path, tmp_path: Path) -> None:
    output = ShardSettings(clean=False, copies=2)
    augment(Request(source=SourceSpec(input="demo"), fractals=str(bank), output=output, limit=4), str(tmp_path / "x"))
    with pytest.raises(IpmixError, match="no clean pictures"):
        ShardDataset(tmp_path / "x", fresh=True)
