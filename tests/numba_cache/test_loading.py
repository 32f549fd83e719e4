"""What is compiled is loaded in a new process, without all that only compiling needs."""

import subprocess
import sys

FIRST_PICTURE = """
import sys
import numpy as np
from ipmix_cli.kernels.stream import stream_key

before = stream_key(1, 2, np.uint64(3), np.uint64(4))
print(int(before), "numba.cpython.cmathimpl" in sys.modules)
"""


def key_in_a_new_process():
    return subprocess.run([sys.executable, "-c", FIRST_PICTURE], capture_output=True, text=True, check=True).stdout


def test_a_kernel_in_the_cache_is_loaded_without_what_compiling_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("IPMIX_CACHE_DIR", str(tmp_path))
    compiled, loaded = key_in_a_new_process().split(), key_in_a_new_process().split()
    assert compiled[0] == loaded[0]
    assert (compiled[1], loaded[1]) == ("True", "False")
