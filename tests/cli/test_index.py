"""Indexes lie beside the tars, are read by wids, and are known to the validation."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def tars(ipmix, bank, tmp_path):
    out = tmp_path / "out"
    words = ("--in", "demo", "--limit", 40, "--fractals", bank, "--copies", 2, "--format", "webdataset", "--jobs", 1)
    ipmix("augment", *words, "--out", out)
    return out


@pytest.mark.filterwarnings("ignore:String specifications:UserWarning")  # wids' own default
def test_wids_reads_a_data_set_through_its_index(ipmix, tars):
    wids = pytest.importorskip("wids")
    ipmix("index", tars)
    listed = json.loads((tars / "wids.json").read_text())
    assert sum(shard["nsamples"] for shard in listed["shardlist"]) == 40
    data = wids.ShardListDataset(str(tars / "wids.json"), base=str(tars), localname=lambda url: str(tars / url))
    assert len(data) == 40
    assert {".clean.png", ".aug0.png", ".aug1.png", ".cls", ".json"} <= set(data[7])


def test_dali_gets_one_index_for_each_tar_and_validation_passes(ipmix, tars):
    ipmix("index", tars, "--kind", "dali")
    assert len(list(tars.glob("*.idx"))) == len(list(tars.glob("*.tar"))) == 16
    assert "PASS" in ipmix("validate", tars).stdout


def test_a_data_set_without_tars_is_refused(ipmix, bank, tmp_path):
    ipmix("augment", "--in", "demo", "--limit", 20, "--fractals", bank, "--jobs", 1, "--out", tmp_path / "out")
    done = ipmix("index", tmp_path / "out", check=False)
    assert done.returncode == 2
    assert "webdataset" in done.stderr
