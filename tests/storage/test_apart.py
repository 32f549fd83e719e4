"""What is read is not written into: an output folder lies beside its source and its bank."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import UsageError
from ipmix_cli.storage.apart import check_apart, lies_inside
from ipmix_cli.storage.folder import LocalFolder


@pytest.fixture
def photos(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for number in range(2):
            picture = np.full((16, 16, 3), 90 * number + 20, np.uint8)
            Image.fromarray(picture).save(tmp_path / "in" / name / f"{number}.png")
    return tmp_path / "in"


@pytest.mark.parametrize("out", ["in", "in/out", "in/a/../out", "link/out", "."])
def test_an_output_folder_inside_the_source_or_around_it_is_refused_before_a_byte_is_written(
    ipmix, photos, bank, tmp_path, out, digests
):
    (tmp_path / "link").symlink_to(photos)
    before = digests(tmp_path)
    words = ("augment", "--in", photos, "--fractals", bank, "--copies", 1, "--jobs", 1, "-q")
    done = ipmix(*words, "--out", tmp_path / out, check=False)
    assert done.returncode == 2
    assert "--out" in done.stderr
    assert digests(tmp_path) == before


def test_names_that_begin_alike_are_not_inside_each_other(photos, tmp_path):
    check_apart(str(tmp_path / "input"), str(photos), "--in")
    check_apart("s3://bucket/in-augmented", "s3://bucket/in", "--in")
    with pytest.raises(UsageError, match="--fractals"):
        check_apart("s3://bucket/in/../bank/x", "s3://bucket/bank/", "--fractals")


def test_dots_in_a_name_do_not_make_folders(tmp_path):
    folder = LocalFolder(tmp_path / "absent" / ".." / "out")
    folder.write("file", b"x")
    assert folder.location == str(tmp_path / "out")
    assert not (tmp_path / "absent").exists()


def test_a_link_to_itself_lies_where_it_is(tmp_path):
    (tmp_path / "set").mkdir()
    for folder in (tmp_path, tmp_path / "set"):
        (folder / "loop").symlink_to("loop")
    assert lies_inside(str(tmp_path / "set" / "loop"), str(tmp_path / "set"))
    assert not lies_inside(str(tmp_path / "loop"), str(tmp_path / "set"))
