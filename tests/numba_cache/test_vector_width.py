"""Kernels ask for wide vectors, each for itself; a program's other numba functions do not."""

import numba
import numpy as np

from ipmix_cli.numba_cache import vector_width as wide


def doubled(values):
    """A loop that LLVM makes vectors of."""
    for i in range(values.size):
        values[i] = values[i] + values[i]


def test_a_kernel_asks_for_wide_vectors_and_a_plain_function_does_not(monkeypatch):
    monkeypatch.setattr(wide.settings, "CPU_FEATURES", None)
    kernel, plain = numba.njit(pipeline_class=wide.compiler_class())(doubled), numba.njit(doubled)
    for function in (kernel, plain):
        values = np.arange(100.0)
        function(values)
        assert np.array_equal(values, 2 * np.arange(100.0))
    assert wide.PREFERENCE in next(iter(kernel.inspect_llvm().values()))
    assert wide.PREFERENCE not in next(iter(plain.inspect_llvm().values()))


def test_a_users_own_processor_features_win(monkeypatch):
    wide.compiler_class.cache_clear()
    monkeypatch.setattr(wide.settings, "CPU_FEATURES", "+avx2")
    kernel = numba.njit(pipeline_class=wide.compiler_class())(doubled)
    wide.compiler_class.cache_clear()
    kernel(np.arange(100.0))
    assert wide.PREFERENCE not in next(iter(kernel.inspect_llvm().values()))
