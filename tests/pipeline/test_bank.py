"""Banks: the same bytes for any number of workers, prefixes of one another, whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from joblib.externals.loky import reusable_executor

from fractals.picture import Drawn, render
from ipmix_cli.errors import UsageError, WriteError
from ipmix_cli.pipeline.banks import bank, drawing
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import BankRecord, make_bank

SETTINGS = BankSettings(count=30, size=32, seed=5, mix=(("ifs", 1.0), ("plasma", 1.0), ("kali", 2.0)))


def made(path: Path, settings: BankSettings = SETTINGS, jobs: int = 1, format_name: str = "hdf5") -> list[BankRecord]:
    return list(make_bank(settings, path, jobs=jobs, format_name=format_name))


def images(path: Path) -> np.ndarray:
    with h5py.File(path) as file:
        return file["images"][:]


def test_any_number_of_workers_writes_the_same_bytes(tmp_path: Path) -> None:
    records = [made(tmp_path / f"{jobs}.h5", jobs=jobs) for jobs in (1, 2, 3)]
    assert records[0] == records[1] == records[2]
    assert len({hashlib.sha256((tmp_path / f"{jobs}.h5").read_bytes()).digest() for jobs in (1, 2, 3)}) == 1


def test_a_small_bank_is_the_beginning_of_a_large_one(tmp_path: Path) -> None:
    made(tmp_path / "small.h5", replace(SETTINGS, count=11))
    made(tmp_path / "large.h5", jobs=2)
    assert np.array_equal(images(tmp_path / "small.h5"), images(tmp_path / "large.h5")[:11])


def test_a_bank_holds_pictures_recipes_and_settings(tmp_path: Path) -> None:
    records = made(tmp_path / "bank.h5")
    with h5py.File(tmp_path / "bank.h5") as file:
        pictures = file["images"]
        assert pictures.shape == (30, 32, 32, 3)
        assert pictures.dtype == np.uint8
        assert pictures.chunks is None
        assert {column.shape[0] for column in file.values()} == {30}
        assert file.attrs["digest"] == SETTINGS.digest()
        assert json.loads(file.attrs["settings"])["seed"] == 5
        for index in (0, 7, 29):
            recipe = json.loads(file["params"][index])
            assert recipe["family"] == file["family"][index].decode() == records[index].family
            assert file["attempts"][index] == records[index].attempts
            assert file["rejected"][index].decode().split() == records[index].rejected
            assert np.array_equal(render(recipe, 32), pictures[index])


def test_the_shares_of_a_mix_are_kept(tmp_path: Path) -> None:
    records = made(tmp_path / "bank.h5", replace(SETTINGS, count=200, mix=(("plasma", 3.0), ("kali", 1.0))))
    assert 130 <= sum(record.family == "plasma" for record in records) <= 170


def test_lookalikes_are_redrawn_without_changing_earlier_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "usual.h5")
    monkeypatch.setattr(drawing, "DUPLICATE_BITS", 18)  # now about every second picture looks like an earlier one
    records = made(tmp_path / "strict.h5")
    again = made(tmp_path / "short.h5", replace(SETTINGS, count=12), jobs=2)
    redrawn = [record.index for record in records if "duplicate" in record.rejected]
    assert redrawn
    assert again == records[:12]
    usual, strict = images(tmp_path / "usual.h5"), images(tmp_path / "strict.h5")
    same = [index for index in range(30) if np.array_equal(usual[index], strict[index])]
    assert same == [index for index in range(30) if index not in redrawn]
    assert np.array_equal(images(tmp_path / "short.h5"), strict[:12])


@pytest.mark.parametrize(("bits", "redrawn"), [(0, True), (6, True), (7, False)])
def test_pictures_whose_hashes_differ_in_up_to_six_bits_look_alike(
    monkeypatch: pytest.MonkeyPatch, bits: int, redrawn: bool
) -> None:
    def with_hash(number: int) -> Drawn:
        figures = replace(picture.figures, hash=number)
        return Drawn(picture.picture, picture.recipe, 0, figures, [])

    settings = replace(SETTINGS, count=2)
    picture = drawing.drawn(settings.spec(), 0)
    monkeypatch.setattr(drawing, "_drawn_in_order", lambda *_: iter([with_hash(0), with_hash(2**bits - 1)]))
    monkeypatch.setattr(drawing, "drawn", lambda *_: with_hash(2**64 - 1))
    second = list(drawing.distinct(settings, jobs=1))[1]
    assert ("duplicate" in second.rejected) is redrawn
    assert second.figures.hash == (2**64 - 1 if redrawn else 2**bits - 1)


def test_png_files_hold_the_same_pictures(tmp_path: Path) -> None:
    made(tmp_path / "bank.h5")
    made(tmp_path / "folder", format_name="png")
    files = sorted((tmp_path / "folder").glob("*.png"))
    pictures = np.stack([cv2.imread(str(file))[..., ::-1] for file in files])
    assert np.array_equal(pictures, images(tmp_path / "bank.h5"))


def test_classes_are_systems_of_one_family_each(tmp_path: Path) -> None:
    settings = replace(SETTINGS, count=12, classes=3, per_class=4, size=64)
    records = made(tmp_path / "bank.h5", settings)
    made(tmp_path / "folder", settings, format_name="png")
    with h5py.File(tmp_path / "bank.h5") as file:
        assert file["labels"][:].tolist() == [0] * 4 + [1] * 4 + [2] * 4
        assert [name.decode() for name in file.attrs["class_names"]] == ["class0", "class1", "class2"]
    for label in range(3):
        assert len({record.family for record in records[4 * label : 4 * label + 4]}) == 1
        assert len(list((tmp_path / "folder" / f"class{label}").glob("*.png"))) == 4
    assert len(np.unique(images(tmp_path / "bank.h5").reshape(12, -1), axis=0)) == 12


def test_more_pictures_of_a_class_do_not_change_the_others(tmp_path: Path) -> None:
    few, many = (replace(SETTINGS, count=2 * each, classes=2, per_class=each) for each in (3, 5))
    made(tmp_path / "few.h5", few)
    made(tmp_path / "many.h5", many)
    assert np.array_equal(images(tmp_path / "few.h5")[3:], images(tmp_path / "many.h5")[5:8])


def limited(limit: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


@pytest.mark.parametrize(("format_name", "limit"), [("hdf5", 5_000), ("hdf5", 100_000), ("png", 5_000)])
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, format_name: str, limit: int) -> None:
    script = f"""
