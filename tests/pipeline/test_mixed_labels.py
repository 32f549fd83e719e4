"""Methods that mix labels: second samples from the whole source, stored labels, and what notices wrong ones."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tarfile

import h5py
import numpy as np
import pytest

from ipmix_cli import Checks, Execution, Request, ShardSettings, SourceSpec, augment, open_dataset, validate
from ipmix_cli.crop import CropConfig
from ipmix_cli.errors import UsageError
from ipmix_cli.shards.writers import WRITERS

METHODS = ("mixup", "cutmix")


def request_of(method: str, **output: object) -> Request:
    return Request(
        source=SourceSpec(input="demo"),
        method=method,
        output=ShardSettings(**{"copies": 3, "encoding": "auto", **output}),
        limit=24,
        samples_per_shard=4,
    )


def numbers_of(folder) -> dict[str, np.ndarray]:
    """Read all shards with h5py alone."""
    columns: dict[str, list[np.ndarray]] = {}
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            for name in ("clean", "aug", "label", "second_label", "label_weight"):
                columns.setdefault(name, []).append(file[name][:])
    return {name: np.concatenate(parts) for name, parts in columns.items()}


@pytest.fixture(scope="module", params=METHODS)
def made(request, tmp_path_factory):
    out = tmp_path_factory.mktemp(request.param)
    augment(request_of(request.param), str(out))
    return request.param, out


def test_pixels_and_labels_follow_from_second_samples_of_the_whole_source(made):
    """An obvious program looks for the second sample among all clean pictures."""
    method, out = made
    found = numbers_of(out)
    far = 0
    for index, (clean, copies) in enumerate(zip(found["clean"], found["aug"], strict=True)):
        for copy, second, weight in zip(
            copies, found["second_label"][index], found["label_weight"][index], strict=True
        ):
            if weight == 1.0:
                assert (copy == clean).all()
                assert second == found["label"][index]
                continue
            candidates = np.flatnonzero(found["label"] == second)
            if method == "mixup":
                guesses = weight * clean + (1 - weight) * found["clean"][candidates].astype(float)
                errors = np.abs(guesses - copy).max(axis=(1, 2, 3))
                assert errors.min() <= 1.0
            else:
                other = (found["clean"][candidates] == copy).all(axis=-1)
                own = (copy == clean).all(axis=-1)
                errors = (~(own | other)).sum(axis=(1, 2))
                assert errors.min() == 0
            far += abs(int(candidates[errors.argmin()]) // 4 - index // 4) > 0
    assert far > 5


def test_the_bytes_do_not_depend_on_workers_or_on_shards_made_before(made, tmp_path, digests):
    method, out = made
    augment(request_of(method), str(tmp_path / "two"), Execution(jobs=2))
    for index in range(2):
        augment(request_of(method), str(tmp_path / "tasks"), Execution(task_index=index, task_count=2))
    assert digests(tmp_path / "two") == digests(tmp_path / "tasks") == digests(out)


def test_it_is_replayed_to_the_byte(made):
    report = validate(open_dataset(made[1]), Checks(level="full", replay="100%", source=SourceSpec(input="demo")))
    assert report.passed
    assert report.replayed == 72


def test_a_wrong_weight_is_noticed(made, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(made[1], out)
    with h5py.File(out / "train-000001.h5", "r+") as file:
        file["label_weight"][1, 1] += 0.125
    codes = {problem.code for problem in validate(open_dataset(out), Checks()).problems}
    assert {"shard-damaged", "sample-damaged", "plan-mismatch"} <= codes


@pytest.mark.parametrize(
    "form",
    [
        {"format": "webdataset", "layout": "grouped"},
        {"format": "webdataset", "layout": "flat"},
        {"format": "parquet"},
        {"format": "mds"},
    ],
    ids=["grouped", "flat", "parquet", "mds"],
)
def test_every_format_holds_the_same_labels(form, tmp_path):
    plain, other = tmp_path / "h5", tmp_path / "other"
    augment(request_of("cutmix"), str(plain))
    augment(request_of("cutmix", **form), str(other))
    dataset = open_dataset(other)
    assert validate(dataset, Checks(level="full")).passed
    with dataset.view(dataset.manifest.shards[1]) as view:
        labels = [[list(pair) for pair in sample.mixed] for sample in view]
    found = numbers_of(plain)
    pairs = np.stack([found["second_label"], found["label_weight"]], axis=-1)
    assert np.array_equal(pairs[4:8], np.array(labels))


@pytest.mark.parametrize("change", [{"format": "files"}, {"format": "cifar"}])
def test_what_cannot_hold_mixed_labels_is_refused(change, tmp_path):
    with pytest.raises(UsageError):
        augment(request_of("mixup", **change), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_other_readers_find_mixed_labels_in_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    plain, out = tmp_path / "h5", tmp_path / "out"
    augment(request_of("mixup"), str(plain))
    augment(request_of("mixup", format="parquet"), str(out))
    tables = [parquet.read_table(path) for path in sorted(out.glob("*.parquet"))]
    found = numbers_of(plain)
    for name in ("second_label", "label_weight"):
        assert [row for table in tables for row in table[name].to_pylist()] == found[name].tolist()


def test_a_second_sample_that_cannot_be_read_costs_the_samples_that_need_it(tmp_path):
    from PIL import Image

    source, chance = tmp_path / "in", np.random.default_rng(0)
    for name in ("a", "b"):
        (source / name).mkdir(parents=True)
        for number in range(6):
            Image.fromarray(chance.integers(0, 256, (32, 32, 3), np.uint8)).save(source / name / f"{number}.png")
    (source / "b" / "3.png").write_bytes(b"no picture")
    request = dataclasses.replace(
        request_of("mixup"),
        source=SourceSpec(input=str(source)),
        crop=CropConfig(mode="center", size=16),
        limit=None,
    )
    made = augment(request, str(tmp_path / "out"), Execution(max_errors="12"))
    failed = [json.loads(line) for line in (tmp_path / "out" / "errors.jsonl").read_text().splitlines()]
    assert {line["source_index"] for line in failed if "second sample, picture 9" in line["reason"]}
    assert made.manifest.samples == 12 - len(failed)
    assert validate(open_dataset(tmp_path / "out"), Checks(replay="100%")).passed


@pytest.mark.parametrize("view", ["random", "all", "clean", "triplet"])
def test_readers_give_the_weights_of_the_classes(made, view):
    from ipmix_cli import ShardDataset

    found, data = numbers_of(made[1]), ShardDataset(made[1], view=view)
    for index in (0, 7, 23):
        pictures, weights = data[index]
        assert weights.dtype == np.float32
        assert np.allclose(weights.sum(axis=-1), 1)
        pictures, weights = (np.atleast_3d(a) if a.ndim == 4 else a[None] for a in (pictures, np.atleast_2d(weights)))
        own = found["label"][index]
        for picture, row in zip(pictures.reshape(-1, *found["clean"].shape[1:]), weights.reshape(-1, 10), strict=True):
            expected = np.zeros(10)
            places = np.flatnonzero((found["aug"][index] == picture).all(axis=(1, 2, 3)))
            weight, second = 1.0, own
            if len(places):
                weight, second = found["label_weight"][index][places[0]], found["second_label"][index][places[0]]
            expected[own] += weight
            expected[second] += 1 - weight
            assert np.allclose(row, expected)


@pytest.fixture(
    scope="module",
    params=[
        ("hdf5", "grouped"),
        ("webdataset", "grouped"),
        ("webdataset", "flat"),
        ("parquet", "grouped"),
        ("mds", "grouped"),
    ],
    ids=str,
)
def soft(request, tmp_path_factory):
    """Data sets with the weights of all classes."""
    out = tmp_path_factory.mktemp("soft")
    kind, layout = request.param
    asked = request_of("cutmix", format=kind, layout=layout)
    augment(dataclasses.replace(asked, changes={"soft_labels": True}), str(out))
    return kind, out


def stored_weights(kind, out) -> np.ndarray:
    """The weights of all classes of all samples, (N, K, C), read without ipmix."""
    if kind == "hdf5":
        return np.concatenate([h5py.File(path)["soft_label"][:] for path in sorted(out.glob("*.h5"))])
    rows = {}
    for path in sorted(out.glob("*.parquet")):
        table = pytest.importorskip("pyarrow.parquet").read_table(path, columns=["index", "soft_label"])
        rows |= dict(zip(table["index"].to_pylist(), table["soft_label"].to_pylist(), strict=True))
    for path in sorted(out.glob("*.mds")):
        rows |= mds_rows(path.read_bytes())
    for path in sorted(out.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar.getmembers():
                if member.name.endswith(".json"):
                    facts = json.load(tar.extractfile(member))
                    rows[facts["index"]] = facts["soft_labels"]
    return np.array([rows[index] for index in sorted(rows)], np.float32)


def mds_rows(data: bytes) -> dict[int, np.ndarray]:
    """The soft labels of an MDS shard by the samples' indices, as its description says where they are."""
    count = int.from_bytes(data[:4], "little")
    offsets = np.frombuffer(data[4 : 8 + 4 * count], "<u4")
    about = json.loads(data[8 + 4 * count : offsets[0]])
    rows = {}
    for start in offsets[:-1].tolist():
        varying = about["column_sizes"].count(None)
        lengths = iter(np.frombuffer(data[start : start + 4 * varying], "<u4").tolist())
        place, found = start + 4 * varying, {}
        for name, size in zip(about["column_names"], about["column_sizes"], strict=True):
            length = next(lengths) if size is None else size
            found[name] = data[place : place + length]
            place += length
        kind, shape = about["column_encodings"][about["column_names"].index("soft_label")].split(":")[1:]
        index = int.from_bytes(found["index"], "little")
        rows[index] = np.frombuffer(found["soft_label"], kind).reshape(*map(int, shape.split(",")))
    return rows


