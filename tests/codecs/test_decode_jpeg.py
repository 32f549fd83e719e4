"""JPEGs come out the same, pixels and reasons, whether simplejpeg is there to help or Pillow is alone."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.codecs import decode
from ipmix_cli.codecs.decode import decode_picture
from ipmix_cli.errors import BadSampleError

pytest.importorskip("simplejpeg")

DAMAGES = ("header", "scan", "zeros", "cut", "cut before the end", "garbage", "another picture", "marker", "lost bytes")
SIZES = [(1, 1), (7, 9), (16, 16), (33, 70), (64, 17)]


def encoded(height=40, width=60, mode="RGB", **options):
    coarse = np.random.default_rng(height * 100 + width).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((width, height)).convert(mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


KINDS = [
    *({"subsampling": subsampling} for subsampling in (0, 1, 2)),
    *({"quality": 20, "progressive": True, "subsampling": subsampling} for subsampling in (0, 2)),
    {"restart_marker_blocks": 1},
    {"keep_rgb": True, "subsampling": 0},
    {"icc_profile": bytes(300), "comment": b"a comment"},
    {"mode": "L"},
    {"mode": "CMYK"},
]


def outcome(data):
    try:
        return decode_picture(data).tolist()
    except BadSampleError as error:
        return error.message


def pillows(data, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(decode, "decode_jpeg", None)
        return outcome(data)


def damaged(data, kind, rng):
    """Return a JPEG with one damage."""
    scan = data.index(b"\xff\xda") + 14
    place = int(rng.integers(2, scan)) if kind == "header" else int(rng.integers(scan, len(data) - 2))
    before, after, noise = data[:place], data[place:], rng.bytes(200)
    return {
        "header": before + noise[:1] + after[1:],
        "scan": before + noise[:1] + after[1:],
        "zeros": before + bytes(min(20, len(after))) + after[20:],
        "cut": before,
        "cut before the end": before + b"\xff\xd9",
        "garbage": data + noise,
        "another picture": data + data,
        "marker": before + bytes([0xFF, rng.choice([0xC4, 0xD0, 0xD3, 0xD8, 0xD9, 0xDA, 0xDD, 0xE1])]) + after[2:],
        "lost bytes": before + after[3:],
    }[kind]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", KINDS)
def test_sound_pictures_have_pillows_pixels(options, size, monkeypatch):
    data = encoded(*size, **options)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.array(image.convert("RGB"))
    assert np.array_equal(decode_picture(data), expected)
    assert pillows(data, monkeypatch) == expected.tolist()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("options", KINDS)
def test_damaged_pictures_have_pillows_pixels_or_reasons(options, damage, monkeypatch, capfd):
    rng = np.random.default_rng(7)
    for _ in range(20):
        data = damaged(encoded(**options), damage, rng)
        found, theirs = outcome(data), pillows(data, monkeypatch)
        if not (isinstance(found, str) and found.startswith("damaged: ")):
            assert found == theirs
    assert capfd.readouterr() == ("", "")


UNFINISHED = [*((options, b"") for options in KINDS), *((options, b"\xff\xd9") for options in KINDS[:3])]


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(("options", "ending"), UNFINISHED)
def test_a_file_whose_rest_was_never_written_is_refused(options, part, ending):
    data = encoded(200, 160, **options)
    scan = data.index(b"\xff\xda") + 14
    kept = scan + int(part * (len(data) - scan))
    assert isinstance(outcome(data[:kept] + bytes(len(data) - kept - len(ending)) + ending), str)


def test_a_file_that_lacks_only_its_end_marker_is_left_to_pillow(monkeypatch):
    data = encoded()[:-2]
    assert outcome(data) == pillows(data, monkeypatch)


def test_an_ordinary_photograph_does_not_need_pillows_decoder(monkeypatch):
    """Else the tests above would compare Pillow with itself."""
    monkeypatch.setattr(decode, "_loaded", None)
    assert decode_picture(encoded(30, 20)).shape == (30, 20, 3)


def test_a_turned_photograph_is_left_to_pillow(monkeypatch):
    exif = Image.Exif()
    exif[decode.ORIENTATION] = 6
    data = encoded(30, 20, exif=exif.tobytes())
    assert decode_picture(data).shape == (20, 30, 3)
    assert outcome(data) == pillows(data, monkeypatch)
