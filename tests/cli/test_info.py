"""What `ipmix info` tells of data sets, finished or not, and of banks."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from ipmix_cli import Request, ShardDataset, ShardSettings, SourceSpec, augment, open_dataset
from ipmix_cli.pipeline.inspect.distance import mean_difference, measure_distances


def look(ipmix, path, **options) -> dict:
    return json.loads(ipmix("info", path, "--json", **options).stdout)


def test_a_data_set_tells_what_it_is(ipmix, shards, bank):
    found = look(ipmix, shards)
    facts = found["facts"]
    assert found["kind"] == "dataset"
    assert (facts["samples"], facts["copies"], facts["size"], facts["shards"]) == (60, 180, [32, 32], 4)
    assert facts["mixing"]["place"] == str(bank)
    assert sum(one["samples"] for one in facts["classes"]) == 60
    assert facts["classes"][0] == {"label": 0, "name": "disc", "samples": 6}
    assert facts["bytes"]["on_disk"] >= facts["bytes"]["shards"]
    assert "--in demo" in facts["command"]


def test_distances_are_those_of_the_pictures(shards):
    data = ShardDataset(shards, view="all")
    clean = ShardDataset(shards, view="clean")
    expected = [mean_difference(clean[i][0], copy) for i in range(60) for copy in data[i][0]]
    found = measure_distances(open_dataset(shards))
    assert found is not None
    assert (found.shards, found.samples) == (4, 60)
    np.testing.assert_allclose(sorted(found.means), sorted(expected))
    assert found.unchanged == np.mean(np.array(expected) == 0)


def test_words_for_a_person_name_how_to_read_it(ipmix, shards):
    text = ipmix("info", shards).stdout
    for words in ("mean absolute difference", "unchanged", "from 180 copies in 4 shards", "ShardDataset", "h5py"):
        assert words in text


def test_without_clean_pictures_there_are_no_distances(ipmix, bank, tmp_path):
    output = ShardSettings(clean=False, copies=1, format="webdataset", encoding="png")
    augment(Request(source=SourceSpec(input="demo"), fractals=str(bank), output=output, limit=4), str(tmp_path / "x"))
    assert look(ipmix, tmp_path / "x")["facts"]["distances"] is None
    assert "not stored" in ipmix("info", tmp_path / "x").stdout


def test_an_unfinished_folder_points_to_status(ipmix, shards, bank, tmp_path):
    words = ("augment", "--jobs", 1, "--in", "demo", "--limit", 20, "--fractals", bank, "--out", tmp_path / "x", "-q")
    ipmix(*words, "--task-index", 1, "--task-count", 4)
    done = ipmix("info", tmp_path / "x", check=False)
    assert done.returncode == 4
    assert "NOT FINISHED" in done.stdout
    assert "ipmix status" in done.stdout


def test_a_bank_tells_what_it_is(ipmix, bank):
    found = look(ipmix, bank)
    assert found["kind"] == "bank"
    assert found["facts"]["pictures"] == 40
    assert found["facts"]["sizes"] == {"64x64": 40}
    assert set(found["facts"]["families"]) == {"ifs", "plasma"}
    assert found["facts"]["settings"]["seed"] == 0
    assert "generate" not in ipmix("info", bank).stderr


def test_a_folder_of_pictures_is_a_bank(ipmix, tmp_path):
    from PIL import Image

    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    assert look(ipmix, tmp_path)["facts"]["sizes"] == {"40x30": 1}


@pytest.mark.parametrize("make", ["missing", "shard", "empty"])
def test_what_is_neither_is_refused(ipmix, shards, tmp_path, make):
    path = {"missing": tmp_path / "missing", "shard": shards / "train-000000.h5", "empty": tmp_path}[make]
    done = ipmix("info", path, check=False)
    assert done.returncode == 3
    assert "what to do" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_of_classes_cannot_steer_the_terminal(ipmix, bank, tmp_path):
    from PIL import Image

    folder = tmp_path / "in" / "evil\x1b[31mred"
    folder.mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(folder / "a.png")
    ipmix("augment", "--jobs", 1, "--in", tmp_path / "in", "--fractals", bank, "--out", tmp_path / "x", "-q")
    assert "\x1b" not in ipmix("info", tmp_path / "x").stdout


def test_a_copied_folder_is_looked_at_where_it_is(ipmix, shards, tmp_path):
    shutil.copytree(shards, tmp_path / "a copy")
    assert look(ipmix, tmp_path / "a copy")["location"] == str(tmp_path / "a copy")
