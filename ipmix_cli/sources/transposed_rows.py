"""Pictures that are stored column by column, as MATLAB and STL-10 store them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.sources.arrays import ArrayRows


@dataclass(frozen=True)
class TransposedRows:
    """Rows (N, 3, H, W) of an array that is stored as (N, 3, W, H), or (N, H, W) of one stored as (N, W, H)."""

    stored: ArrayRows

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole array."""
        *others, width, height = self.stored.shape
        return (*others, height, width)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows start..stop; raises SourceError where the file no longer has them."""
        return np.ascontiguousarray(np.swapaxes(self.stored.read(start, stop), -1, -2))
