"""Labels of every kind and kept fields: from the source to the shards, to readers of others, and back."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from ipmix_cli import Execution, Request, ShardSettings, SourceSpec, augment
from ipmix_cli.cli.info import dataset_words
from ipmix_cli.errors import IpmixError, SourceError, UsageError
from ipmix_cli.pipeline.inspect.info import info
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.verify.repair import repair
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.reader import ShardDataset
from ipmix_cli.reader.batch import collate
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.sources.readers import open_source

COUNT = 18
GENERATOR = np.random.default_rng(8)
PICTURES = GENERATOR.integers(0, 256, (COUNT, 8, 8, 3), np.uint8)
HOT = (GENERATOR.random((COUNT, 4)) < 0.4).astype(np.uint8)
REAL = GENERATOR.normal(size=(COUNT, 3))
TEXTS = [f"picture № {number}, two\nlines" for number in range(COUNT)]
LABELS: dict[str, Any] = {"multilabel": HOT, "real": REAL, "text": np.array(TEXTS), "none": None}
FORMATS = ("hdf5", "webdataset", "parquet", "mds")


def made(
    folder: Path, out: str, output_format: str = "hdf5", method: str = "ipmix", still: bool = False, **spec: Any
) -> str:
    output = ShardSettings(format=output_format, encoding="auto", copies=2)
    fractals = "builtin" if method == "mixup" else mixing(folder)
    changes = {"operations": ("posterize", "solarize")} if still else {}
    request = Request(source=SourceSpec(**spec), method=method, fractals=fractals, output=output, changes=changes)
    augment(request, str(folder / out), Execution())
    return str(folder / out)


def mixing(folder: Path) -> str:
    """Write a few mixing pictures."""
    place = folder / "mixing"
    place.mkdir(exist_ok=True)
    for number, picture in enumerate(PICTURES[:3]):
        Image.fromarray(np.repeat(np.repeat(picture, 4, 0), 4, 1)).save(place / f"{number}.png")
    return str(place)


def npz(folder: Path, kind: str) -> dict[str, Any]:
    """Write pictures with labels of a kind; return what the spec says of them."""
    path = folder / "source.npz"
    labels = {} if kind == "none" else {"labels": LABELS[kind]}
    np.savez(path, images=PICTURES, ids=np.arange(COUNT) * 7, names=np.array(TEXTS), **labels)
    return {"input": str(path), **({"unlabelled": True} if kind == "none" else {"labels_as": kind})}


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_a_kind_are_stored_read_and_compared_with_the_source(
    tmp_path: Path, kind: str, output_format: str
) -> None:
    spec = npz(tmp_path, kind)
    out = made(tmp_path, "out", output_format, keep=("ids", "names"), **spec)
    data = ShardDataset(out, view="all", return_fields=True)
    *_, fields = data[5]
    assert fields == {"ids": 35, "names": TEXTS[5]}
    labels = [sample[1] for sample in data] if kind != "none" else []
    if kind == "text":
        assert labels == TEXTS
    elif kind != "none":
        assert np.array_equal(np.stack(labels), LABELS[kind].astype(np.float32))
    assert len(data[0]) == (2 if kind == "none" else 3)
    checks = Checks(level="full", source=SourceSpec(keep=("ids", "names"), **spec), replay="100%")
    assert validate(open_dataset(out), checks).problems == []
    assert validate(open_dataset(out), Checks(source=SourceSpec(keep=("ids", "names"), **spec))).compared == COUNT


@pytest.mark.parametrize("output_format", ["hdf5", "webdataset", "parquet"])
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.filterwarnings("ignore")
def test_the_code_to_read_a_kind_runs_and_info_names_it(
    tmp_path: Path, kind: str, output_format: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("torch", "webdataset", "pyarrow"):
        pytest.importorskip(name)
    out = made(tmp_path, "out", output_format, **npz(tmp_path, kind))
    found = info(out)
    assert {"multilabel": "several classes", "real": "real numbers, 3 a picture", "text": "text", "none": "no labels"}[
        kind
    ] in dataset_words(found)
    monkeypatch.chdir(tmp_path)
    for title, code in found.reading.items():
        if "Hugging" not in title:
            quick = code.replace("range(90)", "range(1)").replace("workers=4", "workers=0")
            exec(compile(quick, title, "exec"), {})
    assert "int64" not in found.reading["PyTorch, with ipmix's own reader"]


def test_other_labels_or_fields_in_the_source_are_noticed(tmp_path: Path) -> None:
    spec = npz(tmp_path, "real")
    out = made(tmp_path, "out", keep=("ids",), **spec)
    changed = tmp_path / "changed.npz"
    np.savez(changed, images=PICTURES, ids=np.arange(COUNT), labels=REAL + 1e-12)
    other = SourceSpec(input=str(changed), labels_as="real", keep=("ids",))
    found = [problem.message for problem in validate(open_dataset(out), Checks(source=other)).problems]
    assert any("label" in message for message in found)
    assert any("kept fields" in message for message in found)


def test_hdf5_holds_each_kind_as_arrays(tmp_path: Path) -> None:
    found = {}
    for kind in LABELS:
        out = made(tmp_path, kind, **npz(tmp_path, kind))
        with h5py.File(sorted(Path(out).glob("*.h5"))[0]) as shard:
            found[kind] = (
                None if "label" not in shard else shard["label"].asstr()[0] if kind == "text" else shard["label"][0]
            )
    assert found["none"] is None
    assert found["text"] == TEXTS[0]
    assert found["multilabel"].dtype == np.uint8
    assert found["real"].tolist() == REAL[0].tolist()


def test_tars_hold_captions_as_txt_and_other_labels_in_their_json(tmp_path: Path) -> None:
    names, facts = {}, {}
    for kind in LABELS:
        out = made(tmp_path, kind, "webdataset", **npz(tmp_path, kind))
        with tarfile.open(sorted(Path(out).glob("*.tar"))[0]) as tar:
            names[kind] = {name.partition(".")[2] for name in tar.getnames()}
            facts[kind] = json.load(tar.extractfile("00000000.json"))  # type: ignore[arg-type]
            if kind == "text":
                assert tar.extractfile("00000000.txt").read().decode() == TEXTS[0]  # type: ignore[union-attr]
    assert all("cls" not in found for found in names.values())
    assert facts["multilabel"]["label"] == HOT[0].tolist()
    assert facts["real"]["label"] == REAL[0].tolist()
    assert "label" not in facts["none"]


def test_parquet_holds_each_kind_as_other_readers_expect_it(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = {}
    for kind in LABELS:
        out = made(tmp_path, kind, "parquet", keep=("ids", "names"), **npz(tmp_path, kind))
        table = parquet.read_table([str(path) for path in sorted(Path(out).glob("*.parquet"))])
        assert table.column("ids")[1].as_py() == 7
        assert table.column("names")[1].as_py() == TEXTS[1]
        found[kind] = table.column("label")[1].as_py() if "label" in table.column_names else None
    assert found == {"multilabel": HOT[1].tolist(), "real": REAL[1].tolist(), "text": TEXTS[1], "none": None}


def test_hugging_face_reads_each_kind_of_parquet_with_the_card_and_without(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    for kind in LABELS:
        out = made(tmp_path, kind, "parquet", keep=("ids",), **npz(tmp_path, kind))
        data = datasets.load_dataset(out, split="train", cache_dir=str(tmp_path / "cache"))
        assert data[2]["ids"] == 14
        if kind != "none":
            expected = LABELS[kind][2] if kind == "text" else LABELS[kind][2].tolist()
            assert data[2]["label"] == expected


def test_mds_holds_each_kind_as_streaming_reads_it(tmp_path: Path) -> None:
    streaming = pytest.importorskip("streaming")
    for kind in LABELS:
        out = made(tmp_path, kind, "mds", keep=("ids", "names"), **npz(tmp_path, kind))
        sample = streaming.StreamingDataset(local=out, batch_size=1)[2]
        assert (sample["ids"], sample["names"]) == (14, TEXTS[2])
        if kind != "none":
            assert np.array_equal(sample["label"], LABELS[kind][2])


def test_arrays_of_several_dimensions_are_refused_where_there_are_only_lists(tmp_path: Path) -> None:
    path = tmp_path / "masks.npz"
    np.savez(path, images=PICTURES, labels=np.arange(COUNT) % 2, m=np.zeros((COUNT, 4, 4), np.uint8))
    asked = {"input": str(path), "keep": ("m",)}
    with pytest.raises(UsageError, match="'m' has 2 dimensions"):
        made(tmp_path, "out", "parquet", still=True, **asked)
    data = ShardDataset(made(tmp_path, "mds", "mds", still=True, **asked), return_fields=True)
    assert data[0][-1]["m"].shape == (4, 4)


def test_a_damaged_shard_is_repaired_to_the_same_bytes(tmp_path: Path) -> None:
    out = Path(made(tmp_path, "out", "webdataset", keep=("ids",), **npz(tmp_path, "multilabel")))
    shard = sorted(out.glob("*.tar"))[2]
    content = shard.read_bytes()
    shard.write_bytes(content.replace(b'"label": [', b'"label": [ ', 1)[: len(content)])
    assert validate(open_dataset(out)).problems
    repair(open_dataset(out))
    assert shard.read_bytes() == content


def test_rendered_copies_have_the_labels_of_stored_ones(tmp_path: Path) -> None:
    spec = npz(tmp_path, "real")
    output = ShardSettings(encoding="auto", copies=2, store="plans")
    request = Request(source=SourceSpec(**spec), fractals=mixing(tmp_path), output=output)
    augment(request, str(tmp_path / "plans"), Execution())
    stored = ShardDataset(made(tmp_path, "stored", **spec), view="all")
    for one, other in zip(ShardDataset(tmp_path / "plans", view="all"), stored, strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])


def test_a_loader_stacks_every_kind(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    shapes = {}
    for kind in LABELS:
        data = ShardDataset(made(tmp_path, kind, keep=("ids",), **npz(tmp_path, kind)), return_fields=True)
        batch = next(iter(torch.utils.data.DataLoader(data, batch_size=4, collate_fn=collate)))
        assert batch[-1]["ids"].tolist() == [0, 7, 14, 21]
        shapes[kind] = batch[1] if kind == "text" else tuple(batch[1].shape) if kind != "none" else len(batch)
    assert shapes == {"multilabel": (4, 4), "real": (4, 3), "text": TEXTS[:4], "none": 2}


def test_labels_that_are_no_classes_are_not_mixed(tmp_path: Path) -> None:
    for kind, words in {"multilabel": "several classes", "real": "real numbers", "none": "no labels"}.items():
        with pytest.raises(UsageError, match=words):
            made(tmp_path, "out", method="mixup", **npz(tmp_path, kind))


@pytest.mark.parametrize("output_format", sorted(WRITERS.keys() - set(FORMATS)))
@pytest.mark.parametrize("kind", [*LABELS, "kept fields"])
def test_other_formats_take_classes_alone(tmp_path: Path, kind: str, output_format: str) -> None:
    """Nothing of a label is lost without a word: the job is refused before its folder is made."""
    path = tmp_path / "source.npz"
    labels = {} if kind == "none" else {"labels": LABELS.get(kind, np.arange(COUNT) % 2)}
    np.savez(path, images=np.zeros((COUNT, 32, 32, 3), np.uint8), ids=np.arange(COUNT), **labels)
    asked: dict[str, Any] = {"none": {"unlabelled": True}, "kept fields": {"keep": ("ids",)}}
    with pytest.raises(UsageError, match="one class a picture, and this source has") as refused:
        made(tmp_path, "out", output_format, input=str(path), **asked.get(kind, {"labels_as": kind}))
    assert refused.value.remedy in ("give --format hdf5 or webdataset or parquet or mds", "give --layout shards")
    assert not (tmp_path / "out").exists()


def test_places_in_pictures_are_kept_only_where_no_pixel_moves(tmp_path: Path) -> None:
    path = tmp_path / "boxes.npz"
    masks = GENERATOR.integers(0, 2, (COUNT, 8, 8), np.uint8)
    np.savez(path, images=PICTURES, labels=np.arange(COUNT) % 2, bbox=REAL, m=masks)
    for field in ("bbox", "m"):
        with pytest.raises(UsageError, match="shear_x"):
            made(tmp_path, "out", input=str(path), keep=(field,))
    request = Request(
        source=SourceSpec(input=str(path), keep=("bbox", "m")),
        fractals=mixing(tmp_path),
        changes={"operations": ("posterize", "solarize")},
        output=ShardSettings(encoding="auto", copies=1),
    )
    augment(request, str(tmp_path / "still"), Execution())
    fields = ShardDataset(tmp_path / "still", return_fields=True)[3][-1]
    assert np.array_equal(fields["m"], masks[3])
    assert np.array_equal(fields["bbox"], REAL[3])


def files(folder: Path) -> list[str]:
    names = [f"{number}.png" for number in range(6)]
    for name, picture in zip(names, PICTURES, strict=False):
        Image.fromarray(picture).save(folder / name)
    return names


def csv_of(folder: Path, header: list[str], rows: list[list[Any]]) -> str:
    files(folder)
    with (folder / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(folder / "list.csv")


def labels_of(path: str, **spec: Any) -> tuple[list[Any], tuple[str, ...]]:
    source = open_source(SourceSpec(input=path, **spec))
    return [sample.label for sample in source.part(0, len(source)).samples(_clock())], source.class_names  # type: ignore[union-attr]


def _clock() -> Any:
    from ipmix_cli.stages import StageClock

    return StageClock()


CELLS = {
    "names with a bar": (["a|b", "b", "a", "c", "b|c", "c"], {}),
    "JSON of names": (['["a", "b"]', '["b"]', '["a"]', '["c"]', '["b", "c"]', '["c"]'], {}),
    "numbers": (["[0, 1]", "[1]", "[0]", "[2]", "[1, 2]", "[2]"], {}),
    "0 and 1": (["[1, 1, 0]", "[0, 1, 0]", "[1, 0, 0]", "[0, 0, 1]", "[0, 1, 1]", "[0, 0, 1]"], {}),
    "a separator": (["a b", "b", "a", "c", "b c", "c"], {"labels_separator": " "}),
}
SETS = [(1, 1, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1), (0, 1, 1), (0, 0, 1)]


@pytest.mark.parametrize("form", CELLS)
def test_several_labels_in_a_cell_mean_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    cells, options = CELLS[form]
    path = csv_of(tmp_path, ["path", "label"], [[f"{n}.png", cell] for n, cell in enumerate(cells)])
    assert labels_of(path, labels_as="multilabel", **options)[0] == SETS


def test_columns_of_0_and_1_are_classes_of_their_names(tmp_path: Path) -> None:
    path = csv_of(tmp_path, ["path", "x", "y", "z"], [[f"{n}.png", *row] for n, row in enumerate(SETS)])
    found = labels_of(path, labels_as="multilabel", labels_key="x,y,z")
    assert found == (SETS, ("x", "y", "z"))
    real = labels_of(path, labels_as="real", labels_key="x,z")[0]
    assert real[0] == (1.0, 0.0)
    with pytest.raises(SourceError):
        labels_of(path, labels_key="x,y,z")


@pytest.mark.parametrize(
    ("cells", "options", "words"),
    [
        (["a b", "b", "a", "c", "b", "c"], {"labels_as": "multilabel"}, "one label or several"),
        (
            ["[0, 1]", "[1, 0]", "[0, 1]", "[1, 0]", "[1, 0]", "[1, 0]"],
            {"labels_as": "multilabel"},
            "two class numbers",
        ),
        (["[1, 1]", "[5]", "[0]", "[2]", "[1, 2]", "[2]"], {"labels_as": "multilabel"}, "one label twice"),
        (["0.5", "1.5", "nan", "1", "2", "3"], {"labels_as": "real"}, "is no number"),
        (["[1, 2]", "[1]", "[1, 2]", "1", "2", "3"], {"labels_as": "real"}, "numbers, rows before it"),
        (["a", "", "c", "d", "e", "f"], {"labels_as": "text"}, "is no text"),
        (["0.5", "1.5", "2", "1", "2", "3"], {}, "not a whole number"),
        (["[0.1, 0.9]"] * 6, {}, "neither a number nor a one-hot row"),
        (["a"] * 6, {"labels_separator": "|"}, "--labels-separator is for several labels"),
        (["a"] * 6, {"unlabelled": True, "labels_key": "label"}, "--unlabelled reads no labels"),
        (["a"] * 6, {"keep": ("missing",)}, "the field missing"),
        (["a"] * 6, {"keep": ("key",)}, "no field can be kept under the name"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(
    tmp_path: Path, cells: list[str], options: dict[str, Any], words: str
) -> None:
    rows = [[f"{n}.png", cell, n] for n, cell in enumerate(cells)]
    path = csv_of(tmp_path, ["path", "label", "key"], rows)
    with pytest.raises(IpmixError, match=words):
        labels_of(path, **options)


def test_fields_of_json_lines_keep_their_types(tmp_path: Path) -> None:
    names = files(tmp_path)
    rows = [
        {"path": name, "label": 0, "n": number, "f": number / 2, "t": "é", "tags": ["x"] * number}
        for number, name in enumerate(names)
    ]
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    out = made(tmp_path, "out", "webdataset", input=str(tmp_path / "list.jsonl"), keep=("n", "f", "t", "tags"))
    fields = ShardDataset(out, return_fields=True)[3][-1]
    assert fields == {"n": 3, "f": 1.5, "t": "é", "tags": ["x"] * 3}
    assert validate(open_dataset(out), Checks(level="full")).problems == []


def test_a_folder_of_pictures_alone_is_a_source_without_labels(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    files(folder)
    files(folder / "below")
    source = open_source(SourceSpec(input=str(folder), unlabelled=True))
    assert len(source) == 12
    assert source.class_names == ()
    assert len(open_source(SourceSpec(input=str(folder)))) == 6


def test_a_tar_of_pictures_and_captions(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "train.tar", "w") as tar:
        for number, picture in enumerate(PICTURES[:4]):
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "png")
            about = json.dumps({"url": f"u{number}"}).encode()
            for extension, content in (("png", buffer.getvalue()), ("txt", TEXTS[number].encode()), ("json", about)):
                member = tarfile.TarInfo(f"{number:04d}.{extension}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    spec = {"labels_key": "txt", "labels_as": "text", "keep": ("url",)}
    source = open_source(SourceSpec(input=str(tmp_path / "train.tar"), **spec))  # type: ignore[arg-type]
    samples = list(source.part(0, 4).samples(_clock()))
    assert [sample.label for sample in samples] == TEXTS[:4]  # type: ignore[union-attr]
    assert samples[2].fields == ("u2",)  # type: ignore[union-attr]
    bare = open_source(SourceSpec(input=str(tmp_path / "train.tar"), unlabelled=True))
    assert bare.annotations.labels == "none"


def test_columns_of_parquet_with_lists_of_classes(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    encoded = []
    for picture in PICTURES[:6]:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "png")
        encoded.append(buffer.getvalue())
    features = {"labels": {"feature": {"names": ["a", "b", "c"], "_type": "ClassLabel"}, "_type": "Sequence"}}
    table = arrow.table(
        {"image": encoded, "labels": [[0, 1], [1], [0], [2], [1, 2], [2]], "caption": TEXTS[:6], "n": range(6)}
    ).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(table, tmp_path / "train.parquet")
    path = str(tmp_path / "train.parquet")
    assert labels_of(path, labels_as="multilabel") == (SETS, ("a", "b", "c"))
    assert labels_of(path, labels_as="text", labels_key="caption")[0] == TEXTS[:6]
    kept = open_source(SourceSpec(input=path, unlabelled=True, keep=("n", "caption")))
    assert [field.dtype for field in kept.annotations.fields] == ["int64", "string"]


def test_a_source_of_classes_alone_refuses_other_kinds(tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "cat"
    folder.mkdir(parents=True)
    files(folder)
    for options in ({"labels_as": "real"}, {"keep": ("id",)}):
        with pytest.raises(UsageError):
            open_source(SourceSpec(input=str(folder.parent), **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", LABELS)
def test_a_finished_data_set_of_labels_that_are_no_classes_is_not_evaluated(kind: str, tmp_path: Path) -> None:
    from ipmix_cli.scoring.evaluation.pictures import open_data

    out = made(tmp_path, "out", **npz(tmp_path, kind))
    with pytest.raises(SourceError, match=out) as caught:
        open_data(SourceSpec(input=out))
    assert caught.value.remedy == "evaluate pictures of one class each"
