"""Each method beside the library that its users have: copies of pictures in memory, on one core.

ipmix draws a plan and applies it, uint8 pictures in and out. A library gets pictures in the form that it works on
(Pillow's images, or tensors), made beforehand, and its own form of a copy counts as made. Where that is a tensor there
is a second row, "uint8": the same work as ipmix's, pictures made into tensors before the library's step, and bytes
after it. Every library runs single-threaded; one that is not installed is named and left out: ``pip install
torchvision timm albumentations`` puts them beside it. Each way makes four copies of each picture, as ``ipmix augment``
does, and runs for 20 ms before the run that counts: in a job it would run for hours.

- Pillow and numpy: the method as its published code has it, written plainly.
- torchvision, timm, albumentations: the library's own class, at the settings of the preset it is compared with.
- the authors: their own code, where ``IPMIX_ORIGINALS`` names a folder with it; see ``originals.py``.
- copying: the pictures' bytes from one array into another, which no way to a new picture is faster than.

"ipmix is" says how many times as fast ipmix is; "at most" how many times as fast it could be if it did nothing but
copy. The row of ipmix has there how much of its time copying alone would take: 50% is half as fast as memory.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.augmix import pillow_copier
from benchmarks.material import SIDES, Pixels, mixing_for, pictures
from benchmarks.originals import (
    albumentations_erasing,
    augmix_copier,
    cut_batch,
    cutout_tensor,
    erased_tensor,
    mixed_batch,
    prime_batch,
)
from benchmarks.originals import (
    pixmix_copier as pixmix_authors,
)
from benchmarks.pixmix import pixmix_copier
from benchmarks.setting import Setting
from benchmarks.table import micro, row, times
from benchmarks.timing import Seconds, by_turns, ratio, typical
from ipmix_cli.methods import transform_named
from ipmix_cli.methods.mixing_set import MixingSet

COUNTS = {32: 400, 224: 32}  # copies of a turn
COPIES = 4  # of each picture
Forms = Sequence[Any]


class Original(NamedTuple):
    """A library's way to a copy: what it works on, made of pictures, and what makes copies of all of them."""

    library: str
    prepare: Callable[[Pixels], Any]
    copy_all: Callable[[Any], Any]
    at_once: bool = False  # whether all pictures are one batch


def images(chosen: Pixels) -> list[Image.Image]:
    """Return pictures as Pillow's images."""
    return [Image.fromarray(picture) for picture in chosen]


def arrays(chosen: Pixels) -> list[Pixels]:
    """Return pictures one by one."""
    return list(chosen)


def floats(chosen: Pixels) -> Any:
    """Return pictures as a batch of normalised tensors (N, 3, H, W)."""
    import torch

    return torch.tensor(chosen).permute(0, 3, 1, 2).float() / 255


def each(copy: Callable[[Any], object]) -> Callable[[Forms], list[Any]]:
    """Return what makes a copy of each picture."""
    return lambda forms: [copy(form) for form in forms]