import sys
from pathlib import Path
from ipmix_cli.errors import WriteError
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import make_bank
settings = BankSettings(count=60, size=64, mix=(("plasma", 1.0),))
try:
    for _ in make_bank(settings, Path({str(tmp_path / "bank")!r}), format_name={format_name!r}):
        pass
except WriteError as error:
    sys.exit(f"refused: {{error}}")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], preexec_fn=limited(limit), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "refused: cannot write" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    for format_name in ("hdf5", "png"):
        records: Iterator[BankRecord] = make_bank(SETTINGS, tmp_path / "bank", format_name=format_name)
        next(records)
        records.close()  # type: ignore[attr-defined]
    assert not list(tmp_path.iterdir())


def test_only_a_bank_is_replaced_by_a_folder(tmp_path: Path) -> None:
    made(tmp_path / "bank", format_name="png")
    made(tmp_path / "bank", replace(SETTINGS, count=3), format_name="png")
    assert len(list((tmp_path / "bank").glob("*.png"))) == 3
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("precious")
    for precious in (tmp_path / "home", tmp_path / "home" / "thesis.tex"):
        with pytest.raises(WriteError, match="is not a bank"):
            made(precious, format_name="png")
    assert (tmp_path / "home" / "thesis.tex").read_text() == "precious"


def test_a_killed_worker_is_replaced_and_changes_nothing(tmp_path: Path) -> None:
    settings = replace(SETTINGS, count=1500)
    usual = made(tmp_path / "usual.h5", settings)
    records = make_bank(settings, tmp_path / "killed.h5", jobs=2)
    begun = [next(records)]
    victim = next(iter(reusable_executor._executor._processes))
    os.kill(victim, signal.SIGKILL)
    assert begun + list(records) == usual
    assert (tmp_path / "killed.h5").read_bytes() == (tmp_path / "usual.h5").read_bytes()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for format_name in ("hdf5", "png"):
        with pytest.raises(WriteError, match="cannot write"):
            made(tmp_path / "file" / "bank", format_name=format_name)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"count": 0}, "bank of 0 pictures"),
        ({"size": 0}, "size 0 is out of range"),
        ({"size": 100_000}, "size 100000 is out of range"),
        ({"seed": -1}, "seed -1 is negative"),
        ({"mix": (("iffs", 1.0),)}, "did you mean 'ifs'"),
        ({"mix": (("ifs", 0.0),)}, "add up to 0"),
        ({"classes": 2}, "2 classes of 0"),
        ({"classes": 2, "per_class": 4}, "2 classes of 4"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        replace(SETTINGS, **changes)


def test_the_digest_tells_settings_apart() -> None:
    others = [
        replace(SETTINGS, **change) for change in ({"count": 31}, {"size": 33}, {"seed": 6}, {"mix": (("ifs", 1.0),)})
    ]
    assert len({SETTINGS.digest(), *(other.digest() for other in others)}) == 5
    assert replace(SETTINGS).digest() == SETTINGS.digest()


@pytest.mark.parametrize(("short_side", "size"), [(36, 64), (64, 64), (65, 128), (256, 256), (500, 512), (1170, 1024)])
def test_the_built_in_bank_is_as_large_as_the_pictures_need(short_side: int, size: int) -> None:
    assert bank.builtin_settings(short_side).size == size


def test_the_cached_bank_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))
    path = bank.bank_paths(SETTINGS)[0]
    assert len(list(drawing.ensure_bank(SETTINGS, 1))) == 30
    assert path.parent.parent == tmp_path
    assert images(path).shape == (30, 32, 32, 3)
    assert not list(drawing.ensure_bank(SETTINGS, 1))


def test_a_cached_bank_that_other_code_has_drawn_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(bank, "drawing_code", lambda: "0123456789abcdef")
    list(drawing.ensure_bank(SETTINGS, 1))
    before = bank.bank_paths(SETTINGS)[0]
    monkeypatch.undo()
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))
    assert len(list(drawing.ensure_bank(SETTINGS, 1))) == 30  # made anew: the other's is not asked
    assert bank.bank_paths(SETTINGS)[0] != before
    assert before.read_bytes() == bank.bank_paths(SETTINGS)[0].read_bytes()  # since that code was the same after all


def test_a_read_only_cache_is_replaced_by_a_private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("this is no folder")
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path / "cache"))
    folder = bank.bank_paths(SETTINGS)[0].parent
    assert folder.is_dir()
    assert os.access(folder, os.W_OK)
