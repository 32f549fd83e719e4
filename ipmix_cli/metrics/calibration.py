"""Whether a model is as often right as it says: RMS and expected calibration error, and the reliability curve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipmix_cli.errors import PredictionsError
from ipmix_cli.metrics.checks import checked_labels, checked_probabilities

Values = NDArray[np.float64]

BIN_SIZE = 100
"""Predictions in a bin of the RMS calibration error (Hendrycks, Mazeika and Dietterich, ICLR 2019)."""

BINS = 15
"""Bins of equal width of the expected calibration error (Guo et al., ICML 2017)."""


class Reliability(NamedTuple):
    """A reliability curve: for each bin its edges, predictions, mean confidence and accuracy.

    `edges` is (bins + 1,), the others are (bins,); confidence and accuracy are NaN in an empty bin.
    """

    edges: Values
    counts: NDArray[np.int64]
    confidence: Values
    accuracy: Values


def confidence_and_correct(probabilities: ArrayLike, labels: ArrayLike) -> tuple[Values, Values]:
    """Return the highest probability of each picture, and 1 where it is that of the label, else 0; both (N,).

    Raises
    ------
    PredictionsError
    """
    array = checked_probabilities(probabilities)
    truth = checked_labels(labels, *array.shape)
    return array.max(axis=1), (array.argmax(axis=1) == truth).astype(np.float64)


def rms_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, *, as_published: bool = False, bin_size: int = BIN_SIZE
) -> float:
    """Return the root mean square difference between confidence and accuracy, in bins of equally many predictions.

    Parameters
    ----------
    probabilities : (N, C) numbers
    labels : (N,) integers
    as_published : bool
        Leave out the last bin, of the 100 to 199 most confident predictions, as the code that the papers used does;
        needed only to compare with published numbers.
    bin_size : int
        Predictions in a bin; the last one takes the rest. All predictions are one bin if they are fewer.

    Raises
    ------
    PredictionsError
        Also for fewer predictions than one bin if `as_published`: the published code fails then.

    Notes
    -----
    Source: Hendrycks, Mazeika and Dietterich, ICLR 2019, section 4.4, and its ``calib_err``. Which of several equal
    confidences comes first is left to NumPy's sort, as there.

    Examples
    --------
    >>> rms_calibration_error([[0.8, 0.2], [0.6, 0.4]], [0, 0], bin_size=1)
    0.31622776601683794
    """
    return binned_rms(*confidence_and_correct(probabilities, labels), as_published=as_published, bin_size=bin_size)


def binned_rms(confidence: Values, correct: Values, *, as_published: bool, bin_size: int = BIN_SIZE) -> float:
    """Return :func:`rms_calibration_error` of confidences and of what was correct, both (N,)."""
    if bin_size < 1:
        raise PredictionsError(f"bin_size is {bin_size}", "give at least one prediction to a bin")
    if as_published and len(confidence) < bin_size:
        raise PredictionsError(
            f"{len(confidence)} predictions are fewer than one bin of {bin_size}, where the published code fails",
            "use more pictures, or the corrected error",
        )
    order = np.argsort(confidence)
    differences, counts = bin_differences(confidence[order], correct[order], bin_size)
    used = slice(0, -1) if as_published else slice(None)
    return float(np.sqrt(np.sum(counts[used] / len(confidence) * differences[used] ** 2)))


def bin_differences(confidence: Values, correct: Values, bin_size: int) -> tuple[Values, Values]:
    """Return mean confidence less accuracy, and the number of predictions, of each bin of sorted predictions."""
    starts = np.arange(max(len(confidence) // bin_size, 1)) * bin_size
    counts = np.diff(np.append(starts, len(confidence))).astype(np.float64)
    return (np.add.reduceat(confidence, starts) - np.add.reduceat(correct, starts)) / counts, counts


def reliability_curve(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = BINS) -> Reliability:
    """Return the reliability curve over bins of equal width of confidence: (0, 1/15], (1/15, 2/15] ...

    Raises
    ------
    PredictionsError

    Examples
    --------
    >>> reliability_curve([[0.9, 0.1], [0.7, 0.3]], [0, 1], bins=2).accuracy.tolist()
    [nan, 0.5]
    """
    confidence, correct = confidence_and_correct(probabilities, labels)
    number = bin_numbers(confidence, bins)
    counts = np.bincount(number, minlength=bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            np.linspace(0, 1, bins + 1),
            counts,
            np.bincount(number, weights=confidence, minlength=bins) / counts,
            np.bincount(number, weights=correct, minlength=bins) / counts,
        )


def bin_numbers(confidence: Values, bins: int) -> NDArray[np.int64]:
    """Return the bin of each confidence, among bins of equal width that include their upper edge; zero is in the first.

    Raises
    ------
    PredictionsError
        For fewer than one bin.
    """
    if bins < 1:
        raise PredictionsError(f"bins is {bins}", "give at least one bin")
    number = np.searchsorted(np.linspace(0, 1, bins + 1), confidence, side="left") - 1
    return np.clip(number, 0, bins - 1).astype(np.int64)


def expected_calibration_error(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = BINS) -> float:
    """Return the mean absolute difference between confidence and accuracy, in bins of equal width.

    Source: Guo et al., ICML 2017, equation 3.

    Raises
    ------
    PredictionsError

    Examples
    --------
    >>> round(expected_calibration_error([[0.9, 0.1], [0.7, 0.3]], [0, 1]), 12)
    0.4
    """
    confidence, correct = confidence_and_correct(probabilities, labels)
    gaps = np.bincount(bin_numbers(confidence, bins), weights=confidence - correct, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))