def test_soft_labels_are_the_two_labels_with_their_weights(soft, made):
    kind, out = soft
    weights = stored_weights(kind, out)
    assert weights.shape == (24, 3, 10)
    assert weights.dtype == np.float32
    assert np.allclose(weights.sum(axis=-1), 1)
    if made[0] == "cutmix":  # the same job without them
        found = numbers_of(made[1])
        wanted = np.zeros_like(weights)
        for n, k in np.ndindex(24, 3):
            wanted[n, k, found["label"][n]] += found["label_weight"][n, k]
            wanted[n, k, found["second_label"][n, k]] += 1 - found["label_weight"][n, k]
        assert np.abs(wanted - weights).max() < 1e-6


def test_readers_return_soft_labels_and_cards_declare_them(soft):
    from ipmix_cli import ShardDataset

    kind, out = soft
    _, weights = ShardDataset(out, view="all")[5]
    assert np.array_equal(weights, stored_weights(kind, out)[5])
    if kind != "mds":  # which describes its columns itself
        name = "soft_labels" if kind == "webdataset" else "soft_label"
        assert f"name: {name}\n" in (out / "README.md").read_text()
    assert validate(open_dataset(out), Checks(level="full", replay="100%", source=SourceSpec(input="demo"))).passed


def test_a_wrong_soft_label_is_noticed(soft, tmp_path):
    kind, out = soft
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    if kind == "hdf5":
        with h5py.File(copy / "train-000001.h5", "r+") as file:
            file["soft_label"][2, 1, 3] += 0.25
    elif kind == "webdataset":
        path = copy / "train-000001.tar"
        data = path.read_bytes()
        at = data.index(b'"soft_labels": [[') + len('"soft_labels": [[')
        path.write_bytes(data[:at] + (b"1" if data[at : at + 1] == b"0" else b"0") + data[at + 1 :])
    else:
        (path,) = copy.glob("*00001*.[mp][da]*")
        first = stored_weights(kind, out)[4].astype("<f4").tobytes()
        assert path.read_bytes().count(first) == 1
        path.write_bytes(path.read_bytes().replace(first, np.roll(np.frombuffer(first, "<f4"), 1).tobytes()))
    codes = {problem.code for problem in validate(open_dataset(copy), Checks()).problems}
    assert {"shard-damaged", "sample-damaged"} <= codes


