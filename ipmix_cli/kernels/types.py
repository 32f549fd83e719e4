"""Names of what kernels take, for the reader and the type checker; numba finds the exact types itself."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Number: TypeAlias = Any  # a scalar: int, float, or a numpy scalar of stated width
Bytes: TypeAlias = npt.NDArray[np.uint8]
Words: TypeAlias = npt.NDArray[np.int64]
Ints: TypeAlias = npt.NDArray[np.int32]
Reals: TypeAlias = npt.NDArray[np.float64]
Floats: TypeAlias = npt.NDArray[np.float32]
Counters: TypeAlias = npt.NDArray[np.uint32]
Size: TypeAlias = tuple[int, int]  # height, width
Frame: TypeAlias = tuple[int, int, int, int, int, int]  # H, W; top, left, height, width of the box
Matrix: TypeAlias = tuple[Number, Number, Number, Number, Number, Number]
Pair: TypeAlias = tuple[Number, Number]  # a and b of add
Move: TypeAlias = tuple[Number, Number]  # factor and shift of a shear
Place: TypeAlias = tuple[Number, Number]  # across, down


class PlanRows(NamedTuple):
    """Plans, seen as integers and as reals: the same bytes, (N, K, words), or (words,) for one."""

    words: Words
    reals: Reals
