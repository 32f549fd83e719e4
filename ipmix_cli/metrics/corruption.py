"""Mean corruption error: plain, normalised by a baseline, and relative to the clean error."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipmix_cli.errors import PredictionsError

Errors = Mapping[str, ArrayLike]
"""By the corruption's name: the error of each severity, or their mean."""


def mean_corruption_error(errors: Errors, baseline: Errors | None = None) -> float:
    """Return the mean over corruptions of the error, or of its ratio to a baseline's.

    Parameters
    ----------
    errors : mapping of str to numbers
        The error of each severity, by corruption; or the mean over severities.
    baseline : mapping of str to numbers, optional
        Another model's on the same pictures. With it, a corruption counts sum(errors) / sum(baseline), over severities.
        Without it, the plain mean: CIFAR-10-C papers call that mCE.

    Raises
    ------
    PredictionsError
        For no corruptions, those that the baseline lacks, and severities that differ.

    Notes
    -----
    Source: Hendrycks and Dietterich, ICLR 2019, section 4.1.

    Examples
    --------
    >>> mean_corruption_error({"fog": [0.1, 0.3], "snow": [0.2, 0.4]})
    0.25
    >>> mean_corruption_error({"fog": [0.1, 0.3]}, {"fog": [0.2, 0.6]})
    0.5
    """
    own = _means(errors, "errors")
    if baseline is None:
        return float(np.mean(list(own.values())))
    other = _aligned(errors, baseline)
    return float(np.mean([_ratio(own[name], other[name], name) for name in own]))


def relative_mean_corruption_error(errors: Errors, clean: float, baseline: Errors, baseline_clean: float) -> float:
    """Return the mean over corruptions of the rise in error over the clean error, as a ratio to a baseline's rise.

    Parameters
    ----------
    errors, baseline : mapping of str to numbers
        As in :func:`mean_corruption_error`.
    clean, baseline_clean : float
        The errors of both models on clean pictures.

    Raises
    ------
    PredictionsError
        Also where the baseline's error does not rise.

    Examples
    --------
    >>> relative_mean_corruption_error({"fog": [0.2, 0.4]}, 0.1, {"fog": [0.4, 0.8]}, 0.2)
    0.5
    """
    own, other = _means(errors, "errors"), _aligned(errors, baseline)
    return float(np.mean([_ratio(own[name] - clean, other[name] - baseline_clean, name) for name in own]))


def _means(errors: Errors, what: str) -> dict[str, float]:
    if not errors:
        raise PredictionsError(f"{what}: there are no corruptions", "give the error of at least one")
    found = {name: np.atleast_1d(np.asarray(values, dtype=np.float64)) for name, values in errors.items()}
    for name, values in found.items():
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
            raise PredictionsError(f"{what}: {name} is {values.tolist()}", "give the error of each severity")
    return {name: float(np.mean(values)) for name, values in found.items()}


def _aligned(errors: Errors, baseline: Errors) -> dict[str, float]:
    if missing := [name for name in errors if name not in baseline]:
        raise PredictionsError(f"the baseline has no {', '.join(missing)}", "compare on the same corruptions")
    for name in errors:
        own, other = _severities(errors[name]), _severities(baseline[name])
        if own != other and 1 not in {own, other}:  # a single number is the mean over severities
            raise PredictionsError(
                f"{name}: {own} severities, the baseline has {other}", "compare on the same severities"
            )
    return _means({name: baseline[name] for name in errors}, "baseline")


def _severities(values: ArrayLike) -> int:
    array: NDArray[np.float64] = np.atleast_1d(np.asarray(values, dtype=np.float64))
    return array.size


def _ratio(own: float, other: float, name: str) -> float:
    if other <= 0:
        raise PredictionsError(
            f"{name}: the baseline's error is {other:g}, so it cannot be a divisor",
            "choose a baseline with errors, or use the plain mean",
        )
    return own / other
