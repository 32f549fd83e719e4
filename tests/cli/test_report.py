"""The page that `ipmix report` makes."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

VOID = {"wbr", "meta", "img", "line", "rect", "br", "input"}


class Page(HTMLParser):
    """Collects tags and addresses, and checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text())
    assert page.open == []
    return page


def test_the_page_shows_everything_and_fetches_nothing(ipmix, shards, tmp_path):
    ipmix("report", "--jobs", 1, shards, "--out", tmp_path / "report.html", "-q")
    page = read(tmp_path / "report.html")
    text = " ".join(page.text)
    heads = ["Validation", "Copies by class", "Stages of one copy", "Distances", "Class balance", "Settings", "Shards"]
    for words in [
        *heads,
        "PASS",
        "ipmix augment --in demo",
        "train-000003.h5",
        "mixing picture",
        "The stored copy agrees",
    ]:
        assert words in text
    assert page.tags.count("img") >= 10 * 4 + 5
    assert page.tags.count("svg") == 2
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert "prefers-color-scheme: dark" in (tmp_path / "report.html").read_text()
    assert not re.search(r"https?://|<script|@import", (tmp_path / "report.html").read_text())
    assert (tmp_path / "report.html").stat().st_size < 2_000_000


def test_names_of_classes_stay_text(ipmix, bank, tmp_path):
    from PIL import Image

    for name in ("<script>alert(1)<", '"><img src=x onerror=alert(1)>', "a & b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        Image.new("RGB", (40, 40)).save(tmp_path / "in" / name / "a.png")
    ipmix("augment", "--jobs", 1, "--in", tmp_path / "in", "--fractals", bank, "--out", tmp_path / "x", "-q")
    ipmix("report", "--jobs", 1, tmp_path / "x", "--out", tmp_path / "report.html", "-q")
    page = read(tmp_path / "report.html")
    assert "script" not in page.tags
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert "<script>alert(1)<" in "".join(page.text)


def test_a_damaged_data_set_gets_a_report_of_its_damage(ipmix, shards, tmp_path):
    shutil.copytree(shards, tmp_path / "x")
    (tmp_path / "x" / "train-000001.h5").write_bytes(b"nothing")
    ipmix("report", "--jobs", 1, tmp_path / "x", "--out", tmp_path / "report.html", "-q")
    text = " ".join(read(tmp_path / "report.html").text)
    assert "FAIL" in text
    assert "shard-" in text


def test_without_its_bank_a_data_set_still_gets_a_report(ipmix, tmp_path, bank):
    shutil.copy(bank, tmp_path / "bank.h5")
    words = ("--in", "demo", "--limit", 12, "--fractals", tmp_path / "bank.h5", "--out", tmp_path / "x", "-q")
    ipmix("augment", "--jobs", 1, *words)
    (tmp_path / "bank.h5").unlink()
    ipmix("report", "--jobs", 1, tmp_path / "x", "--out", tmp_path / "report.html", "-q")
    text = " ".join(read(tmp_path / "report.html").text)
    assert "Not shown" in text
    assert "Copies by class" in text


@pytest.mark.parametrize("name", ["report.html", "sub/report.html"])
def test_the_page_stays_outside_of_the_data_set(ipmix, shards, name):
    done = ipmix("report", "--jobs", 1, shards, "--out", shards / name, check=False)
    assert done.returncode == 2
    assert not (shards / name).exists()


def test_a_chart_of_a_thousand_classes_shows_the_largest_and_its_whole_caption():
    from ipmix_cli.pipeline.inspect.report_charts import BOTTOM, HEIGHT, TOP, class_chart

    chart = class_chart([str(number) for number in range(1000)], [800, *[3] * 999])
    width = float(re.search(r'viewBox="0 0 (\d+)', chart)[1])
    caption = re.search(r'class="name"[^>]*>([^<]+)<', chart)[1]
    assert len(caption) * 7 < width  # units of a letter
    assert float(re.search(r'class="bar"[^>]* height="([\d.]+)"', chart)[1]) == HEIGHT - TOP - BOTTOM
    assert chart.count('class="bar"') <= 300


def test_labels_that_are_no_classes_are_not_shown_as_classes(ipmix, bank, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3):
        Image.new("RGB", (40, 40), (90 * number, 0, 0)).save(tmp_path / "in" / f"{number}.png")
    (tmp_path / "in" / "list.csv").write_text("file,label\n0.png,0.37\n1.png,1.5\n2.png,2.25\n")
    words = ("--in", tmp_path / "in" / "list.csv", "--labels-as", "real", "--fractals", bank, "--out", tmp_path / "x")
    ipmix("augment", "--jobs", 1, *words, "-q")
    ipmix("report", tmp_path / "x", "--out", tmp_path / "report.html", "--jobs", 1, "-q")
    text = " ".join(read(tmp_path / "report.html").text)
    assert "3 samples, each with 4 copies." in text
    assert "The samples have real numbers as labels, and no classes." in text
    ipmix("view", tmp_path / "x", "--out", tmp_path / "view.html", "-q")
    gallery = (tmp_path / "view.html").read_text()
    assert "<label>operation" in gallery
    assert "<label>class" not in gallery
