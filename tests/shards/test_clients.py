"""Other people's readers, unchanged, on what the program writes: webdataset, Hugging Face datasets, wids, h5py."""

from __future__ import annotations

import functools
import importlib
import io
import json
import pickle
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from ipmix_cli.reader import ShardDataset
from ipmix_cli.shards.indexes import WIDS_NAME, dali_index, wids_index

SAMPLES, COPIES, SHARDS = 45, 3, 5
WORKERS = [0, 2, 4]
FORKING = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # from Python 3.12 on
FORMS: dict[str, tuple[str, ...]] = {
    "hdf5": (),
    "hdf5-png": ("--encoding", "png"),
    "grouped": ("--format", "webdataset"),
    "no-clean": ("--format", "webdataset", "--no-clean"),
    "flat": ("--format", "webdataset", "--layout", "flat"),
    "files": ("--layout", "files"),
    "parquet": ("--format", "parquet"),
    "mds": ("--format", "mds", "--encoding", "png"),
    "mds-raw": ("--format", "mds"),
    "mds-webp": ("--format", "mds", "--encoding", "webp"),
    "cifar": ("--format", "cifar"),
}
MIXED = {
    f"cutmix-{name}": (*words, "--method", "cutmix") for name, words in FORMS.items() if name not in ("files", "cifar")
}
Pixels = np.ndarray[Any, np.dtype[np.uint8]]


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, ipmix: Callable[..., Any], bank: Path) -> Callable[[str], Path]:
    """Make a data set of the built-in pictures in one form, once in a session."""

    @functools.cache
    def make(form: str) -> Path:
        folder = tmp_path_factory.mktemp(form) / "data"
        size = ("--limit", SAMPLES, "--copies", COPIES, "--samples-per-shard", SAMPLES // SHARDS, "--jobs", 1)
        mixing = () if form in MIXED else ("--fractals", bank)
        ipmix("augment", "--in", "demo", *mixing, "--out", folder, *size, *(FORMS | MIXED)[form])
        return folder

    return make


@pytest.fixture(scope="session")
def truth(dataset: Callable[[str], Path]) -> list[tuple[Pixels, int]]:
    """Clean pictures with their copies (1 + K, H, W, 3) and labels, by ipmix's own reader."""
    clean = ShardDataset(dataset("hdf5"), view="clean")
    copies = ShardDataset(dataset("hdf5"), view="all")
    return [(np.concatenate([clean[i][0][None], copies[i][0]]), clean[i][1]) for i in range(len(clean))]


def tars(folder: Path) -> list[str]:
    found = sorted(map(str, folder.glob("train-*.tar")))
    assert len(found) == SHARDS
    return found


def assert_same(found: Iterable[tuple[int, Pixels, int]], truth: list[tuple[Pixels, int]]) -> None:
    """Every sample once, in any order: (index, pictures (1 + K, H, W, 3), label)."""
    seen = set()
    for index, pictures, label in found:
        assert np.array_equal(pictures, truth[index][0])
        assert label == truth[index][1]
        seen.add(index)
    assert seen == set(range(SAMPLES))


def unpacked(sample: dict[str, Any]) -> tuple[int, Pixels, int]:
    names = ["clean.png", *(f"aug{copy}.png" for copy in range(COPIES))]
    return sample["json"]["index"], np.stack([np.asarray(sample[name]) for name in names]), int(sample["cls"])


def as_is(batch: Any) -> Any:
    return batch


def loaded(data: Any, workers: int) -> Iterable[Any]:
    torch_data = pytest.importorskip("torch.utils.data")
    context = "fork" if workers else None
    return iter(
        torch_data.DataLoader(
            data, batch_size=None, num_workers=workers, collate_fn=as_is, multiprocessing_context=context
        )
    )


@FORKING
@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.filterwarnings("ignore")
def test_webdataset_reads_grouped_samples(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]], workers: int
) -> None:
    webdataset = pytest.importorskip("webdataset")
    data = webdataset.WebDataset(tars(dataset("grouped")), shardshuffle=False).decode("rgb8")
    samples = list(loaded(data, workers))
    assert len(samples) == SAMPLES
    assert_same(map(unpacked, samples), truth)


@pytest.mark.filterwarnings("ignore")
def test_webdataset_gives_triplets_at_once(dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]]) -> None:
    webdataset = pytest.importorskip("webdataset")
    data = webdataset.WebDataset(tars(dataset("grouped")), shardshuffle=False).decode("pil")
    triplets = list(data.to_tuple("clean.png", "aug0.png", "aug1.png", "cls"))
    for (clean, first, second, label), (pictures, expected) in zip(triplets, truth, strict=True):
        assert np.array_equal([np.asarray(view) for view in (clean, first, second)], pictures[:3])
        assert label == expected


