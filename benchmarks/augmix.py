"""AugMix's composition with several libraries: what a user of another library would compare with.

Compared is one thing: a picture in and one copy out, both uint8 RGB in memory, on one core. A copy is a sum of the
picture and of three chains of one to three operations, drawn from AugMix's nine (autocontrast, equalize, posterize,
rotate, solarize, shears, translations; severity 3; bilinear, black outside), with Dirichlet weights and a Beta blend.
There are no fractals, no patches, no mixing pictures in it: IPMix has them too, and is timed elsewhere.

- ipmix: ``--method augmix``. Drawing plans is in the time.
- Pillow and numpy: as the published code of AugMix does it, without its normalisation.
- albumentations: its transforms, called one by one; the sum in numpy. OpenCV's pixels are not Pillow's.
- torchvision: its own AugMix, on a tensor of uint8 (3, H, W).
- kornia: its functions on a float tensor (1, 3, H, W), conversions included. It is made for batches on a GPU.

Every library runs single-threaded. One that is not installed, or does not import, is named and left out; ipmix needs
none of them: ``pip install albumentations kornia torchvision`` puts them beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.baseline import operated
from benchmarks.material import SIDES, Pixels, pictures
from benchmarks.setting import Setting
from benchmarks.table import micro, row, times
from benchmarks.timing import Seconds, by_turns, ratio, typical
from ipmix_cli.methods.augmix import AUGMIX, BASIC_OPERATIONS

SEVERITY = 3.0
COUNTS = {32: 100, 224: 16}  # pictures of a turn

Copier = Callable[[Pixels], Pixels]
Step = Callable[[Any, np.random.Generator], Any]


def composed(
    picture: Pixels, start: Any, step: Step, pixels: Callable[[Any], Pixels], rng: np.random.Generator
) -> Pixels:
    """Return a copy: chains of steps from `start`, a library's own form of the picture, summed by numpy."""
    blend = np.float32(rng.beta(1, 1))
    total = (1 - blend) * picture.astype(np.float32)
    for weight in rng.dirichlet(np.ones(3)).astype(np.float32):
        running = start
        for _ in range(rng.integers(1, 4)):
            running = step(running, rng)
        total += blend * weight * pixels(running)
    return total.astype(np.uint8)


