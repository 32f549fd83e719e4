"""What `ipmix --version` says: every version that can matter to the bytes."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("numpy", "pillow", "opencv-python-headless", "h5py", "numba", "joblib", "typer")


def versions() -> str:
    """Return the versions of ipmix, its plans, Python and the packages, one a line."""
    from ipmix_cli.methods.ipmix.transform import IPMIX

    lines = [
        f"ipmix {version('ipmix-cli')}",
        f"plan version {IPMIX.plan_version}",
        f"python {platform.python_version()}",
    ]
    for package in PACKAGES:
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:  # another build of the same library, such as opencv-python
            lines.append(f"{package} (another build)")
    return "\n".join(lines)
