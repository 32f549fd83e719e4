"""How often a classifier is wrong, and how far its probabilities are from the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipmix_cli.metrics.checks import checked_labels, checked_probabilities, checked_scores


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    """Return the probabilities (N, C) of logits (N, C), in float64.

    Examples
    --------
    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    values = np.asarray(logits, dtype=np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def error(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the share of pictures whose highest score is not that of their label.

    Parameters
    ----------
    scores : (N, C) numbers
        Logits or probabilities. Among equal ones the first class counts, as in ``argmax`` of NumPy and torch.
    labels : (N,) integers

    Raises
    ------
    PredictionsError

    Examples
    --------
    >>> error([[0.2, 0.8], [0.6, 0.4]], [1, 1])
    0.5
    """
    array = checked_scores(scores)
    truth = checked_labels(labels, *array.shape)
    return float(np.mean(array.argmax(axis=1) != truth))


def negative_log_likelihood(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean of -ln(probability of the true class), in nats.

    A probability of zero counts as the smallest step of its type, as in scikit-learn's ``log_loss``.

    Parameters
    ----------
    probabilities : (N, C) numbers
    labels : (N,) integers

    Raises
    ------
    PredictionsError

    Examples
    --------
    >>> round(negative_log_likelihood([[0.5, 0.5]], [0]), 6)
    0.693147
    """
    array = checked_probabilities(probabilities)
    return float(np.mean(log_losses(array, checked_labels(labels, *array.shape), smallest_step(probabilities))))


def smallest_step(probabilities: ArrayLike) -> float:
    """Return the resolution of a floating-point type, below which a probability cannot be told from zero."""
    kind = np.asarray(probabilities).dtype
    return float(np.finfo(kind if kind.kind == "f" else np.float64).eps)


def log_losses(probabilities: NDArray[np.float64], labels: NDArray[np.int64], smallest: float) -> NDArray[np.float64]:
    """Return the negative log-likelihood (N,) of each picture."""
    true = probabilities[np.arange(len(labels)), labels]
    losses: NDArray[np.float64] = -np.log(np.clip(true, smallest, 1 - smallest))
    return losses


def brier_score(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean squared distance between the probabilities and the one-hot label, summed over classes: 0 to 2.

    Source: Brier, Monthly Weather Review 78 (1950). Some libraries halve it for two classes.

    Parameters
    ----------
    probabilities : (N, C) numbers
    labels : (N,) integers

    Raises
    ------
    PredictionsError

    Examples
    --------
    >>> brier_score([[0.5, 0.5]], [0])
    0.5
    """
    array = checked_probabilities(probabilities)
    return float(np.mean(squared_distances(array, checked_labels(labels, *array.shape))))


def squared_distances(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the Brier score (N,) of each picture."""
    true = probabilities[np.arange(len(labels)), labels]
    distances: NDArray[np.float64] = np.square(probabilities).sum(axis=1) - true**2 + (1 - true) ** 2
    return distances