@FORKING
@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.filterwarnings("ignore")
def test_webdataset_reads_flat_samples(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]], workers: int
) -> None:
    webdataset = pytest.importorskip("webdataset")
    data = webdataset.WebDataset(tars(dataset("flat")), shardshuffle=False).decode("rgb8")
    samples = list(loaded(data, workers))
    assert len(samples) == SAMPLES * (1 + COPIES)
    for sample in samples:
        facts = sample["json"]
        pictures, label = truth[facts["index"]]
        assert np.array_equal(sample["png"], pictures[facts["copy"] + 1])
        assert sample["cls"] == label
        assert sample["__key__"] == f"{facts['key']}_{'clean' if facts['copy'] < 0 else facts['copy']}"


@pytest.fixture
def load_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Hugging Face's loader without a network, and with a cache of its own."""
    for name, value in {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return lambda folder, **options: datasets.load_dataset(
        str(folder), split="train", cache_dir=str(tmp_path / "cache"), **options
    )


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_hugging_face_reads_grouped_samples(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]], load_dataset: Callable[..., Any], streaming: bool
) -> None:
    data = load_dataset(dataset("grouped"), streaming=streaming)
    assert_same(map(unpacked, data), truth)
    assert data.features["cls"].names[2] == "square"


@FORKING
@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.filterwarnings("ignore")
def test_hugging_face_streams_through_loader_workers(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]], load_dataset: Callable[..., Any], workers: int
) -> None:
    assert_same(map(unpacked, loaded(load_dataset(dataset("grouped"), streaming=True), workers)), truth)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("form", ["hdf5", "hdf5-png", "flat", "no-clean", "files"])
@pytest.mark.filterwarnings("ignore")
def test_hugging_face_reads_every_other_form(
    dataset: Callable[[str], Path],
    truth: list[tuple[Pixels, int]],
    load_dataset: Callable[..., Any],
    form: str,
    streaming: bool,
) -> None:
    data = load_dataset(dataset(form), streaming=streaming)
    rows = list(data)
    label = data.features.get("label") or data.features["cls"]
    assert [name.rpartition("_")[2] for name in label.names[:3]] == ["disc", "ring", "square"]
    assert len(rows) == SAMPLES * ((1 + COPIES) if form in {"flat", "files"} else 1)
    row = rows[7]
    if form == "hdf5":
        assert np.array_equal(np.asarray(row["clean"], np.uint8), truth[7][0][0])
        assert np.array_equal(np.asarray(row["aug"], np.uint8), truth[7][0][1:])
        assert row["label"] == truth[7][1]
        assert (row["key"], row["index"]) == ("00000007", 7)
    elif form == "hdf5-png":
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(bytes(row["aug1"])))), truth[7][0][2])
    elif form == "no-clean":
        assert np.array_equal(np.asarray(row["aug0.png"]), truth[7][0][1])


@pytest.mark.parametrize("form", ["hdf5", "hdf5-png"])
def test_h5py_gives_the_names_of_classes_as_strings(dataset: Callable[[str], Path], form: str) -> None:
    with h5py.File(dataset(form) / "train-000000.h5") as shard:
        assert list(shard.attrs["class_names"])[:3] == ["disc", "ring", "square"]
        assert all(type(name) is str for name in shard.attrs["class_names"])


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_hugging_face_reads_parquet_with_the_card_and_without(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]], tmp_path: Path, streaming: bool
) -> None:
    """The files say by themselves what is an image and what the classes are called."""
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    folder = dataset("parquet")
    files = sorted(map(str, folder.glob("*.parquet")))
    for where in ({"path": str(folder)}, {"path": "parquet", "data_files": files}):
        data = datasets.load_dataset(**where, split="train", streaming=streaming, cache_dir=str(tmp_path))
        assert data.features["label"].names[2] == "square"
        found = [
            (
                row["index"],
                np.stack([np.asarray(row[name]) for name in ("clean", "aug0", "aug1", "aug2")]),
                row["label"],
            )
            for row in data
        ]
        assert_same(found, truth)


def test_pyarrow_finds_one_row_a_sample_and_the_right_checksums(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for path in sorted(dataset("parquet").glob("*.parquet")):
        table = parquet.ParquetFile(path, page_checksum_verification=True).read()
        table.validate(full=True)
        for row in table.to_pylist():
            picture = np.asarray(Image.open(io.BytesIO(row["aug1"]["bytes"])))
            assert np.array_equal(picture, truth[row["index"]][0][2])
            assert row["aug1"]["path"] == f"{row['key']}_aug1.png"
            assert (row["height"], row["width"]) == picture.shape[:2]


@pytest.mark.parametrize("form", ["mds", "mds-raw"])
@pytest.mark.filterwarnings("ignore")
def test_streaming_dataset_reads_mds(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]], form: str
) -> None:
    streaming = pytest.importorskip("streaming")
    torch_data = pytest.importorskip("torch.utils.data")
    data = streaming.StreamingDataset(local=str(dataset(form)), batch_size=1)
    if form == "mds-raw":  # what torch's own collation takes
        batches = list(torch_data.DataLoader(data, batch_size=9))
        assert sorted(int(n) for batch in batches for n in batch["index"]) == list(range(SAMPLES))
    rows = [data[number] for number in range(data.num_samples)]
    names = ("clean", "aug0", "aug1", "aug2")
    assert_same([(r["index"], np.stack([np.asarray(r[name]) for name in names]), r["label"]) for r in rows], truth)


