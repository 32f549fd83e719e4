"""Plans of chains: what IPMix, AugMix and PixMix draw, as rows that kernels read.

A plan has chains, a chain has steps, and the kind belongs to the step: an operation on the running picture, or a mixing
of a patch of it. AugMix has operations alone, and PixMix one chain of an operation and mixings of the whole picture.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels import codes

if TYPE_CHECKING:
    from ipmix_cli.kernels.types import PlanRows

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
    from ipmix_cli.kernels.types import PlanRows

    words = plans.dtype.itemsize // 8
    flat = np.ascontiguousarray(plans)
    return PlanRows(
        flat.view(np.int64).reshape(*plans.shape, words), flat.view(np.float64).reshape(*plans.shape, words)
    )


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
