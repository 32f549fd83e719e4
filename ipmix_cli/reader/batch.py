"""Samples that were read together: a sequence of samples, and at once arrays that need no stacking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor


class Batch(Sequence[tuple[Any, ...]]):
    """Samples, as a DataLoader's ``collate_fn`` gets them; see :func:`collate`.

    Parameters
    ----------
    pictures : ndarray or list
        Those of all samples: one array (B, ..) if they have one size and no transform, else one item a sample.
    labels : list of int, or ndarray of float32
        Numbers of classes; the weights of the classes, one row a sample, where labels are mixed.
    keys : list of str, optional
    """

    def __init__(self, pictures: Any, labels: Any, keys: list[str] | None) -> None:
        self.pictures, self.labels, self.keys = pictures, labels, keys

    def __len__(self) -> int:
        return len(self.labels)

    @overload
    def __getitem__(self, index: int) -> tuple[Any, ...]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[Any, ...]]: ...

    def __getitem__(self, index: int | slice) -> tuple[Any, ...] | list[tuple[Any, ...]]:
        """Return one sample, or a list of some."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if self.keys is None:
            return self.pictures[index], self.labels[index]
        return self.pictures[index], self.labels[index], self.keys[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def collate(samples: Sequence[tuple[Any, ...]]) -> tuple[Tensor, ...] | Any:
    """Return a batch as tensors without stacking it picture by picture: ``DataLoader(data, collate_fn=collate)``.

    Pictures (B, H, W, 3) or (B, V, H, W, 3) are the very memory that they were read or rendered into; labels are int64
    (B,). Whatever is not one array goes through torch's own collation, with the same result.
    """
    import torch
    from torch.utils.data import default_collate

    if not isinstance(samples, Batch) or not isinstance(samples.pictures, np.ndarray):
        return default_collate(list(samples))
    pictures: NDArray[np.uint8] = samples.pictures
    parts = torch.from_numpy(pictures), torch.as_tensor(samples.labels)
    return parts if samples.keys is None else (*parts, samples.keys)
