"""What training reads: the same pictures from every format, in every process, and other copies in every epoch."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipmix_cli.errors import IpmixError, SourceError, UsageError
from ipmix_cli.reader.chosen import mixed
from ipmix_cli.reader.shard_dataset import ShardDataset
from ipmix_cli.record import record_of
from ipmix_cli.shards.shard import ShardSample, ShardSettings
from ipmix_cli.shards.writers import WRITERS

COPIES, SAMPLES, SHARDS = 4, 23, 5
LAYOUTS: dict[str, dict[str, Any]] = {
    "hdf5-raw": {"format": "hdf5", "encoding": "raw"},
    "hdf5-lzf": {"format": "hdf5", "encoding": "raw", "compression": "lzf"},
    "hdf5-png": {"format": "hdf5", "encoding": "png"},
    "tar-grouped": {"format": "webdataset", "encoding": "png"},
    "tar-flat": {"format": "webdataset", "encoding": "webp", "layout": "flat"},
    "parquet": {"format": "parquet", "encoding": "webp"},
    "mds-raw": {"format": "mds", "encoding": "raw"},
    "mds-png": {"format": "mds", "encoding": "png"},
    "files": {"format": "files", "encoding": "png"},
}
FORKING = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # from Python 3.12 on
Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def pixels(index: int, copy: int) -> Pixels:
    """The picture that a test's data set holds: clean is -1; unlike every other."""
    return np.full((6, 7, 3), 8 * index + copy + 1, np.uint8)


