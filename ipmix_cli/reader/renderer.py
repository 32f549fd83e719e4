"""Copies that are made when they are read: those of a data set that stores plans, and fresh ones for every epoch.

What makes copies is imported with a reader that needs it, and not before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli import grey
from ipmix_cli.errors import SourceError, UsageError
from ipmix_cli.reader.chosen import mixed
from ipmix_cli.reader.contents import Contents
from ipmix_cli.reader.shard_files import Read
from ipmix_cli.shards.places import CLEAN

if TYPE_CHECKING:
    from ipmix_cli.pipeline.banks.mixing import MixingHandle
    from ipmix_cli.pipeline.job import Job


@dataclass(frozen=True)
class Renderer:
    """Makes copies of clean pictures: small and picklable.

    Parameters
    ----------
    job : Job
    mixing : MixingHandle or None
    fresh : bool
        Whether every epoch has copies of its own, which are not those of the job.
    seed : int
        Of fresh copies, beside the job's.
    """

    job: Job
    mixing: MixingHandle | None
    fresh: bool
    seed: int

    def render(
        self, pictures: NDArray[np.uint8], indices: NDArray[np.int64], copies: NDArray[np.int64], epoch: int
    ) -> NDArray[np.uint8]:
        """Return copies (N, V, H, W, C) of pictures (N, H, W, C): those with the numbers `copies` (N, V)."""
        from ipmix_cli.pipeline.run.rendered import render_chosen

        return render_chosen(self.job, self.mixing, pictures, indices, copies, self.seed_of(epoch))

    def seed_of(self, epoch: int) -> int | None:
        """Return the seed of an epoch's fresh copies; None for those of the job."""
        return mixed(self.job.seed, self.seed, epoch) >> 1 if self.fresh else None


def open_renderer(contents: Contents, fractals: str | None, fresh: bool, seed: int) -> Renderer:
    """Return what makes a data set's copies, its kernels compiled and its mixing pictures checked and resized.

    Raises
    ------
    SourceError
        If the mixing pictures are missing, or others than those of the job; or if this version of ipmix draws other
        plans than the job's.
    """
    from ipmix_cli.pipeline.banks.mixing import prepare_mixing
    from ipmix_cli.pipeline.job import Job
    from ipmix_cli.pipeline.listener import Listener
    from ipmix_cli.pipeline.run.rendered import checked_mixing

    try:
        job = Job.from_dict(contents.job)
    except ValueError as error:
        raise SourceError(
            f"{contents.location}: manifest.json is damaged: {error}", f"type: ipmix validate {contents.location}"
        ) from error
    if job.plan_version != job.drawn_version:
        raise SourceError(
            f"{contents.location} has plans of version {job.plan_version}, this ipmix draws version "
            f"{job.drawn_version}",
            "install the ipmix that made it, or make it again",
        )
    if job.has_surroundings:
        raise UsageError(
            f"{job.transform.title} need what lies around the pictures, which a reader does not have at hand",
            "read the stored frames: leave out fresh=True",
        )
    mixing = checked_mixing(job, fractals or str(contents.places.get("fractals", "")))
    job.transform.kernel_set().warm_up()  # before workers are started, which would each compile
    if job.output.channels == 1:
        grey.KERNELS.warm_up()
    if mixing is not None and job.size is not None:
        prepare_mixing(mixing, job.size, Listener())
    return Renderer(job, mixing, fresh, seed)


def rendered(renderer: Renderer, read: Read, chosen: NDArray[np.int64], epoch: int) -> Any:
    """Return the chosen pictures of samples, whose clean ones were read: in one call for all of one size."""
    if isinstance(read.pictures, np.ndarray):
        return _rendered(renderer, read.pictures[:, 0], read.indices, chosen, epoch)
    return [
        _rendered(renderer, clean, read.indices[n : n + 1], chosen[n : n + 1], epoch)[0]
        for n, clean in enumerate(read.pictures)
    ]


def _rendered(
    renderer: Renderer, clean: NDArray[np.uint8], indices: NDArray[np.int64], chosen: NDArray[np.int64], epoch: int
) -> NDArray[np.uint8]:
    """Return (N, V, H, W, 3) of one size; a clean picture stands first, if it is among them."""
    if chosen.shape[1] == 0 or chosen[0, 0] != CLEAN:
        return renderer.render(clean, indices, chosen, epoch)
    copies = renderer.render(clean, indices, chosen[:, 1:], epoch)
    return np.concatenate([clean[:, None], copies], axis=1)