def pillow_copier() -> Copier:
    """Return AugMix by Pillow and numpy."""
    rng = np.random.default_rng(0)

    def step(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        return operated(BASIC_OPERATIONS[rng.integers(len(BASIC_OPERATIONS))], image, rng, SEVERITY)

    return lambda picture: composed(picture, Image.fromarray(picture), step, np.asarray, rng)


def albumentations_copier() -> Copier:
    """Return AugMix by albumentations' transforms."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # else it asks the network for a newer version of itself
    import albumentations

    rng = np.random.default_rng(0)
    degrees, share = np.rad2deg(np.arctan(0.09)), 0.1  # of shears and translations, at severity 3
    affine: list[dict[str, Any]] = [
        {"shear": {"x": (-degrees, degrees), "y": 0}},
        {"shear": {"x": 0, "y": (-degrees, degrees)}},
        {"translate_percent": {"x": (-share, share), "y": 0}},
        {"translate_percent": {"x": 0, "y": (-share, share)}},
    ]
    transforms = [
        albumentations.AutoContrast(p=1),
        albumentations.Equalize(p=1),
        albumentations.Posterize(num_bits=(3, 4), p=1),
        albumentations.Rotate((-9, 9), p=1),
        albumentations.Solarize((0.7, 1), p=1),
        *(albumentations.Affine(**changes, p=1) for changes in affine),
    ]

    def step(picture: Pixels, rng: np.random.Generator) -> Pixels:
        changed: Pixels = transforms[rng.integers(len(transforms))](image=picture)["image"]
        return changed

    return lambda picture: composed(picture, picture, step, np.asarray, rng)


def torchvision_copier() -> Copier:
    """Return torchvision's AugMix, told to use the nine operations."""
    import torch
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    augmix = v2.AugMix(severity=3, mixture_width=3, chain_depth=-1, alpha=1.0, all_ops=False)

    def copy(picture: Pixels) -> Pixels:
        made: Pixels = augmix(torch.tensor(picture).permute(2, 0, 1)).permute(1, 2, 0).numpy()
        return made

    return copy


def kornia_copier() -> Copier:
    """Return AugMix by kornia's functions; it has no autocontrast of bytes, so that each channel is stretched."""
    import torch
    from kornia import enhance
    from kornia.geometry import transform

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)

    def one(spread: float) -> Any:
        return torch.tensor([rng.uniform(-spread, spread)], dtype=torch.float32)

    def pair(spread: float, axis: int) -> Any:
        return torch.eye(2)[axis][None] * one(spread)

    steps: list[Callable[[Any], Any]] = [
        enhance.normalize_min_max,
        enhance.equalize,
        lambda picture: enhance.posterize(picture, int(rng.integers(3, 5))),
        lambda picture: enhance.solarize(picture, float(rng.uniform(0.7, 1))),
        lambda picture: transform.rotate(picture, one(9)),
        *(lambda picture, axis=axis: transform.shear(picture, pair(0.09, axis)) for axis in (0, 1)),
        *(lambda picture, a=a: transform.translate(picture, pair(0.1 * picture.shape[-1], a)) for a in (0, 1)),
    ]

    def copy(picture: Pixels) -> Pixels:
        start = torch.tensor(picture).permute(2, 0, 1)[None].float() / 255
        blend = float(rng.beta(1, 1))
        total = (1 - blend) * start
        for weight in rng.dirichlet(np.ones(3)).tolist():
            running = start
            for _ in range(rng.integers(1, 4)):
                running = steps[rng.integers(len(steps))](running)
            total += blend * weight * running
        made: Pixels = (total[0] * 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        return made

    return copy


PEERS: dict[str, Callable[[], Copier]] = {
    "Pillow and numpy": pillow_copier,
    "albumentations": albumentations_copier,
    "torchvision": torchvision_copier,
    "kornia": kornia_copier,
}


def chosen_pictures(setting: Setting, side: int) -> Pixels:
    """Return the pictures of a turn."""
    return pictures(setting, side)[: setting.effort.some(COUNTS[side])]


def own_action(setting: Setting, side: int) -> Callable[[], None]:
    """Return an action that draws and applies one plan for each picture."""
    chosen, settings = chosen_pictures(setting, side), AUGMIX.presets["cifar"]
    workspace, out = AUGMIX.workspace((side, side), settings), np.empty((len(chosen), 1, side, side, 3), np.uint8)
    shapes = np.zeros((0, 2), np.int32)

    def run() -> None:
        plans = AUGMIX.plan(settings, (side, side), 2, np.arange(len(chosen)), 1, shapes)
        AUGMIX.apply(chosen, plans, None, settings, out, workspace)

    return run


def copiers() -> dict[str, Copier]:
    """Return what makes a copy with each library that there is, and name the others."""
    found = {}
    for name, make in PEERS.items():
        try:
            found[name] = make()
        except (ImportError, RuntimeError, AttributeError) as error:  # all three come from builds that do not fit
            print(f"{name} is left out: {str(error).splitlines()[0]}")
    return found


def table(setting: Setting) -> None:
    """Print the table."""
    print("AugMix: three chains of 1-3 of nine operations, summed; uint8 in, uint8 out; no fractals, no patches")
    there = copiers()
    heads = (cell for side in SIDES for cell in (f"{side} px: us", "copies/s", "ipmix is"))
    row("one copy of each picture, one core", *heads)
    measured = {side: turns_of(setting, side, there) for side in SIDES}
    for name in ("ipmix", *there):
        cells: list[str] = []
        for side, seconds in measured.items():
            one = typical(seconds[name], len(chosen_pictures(setting, side)))
            cells += [micro(one), f"{1 / one:,.0f}", times(ratio(seconds[name], seconds["ipmix"]))]
        row(name, *cells)


def copy_all(copy: Copier, chosen: Pixels) -> None:
    """Make one copy of each picture."""
    for picture in chosen:
        copy(picture)


def turns_of(setting: Setting, side: int, there: dict[str, Copier]) -> dict[str, Seconds]:
    """Return the seconds of all libraries' copies of pictures of one size, interleaved."""
    chosen = chosen_pictures(setting, side)
    actions: dict[str, Callable[[], object]] = {"ipmix": own_action(setting, side)}
    for name, copy in there.items():
        actions[name] = partial(copy_all, copy, chosen)
    return by_turns(actions, setting.effort.turns)
