"""Compile the kernels of the augment path once, before any worker starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ipmix_cli import kernels
from ipmix_cli.numba_cache.jit import is_compiled, mark_compiled

KERNELS = Path(kernels.__file__).parent


def is_warm() -> bool:
    """Whether this machine's cache holds the compiled kernels: if not, :func:`warm_up` takes some 18 seconds."""
    return is_compiled(KERNELS)


def warm_up() -> None:
    """Load the kernels from the cache, or compile them into it."""
    from ipmix_cli.methods.ipmix.online import IPMix

    IPMix("cifar")(np.zeros((4, 4, 3), np.uint8), np.zeros((5, 5, 3), np.uint8), seed=0)
    mark_compiled(KERNELS)
