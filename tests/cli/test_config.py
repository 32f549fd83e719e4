"""Options from files, options into files, and data sets made again from their own record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ipmix_cli.cli.job_file import tomllib
from ipmix_cli.pipeline.output.manifest import Manifest
from ipmix_cli.pipeline.run.recorded_job import command_of, options_of


@pytest.fixture
def job_file(tmp_path: Path, bank: Path) -> Path:
    path = tmp_path / "job.toml"
    path.write_text(
        f'in = "demo"\nlimit = 20\ncopies = 2\nsamples_per_shard = 10\nbeta = 3\npatch-sizes = [4, 8]\n'
        f"no-clean = true\nfractals = {json.dumps(str(bank))}\nout = {json.dumps(str(tmp_path / 'shards'))}\n"
    )
    return path


def job_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())["job"]


def test_a_file_gives_options_and_the_command_line_wins(ipmix, job_file, tmp_path):
    ipmix("augment", "--jobs", 1, "--config", job_file, "--copies", 3, "--save-config", tmp_path / "saved.toml", "-q")
    job = job_of(tmp_path / "shards")
    assert job["output"]["copies"] == 3
    assert job["limit"] == 20
    assert job["augment"]["patch_sizes"] == [4, 8]
    assert job["augment"]["beta"] == 3.0
    assert job["output"]["clean"] is False
    saved = tomllib.loads((tmp_path / "saved.toml").read_text())
    assert (saved["copies"], saved["samples-per-shard"], saved["no-clean"]) == (3, 10, True)
    assert "config" not in saved


def test_saved_options_make_the_same_bytes(ipmix, job_file, tmp_path, digests):
    ipmix("augment", "--jobs", 1, "--config", job_file, "--save-config", tmp_path / "saved.toml", "-q")
    ipmix("augment", "--jobs", 1, "--config", tmp_path / "saved.toml", "--out", tmp_path / "again", "-q")
    assert digests(tmp_path / "shards") == digests(tmp_path / "again")


def test_options_of_a_method_have_a_table_of_their_own(ipmix, tmp_path, digests):
    saved = tmp_path / "saved.toml"
    words = ("augment", "--jobs", 1, "--in", "demo", "--limit", 8, "--method", "cutout", "--length", 8, "--save-config")
    ipmix(*words, saved, "--out", tmp_path / "one", "-q")
    assert tomllib.loads(saved.read_text())["cutout"]["length"] == 8
    ipmix("augment", "--jobs", 1, "--config", saved, "--out", tmp_path / "two", "-q")
    ipmix("augment", "--jobs", 1, "--config", tmp_path / "one" / "manifest.json", "--out", tmp_path / "three", "-q")
    assert digests(tmp_path / "one") == digests(tmp_path / "two") == digests(tmp_path / "three")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--length", 8), "--method cutout"),
        (("--method", "cutout", "--max-steps", 3), "--method ipmix"),
        (("--method", "cutot"), "'cutout'"),
        (("--method", "cutout", "--fractals", "bank.h5"), "leave out --fractals"),
    ],
)
def test_options_of_another_method_are_refused_with_its_name(ipmix, tmp_path, words, told):
    done = ipmix("augment", "--jobs", 1, "--in", "demo", *words, "--out", tmp_path / "out", check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("method", "line", "told"),
    [
        ("cutmix", "soft_label = true", "'soft-labels'"),
        ("cutmix", "holes = 2", "'cutout'"),
        ("cutout", "soft_label = true", "'soft-labels'"),  # in a table that is not used this time
    ],
)
def test_a_wrong_option_in_a_methods_table_is_refused_with_a_suggestion(ipmix, tmp_path, method, line, told):
    path = tmp_path / "job.toml"
    path.write_text(f'in = "demo"\nmethod = "{method}"\n[cutmix]\n{line}\n')
    done = ipmix("augment", "--jobs", 1, "--config", path, "--out", tmp_path / "out", check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_manifest_makes_its_data_set_again(ipmix, shards, tmp_path, digests):
    ipmix("augment", "--jobs", 1, "--config", shards / "manifest.json", "--out", tmp_path / "again", "-q")
    assert digests(shards) == digests(tmp_path / "again")


@pytest.mark.parametrize(
    ("change", "differs"),
    [(("--split", "test"), "source"), (("--fractals", "other"), "mixing pictures")],
)
def test_a_manifest_refuses_another_source_or_bank(ipmix, shards, bank, tmp_path, change, differs):
    from ipmix_cli import BankSettings, generate_bank

    other = tmp_path / "other.h5"
    generate_bank(BankSettings(count=3, size=64, mix=(("plasma", 1.0),)), other)
    words = [str(other) if word == "other" else word for word in change]
    done = ipmix(
        "augment", "--jobs", 1, "--config", shards / "manifest.json", *words, "--out", tmp_path / "again", check=False
    )
    assert done.returncode == 3
    assert f"{differs} " in done.stderr
    assert "recorded was" in done.stderr
    assert not (tmp_path / "again").exists()


def test_a_damaged_manifest_is_no_record(ipmix, shards, tmp_path):
    content = (shards / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(content.replace('"seed": 5', '"seed": 6'))
    done = ipmix(
        "augment", "--jobs", 1, "--config", tmp_path / "manifest.json", "--out", tmp_path / "again", check=False
    )
    assert done.returncode == 2
    assert "manifest" in done.stderr


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("copis = 3", "no option 'copis'", "copies"),
        ("lenght = 8", "no option 'lenght'", "'length'? It is an option of the method 'cutout'"),
        ("[prme]\nsigma = 1", "no method for the table [prme]", "'prime'"),
        ("soft-labels = true", "no option 'soft-labels'", "the methods 'mixup', 'cutmix'"),
        ("copies = 2.5", "expected a whole number", ""),
        ("copies = true", "expected a whole number", ""),
        ('seed = "3"', "expected a whole number", ""),
        ("beta = 'high'", "expected a number", ""),
        ("in = 5", "expected text", ""),
        ("quiet = 1", "expected true or false", ""),
        ("[in]\nx = 1", "expected text", ""),
        ("config = 'x'", "no option 'config'", ""),
        ("copies = ", "is not TOML", ""),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(ipmix, tmp_path, line, message, remedy):
    (tmp_path / "job.toml").write_text(f"{line}\n")
    done = ipmix("augment", "--jobs", 1, "--config", tmp_path / "job.toml", "--out", tmp_path / "out", check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_named(ipmix, tmp_path):
    done = ipmix("augment", "--jobs", 1, "--config", tmp_path / "nothing.toml", check=False)
    assert done.returncode == 2
    assert "nothing.toml" in done.stderr


def test_required_options_are_still_required(ipmix, tmp_path):
    (tmp_path / "job.toml").write_text('in = "demo"\n')
    done = ipmix("augment", "--jobs", 1, "--config", tmp_path / "job.toml", check=False)
    assert done.returncode == 2
    assert "--out" in done.stderr


def test_banks_have_files_too(ipmix, tmp_path):
    text = f'out = {json.dumps(str(tmp_path / "bank.h5"))}\nfamily = ["plasma"]\ncount = 3\nsize = 64\n'
    (tmp_path / "bank.toml").write_text(text)
    ipmix("generate-fractals", "--config", tmp_path / "bank.toml", "--jobs", 2, "-q")
    assert (tmp_path / "bank.h5").is_file()


def test_the_shortest_command_leaves_out_defaults(shards):
    command = command_of(Manifest.from_bytes((shards / "manifest.json").read_bytes()), "x y")
    assert command.startswith("ipmix augment --in demo --preset cifar --fractals ")
    assert command.endswith("--limit 60 --copies 3 --seed 5 --samples-per-shard 15 --out 'x y'")


def test_options_of_a_record_name_every_number(shards):
    options = options_of(Manifest.from_bytes((shards / "manifest.json").read_bytes()))
    assert {"in", "chains", "beta", "mixing_ratio", "operations", "copies", "encoding", "no_clean"} <= options.keys()


def test_the_log_tells_of_each_shard(ipmix, bank, tmp_path):
    words = ("augment", "--jobs", 1, "--in", "demo", "--limit", 20, "--samples-per-shard", 10, "--fractals", bank)
    ipmix(*words, "--out", tmp_path / "shards", "--log", tmp_path / "run.log", "-q")
    done = ipmix(*words, "--out", tmp_path / "shards", "--log", tmp_path / "run.log", "--verbose")
    lines = (tmp_path / "run.log").read_text().splitlines()
    assert sum("train-000001.h5: 10 samples" in line for line in lines) == 1
    assert sum("train-000001.h5: already present" in line for line in lines) == 1
    assert sum(line.endswith(" done") for line in lines) == 2
    assert "train-000001.h5: already present" in done.stderr
    assert sorted(path.name for path in (tmp_path / "shards").iterdir() if path.suffix == ".log") == []


def test_the_log_tells_why_a_run_stopped(ipmix, tmp_path):
    done = ipmix(
        "augment", "--jobs", 1, "--in", "nothing", "--out", tmp_path / "x", "--log", tmp_path / "run.log", check=False
    )
    assert done.returncode == 3
    assert "stops: there is no file or folder nothing" in (tmp_path / "run.log").read_text()


def test_the_log_stays_outside_of_the_data_set(ipmix, tmp_path):
    done = ipmix(
        "augment", "--jobs", 1, "--in", "demo", "--out", tmp_path, "--log", tmp_path / "sub" / "run.log", check=False
    )
    assert done.returncode == 2
    assert "inside" in done.stderr


def test_a_moved_source_is_found_by_its_digest(ipmix, tmp_path, bank, digests):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / "one" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (20, 20), (90 * number, 9, 9)).save(tmp_path / "one" / name / f"{number}.png")
    options = ("--fractals", bank, "--size", 16, "-q")
    ipmix("augment", "--jobs", 1, "--in", tmp_path / "one", *options, "--out", tmp_path / "first")
    shutil.move(tmp_path / "one", tmp_path / "two")
    record = ("--config", tmp_path / "first" / "manifest.json")
    ipmix("augment", "--jobs", 1, *record, "--in", tmp_path / "two", "--out", tmp_path / "second", "-q")
    first, second = digests(tmp_path / "first"), digests(tmp_path / "second")
    assert {n: d for n, d in first.items() if n.endswith(".h5")} == {
        n: d for n, d in second.items() if n.endswith(".h5")
    }
