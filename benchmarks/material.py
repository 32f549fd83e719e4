"""The pictures to measure with: CIFAR-10's and photographs where they were given, else pictures made on the spot."""

from __future__ import annotations

import functools
import itertools
import shutil
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.setting import Setting
from ipmix_cli.methods.ipmix.online import ArrayIPMix
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.methods.mixing_set import MixingSet, mixing_set
from ipmix_cli.pipeline.banks.bank import BankSettings
from ipmix_cli.pipeline.banks.drawing import make_bank
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Sample, SourceSpec
from ipmix_cli.stages import StageClock

Pixels = NDArray[np.uint8]
SIDES = (32, 224)
COUNTS = {32: 1000, 224: 96}  # pictures in memory: more than the caches hold
BANK_SIDES = {32: 64, 224: 256}  # px of mixing pictures, as in the built-in banks
MIXING_PICTURES = 20
PHOTOGRAPH = (375, 500)  # height and width of most of ImageNet's


@functools.cache
def pictures(setting: Setting, side: int) -> Pixels:
    """Return square pictures, uint8 (N, side, side, 3); not to be changed."""
    count = COUNTS[side]
    if side == 32 and setting.cifar:
        found = _of_cifar(setting.cifar, count)
    elif side == 224 and setting.photographs:
        files = itertools.islice(itertools.cycle(_photographs(setting.photographs, count)), count)
        found = np.stack([_square(path, side) for path in files])
    else:
        found = made(count, (side, side))
    found.flags.writeable = False
    return found


@functools.cache
def mixing_for(setting: Setting, side: int) -> MixingSet:
    """Return fractals of the default mix, resized as the preset for pictures of this side asks."""
    with h5py.File(bank(setting, side)) as file:
        fractals = list(file["images"][:])
    return mixing_set(fractals, (side, side), IPMIX.settings_for("auto", (side, side), {}).mixing_ratio)


@functools.cache
def copies(setting: Setting, side: int, count: int, each: int) -> Pixels:
    """Return augmented copies of some pictures, uint8 (count, each, side, side, 3): what encoders are given."""
    return ArrayIPMix()(pictures(setting, side)[:count], mixing_for(setting, side), seed=1, copies=each)


@functools.cache
def bank(setting: Setting, side: int) -> Path:
    """Return a small bank of mixing pictures."""
    path = setting.scratch / f"bank-{side}.h5"
    for _ in make_bank(BankSettings(count=MIXING_PICTURES, size=BANK_SIDES[side]), path):
        pass
    return path


@functools.cache
def small_count(setting: Setting) -> int:
    """Return how many pictures of 32 px a command is given."""
    most = setting.effort.small
    return min(most, len(open_source(SourceSpec(input="cifar10", data_dir=setting.cifar)))) if setting.cifar else most


@functools.cache
def small_source(setting: Setting) -> tuple[str, ...]:
    """Return the options of a command that name pictures of 32 px: CIFAR-10, or an NPZ of as many."""
    if setting.cifar:
        return "--in", "cifar10", "--data-dir", setting.cifar
    path, count = setting.scratch / "generated.npz", setting.effort.small
    repeated = np.resize(pictures(setting, 32), (count, 32, 32, 3))
    np.savez(path, images=repeated, labels=np.arange(count) % 10)
    return "--in", str(path)


@functools.cache
def large_source(setting: Setting) -> tuple[str, ...]:
    """Return the options of a command that name JPEG files: the photographs, again and again until there are enough."""
    folder = setting.scratch / "photographs" / "all"
    folder.mkdir(parents=True)
    count = setting.effort.photographs
    if setting.photographs:
        files = _photographs(setting.photographs, count)
    else:
        files = [setting.scratch / f"generated-{number}.jpg" for number in range(min(count, 50))]
        for path, picture in zip(files, made(len(files), PHOTOGRAPH), strict=True):
            Image.fromarray(picture).save(path, quality=90)
    for number, path in zip(range(count), itertools.cycle(files), strict=False):
        shutil.copyfile(path, folder / f"{number:05d}.jpg")
    return "--in", str(folder.parent), "--size", "224"


def made(count: int, shape: tuple[int, int]) -> Pixels:
    """Return pictures with shapes, gradients and grain, uint8 (count, *shape, 3): about as rich as photographs."""
    rng = np.random.default_rng(1)
    height, width = shape
    found = np.empty((count, height, width, 3), np.uint8)
    for number in range(count):
        coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        smooth = np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.float32)
        for _ in range(4):
            top, left = rng.integers(0, height - 4), rng.integers(0, width - 4)
            smooth[top : top + rng.integers(3, height), left : left + rng.integers(3, width)] = rng.integers(0, 256, 3)
        found[number] = np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255)
    return found


def _of_cifar(folder: str, count: int) -> Pixels:
    source = open_source(SourceSpec(input="cifar10", data_dir=folder))
    samples = source.part(0, min(count, len(source))).samples(StageClock())
    found = np.stack([sample.picture for sample in samples if isinstance(sample, Sample)])
    return np.resize(found, (count, *found.shape[1:]))


def _photographs(folder: str, count: int) -> list[Path]:
    """Return the first picture files below a folder."""
    suffixes = {".jpg", ".jpeg"}
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in suffixes)
    if not files:
        raise SystemExit(f"there is no JPEG file below {folder}")
    return files[:count]


def _square(path: Path, side: int) -> Pixels:
    """Return the middle of a photograph."""
    with Image.open(path) as image:
        return np.asarray(ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.BILINEAR))
