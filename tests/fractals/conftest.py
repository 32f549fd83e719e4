"""Kernels are compiled in their first example: hypothesis must not hold that against them."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("kernels", deadline=None)
settings.load_profile("kernels")
