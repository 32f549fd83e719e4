"""Pictures to bytes and back: the table of encodings, and why each is made the way it is.

PNG is our own encoder (:mod:`ipmix_cli.codecs.png`): the same bytes on every machine, many times faster than
libpng. WebP is Pillow's lossless method 0: OpenCV's takes ten times as long for a tenth less. JPEG is
OpenCV's, without chroma subsampling: IPMix chooses channels pixel by pixel, and 4:2:0 smears that (20 dB
instead of 36 at quality 95) for half the bytes. OpenCV decodes all three; Pillow gives the same pixels in two
to five times the time.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import BadSampleError
from ipmix_cli.picture import Bytes, Picture

if TYPE_CHECKING:
    from PIL import Image

REMEDY = "the shard is damaged: have it rebuilt with `ipmix repair`"
JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that start a frame and state its size


BatchEncoder = Callable[[NDArray[np.uint8]], Sequence[Bytes]]
"""Encodes an array of pictures (..., H, W, 3), or (..., H, W, 1), in order; the results last until its next call."""


class Decoder(Protocol):
    """Decodes a stored picture of a known size."""

    def __call__(self, data: Bytes, size: tuple[int, int], channels: int = 3) -> Picture:
        """Return a new array (H, W, channels); raises BadSampleError where the data are no picture of that size."""
        ...


@dataclass(frozen=True)
class Codec:
    """One encoding.

    Parameters
    ----------
    suffix : str
        Of file names, without the dot; empty where the encoding makes no picture files.
    lossless : bool
        Whether ``decode(encode(picture))`` gives the picture back exactly.
    grey : bool
        Whether pictures of one channel stay such.
    batch_encoder : callable
        ``batch_encoder(quality)`` returns a BatchEncoder for one thread; quality (1..100) matters to lossy
        encodings only.
    decode : callable
        ``decode(data, (height, width), channels) -> picture``, a new array (H, W, channels). Raises BadSampleError
        where the data are not a picture of that size, which is read from its header before anything is decoded.
    """

    suffix: str
    lossless: bool
    grey: bool
    batch_encoder: Callable[[int], BatchEncoder]
    decode: Decoder

    def encode(self, picture: Picture, quality: int) -> bytes:
        """Return one picture encoded."""
        return bytes(self.batch_encoder(quality)(picture)[0])


def one_by_one(encode: Callable[[Picture, int], bytes]) -> Callable[[int], BatchEncoder]:
    """Return the batch encoder of an encoding that takes one picture at a time."""

    def batch_encoder(quality: int) -> BatchEncoder:
        return lambda pictures: [encode(picture, quality) for picture in pictures.reshape(-1, *pictures.shape[-3:])]

    return batch_encoder


def png_encoder(_quality: int) -> BatchEncoder:
    """Return a batch encoder of PNG."""
    from ipmix_cli.codecs.png import PngEncoder

    return PngEncoder().encode


def encode_raw(picture: Picture, _quality: int) -> bytes:
    """Return the pixels in C order."""
    return picture.tobytes()


def decode_raw(data: Bytes, size: tuple[int, int], channels: int = 3) -> Picture:
    """Return pixels in C order as a picture; raises BadSampleError where their number is wrong."""
    height, width = size
    pixels = np.frombuffer(data, np.uint8)
    if pixels.size != height * width * channels:
        raise BadSampleError(f"{pixels.size} bytes are not a raw picture of {height}x{width}", REMEDY)
    return pixels.reshape(height, width, channels).copy()


def as_image(picture: NDArray[np.uint8]) -> Image.Image:
    """Return a picture (H, W, 3) or (H, W, 1) as an image of Pillow's, of mode RGB or L."""
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(picture[..., 0] if picture.shape[2] == 1 else picture))


def encode_webp(picture: Picture, _quality: int) -> bytes:
    """Return a lossless WebP."""
    buffer = io.BytesIO()
    as_image(picture).save(buffer, "WEBP", lossless=True, method=0, quality=0)
    return buffer.getvalue()


def encode_jpeg(picture: Picture, quality: int) -> bytes:
    """Return a baseline JPEG without chroma subsampling."""
    import cv2

    settings = [
        *(cv2.IMWRITE_JPEG_QUALITY, quality),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ]
    channels = picture if picture.shape[2] == 1 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", channels, settings)
    assert done, "OpenCV encodes every uint8 picture"
    return bytes(data)


def decode_stored(data: Bytes, size: tuple[int, int], channels: int = 3) -> Picture:
    """Return the picture in a PNG, WebP or JPEG of a known size (height, width), as RGB or, of one channel, as grey.

    Raises
    ------
    BadSampleError
        Where the data state another size (they are not decoded then: a few bytes may claim gigabytes), or
        none.
    """
    stated = stated_size(bytes(data[:65536]))
    if stated != size:
        found = "no picture" if stated is None else f"a picture of {stated[0]}x{stated[1]}"
        raise BadSampleError(f"found {found} where one of {size[0]}x{size[1]} is stored", REMEDY)
    try:
        import cv2
    except ImportError:  # a trainer may read without it
        return _decoded_by_pillow(data, size, channels)
    kind = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), kind | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise BadSampleError(f"a picture cannot be decoded: {error}", REMEDY) from error
    if picture is None or picture.shape[:2] != size:
        raise BadSampleError("a picture cannot be decoded", REMEDY)
    if channels == 1:
        return np.asarray(picture, np.uint8)[..., None]
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _decoded_by_pillow(data: Bytes, size: tuple[int, int], channels: int) -> Picture:
    """Return the same pixels in two to five times the time."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(bytes(data)), formats=["PNG", "WEBP", "JPEG"]) as image:
            picture = np.array(image.convert("L" if channels == 1 else "RGB")).reshape(image.height, image.width, -1)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
        raise BadSampleError(f"a picture cannot be decoded: {error}", REMEDY) from error
    if picture.shape[:2] != size:
        raise BadSampleError("a picture cannot be decoded", REMEDY)
    return picture


def stated_size(data: bytes) -> tuple[int, int] | None:
    """Return the (height, width) that the header of a PNG, lossless WebP or JPEG states, else None.

    >>> stated_size(b"GIF89a")
    """
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        return int.from_bytes(data[20:24], "big"), int.from_bytes(data[16:20], "big")
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    return _jpeg_size(data) if data[:2] == b"\xff\xd8" else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk the segments of a JPEG up to the one that starts its frame."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        if data[place + 1] in JPEG_SIZES:
            frame = data[place + 5 : place + 9]
            return int.from_bytes(frame[:2], "big"), int.from_bytes(frame[2:], "big")
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


CODECS: dict[str, Codec] = {
    "raw": Codec("", True, True, one_by_one(encode_raw), decode_raw),
    "png": Codec("png", True, True, png_encoder, decode_stored),
    "webp": Codec("webp", True, False, one_by_one(encode_webp), decode_stored),
    "jpeg": Codec("jpg", False, True, one_by_one(encode_jpeg), decode_stored),
}
