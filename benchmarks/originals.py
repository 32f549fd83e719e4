"""The authors' own code of methods, to be timed beside ipmix: checkouts that lie in a folder of one's choice.

``IPMIX_ORIGINALS`` names a folder with clones of any of these repositories, each under its own name::

    augmix                google-research/augmix
    pixmix                andyzoujm/pixmix
    PRIME-augmentations   amodas/PRIME-augmentations (needs einops and opt_einsum)
    Cutout                uoguelph-mlrg/Cutout
    Random-Erasing        zhunzhong07/Random-Erasing

Their functions are called as they are. What stands around them in a training script that cannot be imported, a few
lines each, is written out here. Nothing is fetched; a repository that is not there is named and left out.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.augmix import composed
from benchmarks.material import Pixels

VARIABLE = "IPMIX_ORIGINALS"


def module_of(repository: str, path: str) -> ModuleType:
    """Return a file of a repository as a module.

    Raises
    ------
    ImportError
        If it is not installed, saying how it is found.
    """
    file = Path(os.environ.get(VARIABLE, "")) / repository / path
    if VARIABLE not in os.environ or not file.is_file():
        raise ImportError(f"{repository}: not installed; {VARIABLE} names no folder with a clone of it")
    found = importlib.util.spec_from_file_location(f"original_{repository}_{file.stem}", file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # dataclasses look their own module up
    found.loader.exec_module(module)
    return module


def augmix_copier() -> Callable[[Pixels], Pixels]:
    """Return AugMix: the authors' operations in the frame of their ``cifar.py``, without its normalisation."""
    module: Any = module_of("augmix", "augmentations.py")

    def step(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        made: Image.Image = module.augmentations[rng.integers(9)](image, 3)
        return made

    rng = np.random.default_rng(0)

    def copy(picture: Pixels) -> Pixels:
        module.IMAGE_SIZE = picture.shape[0]
        return composed(picture, Image.fromarray(picture), step, np.asarray, rng)

    return copy


def pixmix_copier() -> Callable[[Pixels], Any]:
    """Return PixMix: the authors' operations and mixings in the frame of their ``cifar.py``."""
    from torchvision.transforms.functional import to_tensor

    module: Any = module_of("pixmix", "pixmix_utils.py")
    rng = np.random.default_rng(0)

    def maybe_operated(image: Image.Image, other: Image.Image) -> Any:
        operation = module.augmentations[rng.integers(len(module.augmentations))]
        return to_tensor(operation(image.copy(), 3) if rng.random() < 0.5 else other)

    def copy(picture: Pixels) -> Any:
        module.IMAGE_SIZE = picture.shape[0]
        image, fractal = Image.fromarray(picture), Image.fromarray(picture[::-1])
        mixed = maybe_operated(image, image)
        for _ in range(rng.integers(5)):
            mixing = module.mixings[rng.integers(2)]
            mixed = mixing(mixed, maybe_operated(image, fractal), 3).clip(0, 1)
        return mixed

    return copy


def prime_batch() -> Callable[[Any], object]:
    """Return PRIME of a batch of tensors, with the numbers of the authors' ``cifar10_cfg.py``."""
    frame, moves, colours, filters = (
        module_of("PRIME-augmentations", f"utils/{name}.py")
        for name in ("prime", "diffeomorphism", "color_jitter", "rand_filter")
    )
    parts = [
        moves.Diffeo(sT=1.0, rT=1.0, scut=1.0, rcut=1.0, cutmin=2, cutmax=100, alpha=1.0, stochastic=True),
        colours.RandomSmoothColor(cut=100, T=0.01, freq_bandwidth=None, stochastic=True),
        filters.RandomFilter(kernel_size=3, sigma=4.0, stochastic=True),
    ]
    prime: Callable[[Any], object] = frame.GeneralizedPRIMEModule(
        lambda batch: batch, frame.PRIMEAugModule(parts), no_jsd=True
    )
    return prime


def cutout_tensor() -> Callable[[Any], object]:
    """Return Cutout of a normalised tensor."""
    made: Callable[[Any], object] = module_of("Cutout", "util/cutout.py").Cutout(1, 16)
    return made


def erased_tensor() -> Callable[[Any], object]:
    """Return Random Erasing of a tensor, in place."""
    made: Callable[[Any], object] = module_of("Random-Erasing", "transforms.py").RandomErasing()
    return made


def mixed_batch(batch: Any) -> object:
    """Return MixUp of a batch of tensors, as facebookresearch/mixup-cifar10 does it."""
    import torch

    weight = float(np.random.default_rng().beta(1, 1))
    return weight * batch + (1 - weight) * batch[torch.randperm(len(batch))]


def cut_batch(batch: Any) -> object:
    """Return CutMix of a batch of tensors, in place, as clovaai/CutMix-PyTorch does it."""
    import torch

    rng = np.random.default_rng()
    side = int(batch.shape[2] * np.sqrt(1 - rng.beta(1, 1)))
    row, column = rng.integers(batch.shape[2], size=2).tolist()
    top, left = max(row - side // 2, 0), max(column - side // 2, 0)
    rows, columns = slice(top, row + side // 2), slice(left, column + side // 2)
    batch[:, :, rows, columns] = batch[torch.randperm(len(batch)), :, rows, columns]
    return batch


def albumentations_erasing(name: str) -> Callable[[Pixels], object]:
    """Return albumentations' Cutout (one hole of 16 px) or Erasing of an array."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # else it asks the network for a newer version of itself
    import albumentations

    square: Sequence[int] = (16, 16)
    made = {
        "cutout": lambda: albumentations.CoarseDropout((1, 1), square, square, fill=(125, 123, 114), p=1),
        "erasing": lambda: albumentations.Erasing(p=0.5),
    }[name]()
    return lambda picture: made(image=picture)["image"]
