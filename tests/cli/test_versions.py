"""What --version says."""

from __future__ import annotations

import platform

from ipmix_cli.methods.ipmix.transform import IPMIX


def test_every_version_that_can_matter_is_named(ipmix):
    lines = ipmix("--version").stdout.splitlines()
    named = dict(line.rsplit(" ", 1) for line in lines)
    assert {
        "ipmix",
        "python",
        "numpy",
        "pillow",
        "opencv-python-headless",
        "h5py",
        "numba",
        "plan version",
    } <= named.keys()
    assert named["plan version"] == str(IPMIX.plan_version)
    assert named["python"] == platform.python_version()
