"""What the figures were taken on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib

PACKAGES = (
    *("numpy", "numba", "pillow", "opencv-python-headless", "opencv-python", "simplejpeg", "h5py", "joblib"),
    *("albumentations", "torch", "torchvision", "kornia"),  # others do the same with
)


def machine() -> str:
    """Return the processor, the cores to use, the memory, the system, and the versions of what does the work."""
    packages = ", ".join(f"{name} {found}" for name in PACKAGES if (found := installed(name)))
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{processor()}; {joblib.cpu_count()} cores to use; {memory_gib():.0f} GiB\n{system}; {packages}"


def installed(name: str) -> str:
    """Return the version of a package; nothing for one that is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def processor() -> str:
    """Return the processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def memory_gib() -> float:
    """Return the machine's memory in GiB; 0 where the system does not tell."""
    info = Path("/proc/meminfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((int(line.split()[1]) / 2**20 for line in lines if line.startswith("MemTotal:")), 0.0)
