"""The commands generate-fractals and bank-report, as they are typed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import h5py
import pytest

from ipmix_cli.cli.app import main

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command in this process; get exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ipmix", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    "words",
    [
        ["--family", "ifs", "plasma", "kali"],
        ["--family", "ifs", "--family", "plasma", "--family", "kali"],
        ["--family", "ifs,plasma,kali"],
        ["--mix", "ifs=1,plasma=1,kali=1"],
    ],
)
def test_families_may_be_written_in_every_usual_way(typed: Typed, tmp_path: Path, words: list[str]) -> None:
    out = tmp_path / "bank.h5"
    code, text, _ = typed("generate-fractals", *words, "--out", out, "--count", 30, "--size", 32, "--jobs", 1)
    assert code == 0
    assert "30 pictures in" in text
    with h5py.File(out) as file:
        assert {name.decode() for name in file["family"][:]} == {"ifs", "plasma", "kali"}


def test_the_whole_tour(typed: Typed, tmp_path: Path) -> None:
    out, sheet, second = tmp_path / "bank", tmp_path / "sheet.png", tmp_path / "second.png"
    words = ("--family", "plasma", "--count", 8, "--size", 32, "--jobs", 1, "--preview", sheet)
    code, text, errors = typed("generate-fractals", "--out", out, *words)
    assert code == 0, errors
    assert "next: ipmix augment --fractals" in text
    assert len(list(out.glob("*.png"))) == 8
    assert cv2.imread(str(sheet)).shape[0] > 90
    code, text, _ = typed("bank-report", out, "--png", second)
    assert code == 0
    assert "plasma" in text
    assert sheet.read_bytes() == second.read_bytes()
    code, text, _ = typed("bank-report", out, "--json")
    assert json.loads(text)["total"]["pictures"] == 8
    assert json.loads(text)["verdict"] in ("good", "usable", "poor")


def test_a_labelled_bank_says_how_to_use_it(typed: Typed, tmp_path: Path) -> None:
    words = ("--family", "plasma", "--classes", 2, "--per-class", 3, "--size", 32, "--jobs", 1)
    code, text, _ = typed("generate-fractals", "--out", tmp_path / "bank.h5", *words)
    assert code == 0
    assert "next: ipmix augment --in" in text


def test_an_existing_output_is_only_replaced_when_asked_for(typed: Typed, tmp_path: Path) -> None:
    out = tmp_path / "bank.h5"
    out.write_text("precious")
    words = ("generate-fractals", "--out", out, "--family", "plasma", "--count", 2, "--size", 32, "--jobs", 1, "-q")
    code, _, errors = typed(*words)
    assert code == 2
    assert "exists already" in errors
    assert out.read_text() == "precious"
    assert typed(*words, "--overwrite")[0] == 0
    assert h5py.is_hdf5(out)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--family", "iffs"], "did you mean 'ifs'"),
        (["--family", "ifs", "flam"], "did you mean 'flame'"),
        (["ifs"], "unexpected 'ifs'"),
        (["--family", "ifs", "--mix", "default"], "--family and --mix"),
        (["--mix", "ifs=-2"], "weight of ifs is -2"),
        (["--mix", "defualt"], "did you mean 'default'"),
        (["--size", "0"], "size 0 is out of range"),
        (["--size", "100000"], "size 100000 is out of range"),
        (["--count", "0"], "bank of 0 pictures"),
        (["--count", "-3"], "bank of -3 pictures"),
        (["--seed", "-1"], "seed -1 is negative"),
        (["--jobs", "0"], "--jobs 0"),
        (["--format", "gif"], "unknown --format 'gif'"),
        (["--classes", "3"], "--classes 3 with --per-class 0"),
        (["--classes", "2", "--per-class", "2", "--count", "5"], "--count 5"),
    ],
)
def test_wrong_usage_is_explained(typed: Typed, tmp_path: Path, words: list[str], what: str) -> None:
    code, text, errors = typed("generate-fractals", "--out", tmp_path / "bank.h5", *words)
    assert code == 2
    assert what in errors
    assert "what to do" in errors
    assert not text
    assert not list(tmp_path.iterdir())


def test_a_bank_that_is_not_there_is_explained(typed: Typed, tmp_path: Path) -> None:
    code, _, errors = typed("bank-report", tmp_path / "nowhere.h5")
    assert code == 3
    assert "nowhere.h5" in errors
