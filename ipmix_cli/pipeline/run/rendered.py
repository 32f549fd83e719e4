"""Copies made when they are looked at: of data sets that store plans, and fresh ones of any data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import SourceError
from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.banks.mixing import MixingHandle, open_bank, resized_shapes
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.run.builtin_bank import BUILTIN, builtin_bank, builtin_side
from ipmix_cli.pipeline.run.partners import arranged, partners_of
from ipmix_cli.pipeline.run.render import NO_SHAPES, apply_plans, mixing_for, workspace_of
from ipmix_cli.shards.shard import StoredSample
from ipmix_cli.transform import MixingPictures, Plans, Size

MOST_RENDERED = 8  # copies of a sample that are made for a look at it, where nobody says how many


def checked_mixing(job: Job, location: str, listener: Listener | None = None) -> MixingHandle | None:
    """Return the mixing pictures of a job, at a place or ``builtin``; None for a method without them.

    Raises
    ------
    SourceError
        If they are missing, or others than those of the job.
    """
    ratio = job.transform.mixing_ratio(job.augment)
    if ratio is None:
        return None
    if location == BUILTIN:
        location = builtin_bank(builtin_side(job.size, ratio), job.mixing.pictures, listener)
    if open_bank(location).digest != job.mixing.digest:
        raise SourceError(
            f"{location} does not hold the mixing pictures that this data set was made with: its digest differs",
            "name the right bank with --fractals, or fractals=",
        )
    return MixingHandle(location, job.mixing, ratio)


def render_chosen(
    job: Job,
    mixing: MixingHandle | None,
    pictures: Picture,
    indices: NDArray[np.int64],
    copies: NDArray[np.int64],
    seed: int | None = None,
) -> NDArray[np.uint8]:
    """Return copies (N, V, H, W, C) of pictures (N, H, W, C): those with the numbers `copies` (N, V).

    With a `seed` of its own, they are not those of the job.
    """
    size = (pictures.shape[1], pictures.shape[2])
    plans = chosen_plans(job, mixing, size, indices, copies, seed)
    return copies_of(job, pictures, plans, mixing_for(job, mixing, size, plans))


def chosen_plans(
    job: Job,
    mixing: MixingHandle | None,
    size: Size,
    indices: NDArray[np.int64],
    copies: NDArray[np.int64],
    seed: int | None = None,
) -> Plans:
    """Return the plans (N, V) of copies, as :func:`render_chosen` takes them."""
    shapes = NO_SHAPES if mixing is None else resized_shapes(mixing, size)
    seed = job.seed if seed is None else seed
    return job.transform.plan_chosen(job.augment, size, seed, indices, copies, shapes)


def copies_of(job: Job, pictures: Picture, plans: Plans, mixing: MixingPictures | None) -> NDArray[np.uint8]:
    """Return the copies (N, V, H, W, C) that plans (N, V) make of pictures (N, H, W, C)."""
    out = np.empty((*plans.shape, *pictures.shape[1:]), np.uint8)
    apply_plans(job, pictures, plans, mixing, out, workspace_of(job, (pictures.shape[1], pictures.shape[2])))
    return out


def shown_pictures(
    dataset: Dataset, sample: StoredSample, most: int = MOST_RENDERED
) -> tuple[Picture | None, list[Picture]]:
    """Return the clean picture of a sample, if it is stored, and its first copies: the stored ones, or rendered.

    Raises
    ------
    SourceError
        If copies have to be rendered, and the mixing pictures are not there.
    """
    manifest = dataset.manifest
    job = manifest.job
    if job.output.store == "pixels":
        clean, copies = dataset.pictures(sample)
        return clean, copies[:most]
    assert sample.clean is not None, "plans are stored with clean pictures alone"
    picture = dataset.decoded(sample.clean, sample.size)
    mixing = _checked_once(job, manifest.places.fractals)
    numbers = np.arange(min(most, job.output.copies))[None]
    plans = chosen_plans(job, mixing, sample.size, np.array([sample.index]), numbers)
    if job.transform.mixes_labels:
        used: MixingPictures | None = _stored_partners(dataset, plans, sample)
    else:
        used = mixing_for(job, mixing, sample.size, plans)
    return picture, list(copies_of(job, picture[None], plans, used)[0])


def _stored_partners(dataset: Dataset, plans: Plans, sample: StoredSample) -> MixingSet:
    """Return the clean pictures of the samples that a sample's plans mix it with."""
    numbers = partners_of(dataset.manifest.job, plans, [sample.index]).reshape(-1)
    distinct, order = np.unique(numbers, return_inverse=True)
    found = [dataset.find(f"{number:08d}") for number in distinct.tolist()]
    return arranged([dataset.decoded(one.clean or b"", one.size) for one in found], order.reshape(-1))


_checked: dict[tuple[str, str], MixingHandle | None] = {}


def _checked_once(job: Job, location: str) -> MixingHandle | None:
    """Return checked mixing pictures, checking those of a job only once in a process."""
    key = job.digest(), location
    if key not in _checked:
        _checked[key] = checked_mixing(job, location)
    return _checked[key]