def write_dataset(folder: Path, **settings: Any) -> Path:
    output = ShardSettings(**{"copies": COPIES, **settings})
    shards = []
    for number in range(SHARDS):
        first, stop = number * SAMPLES // SHARDS, (number + 1) * SAMPLES // SHARDS
        samples = [ShardSample(f"{i:08d}", i, i % 3, i, f"é/{i}", 0, pixels(i, -1)) for i in range(first, stop)]
        writer = WRITERS[output.format]
        builder = writer.builder(f"train-{number:06d}", samples, output, {"class_names": ["a", "b", "c"]})
        out = builder.out(0, len(samples))
        for position, sample in enumerate(samples):
            out[position] = [pixels(sample.index, copy) for copy in range(output.copies)]
        builder.add(0, out)
        for name, content in builder.finish():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        shards.append({"name": name, "samples": len(samples), "first": first, "stop": stop})
    job = {"output": record_of(output)}
    manifest = {"job": job, "class_names": ["a", "b", "c"], "shards": shards}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One data set in each form, all with the same pictures."""
    return {name: write_dataset(tmp_path_factory.mktemp(name), **kind) for name, kind in LAYOUTS.items()}


@pytest.fixture(params=LAYOUTS)
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


def test_every_view_shows_the_right_pictures(folder: Path) -> None:
    clean, fixed = ShardDataset(folder, view="clean"), ShardDataset(folder, view="fixed", copy=2)
    every, triplet = ShardDataset(folder, view="all"), ShardDataset(folder, view="triplet")
    assert len(clean) == SAMPLES
    assert clean.class_names == ("a", "b", "c")
    for index in range(SAMPLES):
        assert clean[index][1] == index % 3
        assert np.array_equal(clean[index][0], pixels(index, -1))
        assert np.array_equal(fixed[index][0], pixels(index, 2))
        assert np.array_equal(every[index][0], [pixels(index, copy) for copy in range(COPIES)])
        first, second, third = triplet[index][0]
        shown = {int(view[0, 0, 0]) - 8 * index - 1 for view in (second, third)}
        assert np.array_equal(first, pixels(index, -1))
        assert len(shown) == 2
        assert shown <= set(range(COPIES))


def test_pictures_are_the_readers_own(folder: Path) -> None:
    data = ShardDataset(folder, view="fixed")
    picture = data[3][0]
    assert picture.flags.writeable
    assert picture.flags.c_contiguous
    picture[:] = 0
    assert np.array_equal(data[3][0], pixels(3, 0))


def shown(data: ShardDataset) -> list[int]:
    return [int(picture[0, 0, 0]) - 8 * index - 1 for index, (picture, _) in enumerate(data)]


def test_an_epoch_draws_its_own_copies_and_always_the_same_ones(folder: Path) -> None:
    data = ShardDataset(folder, view="random", seed=5)
    epochs = []
    for epoch in (0, 1, 2, 1):
        data.set_epoch(epoch)
        epochs.append(shown(data))
    assert epochs[1] == epochs[3]
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert shown(ShardDataset(folder, view="random", seed=5)) == epochs[0]
    assert shown(ShardDataset(folder, view="random", seed=6)) != epochs[0]


def test_every_copy_is_drawn_about_as_often(folders: dict[str, Path]) -> None:
    data = ShardDataset(folders["hdf5-raw"], view="triplet")
    pairs = np.zeros((COPIES, COPIES))
    for epoch in range(300):
        data.set_epoch(epoch)
        for index in range(0, SAMPLES, 4):
            pairs[tuple(data._choice.of_all([index], epoch)[0, 1:])] += 1
    assert (np.diag(pairs) == 0).all()
    expected = pairs.sum() / (COPIES * (COPIES - 1))
    off_diagonal = pairs[~np.eye(COPIES, dtype=bool)]
    assert ((off_diagonal - expected) ** 2 / expected).sum() < 31.3  # chi-square, 11 degrees of freedom, p = 0.001


def test_the_choice_is_the_same_on_every_machine() -> None:
    assert [mixed(0, 0, 0), mixed(1, 2, 3), mixed(2**63, 2**63, 2**63)] == [
        2558736989570252433,
        7702586659592502839,
        16115366304122221264,
    ]


def test_a_triplet_of_one_copy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two different"):
        ShardDataset(write_dataset(tmp_path, copies=1), view="triplet")


def test_a_transform_gets_all_views_of_a_sample_at_once(folder: Path) -> None:
    data = ShardDataset(folder, view="triplet", transform=lambda pictures: pictures.shape)
    assert data[0][0] == (3, 6, 7, 3)


def test_few_shards_open_at_once_give_the_same_pictures(folder: Path) -> None:
    data = ShardDataset(folder, view="clean", most_open=2)
    order = np.random.default_rng(0).permutation(SAMPLES).tolist()
    for index in order:
        assert np.array_equal(data[index][0], pixels(index, -1))
        assert data._files.open_files <= 2
    data.close()
    assert not data._files.open_files
    assert np.array_equal(data[0][0], pixels(0, -1))


def test_it_is_a_sequence_with_an_end(folder: Path) -> None:
    data = ShardDataset(folder)
    assert len(list(data)) == SAMPLES
    for index in (-SAMPLES - 1, SAMPLES):
        with pytest.raises(IndexError):
            data[index]
    with pytest.raises(TypeError):
        data[1.5]


@pytest.mark.parametrize("view", ["random", "fixed", "all", "clean", "triplet"])
def test_every_integer_is_an_index(folders: dict[str, Path], view: str) -> None:
    torch = pytest.importorskip("torch")
    data = ShardDataset(folders["hdf5-raw"], view=view, seed=4)
    expected = data[3][0]
    for index in (np.int64(3), np.uint8(3), torch.tensor(3), 3 - SAMPLES, np.int32(3 - SAMPLES)):
        assert np.array_equal(data[index][0], expected)


def test_slices_and_batches_are_the_samples_one_by_one(folder: Path) -> None:
    data = ShardDataset(folder, view="triplet", seed=4)
    order = [22, 3, 3, 4, 0, -1, 7, 8, 9, 21]
    for chosen, found in (
        (order, data.__getitems__(order)),
        (range(20, 2, -3), data[20:2:-3]),
        ([], data[5:5]),
    ):
        assert len(found) == len(chosen)
        for index, (pictures, label) in zip(chosen, found, strict=True):
            assert np.array_equal(pictures, data[index][0])
            assert label == data[index][1]


def test_it_says_what_it_is_and_what_it_holds(folder: Path) -> None:
    data = ShardDataset(folder, view="fixed", copy=1)
    assert data.classes == ["a", "b", "c"]
    assert data.class_to_idx == {"a": 0, "b": 1, "c": 2}
    assert data.targets == [index % 3 for index in range(SAMPLES)]
    for word in (str(folder), "view='fixed'", "copy=1", "23 samples", "5 shards"):
        assert word in repr(data)


def test_a_key_comes_on_request(folder: Path) -> None:
    assert [sample[2] for sample in ShardDataset(folder, return_key=True)[:3]] == ["00000000", "00000001", "00000002"]


def test_a_transform_may_be_set_later(folder: Path) -> None:
    data = ShardDataset(folder, view="clean")
    data.transform = lambda picture: picture.sum()
    assert data[2][0] == pixels(2, -1).sum()


@pytest.mark.parametrize("epoch", [-1, 2**63])
def test_epochs_out_of_range_are_refused(folders: dict[str, Path], epoch: int) -> None:
    with pytest.raises(UsageError, match="epoch"):
        ShardDataset(folders["hdf5-raw"]).set_epoch(epoch)


def test_pictures_come_as_tensors_or_images_on_request(folders: dict[str, Path]) -> None:
    torch = pytest.importorskip("torch")
    folder = folders["tar-grouped"]
    assert ShardDataset(folder, view="clean", picture_type="torch")[3][0].shape == (3, 6, 7)
    triplet = ShardDataset(folder, view="triplet", picture_type="torch")[3][0]
    assert triplet.shape == (3, 3, 6, 7)
    assert triplet.dtype == torch.uint8
    assert ShardDataset(folder, view="clean", picture_type="pil")[3][0].size == (7, 6)
    assert len(ShardDataset(folder, view="all", picture_type="pil")[3][0]) == COPIES


def test_it_is_a_dataset_of_torch_where_torch_is_imported(folders: dict[str, Path]) -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    data = ShardDataset(folders["hdf5-raw"], view="clean")
    again = pickle.loads(pickle.dumps(data))
    for one in (data, again):
        assert isinstance(one, torch_data.Dataset)
        assert isinstance(one, ShardDataset)
        assert len(one + one) == 2 * SAMPLES


def test_a_truncated_shard_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "cut"
    shutil.copytree(folder, other)
    for path in other.glob("train-*"):
        path.write_bytes(path.read_bytes()[:-700])
    if any(other.glob("train-*")):
        with pytest.raises(IpmixError):
            list(ShardDataset(other, view="all"))


def test_a_pickled_reader_has_nothing_open_and_reads_the_same(folder: Path) -> None:
    data = ShardDataset(folder, seed=3)
    data.set_epoch(7)
    before = shown(data)
    other = pickle.loads(pickle.dumps(data))
    assert not other._files.open_files
    assert shown(other) == before


@FORKING
def test_a_forked_child_opens_its_own_shards(folder: Path) -> None:
    data = ShardDataset(folder, view="clean")
    assert np.array_equal(data[0][0], pixels(0, -1))
    child = os.fork()
    if child == 0:  # the child: no test machinery from here on
        good = all(np.array_equal(data[i][0], pixels(i, -1)) for i in range(SAMPLES))
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(data[1][0], pixels(1, -1))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("layout", ["hdf5-raw", "tar-grouped"])
@FORKING
def test_loader_workers_read_right_and_hear_of_new_epochs(folders: dict[str, Path], method: str, layout: str) -> None:
    """Also workers that persist over the epochs."""
    torch_data = pytest.importorskip("torch.utils.data")
    data = ShardDataset(folders[layout], view="random", seed=1)
    data[0]  # something is open here already
    loader = torch_data.DataLoader(
        data, batch_size=5, num_workers=2, multiprocessing_context=method, persistent_workers=True
    )
    for epoch in (0, 1, 2):
        data.set_epoch(epoch)
        pictures = np.concatenate([batch.numpy() for batch, _ in loader])
        assert [int(p[0, 0, 0]) - 8 * i - 1 for i, p in enumerate(pictures)] == shown(data)


@pytest.mark.parametrize("view", ["clean", "triplet"])
def test_views_that_need_clean_pictures_are_refused_without_them(tmp_path: Path, view: str) -> None:
    folder = write_dataset(tmp_path, clean=False)
    with pytest.raises(UsageError, match="no clean pictures"):
        ShardDataset(folder, view=view)
    assert np.array_equal(ShardDataset(folder, view="fixed")[2][0], pixels(2, 0))


@pytest.mark.parametrize(
    ("options", "error"), [({"view": "cleen"}, UsageError), ({"view": "fixed", "copy": COPIES}, UsageError)]
)
def test_what_is_not_there_is_refused(
    folders: dict[str, Path], options: dict[str, Any], error: type[IpmixError]
) -> None:
    with pytest.raises(error) as caught:
        ShardDataset(folders["hdf5-raw"], **options)
    assert caught.value.remedy


def set_names(manifest: dict[str, Any]) -> None:
    manifest["shards"][0]["name"] = "../../etc/passwd"


def set_count(manifest: dict[str, Any]) -> None:
    manifest["shards"][0]["samples"] += 1


def set_format(manifest: dict[str, Any]) -> None:
    manifest["job"]["output"]["format"] = "zip"


def drop_shards(manifest: dict[str, Any]) -> None:
    del manifest["shards"]


@pytest.mark.parametrize("damage", [set_names, set_count, set_format, drop_shards])
def test_a_forged_or_damaged_manifest_is_refused(tmp_path: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    folder = write_dataset(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    damage(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(IpmixError):
        ShardDataset(folder)[0]


def test_an_unfinished_folder_says_how_to_finish_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"manifest\.json") as caught:
        ShardDataset(tmp_path)
    assert "ipmix" in caught.value.remedy


def test_torch_is_not_imported(folders: dict[str, Path]) -> None:
    code = f"import sys; from ipmix_cli import ShardDataset; ShardDataset({str(folders['hdf5-raw'])!r})[0]"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"], check=True)
