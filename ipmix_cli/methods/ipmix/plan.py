"""Plans: all chance of a copy, as data, made apart from their application.

A plan is a row of a structured array, so that a batch of them is one block of memory that kernels read. A plan has
chains, a chain has steps, and the kind belongs to the step: PixMix (an operation, then mixings of the full picture)
and AugMix (chains of operations alone) are other plans over the same steps.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.plans import Distributions, draw_plans
from ipmix_cli.kernels.types import PlanRows
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.mixings import MIXERS
from ipmix_cli.methods.operations import OPS
from ipmix_cli.randomness import PURPOSES, check_seed

PlanArray = npt.NDArray[Any]

# The order is that of kernels/codes.py; every field has 8 bytes, so that a row is integers and reals at once
STEP = np.dtype(
    [
        ("kind", np.int64),
        ("code", np.int64),
        ("parameter", np.float64),
        ("a", np.float64),
        ("b", np.float64),
        ("p", np.float64),
        ("top", np.int64),
        ("left", np.int64),
        ("height", np.int64),
        ("width", np.int64),
        ("partner", np.int64),
        ("partner_code", np.int64),
        ("partner_parameter", np.float64),
        ("mask_key", np.uint64),
    ]
)


@functools.cache
def plan_dtype(chains: int, max_steps: int) -> np.dtype[Any]:
    """Return the type of one plan.

    Fields: blend m; mixing, crop_top, crop_left (the mixing picture and where it is cropped); weights w (chains,);
    lengths (chains,), how many of a chain's steps count; steps (chains, max_steps) of :data:`STEP`.
    """
    return np.dtype(
        [
            ("blend", np.float64),
            ("mixing", np.int64),
            ("crop_top", np.int64),
            ("crop_left", np.int64),
            ("weights", np.float64, (chains,)),
            ("lengths", np.int64, (chains,)),
            ("steps", STEP, (chains, max_steps)),
        ]
    )


def rows_of(plans: PlanArray) -> PlanRows:
    """Return plans (N, K) as the words that kernels read, (N, K, words): views, not copies."""
    words = plans.dtype.itemsize // 8
    flat = np.ascontiguousarray(plans)
    return PlanRows(
        flat.view(np.int64).reshape(*plans.shape, words), flat.view(np.float64).reshape(*plans.shape, words)
    )


def distributions_of(
    config: AugmentConfig, size: tuple[int, int], mixing_shapes: npt.NDArray[np.int32]
) -> Distributions:
    """Return the settings in the form that kernels read."""
    return Distributions(
        int(config.chains),
        int(config.max_steps),
        float(config.severity),
        float(config.beta),
        float(config.self_mix),
        np.array([OPS[name].code for name in config.operations], np.int64),
        np.array([MIXERS[name].code for name in config.mixings], np.int64),
        np.array(config.patch_sizes_for(*size), np.int64),
        np.ascontiguousarray(mixing_shapes, np.int32).copy(),
    )


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
        The laws.
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
    plans = np.zeros((places.size, copies), plan_dtype(config.chains, config.max_steps))
    distributions = distributions_of(config, size, mixing_shapes)
    assert min(size) >= 2
    assert (distributions.shapes >= np.array(size)).all(), "mixing pictures must cover the pictures"
    side = (int(size[0]), int(size[1]))
    draw_plans(np.uint64(check_seed(seed)), np.uint64(PURPOSES["copy"]), places, distributions, side, rows_of(plans))
    return plans


STILL_AT_ZERO = (codes.ROTATE, codes.TRANSLATE_X, codes.TRANSLATE_Y)


def unchanged_plans(plans: PlanArray) -> npt.NDArray[np.bool_]:
    """Return (N, K): which plans have no step that changes anything; turns and shifts by nothing do not."""
    steps = plans["steps"]
    still = np.isin(steps["code"], STILL_AT_ZERO) & (steps["parameter"] == 0) & (steps["kind"] == codes.OPERATION)
    return np.asarray((still | ~taken_steps(plans)).all(axis=(2, 3)))


def taken_steps(plans: PlanArray) -> npt.NDArray[np.bool_]:
    """Return (N, K, chains, steps): which steps lie before the end of their chain."""
    return np.asarray(np.arange(plans["steps"].shape[-1]) < plans["lengths"][..., None])


def interest(plans: PlanArray) -> npt.NDArray[np.float64]:
    """Return (N, K): high for plans with many steps of both kinds, of which the blend lets much through."""
    taken = taken_steps(plans)
    mixings = (taken & (plans["steps"]["kind"] == codes.MIXING)).sum(axis=(2, 3))
    steps = taken.sum(axis=(2, 3))
    return np.asarray((np.minimum(mixings, steps - mixings) * 100 + steps) * plans["blend"], np.float64)


assert len(STEP.names or ()) == codes.STEP_WORDS
assert STEP.itemsize == 8 * codes.STEP_WORDS
