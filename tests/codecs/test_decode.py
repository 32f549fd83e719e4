"""Pictures of all kinds come out as 8-bit RGB, or with a reason why not."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from ipmix_cli.codecs import decode
from ipmix_cli.codecs.decode import MAX_PIXELS, decode_picture, without_alpha
from ipmix_cli.errors import BadSampleError

RAMP = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5


def noise(*shape):
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def checked(data, alpha="white"):
    """Decode, and check the picture convention."""
    picture = decode_picture(data, alpha)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert picture.flags.c_contiguous
    assert picture.flags.writeable
    return picture


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "ppm"])
def test_lossless_rgb_comes_back_as_it_was(kind, png):
    original = noise(7, 5, 3)
    assert np.array_equal(checked(png(original, kind)), original)


def test_lossless_webp_comes_back_as_it_was(png):
    original = noise(9, 4, 3)
    assert np.array_equal(checked(png(original, "webp", lossless=True)), original)


@pytest.mark.parametrize("kind", ["png", "ppm", "bmp", "tiff"])
def test_grey_becomes_rgb(kind, png):
    assert np.array_equal(checked(png(RAMP, kind)), np.repeat(RAMP[..., None], 3, 2))


def test_black_and_white_becomes_rgb(png):
    picture = checked(png(Image.fromarray(RAMP > 90)))
    assert set(np.unique(picture)) == {0, 255}


def test_palette_becomes_rgb(png):
    image = Image.fromarray(noise(6, 6, 3)).quantize(8)
    assert np.array_equal(checked(png(image)), np.array(image.convert("RGB")))


def test_cmyk_converts_as_pillow_does(png):
    image = Image.fromarray(noise(16, 16, 3)).convert("CMYK")
    data = png(image, "jpeg", quality=95)
    assert np.array_equal(checked(data), np.array(Image.open(io.BytesIO(data)).convert("RGB")))


def test_alpha_is_composed_on_white_or_dropped(png):
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = 0, 128, 255
    data = png(rgba)
    assert checked(data)[0, :, 0].tolist() == [255, 127, 0]
    assert checked(data, "drop")[0, :, 0].tolist() == [0, 0, 0]
    assert np.array_equal(without_alpha(rgba, "white"), checked(data))


def test_a_transparent_palette_is_composed_on_white(png):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    data = png(image, transparency=0)
    assert checked(data).tolist() == [[[255, 255, 255], [40, 50, 60]]]
    assert checked(data, "drop").tolist() == [[[10, 20, 30], [40, 50, 60]]]


def test_grey_with_alpha_is_composed_on_white(png):
    image = Image.fromarray(np.dstack([RAMP, np.full_like(RAMP, 255)]))
    assert np.array_equal(checked(png(image))[..., 1], RAMP)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_16_bit_grey_keeps_its_high_byte(kind, png):
    values = np.array([[0, 255, 256, 65535, 0x1234]], np.uint16)
    assert checked(png(Image.fromarray(values), kind))[0, :, 0].tolist() == [0, 0, 1, 255, 0x12]


def test_16_bit_colour_keeps_its_high_byte_too():
    rows = b"".join(b"\0" + struct.pack(">6H", 0x1234, 255, 65535, 1, 256, 512) for _ in range(2))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    data = b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, chunks))
    assert checked(data)[1].tolist() == [[0x12, 0, 255], [0, 1, 2]]


def chunk(kind_and_body):
    kind, body = kind_and_body
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_the_exif_orientation_is_applied(kind, orientation, png):
    exif = Image.Exif()
    exif[274] = orientation
    image = Image.fromarray(np.repeat(noise(5, 3, 3), 8, axis=0).repeat(8, axis=1))
    options = {"lossless": True} if kind == "webp" else {}
    data = png(image, kind, exif=exif.tobytes() if kind != "tiff" else exif, **options)
    expected = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert np.array_equal(checked(data), expected)
    assert checked(data).shape[:2] == ((40, 24) if orientation < 5 else (24, 40))


def test_damaged_exif_data_do_not_lose_the_picture(png):
    data = png(noise(8, 8, 3), exif=b"Exif\0\0garbage that is no TIFF header")
    assert checked(data).shape == (8, 8, 3)


def test_the_first_frame_of_an_animation_is_taken(png):
    frames = [Image.fromarray(np.full((4, 4, 3), value, np.uint8)) for value in (10, 200)]
    data = png(frames[0], "webp", save_all=True, append_images=frames[1:], lossless=True)
    assert np.all(checked(data) == 10)


def test_the_first_picture_of_a_phones_pair_is_taken(png):
    first = Image.fromarray(noise(16, 16, 3))
    data = png(first, "mpo", save_all=True, append_images=[Image.fromarray(noise(16, 16, 3) // 2)])
    assert np.array_equal(checked(data), np.array(Image.open(io.BytesIO(data))))


def test_floating_point_and_32_bit_pictures_are_refused(png):
    with pytest.raises(BadSampleError, match="floating-point"):
        decode_picture(png(Image.fromarray(np.ones((2, 2), np.float32)), "tiff"))
    with pytest.raises(BadSampleError, match="32-bit"):
        decode_picture(png(Image.fromarray(np.full((2, 2), 70000, np.int32)), "tiff"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"this is a text file named .jpg\n", "known format"),
        (b"\xff\xd8\xff", "known format|corrupt"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "known format"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(data, reason):
    with pytest.raises(BadSampleError, match=reason) as caught:
        decode_picture(data)
    assert "\n" not in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "bmp", "tiff", "ppm"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_truncated_pictures_are_refused(kind, kept, png):
    data = png(noise(64, 64, 3), kind)
    with pytest.raises(BadSampleError):
        decode_picture(data[: int(len(data) * kept)])


@pytest.mark.parametrize("side", [9460, 14000, 60000])  # just over the limit, over it twice, and far over it
def test_a_bomb_is_refused_from_its_header(side):
    head = chunk((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk((b"IDAT", zlib.compress(bytes(10**6)))) + chunk((b"IEND", b""))
    tracemalloc.start()
    with pytest.raises(BadSampleError, match=str(MAX_PIXELS)):
        decode_picture(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2**20


def test_the_limit_is_the_limit_itself(monkeypatch, png):
    monkeypatch.setattr(decode, "MAX_PIXELS", 100)
    assert decode_picture(png(noise(10, 10, 3))).shape == (10, 10, 3)
    with pytest.raises(BadSampleError, match="101x1 pixels"):
        decode_picture(png(noise(1, 101, 3)))


def test_no_warning_leaks(png):
    data = png(noise(12, 12, 3), "jpeg")
    broken_exif = data[:2] + b"\xff\xe1\x00\x10Exif\0\0II*\0\xff\xff\xff\xff" + data[2:]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        decode_picture(broken_exif)
    assert not caught


def test_photographs_decode_to_pillows_pixels(photograph_tar):
    with tarfile.open(photograph_tar) as tar:
        files = [tar.extractfile(member).read() for member in tar if member.isfile()]
    assert files
    for data in files:
        expected = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
        assert np.array_equal(checked(data), expected)


@pytest.mark.parametrize("kind", ["webp", "tiff", "png", "jpeg"])
def test_a_fresh_process_knows_every_format(kind, png, tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(png(noise(4, 4, 3), kind))
    code = "import sys, ipmix_cli.codecs.decode as d; d.decode_picture(open(sys.argv[1], 'rb').read())"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