def test_the_cifar_archive_unpickles_to_rows_of_planes(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]]
) -> None:
    """As CIFAR's readers do it: every file whole, by its name."""
    folder = dataset("cifar") / "cifar-10-batches-py"
    batches = [pickle.loads((folder / f"data_batch_{n}").read_bytes(), encoding="latin1") for n in range(1, 6)]
    rows = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    labels = [label for batch in batches for label in batch["labels"]]
    names = [name for batch in batches for name in batch["filenames"]]
    assert_same(
        [(n, rows[4 * n : 4 * n + 4], labels[4 * n]) for n in range(SAMPLES)],
        truth,
    )
    assert names[4:6] == ["00000001_clean.png", "00000001_aug0.png"]
    meta = pickle.loads((folder / "batches.meta").read_bytes(), encoding="latin1")
    assert meta["label_names"][2] == "square"
    assert pickle.loads((folder / "data_batch_1").read_bytes(), encoding="bytes")[b"labels"] == batches[0]["labels"]


@pytest.mark.parametrize("workers", WORKERS)
@FORKING
@pytest.mark.filterwarnings("ignore")
def test_wids_reads_any_sample(
    dataset: Callable[[str], Path], truth: list[tuple[Pixels, int]], tmp_path: Path, workers: int
) -> None:
    wids = pytest.importorskip("wids")
    folder = dataset("grouped")
    shards = [(path, SAMPLES // SHARDS, Path(path).stat().st_size) for path in tars(folder)]
    (tmp_path / WIDS_NAME).write_text(wids_index("demo", shards))
    data = wids.ShardListDataset(str(tmp_path / WIDS_NAME), localname=as_is)
    assert len(data) == SAMPLES
    samples = [{name.lstrip("."): value for name, value in sample.items()} for sample in loaded(data, workers)]
    assert_same(map(unpacked, samples), truth)


def test_the_dali_index_says_where_every_file_lies(dataset: Callable[[str], Path]) -> None:
    path = Path(tars(dataset("grouped"))[1])
    title, *lines = dali_index(path, str(path)).splitlines()
    assert title == f"v1.2 {SAMPLES // SHARDS}"
    listed = [tuple(line.split()[start : start + 4]) for line in lines for start in range(0, len(line.split()), 4)]
    with tarfile.open(path) as tar:
        expected = [
            (member.name.partition(".")[2], str(member.offset_data), str(member.size), member.name)
            for member in tar.getmembers()
        ]
    assert listed == expected


def code_blocks(card: str) -> dict[str, str]:
    """The card's programs, by the title of their section."""
    return dict(re.findall(r"### ([^\n]+)\n\n```python\n(.*?)```", card, re.DOTALL))


NEEDS = {
    "torchvision": "torchvision",
    "PyTorch, with ipmix's own reader": "torch",
    "webdataset": "webdataset",
    "MosaicML's StreamingDataset": "streaming",
    "pyarrow alone": "pyarrow",
}


@pytest.mark.parametrize("form", [*FORMS, *MIXED])
@pytest.mark.filterwarnings("ignore")
def test_the_programs_in_the_card_run(
    dataset: Callable[[str], Path], form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dataset(form)
    programs = code_blocks((folder / "README.md").read_text())
    assert len(programs) >= 2
    monkeypatch.chdir(folder)
    for title, code in programs.items():
        try:
            client = importlib.import_module(NEEDS.get(title, "datasets" if "Hugging" in title else "h5py"))
        except ImportError:
            continue
        if client.__name__ == "datasets":
            monkeypatch.setattr(client.config, "HF_DATASETS_CACHE", tmp_path)
        quick = code.replace("range(90)", "range(1)").replace("workers=4", "workers=0")
        exec(compile(quick.replace("THIS_FOLDER", str(folder)), title, "exec"), {})


def test_gnu_tar_and_sha256sum_agree(dataset: Callable[[str], Path]) -> None:
    listed = subprocess.run(["tar", "-tvf", tars(dataset("grouped"))[0]], capture_output=True, text=True, check=True)
    assert listed.stderr == ""
    assert len(listed.stdout.splitlines()) == SAMPLES // SHARDS * (COPIES + 3)
    folder = dataset("files")
    for path in sorted(folder.glob(".ipmix/files/*.sha256")):
        subprocess.run(["sha256sum", "--check", "--quiet", "--strict", str(path)], cwd=folder, check=True)


def test_the_json_has_one_schema(dataset: Callable[[str], Path]) -> None:
    schemas = set()
    for path in tars(dataset("grouped")):
        with tarfile.open(path) as tar:
            for member in tar.getmembers():
                file = tar.extractfile(member)
                if member.name.endswith(".json") and file is not None:
                    values = json.loads(file.read())
                    schemas.add(tuple((name, type(value)) for name, value in values.items()))
    assert len(schemas) == 1
    assert {kind for _, kind in schemas.pop()} <= {int, str}
