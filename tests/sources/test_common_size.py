"""Sources of encoded pictures know the one size that their pictures have, so that arrays and presets fit."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec


@pytest.fixture
def class_folder(tmp_path):
    def make(*sizes):
        for number, (height, width) in enumerate(sizes):
            folder = tmp_path / "in" / f"class{number % 2}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((height, width, 3), 10 * number, np.uint8)).save(folder / f"{number}.png")
        return open_source(SourceSpec(input=str(tmp_path / "in")))

    return make


def test_pictures_of_one_size_give_it_to_their_source(class_folder):
    assert class_folder((20, 30), (20, 30), (20, 30)).size == (20, 30)


def test_pictures_of_several_sizes_give_none(class_folder):
    assert class_folder((20, 30), (20, 30), (30, 20)).size is None


def test_an_unreadable_picture_has_no_say(class_folder, tmp_path):
    class_folder((20, 30), (20, 30))
    (tmp_path / "in" / "class0" / "broken.png").write_bytes(b"no picture")
    assert open_source(SourceSpec(input=str(tmp_path / "in"))).size == (20, 30)
