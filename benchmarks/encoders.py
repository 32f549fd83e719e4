"""Each encoding and each builder of shards, beside copying the same pixels in memory.

    python benchmarks/encoders.py [--source SOURCE --data-dir DIR]

The pictures are blends of two pictures of the source (cifar10 with --data-dir, a folder of photographs, or the
built-in demo), since that is what IPMix's copies are like. The yardstick is memcpy of the same raw pixels, taken in
the same run. Times are those of the processor, so that other programs on the machine count for less.
"""

from __future__ import annotations

import argparse
import io
import itertools
import platform
import time
from collections.abc import Callable, Sequence
from statistics import median

import cv2
import numpy as np
from PIL import Image

from ipmix_cli.formats.codecs import CODECS
from ipmix_cli.formats.png import warm_up
from ipmix_cli.formats.readers import open_source
from ipmix_cli.formats.shard import ShardSample, ShardSettings
from ipmix_cli.formats.source import Sample, SourceSpec
from ipmix_cli.formats.writers import WRITERS
from ipmix_cli.stages import StageClock

SIZES = {32: (200, 10), 224: (12, 4)}  # side: pictures, copies
FORMS = {
    "hdf5, raw": {"format": "hdf5", "encoding": "raw"},
    "hdf5, lzf": {"format": "hdf5", "encoding": "raw", "compression": "lzf"},
    "hdf5, png": {"format": "hdf5", "encoding": "png"},
    "webdataset, png": {"format": "webdataset", "encoding": "png"},
    "webdataset flat, png": {"format": "webdataset", "encoding": "png", "layout": "flat"},
    "webdataset, jpeg 95": {"format": "webdataset", "encoding": "jpeg"},
    "files, png": {"format": "files", "encoding": "png"},
}


def seconds(action: Callable[[], object], repeats: int = 5) -> float:
    """Return the median processor time of an action, which is run once before."""
    action()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return median(times)


def blends(source: str, data_dir: str | None, side: int, count: int, copies: int) -> np.ndarray:
    """Return blends of the source's pictures, uint8 (count, copies, side, side, 3)."""
    opened = open_source(SourceSpec(input=source, data_dir=data_dir))
    part = opened.part(0, min(len(opened), 10 * count)).samples(StageClock())
    some = itertools.islice((sample for sample in part if isinstance(sample, Sample)), count)
    resized = [Image.fromarray(sample.picture).resize((side, side), Image.Resampling.BICUBIC) for sample in some]
    clean = np.stack([np.asarray(image) for image in itertools.islice(itertools.cycle(resized), count)])
    generator = np.random.default_rng(0)
    out = np.empty((count, copies, side, side, 3), np.uint8)
    for number, copy in np.ndindex(count, copies):
        share = generator.uniform(0, 0.6)
        other = clean[generator.integers(count)][:, :: generator.choice([-1, 1])]
        masked = np.where(generator.random((side, side, 1)) < share / 2, other, clean[number])
        out[number, copy] = (1 - share) * masked + share * other
    return out


def opencv_png(picture: np.ndarray) -> bytes:
    """Return libpng's fastest, by OpenCV."""
    return bytes(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def pillow_jpeg(picture: np.ndarray) -> bytes:
    """Return a JPEG by Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def report(name: str, action: Callable[[], object], pictures: int, base: float, share: float | None = None) -> None:
    spent = seconds(action)
    size = "" if share is None else f"{share:8.1%}"
    print(f"{name:34}{spent / pictures * 1e6:12.1f}{spent / base:12.1f}{size:>10}")


def encoders(flat: np.ndarray, base: float) -> None:
    """Print a line for each encoder and each decoder."""
    count, size = len(flat), (flat.shape[1], flat.shape[2])
    for name, codec in CODECS.items():
        encode = codec.batch_encoder(95)
        data = [bytes(one) for one in encode(flat)]
        share = sum(map(len, data)) / flat.nbytes
        report(f"{name}: encode", lambda encode=encode: encode(flat), count, base, share)
        report(f"{name}: decode", lambda c=codec, d=data: [c.decode(one, size) for one in d], count, base)
    for name, peer in {"OpenCV png, level 1": opencv_png, "Pillow jpeg 95, 4:4:4": pillow_jpeg}.items():
        share = sum(len(peer(picture)) for picture in flat) / flat.nbytes
        report(f"{name}: encode", lambda p=peer: [p(picture) for picture in flat], count, base, share)


def build(samples: Sequence[ShardSample], copies: np.ndarray, settings: ShardSettings) -> int:
    """Build one shard and return its bytes."""
    builder = WRITERS[settings.format].builder("train-000000", samples, settings, {"class_names": ["a"]})
    step = max(1, 2**21 // copies[0].nbytes)
    for start in range(0, len(samples), step):
        out = builder.out(start, min(start + step, len(samples)))
        out[:] = copies[start : start + step]
        builder.add(start, out)
    return sum(memoryview(content).nbytes for _, content in builder.finish())


def builders(pictures: np.ndarray, base: float) -> None:
    """Print a line for each kind of shard: everything from copies in memory to the shard's bytes."""
    samples = [ShardSample(f"{i:08d}", i, 0, i, str(i), 0, own[0]) for i, own in enumerate(pictures)]
    count = pictures.shape[0] * pictures.shape[1]
    for name, form in FORMS.items():
        settings = ShardSettings(**form, copies=pictures.shape[1])
        share = build(samples, pictures, settings) / pictures.nbytes
        report(name, lambda s=settings: build(samples, pictures, s), count, base, share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="demo")
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    warm_up()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one core")
    for side, (count, copies) in SIZES.items():
        pictures = blends(options.source, options.data_dir, side, count, copies)
        flat = pictures.reshape(-1, side, side, 3)
        target = np.empty_like(flat)
        base = seconds(lambda flat=flat, target=target: np.copyto(target, flat), 21)
        print(f"\n{side} px: memcpy of a picture takes {base / len(flat) * 1e6:.2f} us")
        print(f"{'':34}{'us/picture':>12}{'x memcpy':>12}{'of raw':>10}")
        encoders(flat, base)
        print(f"shards, with {copies} copies of each picture and the clean one, for each copy:")
        builders(pictures, base)


if __name__ == "__main__":
    main()
