"""The label of a copy as one number for each class, for methods that mix labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.shards.shard import MixedLabel


def soft_labels(label: int, mixed: Sequence[MixedLabel], classes: int) -> NDArray[np.float32]:
    """Return the weights of all classes, float32 (K, classes), of copies with these mixed labels.

    `label` is the sample's own. Each row sums to 1; where both labels are of one class it has all the weight.

    Examples
    --------
    >>> soft_labels(0, [MixedLabel(2, 0.75)], 3).tolist()
    [[0.75, 0.0, 0.25]]
    """
    out = np.zeros((len(mixed), classes), np.float32)
    for row, (second, weight) in zip(out, mixed, strict=True):
        row[label] += np.float32(weight)
        row[second] += np.float32(1.0 - weight)
    return out
