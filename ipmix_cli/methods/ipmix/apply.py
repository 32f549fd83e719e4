"""Applying plans: no chance, no disk. One compiled call makes all copies of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels.blend import AT_ONCE
from ipmix_cli.kernels.copies import make_copies
from ipmix_cli.kernels.exact_shear import denominators
from ipmix_cli.kernels.types import PlanRows
from ipmix_cli.kernels.workspace import SLACK, Workspace
from ipmix_cli.methods.ipmix.plan import PlanArray, rows_of
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.mixing_set import MixingSet

Pictures = npt.NDArray[np.uint8]


def workspace_for(height: int, width: int, config: AugmentConfig) -> Workspace:
    """Return memory to work in, for one thread at a time.

    Reuse it: fresh memory costs a tenth of the time.
    """
    count, chains = height * width * 3, config.chains
    sources = max(chains + 1, AT_ONCE)
    return Workspace(
        height=height,
        width=width,
        chains=chains,
        wrap=0,
        pixels=np.empty(0, np.uint8),
        offsets=np.empty(0, np.int64),
        shapes=np.empty((0, 2), np.int32),
        buffers=np.empty((chains + 4, count), np.uint8),
        slots=np.arange(max(chains + 2, AT_ONCE)),
        touched=np.zeros((chains + 2, 2), np.int64),
        used=np.zeros(sources, np.int64),
        exact=np.zeros(sources, np.float64),
        here=np.zeros(sources, np.int64),
        movers=np.zeros(sources, np.int64),
        shares=np.zeros(sources, np.int32),
        sums=np.empty(count if chains + 1 > AT_ONCE else 0, np.float64),
        terms=np.empty((2, 256), np.float64),
        known=np.zeros((2, 3), np.int64),
        histograms=np.empty((2, 3, 256), np.int64),
        tables=np.empty((3, 3, 256), np.uint8),
        counters=np.empty((6, 256), np.uint32),
        centres=np.repeat(np.arange(width, dtype=np.float64) + 0.5, 3),
        denominators=denominators(),
        reals=np.empty(3 * width, np.float64),
        parts=np.empty(3 * width, np.int32),
        runs=np.empty(width, np.int32),
        advances=np.empty((2, 3 * width), np.uint32),
        lines=np.empty((4, 3 * width + SLACK), np.uint8),
        padded=np.empty((height + 2) * (width + 2) * 3 + SLACK, np.uint8),
    )


def _read_only(array: npt.NDArray[Any], dtype: type) -> npt.NDArray[Any]:
    """Return a plain, contiguous, read-only view: every caller's array has the same type for the compiler."""
    view: npt.NDArray[Any] = np.ascontiguousarray(array, dtype).view(np.ndarray)
    view.flags.writeable = False
    return view


def apply_plans(
    pictures: Pictures,
    plans: PlanArray,
    mixing: MixingSet,
    config: AugmentConfig,
    out: Pictures,
    workspace: Workspace | None = None,
) -> None:
    """Make the copies that plans describe.

    The bytes depend on the picture, its plan and the mixing picture alone, not on the batch. Holds no lock while it
    works (nogil). Does not modify its inputs.

    Parameters
    ----------
    pictures : ndarray of uint8, (N, H, W, 3)
        RGB; H and W at least 2.
    plans : ndarray of plan_dtype, (N, K)
        From :func:`ipmix_cli.methods.ipmix.plan.sample_plans`.
    mixing : MixingSet
        The mixing pictures that the plans were drawn for.
    config : AugmentConfig
        Its ``overflow`` is used; its chains and steps are those of the plans.
    out : ndarray of uint8, (N, K, H, W, 3), C-contiguous
        Filled with the copies.
    scratch : Scratch, optional
        From :func:`scratch_for`, to be reused.
    """
    count, height, width = pictures.shape[:3]
    assert out.shape == (*plans.shape, height, width, 3)
    assert out.flags.c_contiguous
    assert count == len(plans)
    workspace = (workspace or workspace_for(height, width, config))._replace(
        wrap=int(config.overflow == "wrap"),
        pixels=_read_only(mixing.pixels, np.uint8),
        offsets=_read_only(mixing.offsets, np.int64),
        shapes=_read_only(mixing.shapes, np.int32),
    )
    assert (workspace.height, workspace.width) == (height, width)
    assert plans.dtype["weights"].shape == (workspace.chains,)
    flat = _read_only(pictures.reshape(count, height * width * 3), np.uint8)
    rows = PlanRows(*(_read_only(part, part.dtype.type) for part in rows_of(plans)))
    make_copies(flat, rows, workspace, out.reshape(count, plans.shape[1], height * width * 3))
