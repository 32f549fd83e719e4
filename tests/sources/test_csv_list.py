"""Lists of paths and labels: CSV and JSON-lines, with or without a header, and never a path outside."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ipmix_cli.errors import SourceError

TABLE = {"comma": ",", "semicolon": ";", "tab": "\t"}


@pytest.fixture
def folder(tmp_path, pictures, png):
    """Hold the noise pictures as files with odd names."""
    for number, picture in enumerate(pictures[0]):
        path = tmp_path / "pics" / f"ü {number} [x].png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(picture))
    return tmp_path


def rows(pictures):
    return [(f"pics/ü {number} [x].png", label) for number, label in enumerate(pictures[1].tolist())]


@pytest.mark.parametrize("separator", TABLE)
@pytest.mark.parametrize("header", [None, ("path", "label"), ("ID", "Filename", "Label")])
def test_a_csv_is_read(separator, header, folder, pictures, opened, read):
    wide = header is not None and len(header) == 3
    lines = [(number, *row) if wide else row for number, row in enumerate(rows(pictures))]
    text = "".join(TABLE[separator].join(map(str, line)) + "\n" for line in ([header] if header else []) + lines)
    (folder / "list.csv").write_text(text, "utf-8")
    samples = read(opened(folder / "list.csv"))
    assert [sample.label for sample in samples] == pictures[1].tolist()
    assert np.array_equal(np.stack([sample.picture for sample in samples]), pictures[0])
    assert samples[3].key == "pics/ü 3 [x].png"


def test_quotes_a_byte_order_mark_and_windows_line_ends_are_understood(folder, opened):
    (folder / "list.csv").write_bytes('\ufeffpath,label\r\n"pics/a, b.png",1\r\n\r\n"pics/ü 1 [x].png",0\r\n'.encode())
    part = opened(folder / "list.csv").part(0, 2)
    assert list(part.names) == ["pics/a, b.png", "pics/ü 1 [x].png"]


def test_json_lines_are_read(folder, pictures, opened, read):
    lines = [json.dumps({"file_name": name, "label": label, "more": [1]}) for name, label in rows(pictures)]
    (folder / "list.jsonl").write_text("\n".join(lines) + "\n\n")
    samples = read(opened(folder / "list.jsonl"))
    assert [sample.label for sample in samples] == pictures[1].tolist()


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_named_column_of_texts_makes_the_classes(kind, folder, opened):
    pairs = [("pics/a.png", "dog"), ("pics/b.png", "cat"), ("pics/c.png", "dog")]
    if kind == "csv":
        text = "where,animal\n" + "".join(f"{name},{label}\n" for name, label in pairs)
    else:
        text = "".join(json.dumps({"where": name, "animal": label}) + "\n" for name, label in pairs)
    (folder / "pics" / "a.png").touch()
    (folder / f"list.{kind}").write_text(text)
    source = opened(folder / f"list.{kind}", images_key="where", labels_key="animal")
    assert source.class_names == ("cat", "dog")
    assert source.part(0, 3).labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "label", ["nan", "NaN", "-1", "1.5", "inf", "cat", "", "1e3", "٣", "None", "99999999999", "0x1"]
)
@pytest.mark.parametrize("named", [False, True])
def test_labels_that_are_no_whole_numbers_are_refused_with_their_line(label, named, folder, opened):
    (folder / "list.csv").write_text(f"path,label\npics/a.png,0\npics/b.png,{label}\n")
    with pytest.raises(SourceError) as caught:
        opened(folder / "list.csv", **({"labels_key": "label"} if named else {}))
    assert "list.csv" in caught.value.message
    assert named or "line 3" in caught.value.message


@pytest.mark.parametrize("label", ["NaN", "-1", "1.5", "null", "[1, 2]", "1e400", "{}", "9" * 5000])
def test_json_labels_that_are_no_whole_numbers_are_refused(label, folder, opened):
    (folder / "list.jsonl").write_text(f'{{"path": "a.png", "label": {label}}}\n')
    with pytest.raises(SourceError, match=r"list\.jsonl, line 1"):
        opened(folder / "list.jsonl")


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "pics/../../x.png", "", "a\0b.png", ".."])
def test_a_path_outside_is_refused(name, folder, opened):
    (folder / "list.jsonl").write_text(json.dumps({"path": name, "label": 0}) + "\n")
    with pytest.raises(SourceError, match="line 1") as caught:
        opened(folder / "list.jsonl")
    assert "--data-dir" in caught.value.remedy


def test_the_data_dir_allows_a_folder_elsewhere(folder, opened, read, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("lists") / "list.csv"
    elsewhere.write_text(f"path,label\nü 1 [x].png,0\n{folder}/pics/ü 2 [x].png,1\n../pics/ü 3 [x].png,0\n")
    assert len(read(opened(elsewhere, data_dir=str(folder / "pics")))) == 3


def test_a_missing_file_is_a_bad_sample(folder, opened, read):
    (folder / "list.csv").write_text("path,label\npics/ü 1 [x].png,0\nnot-there.png,1\n")
    samples = read(opened(folder / "list.csv"))
    assert "No such file" in samples[1].reason


@pytest.mark.parametrize(
    "text",
    ["", "\n", "path,label\n", "a,b,c\n1,2,3\n", "path,label\nonly-one\n", "x" * 10**6, '"unclosed,1\n' * 9, "\0" * 99],
)
def test_what_is_no_list_is_refused(text, folder, opened):
    (folder / "list.csv").write_text(text)
    with pytest.raises(SourceError, match=r"list\.csv"):
        opened(folder / "list.csv")


@pytest.mark.parametrize("text", ["", "[1]\n", "{\n", "nonsense\n", "[" * 50000, '{"path": 1, "label": 1}\n', "{}\n"])
def test_what_is_no_json_list_is_refused(text, folder, opened):
    (folder / "list.jsonl").write_text(text)
    with pytest.raises(SourceError, match=r"list\.jsonl"):
        opened(folder / "list.jsonl")
