"""The same bytes on a machine without AVX: numba, numpy and the C library all told to do without it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

from fractals import FAMILIES, draw

SCRIPT = """
import hashlib
from fractals import FAMILIES, draw
for name in FAMILIES:
    print(name, hashlib.sha256(b"".join(draw(name, 3, index, 48).tobytes() for index in range(4))).hexdigest())
"""
PLAIN_CPU = {
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512_SKX X86_V3 X86_V4",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F",
}


def test_the_bytes_do_not_depend_on_the_cpu() -> None:
    plain = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        env=os.environ | PLAIN_CPU,
        capture_output=True,
        text=True,
        check=False,
    )
    assert plain.returncode == 0, plain.stderr
    here = [
        f"{name} {hashlib.sha256(b''.join(draw(name, 3, index, 48).tobytes() for index in range(4))).hexdigest()}"
        for name in FAMILIES
    ]
    assert plain.stdout.split("\n")[:-1] == here
