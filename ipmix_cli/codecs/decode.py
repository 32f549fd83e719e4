"""Encoded pictures of any kind into the one picture convention, or a reason why not.

Pillow reads every header, and decodes all but sound colour JPEGs that stand upright. These simplejpeg decodes, where
it is installed, in three quarters of the time: both hold libjpeg-turbo, so the pixels are the same, and a file of
which libjpeg has anything to say, be it an error or a warning, is left to Pillow. OpenCV would be as fast, but writes
libjpeg's warnings to stderr, and nothing else tells of them.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from contextvars import ContextVar

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from ipmix_cli.errors import BadSampleError
from ipmix_cli.picture import Picture

try:
    from simplejpeg import decode_jpeg
except ImportError:  # there are machines that it is not built for
    decode_jpeg = None

MAX_PIXELS = 89_478_485
"""Pillow's default limit, 256 MiB of RGB; Pillow itself only warns up to twice this much."""

PLUGINS = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    PpmImagePlugin.PpmImageFile,
    BmpImagePlugin.BmpImageFile,
    TiffImagePlugin.TiffImageFile,
    GifImagePlugin.GifImageFile,
)
"""What is decoded. Others are left out on purpose: some of Pillow's formats start other programs (EPS)."""

FORMATS = tuple(str(plugin.format) for plugin in PLUGINS if plugin.format in Image.OPEN)
"""Their names; a Pillow built without WebP knows one less."""

JPEG_SCAN = b"\xff\xda"
MOST_SCANS = 100
"""Of one JPEG. Progressive ones have about ten; each further one costs a pass over all pixels for a few bytes."""

DAMAGE = re.compile(r"Corrupt JPEG data: (?!.*extraneous bytes before marker 0xd9)")
"""What libjpeg warns of where pixels are lost; bytes too many before the end of a whole picture are harmless."""

CUT_OFF = "Premature end of JPEG file"
ZERO_TAIL = bytes(64)
"""So a file ends that was never written in full. One that lacks nothing but its end marker is read."""

HIGHEST_LIMIT = 2 * MAX_PIXELS
"""Where Pillow itself refuses: 512 MiB of RGB."""

ORIENTATION = 274
"""The EXIF tag that says how a camera was held."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

SIDEWAYS = {5, 6, 7, 8}
"""The orientations that swap height and width."""


def decode_picture(data: bytes, alpha: str = "white") -> Picture:
    """Return an encoded picture as uint8 RGB (H, W, 3), C-contiguous, in memory of its own.

    Grey, black-and-white and palette become RGB, as does CMYK (by Pillow's plain formula, without colour
    profiles). Of 16-bit values the high byte is kept (``v >> 8``), for grey as Pillow itself does for colour.
    The EXIF orientation is applied. Of an animation the first frame is taken.

    Parameters
    ----------
    data : bytes
        A whole file: JPEG, PNG, WebP, PPM or PGM, BMP, TIFF or GIF.
    alpha : {"white", "drop"}
        Compose a transparent picture on white, or drop its alpha channel.

    Raises
    ------
    BadSampleError
        With the reason: empty, truncated, corrupt, of no known format, floating point, or over the pixel
        limit; the last is told from the header, before anything is decoded.
    """
    if not data:
        raise _bad("the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matters of them is an error below
        image = _opened(data)
        check_pixels(*image.size)
        try:
            picture = _sound_jpeg(data, image)
            return np.array(_upright(_rgb(_loaded(image), alpha), image)) if picture is None else picture
        except BadSampleError:
            raise
        except Exception as error:  # Pillow's decoders raise a dozen types on damaged files
            raise _bad(f"corrupt or truncated: {_line(error)}") from error


def decoded_shape(data: bytes) -> tuple[int, int]:
    """Return the (height, width) that :func:`decode_picture` would give, from the header alone.

    Raises
    ------
    BadSampleError
        Where the header is damaged, or states too many pixels.
    """
    if not data:
        raise _bad("the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = _opened(data)
        check_pixels(*image.size)
        turned = _orientation(image) in SIDEWAYS
    return image.size if turned else image.size[::-1]


def check_pixels(width: int, height: int, where: str = "") -> None:
    """Refuse a picture with more pixels than the limit: that of :func:`pixel_limit`, or Pillow's default.

    Raises
    ------
    BadSampleError
    """
    most = _limit.get() or MAX_PIXELS
    if width * height > most:
        raise BadSampleError(
            f"{where and where + ': '}{width}x{height} pixels exceed the limit of {most}",
            "leave that picture out, or make it smaller; `ipmix augment` and `ipmix corrupt` take larger ones of "
            "sources with --max-picture-pixels",
        )


@contextlib.contextmanager
def pixel_limit(most: int | None) -> Iterator[None]:
    """Limit the pixels of decoded pictures in the block, in this thread; None for Pillow's default limit."""
    before = _limit.set(most)
    try:
        yield
    finally:
        _limit.reset(before)


