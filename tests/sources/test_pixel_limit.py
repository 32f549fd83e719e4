"""Pictures above --max-picture-pixels are refused, wherever they are decoded."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.codecs.decode import decode_picture
from ipmix_cli.errors import UsageError
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import BadSample, SourceSpec
from ipmix_cli.stages import StageClock


def test_a_picture_over_the_limit_is_a_bad_sample(tmp_path):
    (tmp_path / "a").mkdir()
    for name, side in (("0.png", 10), ("1.png", 20)):
        Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(tmp_path / "a" / name)
    source = open_source(SourceSpec(input=str(tmp_path), max_picture_pixels=150))
    found = list(source.part(0, 2).samples(StageClock()))
    assert [isinstance(one, BadSample) for one in found] == [False, True]
    assert "20x20 pixels exceed the limit of 150" in found[1].reason
    assert source.settings["max_picture_pixels"] == 150
    assert "max_picture_pixels" not in open_source(SourceSpec(input=str(tmp_path))).settings
    assert decode_picture((tmp_path / "a" / "1.png").read_bytes()).shape == (20, 20, 3)


@pytest.mark.parametrize("most", [0, -1, 10**9])
def test_a_limit_out_of_range_is_refused(tmp_path, most):
    (tmp_path / "a").mkdir()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "a" / "0.png")
    with pytest.raises(UsageError, match="max-picture-pixels"):
        open_source(SourceSpec(input=str(tmp_path), max_picture_pixels=most))
