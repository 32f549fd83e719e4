"""Kernels are compiled in their first example: which must not count as too slow."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("kernels", deadline=None)
settings.load_profile("kernels")
