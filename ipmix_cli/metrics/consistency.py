"""Whether predictions stay the same over a sequence of slowly changing pictures: flip probability, top-5 distance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipmix_cli.errors import PredictionsError

Values = NDArray[np.float64]

TOP = 5
SEQUENCES_AT_ONCE = 256  # ranked together: 31 frames of 1,000 classes are 64 MB then


def flip_probability(predictions: ArrayLike, *, noise: bool = False, difficulty: int = 1) -> float:
    """Return how often the predicted class changes along a sequence, as the mean over sequences.

    Parameters
    ----------
    predictions : (S, F) integers
        The predicted class of each frame of each sequence.
    noise : bool
        Compare each frame with the first one, which is clean, as for sequences of noise, and not with the one before.
    difficulty : int
        Compare frames this far apart; for noise the difficulty is in the pictures, and this changes nothing.

    Raises
    ------
    PredictionsError

    Notes
    -----
    Source: Hendrycks and Dietterich, ICLR 2019, section 4.2, and ``flip_prob`` of ImageNet-P's test.py.

    Examples
    --------
    >>> flip_probability([[3, 3, 5, 3]])
    0.6666666666666666
    """
    return float(np.mean(flips(predictions, noise=noise, difficulty=difficulty)))


def flips(predictions: ArrayLike, *, noise: bool, difficulty: int = 1) -> Values:
    """Return the flip probability of each sequence, (S,)."""
    array = np.asarray(predictions)
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise PredictionsError(
            f"expected predicted classes of the shape (sequences, frames), got {array.dtype} {array.shape}",
            "give the number of the predicted class for each frame",
        )
    before, after = _pairs(array.shape[1], noise, difficulty)
    changes: Values = (array[:, before] != array[:, after]).mean(axis=1)
    return changes


def top5_distance(scores: ArrayLike, *, noise: bool = False, difficulty: int = 1) -> float:
    """Return how far the five highest-ranked classes move along a sequence, as the mean over sequences.

    Parameters
    ----------
    scores : (S, F, C) numbers
        Logits or probabilities of each frame, of at least 6 classes. Among equal ones the first class ranks higher.
    noise, difficulty
        As in :func:`flip_probability`.

    Raises
    ------
    PredictionsError

    Notes
    -----
    Source: Hendrycks and Dietterich, ICLR 2019, section 4.2, and ``ranking_dist`` of ImageNet-P's test.py. With sigma
    the rank in the later frame of the class that was i-th (from 0) in the earlier one, also from 0, a pair of frames
    counts sum over i < 5 of |i - min(sigma(i), 5)|.

    Examples
    --------
    >>> top5_distance([[[6, 5, 4, 3, 2, 1, 0], [5, 6, 4, 3, 2, 1, 0]]])
    2.0
    """
    return float(np.mean(moves(scores, top5_moves, noise=noise, difficulty=difficulty)))


def zipf_distance(scores: ArrayLike, *, noise: bool = False, difficulty: int = 1) -> float:
    """Return how far all classes move along a sequence, weighed by the reciprocal of their rank.

    Parameters and source are those of :func:`top5_distance`; any number of classes will do.

    Raises
    ------
    PredictionsError
    """
    return float(np.mean(moves(scores, zipf_moves, noise=noise, difficulty=difficulty)))


def mean_flip_rate(probabilities: Mapping[str, float], baseline: Mapping[str, float] | None = None) -> float:
    """Return the mean over perturbations of the flip probability, or of its ratio to a baseline's.

    Works for top-5 distances too, which gives mT5D.

    Raises
    ------
    PredictionsError
        For no perturbations, those that the baseline lacks, and a baseline that never flips.

    Examples
    --------
    >>> mean_flip_rate({"tilt": 0.02, "scale": 0.1}, {"tilt": 0.04, "scale": 0.1})
    0.75
    """
    from ipmix_cli.metrics.corruption import mean_corruption_error

    return mean_corruption_error(probabilities, baseline)


def _pairs(frames: int, noise: bool, difficulty: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the frames that are compared, the earlier and the later of each pair."""
    step = 1 if noise else difficulty
    if difficulty < 1 or frames <= step:
        raise PredictionsError(
            f"{frames} frames cannot be compared {difficulty} apart", "give longer sequences, or a difficulty of 1"
        )
    after = np.arange(step, frames)
    return (np.zeros_like(after) if noise else after - step), after


def moves(scores: ArrayLike, distance: Callable[[NDArray[Any]], Values], *, noise: bool, difficulty: int = 1) -> Values:
    """Return the mean distance between compared frames of each sequence, (S,)."""
    array = np.asarray(scores)
    if array.ndim != 3 or array.dtype.kind not in "fiu":
        raise PredictionsError(
            f"expected scores of the shape (sequences, frames, classes), got {array.dtype} {array.shape}",
            "give a logit or probability of each class for each frame",
        )
    before, after = _pairs(array.shape[1], noise, difficulty)
    found = np.empty(len(array))
    for start in range(0, len(array), SEQUENCES_AT_ONCE):
        some = array[start : start + SEQUENCES_AT_ONCE].astype(np.float64)
        if not np.isfinite(some).all():
            place = tuple(int(number) for number in np.argwhere(~np.isfinite(some))[0])
            raise PredictionsError(
                f"sequence {start + place[0]}, frame {place[1]} (from 0) holds {some[place]}",
                "check why the model returns it",
            )
        order = np.argsort(-some, axis=-1, kind="stable")
        ranks = np.argsort(order, axis=-1, kind="stable")
        later = np.take_along_axis(ranks[:, after], order[:, before], axis=-1)  # of the classes as ranked before
        found[start : start + SEQUENCES_AT_ONCE] = distance(later).mean(axis=1)
    return found


def top5_moves(later: NDArray[Any]) -> Values:
    """Return the top-5 distance (S, P) of ranks from 0 (S, P, C): where each class of the earlier ranking went."""
    if later.shape[-1] <= TOP:
        raise PredictionsError(
            f"the top-5 distance needs 6 classes or more, these are {later.shape[-1]}", "use the flip probability"
        )
    moved: Values = np.abs(np.arange(TOP) - np.minimum(later[..., :TOP], TOP)).sum(axis=-1).astype(np.float64)
    return moved


def zipf_moves(later: NDArray[Any]) -> Values:
    """Return the Zipf distance (S, P) of ranks from 0 (S, P, C)."""
    reciprocal = 1.0 / np.arange(1, later.shape[-1] + 1)
    moved: Values = (np.abs(reciprocal - reciprocal[later]) * reciprocal).sum(axis=-1)
    return moved