def of_bytes(way: Original) -> Original:
    """Return a way that works on tensors as one from pictures to pictures, with conversions as torchvision's."""
    import torch

    def copy_all(chosen: Forms) -> Forms:
        tensors = [torch.from_numpy(picture).permute(2, 0, 1).contiguous().float().div(255) for picture in chosen]
        copies = way.copy_all(torch.stack(tensors) if way.at_once else tensors)
        return [copy.mul(255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous() for copy in copies]

    return Original(f"{way.library} uint8", lambda chosen: list(chosen.copy()), copy_all)


def by_torchvision(name: str, **options: Any) -> Original:
    """Return one of torchvision's transforms of a Pillow image."""
    from torchvision import transforms

    return Original("torchvision", images, each(getattr(transforms, name)(**options)))


def by_timm_randaugment() -> Original:
    """Return timm's RandAugment."""
    from timm.data.auto_augment import rand_augment_transform

    augment = rand_augment_transform("rand-m9-mstd0.5-inc1", {"img_mean": (124, 116, 104)})

    def copy(image: Image.Image) -> None:
        with contextlib.suppress(ValueError):  # it asks Pillow for 0 bits at times, which Pillow refuses
            augment(image)

    return Original("timm", images, each(copy))


def by_timm_erasing() -> Original:
    """Return timm's random erasing; it changes tensors in place."""
    from timm.data.random_erasing import RandomErasing

    return Original("timm", floats, each(RandomErasing(0.25, mode="pixel", device="cpu")))


def by_torchvision_erasing() -> Original:
    """Return torchvision's random erasing, which makes a new tensor."""
    from torchvision import transforms

    return Original("torchvision", floats, each(transforms.RandomErasing()))


def by_torchvision_mixing(name: str) -> Original:
    """Return torchvision's MixUp or CutMix of a batch, which draws one weight for all of it."""
    import torch
    from torchvision.transforms import v2

    mix = getattr(v2, name)(num_classes=10)
    return Original(
        "torchvision", floats, lambda batch: mix(batch, torch.zeros(len(batch), dtype=torch.int64))[0], at_once=True
    )


def by_numpy_cutout(length: int = 16) -> Original:
    """Return Cutout by numpy."""
    rng = np.random.default_rng(0)

    def copy(picture: Pixels) -> Pixels:
        height, width = picture.shape[:2]
        y, x = rng.integers(height), rng.integers(width)
        out = picture.copy()
        out[max(y - length // 2, 0) : y + length // 2, max(x - length // 2, 0) : x + length // 2] = (125, 123, 114)
        return out

    return Original("Pillow and numpy", arrays, each(copy))


def by_authors(make: Callable[[], Callable[[Any], object]], prepare: Callable[[Pixels], Any]) -> Original:
    """Return the authors' way to a copy of each picture."""
    return Original("the authors", prepare, each(make()))


def by_authors_at_once(copy_all: Callable[[Any], Any]) -> Original:
    """Return the authors' way to the copies of a batch."""
    return Original("the authors", floats, copy_all, at_once=True)


def by_albumentations(name: str) -> Original:
    """Return albumentations' way to erase."""
    return Original("albumentations", arrays, each(albumentations_erasing(name)))


def plain(make: Callable[[], Callable[[Pixels], object]]) -> Original:
    """Return a way by Pillow and numpy."""
    return Original("Pillow and numpy", arrays, each(make()))


# Method, preset, and the ways it is compared with
CASES: tuple[tuple[str, str, tuple[Callable[[], Original], ...]], ...] = (
    (
        "augmix",
        "cifar",
        (
            partial(by_authors, augmix_copier, arrays),
            partial(plain, pillow_copier),
            partial(by_torchvision, "AugMix", all_ops=False),
        ),
    ),
    ("pixmix", "cifar", (partial(by_authors, pixmix_authors, arrays), partial(plain, pixmix_copier))),
    ("trivialaugment", "torchvision", (partial(by_torchvision, "TrivialAugmentWide"),)),
    ("randaugment", "torchvision", (partial(by_torchvision, "RandAugment"),)),
    ("randaugment", "timm", (by_timm_randaugment,)),
    ("autoaugment", "imagenet", (partial(by_torchvision, "AutoAugment"),)),
    (
        "cutout",
        "cifar10",
        (partial(by_authors, cutout_tensor, floats), by_numpy_cutout, partial(by_albumentations, "cutout")),
    ),
    (
        "random-erasing",
        "torchvision",
        (
            partial(by_authors, erased_tensor, floats),
            by_torchvision_erasing,
            partial(by_albumentations, "erasing"),
        ),
    ),
    ("random-erasing", "timm", (by_timm_erasing,)),
    ("prime", "cifar", (lambda: by_authors_at_once(prime_batch()),)),
    ("mixup", "cifar", (partial(by_authors_at_once, mixed_batch), partial(by_torchvision_mixing, "MixUp"))),
    ("cutmix", "imagenet", (partial(by_authors_at_once, cut_batch), partial(by_torchvision_mixing, "CutMix"))),
)


def own_action(setting: Setting, method: str, preset: str, chosen: Pixels) -> Callable[[], None]:
    """Return an action that draws and applies new plans; each picture is there as often as it has copies."""
    transform, side = transform_named(method), chosen.shape[1]
    settings = transform.settings_for(preset, (side, side), {})
    needed = transform.mixing_ratio(settings) is not None
    mixing = mixing_for(setting, side) if needed else seconds_of(chosen) if transform.mixes_labels else None
    shapes = np.zeros((0, 2), np.int32) if mixing is None else mixing.shapes
    workspace, distinct = transform.workspace((side, side), settings), np.ascontiguousarray(chosen[::COPIES])
    out, seeds = np.empty((len(distinct), COPIES, *chosen.shape[1:]), np.uint8), itertools.count()

    def run() -> None:
        plans = transform.plan(settings, (side, side), next(seeds), np.arange(len(distinct)), COPIES, shapes)
        transform.apply(distinct, plans, mixing, settings, out, workspace)

    return run


def seconds_of(chosen: Pixels) -> MixingSet:
    """Return pictures as second samples, in another order."""
    count, height, width = chosen.shape[:3]
    offsets = np.arange(count, dtype=np.int64)[::-1] * height * width * 3
    return MixingSet(chosen.ravel(), offsets.copy(), np.tile(np.array([[height, width]], np.int32), (count, 1)))


def originals(ways: Sequence[Callable[[], Original]]) -> list[Original]:
    """Return the ways that there are, those of tensors with their conversions too, and name the others."""
    found = []
    for way in ways:
        try:
            found.append(way())
            if found[-1].prepare is floats:
                found.append(of_bytes(found[-1]))
        except (ImportError, RuntimeError, AttributeError) as error:  # all three come from builds that do not fit
            print(f"left out: {str(error).splitlines()[0]}")
    return found


def turns_of(setting: Setting, case: tuple[str, str, Sequence[Original]], side: int) -> tuple[int, dict[str, Seconds]]:
    """Return how many copies are made, and the seconds of all ways to them, interleaved."""
    method, preset, ways = case
    some = max(setting.effort.some(COUNTS[side]) // COPIES, 1)
    chosen = np.repeat(pictures(setting, side)[:some], COPIES, axis=0)
    actions: dict[str, Callable[[], object]] = {"ipmix": own_action(setting, method, preset, chosen)}
    for way in ways:
        actions[way.library] = partial(way.copy_all, way.prepare(chosen))
    actions["copying"] = partial(np.copyto, np.empty_like(chosen), chosen)
    return len(chosen), by_turns(actions, setting.effort.turns, warm=True)


def single_threaded() -> None:
    """Keep torch to one thread, if it is there."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)


def table(setting: Setting) -> None:
    """Print the table."""
    print(f"{COPIES} copies of each picture; a library's own form of pictures in and out")
    single_threaded()
    row("method, preset, library", *(cell for side in SIDES for cell in (f"{side} px: us", "ipmix is", "at most")))
    for method, preset, made in CASES:
        ways = originals(made)
        measured = {side: turns_of(setting, (method, preset, ways), side) for side in SIDES}
        for name in ("ipmix", *(way.library for way in ways), "copying"):
            cells = [cell for count, seconds in measured.values() for cell in cells_of(name, count, seconds)]
            row(f"{method} {preset}: {name}", *cells)


def cells_of(name: str, count: int, seconds: dict[str, Seconds]) -> tuple[str, str, str]:
    """Return a way's microseconds a picture, how many times as fast ipmix is, and how many times it could be."""
    own, copying = seconds["ipmix"], seconds["copying"]
    most = f"{ratio(copying, own):.0%}" if name == "ipmix" else times(ratio(seconds[name], copying))
    return micro(typical(seconds[name], count)), times(ratio(seconds[name], own)), most