_limit: ContextVar[int | None] = ContextVar("pixel_limit", default=None)


def without_alpha(rgba: NDArray[np.uint8], alpha: str) -> Picture:
    """Return an RGBA array (H, W, 4) as RGB: composed on white, or with the alpha channel dropped.

    >>> without_alpha(np.zeros((1, 1, 4), np.uint8), "white").tolist()
    [[[255, 255, 255]]]
    >>> without_alpha(np.zeros((1, 1, 4), np.uint8), "drop").tolist()
    [[[0, 0, 0]]]
    """
    if alpha == "drop":
        return np.array(rgba[..., :3], order="C")
    return np.array(_on_white(Image.fromarray(np.ascontiguousarray(rgba))))


def _opened(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _bad(f"over the limit of {MAX_PIXELS} pixels") from error
    except UnidentifiedImageError as error:
        raise _bad("not a picture of a known format, or cut off in its header") from error
    except Exception as error:  # as above: the header may be as damaged as the rest
        raise _bad(f"corrupt header: {_line(error)}") from error


def _sound_jpeg(data: bytes, image: Image.Image) -> Picture | None:
    """Return the pixels of an upright colour JPEG, or None for another picture and where Pillow is to judge.

    Raises
    ------
    BadSampleError
        For a JPEG of hundreds of scans, and for one of which libjpeg warns that pixels are lost: it fills the rest with
        one colour, and Pillow says nothing of it.
    """
    if decode_jpeg is None or image.format != "JPEG":
        return None
    if data.count(JPEG_SCAN) > MOST_SCANS:
        raise _bad(f"a JPEG of more than {MOST_SCANS} scans")
    upright = image.mode == "RGB" and _orientation(image) not in TURNS
    try:
        picture: Picture = decode_jpeg(data, "RGB" if upright else "GRAY")
    except ValueError as error:  # an error or a warning of libjpeg
        if DAMAGE.match(str(error)) or (CUT_OFF in str(error) and data.endswith(ZERO_TAIL)):
            raise _bad(f"damaged: {_line(error)}") from error
        return None
    return picture if upright and picture.shape[:2] == (image.height, image.width) else None


def _loaded(image: Image.Image) -> Image.Image:
    image.load()
    return image


def _rgb(image: Image.Image, alpha: str) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "F":
        raise _bad("floating-point pictures have no 8-bit meaning")
    if image.mode.startswith("I"):
        return _from_16_bit(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return rgba.convert("RGB") if alpha == "drop" else _on_white(rgba)
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise _bad("32-bit values have no 8-bit meaning")
    return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")


def _on_white(rgba: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _upright(picture: Image.Image, source: Image.Image) -> Image.Image:
    turn = TURNS.get(_orientation(source))
    return picture if turn is None else picture.transpose(turn)


def _orientation(image: Image.Image) -> int:
    orientation = 1
    if image.info.get("exif"):
        with contextlib.suppress(Exception):  # damaged EXIF data say nothing about the pixels
            orientation = int(image.getexif().get(ORIENTATION, 1))
    return orientation


def _bad(reason: str) -> BadSampleError:
    return BadSampleError(reason, "repair or leave out that picture, or allow for it with --max-errors")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
