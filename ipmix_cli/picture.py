"""The one picture convention, and the types that pictures and encoded bytes have everywhere."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]
"""A picture, or a batch of them: uint8, RGB, (..., H, W, 3), C-contiguous.

What data sets with one channel store is (..., H, W, 1); see :mod:`ipmix_cli.grey`.
"""

Bytes: TypeAlias = bytes | bytearray | memoryview
"""Encoded or raw content of a file or of a part of it."""
