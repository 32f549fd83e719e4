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
    labels : list of int, ndarray of float32, or list of str, optional
        Numbers of classes; the weights of the classes, one row a sample, where labels are mixed; targets, or text. None
        if there are no labels.
    keys : list of str, optional
    fields : list of dict, optional
        The kept fields of each sample.
    """

    def __init__(
        self, pictures: Any, labels: Any, keys: list[str] | None, fields: list[dict[str, Any]] | None = None
    ) -> None:
        self.pictures, self.labels, self.keys, self.fields = pictures, labels, keys, fields

    @property
    def columns(self) -> list[Any]:
        """What a sample consists of, in order: pictures, labels if there are any, and what else was asked for."""
        return [self.pictures, *(one for one in (self.labels, self.keys, self.fields) if one is not None)]

    def __len__(self) -> int:
        return len(self.pictures)

    @overload
    def __getitem__(self, index: int) -> tuple[Any, ...]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[Any, ...]]: ...

    def __getitem__(self, index: int | slice) -> tuple[Any, ...] | list[tuple[Any, ...]]:
        """Return one sample, or a list of some."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return tuple(column[index] for column in self.columns)

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
    labels = samples.labels
    parts: list[Any] = [torch.from_numpy(pictures)]
    if labels is not None:
        parts.append(labels if len(labels) and isinstance(labels[0], str) else torch.as_tensor(labels))
    parts += [] if samples.keys is None else [samples.keys]
    parts += [] if samples.fields is None else [_stacked(samples.fields)]
    return tuple(parts)


def _stacked(fields: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return kept fields by name: tensors of numbers, and lists of what else there is."""
    import torch

    found: dict[str, Any] = {}
    for name in fields[0]:
        values = [one[name] for one in fields]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            found[name] = torch.as_tensor(values)
        elif all(isinstance(value, np.ndarray) for value in values):
            found[name] = torch.from_numpy(np.stack(values))
        else:
            found[name] = values
    return found
