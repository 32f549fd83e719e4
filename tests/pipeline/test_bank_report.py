"""Reports: figures by family for banks, and for any folder of pictures."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import fractals
from ipmix_cli.cli.bank_report import table
from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import make_bank
from ipmix_cli.pipeline.banks.report import REASONS, BankReport, FamilyCounts, is_labelled, judged, measured_part
from ipmix_cli.pipeline.banks.sheet import bank_sheet

SETTINGS = BankSettings(count=24, size=48, seed=2, mix=(("plasma", 1.0), ("dead_leaves", 1.0)))
random = np.random.default_rng(1)


def report_of(location: Path, side: int = 256) -> BankReport:
    counters = FamilyCounts(side)
    for one in judged(str(location)):
        counters.add(one.family, one.figures, one.rejected)
    return counters.report()


@pytest.mark.parametrize("format_name", ["hdf5", "png"])
def test_a_bank_read_again_has_the_figures_it_was_made_with(tmp_path: Path, format_name: str) -> None:
    counters = FamilyCounts()
    for record in make_bank(SETTINGS, tmp_path / "bank", format_name=format_name):
        counters.add(record.family, record.figures, record.rejected)
    report = report_of(tmp_path / "bank")
    assert report == counters.report()
    assert sum(row.pictures for row in report.families.values()) == report.total.pictures == 24
    assert set(report.families) == {"plasma", "dead_leaves"}
    assert json.loads(json.dumps(report.to_dict()))["total"]["percentiles"]["slope"]


def test_any_folder_of_pictures_can_be_judged(tmp_path: Path) -> None:
    for number, shape in enumerate([(40, 90), (300, 280), (20, 20), (512, 300)]):
        picture = random.integers(0, 256, (*shape, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    report = report_of(tmp_path)
    assert report.families.keys() == {"pictures"}
    assert report.total.pictures == 4
    assert any("edge_share" in warning for warning in report.warnings)
    assert report.verdict == "poor"  # nothing but noise
    assert "falls off slower than 1/f" in report.worst
    assert not any("edge_share" in warning for warning in report_of(tmp_path, 32).warnings)


def test_lookalikes_are_counted_and_warned_of(tmp_path: Path) -> None:
    picture = random.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    report = report_of(tmp_path)
    assert report.duplicates == pytest.approx(2 / 3)
    assert any("look like an earlier one" in warning for warning in report.warnings)


def test_classes_may_look_alike(tmp_path: Path) -> None:
    list(make_bank(replace(SETTINGS, classes=2, per_class=12), tmp_path / "bank"))
    list(make_bank(SETTINGS, tmp_path / "plain", format_name="png"))
    assert is_labelled(str(tmp_path / "bank"))
    assert not is_labelled(str(tmp_path / "plain"))


@pytest.mark.parametrize(("shape", "side"), [((40, 90), 40), ((300, 500), 256), ((20, 30), 32), ((256, 256), 256)])
def test_pictures_are_measured_at_a_common_scale(shape: tuple[int, int], side: int) -> None:
    part = measured_part(random.integers(0, 256, (*shape, 3), dtype=np.uint8))
    assert part.shape == (side, side, 3)
    assert part.flags.c_contiguous


def test_the_sheet_has_a_row_for_each_family(tmp_path: Path) -> None:
    records = list(make_bank(SETTINGS, tmp_path / "bank"))
    counters = FamilyCounts()
    for record in records:
        counters.add(record.family, record.figures, record.rejected)
    one = bank_sheet(str(tmp_path / "bank"), ["all"] * 24, counters)
    two = bank_sheet(str(tmp_path / "bank"), [record.family for record in records], counters)
    assert two.height - one.height > 90
    assert np.asarray(two).std() > 20


def test_what_is_no_bank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        list(judged(str(tmp_path / "nowhere")))
    (tmp_path / "text.h5").write_text("no bank")
    with pytest.raises(SourceError):
        list(judged(str(tmp_path / "text.h5")))


def test_a_bank_of_the_default_mix_is_not_poor_and_its_reasons_are_explained(tmp_path: Path) -> None:
    counters = FamilyCounts()
    for record in make_bank(replace(SETTINGS, count=12, size=64), tmp_path / "bank"):
        counters.add(record.family, record.figures, ["flat", "duplicate"])
    report = counters.report()
    assert report.verdict in {"good", "usable"}
    assert report.to_dict()["verdict"] == report.verdict
    text = table(report)
    assert text.startswith(f"{report.verdict}: ")
    assert "  duplicate    looks like an earlier picture" in text


def test_all_reasons_have_words() -> None:
    given = set()
    for path in Path(fractals.__file__).parent.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name in {"probe", "complaint"}:
                given |= reasons_in(function)
    assert given | {"duplicate"} == set(REASONS)


def reasons_in(function: ast.FunctionDef) -> set[str]:
    """Return the words that a probe can answer with: those it returns, and those in its table of limits."""
    parts = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    parts += [node.elts[0] for node in ast.walk(function) if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    nodes = [node for part in parts for node in ast.walk(part)]
    keys = [node.slice for node in nodes if isinstance(node, ast.Subscript)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and node not in keys]
    return {text for text in texts if isinstance(text, str) and text}
