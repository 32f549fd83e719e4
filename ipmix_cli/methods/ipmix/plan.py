"""Plans: everything random of a copy, as data, made apart from their application.

A plan is a row of a structured array (see :mod:`ipmix_cli.methods.steps.chains`), so that a batch of them is one block
of memory that kernels read.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels.plans import Distributions, Wanted, draw_plans
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.mixings import MIXERS
from ipmix_cli.methods.operations import OPS
from ipmix_cli.methods.steps.chains import PlanArray, plan_dtype, rows_of
from ipmix_cli.randomness import PURPOSES, check_seed


def distributions_of(
    config: AugmentConfig, size: tuple[int, int], mixing_shapes: npt.NDArray[np.int32]
) -> Distributions:
    """Return the settings in the form that kernels read."""
    return _distributions(config, (int(size[0]), int(size[1])), np.asarray(mixing_shapes, np.int32).tobytes())


@functools.lru_cache(maxsize=4)
def _distributions(config: AugmentConfig, size: tuple[int, int], mixing_shapes: bytes) -> Distributions:
    """Return the same, made once: a reader that renders small batches would spend a tenth of its time here."""
    distributions = Distributions(
        int(config.chains),
        int(config.max_steps),
        float(config.severity),
        float(config.beta),
        float(config.self_mix),
        np.array([OPS[name].code for name in config.operations], np.int64),
        np.array([MIXERS[name].code for name in config.mixings], np.int64),
        np.array(config.patch_sizes_for(*size), np.int64),
        np.frombuffer(mixing_shapes, np.int32).reshape(-1, 2).copy(),
    )
    assert min(size) >= 2
    assert (distributions.shapes >= np.array(size)).all(), "mixing pictures must cover the pictures"
    return distributions


def sample_plans(
    config: AugmentConfig,
    size: tuple[int, int],
    seed: int,
    indices: npt.ArrayLike,
    copies: int,
    mixing_shapes: npt.NDArray[np.int32],
) -> PlanArray:
    """Draw the plans of all copies of some samples.

    A plan depends on nothing but the config, the size, the seed, the sample's index, the copy's number and the shapes
    of the mixing pictures: not on the batch it is drawn with, nor on how many copies are drawn.

    Parameters
    ----------
    config : AugmentConfig
        What they are drawn from.
    size : tuple of int
        Height and width of the pictures, at least 2 each.
    seed : int
        0 to 2**64 - 1.
    indices : array of int64, (N,)
        The samples' indices in their source.
    copies : int
        Copies of each, K.
    mixing_shapes : ndarray of int32, (M, 2)
        Height and width of each mixing picture, resized already (:class:`MixingSet.shapes`).

    Returns
    -------
    ndarray of plan_dtype(config.chains, config.max_steps), (N, K)

    Raises
    ------
    UsageError
        If the seed or a patch size does not fit.
    """
    places = np.ascontiguousarray(indices, np.int64)
    return chosen_plans(config, size, seed, places, np.tile(np.arange(copies), (places.size, 1)), mixing_shapes)


def chosen_plans(
    config: AugmentConfig,
    size: tuple[int, int],
    seed: int,
    indices: npt.NDArray[np.int64],
    copies: npt.NDArray[np.int64],
    mixing_shapes: npt.NDArray[np.int32],
) -> PlanArray:
    """Draw the plans (N, K) of some copies of samples, whose numbers are given (N, K); see :func:`sample_plans`."""
    plans = np.zeros(copies.shape, plan_dtype(config.chains, config.max_steps))
    distributions = distributions_of(config, size, mixing_shapes)
    side = (int(size[0]), int(size[1]))
    wanted = Wanted(np.ascontiguousarray(indices, np.int64), np.ascontiguousarray(copies, np.int64))
    draw_plans(np.uint64(check_seed(seed)), np.uint64(PURPOSES["copy"]), wanted, distributions, side, rows_of(plans))
    return plans
