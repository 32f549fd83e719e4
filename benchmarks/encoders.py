"""Each encoding and each decoding, beside copying the same pixels in memory.

The pictures are copies made by IPMix, since encoders get nothing else. OpenCV's and Pillow's own encoders stand beside.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from PIL import Image

from benchmarks.material import SIDES, Pixels, copies
from benchmarks.setting import Setting
from benchmarks.table import micro, row, times
from benchmarks.timing import by_turns, ratio, typical
from ipmix_cli.codecs.codecs import CODECS, BatchEncoder, Codec

COUNTS = {32: 400, 224: 24}  # pictures


def opencv_png(picture: Pixels) -> bytes:
    """Return libpng's fastest, by OpenCV."""
    return bytes(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def pillow_jpeg(picture: Pixels) -> bytes:
    """Return a JPEG by Pillow, without chroma subsampling."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def encoders() -> dict[str, BatchEncoder]:
    """Return all encoders, of quality 95 where that matters."""
    found = {f"{name}, encode": codec.batch_encoder(95) for name, codec in CODECS.items()}
    for name, encode in {"OpenCV's png, level 1": opencv_png, "Pillow's jpeg": pillow_jpeg}.items():
        found[f"{name}, encode"] = partial(one_by_one, encode)
    return found


def one_by_one(encode: Callable[[Pixels], bytes], pictures: Pixels) -> list[bytes]:
    """Encode pictures (N, H, W, 3) by a function of one."""
    return [encode(picture) for picture in pictures]


def decode_all(codec: Codec, files: Sequence[bytes], size: tuple[int, int]) -> None:
    """Decode pictures of one size."""
    for file in files:
        codec.decode(file, size)


def decoders(pictures: Pixels) -> dict[str, Callable[[], object]]:
    """Return actions that decode what each encoding makes of some pictures."""
    size = (pictures.shape[1], pictures.shape[2])
    found: dict[str, Callable[[], object]] = {}
    for name, codec in CODECS.items():
        files = [bytes(data) for data in codec.batch_encoder(95)(pictures)]
        found[f"{name}, decode"] = partial(decode_all, codec, files, size)
    return found


def print_side(setting: Setting, side: int) -> None:
    """Print the table of one size."""
    pictures = copies(setting, side, setting.effort.some(COUNTS[side]), 1).reshape(-1, side, side, 3)
    target, making = np.empty_like(pictures), encoders()
    sizes = {name: sum(map(len, encode(pictures))) for name, encode in making.items()}
    actions: dict[str, Callable[[], object]] = {"memcpy": partial(np.copyto, target, pictures)}
    actions |= {name: partial(encode, pictures) for name, encode in making.items()}
    seconds = by_turns(actions | decoders(pictures), setting.effort.turns)
    row(f"{side} px, jpeg at quality 95", "us/picture", "x memcpy", "of raw")
    for name, spent in seconds.items():
        share = f"{sizes[name] / pictures.nbytes:.1%}" if name in sizes else ""
        row(name, micro(typical(spent, len(pictures))), times(ratio(spent, seconds["memcpy"])), share)


def table(setting: Setting) -> None:
    """Print the tables."""
    for side in SIDES:
        print_side(setting, side)
