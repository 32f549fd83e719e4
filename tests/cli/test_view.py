"""The page that `ipmix view` makes."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil

import pytest
from PIL import Image

from tests.cli.test_report import read


def test_the_gallery_filters_copies_and_shows_their_stages(ipmix, shards, tmp_path):
    ipmix("view", shards, "--out", tmp_path / "view.html", "--count", 5, "--copies", 2, "-q")
    page, source = read(tmp_path / "view.html"), (tmp_path / "view.html").read_text()
    text = " ".join(page.text)
    for words in ["class", "operation", "mixing", "distance from clean", "chain 0", "mixing picture", "comes out"]:
        assert words in text
    assert page.tags.count("details") == 10
    assert page.tags.count("select") == 4  # three filters, and the order
    assert len(re.findall(r'data-distance="\d+\.\d+" data-facet-0="[\d ]+" data-facet-1=', source)) == 10
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert not re.search(r"https?://|@import", source)


def test_the_page_lets_its_own_script_run_and_no_other(ipmix, shards, tmp_path):
    ipmix("view", shards, "--out", tmp_path / "view.html", "--count", 1, "-q")
    source = (tmp_path / "view.html").read_text()
    [script] = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in source


def test_names_of_classes_stay_text(ipmix, bank, tmp_path):
    name = "x<img src=q onerror=alert(1)>"
    for part in (name, '"><script>alert(1)<', "a & b"):
        (tmp_path / "in" / part).mkdir(parents=True)
        Image.new("RGB", (40, 40)).save(tmp_path / "in" / part / "a.png")
    ipmix("augment", "--jobs", 1, "--in", tmp_path / "in", "--fractals", bank, "--out", tmp_path / "x", "-q")
    ipmix("view", tmp_path / "x", "--out", tmp_path / "view.html", "-q")
    page = read(tmp_path / "view.html")
    assert page.tags.count("script") == 1
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert name in "".join(page.text)


def test_corruptions_are_filtered_by_name_and_severity(ipmix, tmp_path):
    words = ("--in", "demo", "--limit", 4, "--set", "gaussian_noise,contrast", "--severity", "1,5", "-q")
    ipmix("corrupt", "--jobs", 1, *words, "--out", tmp_path / "c")
    ipmix("view", tmp_path / "c", "--out", tmp_path / "view.html", "--copies", 1, "-q")
    text = " ".join(read(tmp_path / "view.html").text)
    for option in ("gaussian_noise (2)", "contrast (2)", "1 (2)", "5 (2)"):
        assert option in text


def test_without_its_bank_a_data_set_still_gets_a_gallery(ipmix, bank, tmp_path):
    shutil.copy(bank, tmp_path / "bank.h5")
    words = ("--in", "demo", "--limit", 6, "--fractals", tmp_path / "bank.h5", "--out", tmp_path / "x", "-q")
    ipmix("augment", "--jobs", 1, *words)
    (tmp_path / "bank.h5").unlink()
    ipmix("view", tmp_path / "x", "--out", tmp_path / "view.html", "-q")
    text = " ".join(read(tmp_path / "view.html").text)
    assert "No stages are shown" in text
    assert "operation" in text


def test_too_many_copies_for_a_page_are_refused(shards, monkeypatch):
    from ipmix_cli.errors import UsageError
    from ipmix_cli.pipeline.inspect import view
    from ipmix_cli.pipeline.output.dataset import open_dataset

    monkeypatch.setattr(view, "MOST_CARDS", 10)
    with pytest.raises(UsageError, match="a page has 10 at most"):
        view.view(open_dataset(shards), view.Choice(count=4, copies=3))


def test_the_page_stays_outside_of_the_data_set(ipmix, shards):
    assert ipmix("view", shards, "--out", shards / "view.html", check=False).returncode == 2
    assert not (shards / "view.html").exists()


def test_a_mixed_copy_shows_both_of_its_classes(ipmix, tmp_path):
    ipmix("augment", "--jobs", 1, "--in", "demo", "--limit", 12, "--method", "mixup", "--out", tmp_path / "x", "-q")
    assert ipmix("view", tmp_path / "x", "--out", tmp_path / "view.html", "-q").stdout == ""
    text = "".join(read(tmp_path / "view.html").text)
    assert re.search(r"0\.\d\d [a-z]+ \+ 0\.\d\d [a-z]+", text)
    assert re.search(r"weight 0\.\d\d", text)


def test_names_break_after_dots_and_underscores_alone(ipmix, tmp_path):
    words = ("--in", "demo", "--limit", 2, "--set", "gaussian_noise", "--sequences", "--out", tmp_path / "c", "-q")
    ipmix("corrupt", "--jobs", 1, *words)
    ipmix("view", tmp_path / "c", "--out", tmp_path / "view.html", "--copies", 2, "-q")
    assert "<small>gaussian_<wbr>noise.<wbr>frame00</small>" in (tmp_path / "view.html").read_text()