def test_formats_without_a_column_for_them_refuse_soft_labels(tmp_path, monkeypatch):
    monkeypatch.setitem(WRITERS, "parquet", dataclasses.replace(WRITERS["parquet"], soft_labels=False))
    asked = dataclasses.replace(request_of("mixup", format="parquet", encoding="png"), changes={"soft_labels": True})
    with pytest.raises(UsageError, match="soft-labels") as caught:
        augment(asked, str(tmp_path / "out"))
    assert "webdataset" in caught.value.remedy


def test_hugging_face_reads_soft_labels_of_parquet_with_and_without_the_card(tmp_path):
    datasets = pytest.importorskip("datasets")
    out = tmp_path / "out"
    augment(dataclasses.replace(request_of("cutmix", format="parquet"), changes={"soft_labels": True}), str(out))
    wanted = stored_weights("parquet", out)
    files = [str(path) for path in sorted(out.glob("*.parquet"))]
    for place, more in ((str(out), {}), ("parquet", {"data_files": files})):
        found = datasets.load_dataset(place, split="train", cache_dir=str(tmp_path / "cache"), **more)
        assert np.array_equal(np.array(found["soft_label"][:], np.float32), wanted)
        assert found.features["label"].num_classes == 10


def test_its_clean_pictures_are_evaluated_with_their_classes(made):
    from ipmix_cli.scoring.evaluation.pictures import open_data

    _, out = made
    (clean,) = open_data(SourceSpec(input=str(out)))
    _, labels = clean.reader.piece(0, 3, 9).read()
    assert labels == numbers_of(out)["label"][3:9].tolist()
