"""Applying plans: no chance, no disk. One compiled call makes all copies of a batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ipmix_cli.algorithm.config import AugmentConfig
from ipmix_cli.algorithm.kernels.blend import BLOCK
from ipmix_cli.algorithm.kernels.copies import Bank, Scratch, make_copies
from ipmix_cli.algorithm.kernels.operations import Figures
from ipmix_cli.algorithm.mixing_set import MixingSet
from ipmix_cli.algorithm.plan import PlanArray, rows_of

Pictures = npt.NDArray[np.uint8]


def scratch_for(height: int, width: int, config: AugmentConfig) -> Scratch:
    """Return memory to work in, for one thread at a time; reuse it, since fresh memory costs a tenth of the time."""
    count, chains = height * width * 3, config.chains
    return Scratch(
        buffers=np.empty((chains + 2, count), np.uint8),
        patch=np.empty(count, np.uint8),
        mask=np.empty(count, np.uint8),
        slots=np.arange(chains + 2),
        fixed=np.empty(chains + 1, np.int32),
        sums=np.empty(BLOCK, np.int32),
        tables=np.empty((2, 256), np.float64),
        clean=_figures(),
        running=_figures(),
    )


def _figures() -> Figures:
    tables = np.empty((2, 3, 256), np.uint8)
    return Figures(np.zeros(3, np.int64), np.empty((3, 256), np.int64), tables[0], tables[1])


def _read_only(array: npt.NDArray[np.generic], dtype: type) -> npt.NDArray[np.generic]:
    """Return a plain, contiguous, read-only view: every caller's array has the same type for the compiler."""
    view = np.ascontiguousarray(array, dtype).view(np.ndarray)
    view = view[...]
    view.flags.writeable = False
    return view


def bank_of(mixing: MixingSet) -> Bank:
    """Return a mixing set in the form that kernels read."""
    return Bank(
        _read_only(mixing.pixels, np.uint8),
        _read_only(mixing.offsets, np.int64),
        _read_only(mixing.shapes, np.int32),
    )


def apply_plans(  # noqa: PLR0913
    pictures: Pictures,
    plans: PlanArray,
    mixing: MixingSet,
    config: AugmentConfig,
    out: Pictures,
    scratch: Scratch | None = None,
) -> None:
    """Make the copies that plans describe.

    The bytes depend on the picture, its plan and the mixing picture alone, not on the batch. Holds no lock while it
    works (nogil). Does not modify its inputs.

    Parameters
    ----------
    pictures : ndarray of uint8, (N, H, W, 3)
        RGB; H and W at least 2.
    plans : ndarray of plan_dtype, (N, K)
        From :func:`ipmix_cli.algorithm.plan.sample_plans`.
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
    assert out.shape == (*plans.shape, height, width, 3) and out.flags.c_contiguous and count == len(plans)
    flat = _read_only(pictures, np.uint8).reshape(count, height * width * 3)
    flat.flags.writeable = False
    make_copies(
        flat,
        rows_of(plans),
        (int(height), int(width)),
        bank_of(mixing),
        scratch or scratch_for(height, width, config),
        int(config.overflow == "wrap"),
        out.reshape(count, plans.shape[1], height * width * 3),
    )
