"""The built-in bank of mixing pictures: drawn when a job first needs it."""

from __future__ import annotations

from ipmix_cli.pipeline.banks.bank import bank_paths, builtin_settings, cached_bank
from ipmix_cli.pipeline.banks.mixing import (
    BUILTIN_SIDE,
)
from ipmix_cli.pipeline.listener import Listener

BUILTIN = "builtin"
MANY_SIZES = (448, 448)  # what pictures of many sizes are taken for where one number is needed


def builtin_bank(size: tuple[int, int] | None, ratio: float, listener: Listener, jobs: int) -> str:
    """Make the built-in bank for samples of (H, W) unless the user's cache holds it; return its name for open_bank."""
    height, width = size or MANY_SIZES
    side = round(max(height, width) * ratio)
    settings = builtin_settings(side)
    if cached_bank(settings) is None:
        from ipmix_cli.pipeline.banks.drawing import ensure_bank, warmed  # and with it all that draws

        listener.note(f"Drawing the built-in bank of mixing pictures, once per machine: {bank_paths(settings)[0]}")
        with listener.activity("compiling the families' kernels", len(settings.mix), "families") as advance:
            for warming in warmed(settings, jobs):
                advance(warming.done)
        with listener.activity("drawing fractals", settings.count, "pictures") as advance:
            for made, _ in enumerate(ensure_bank(settings, jobs), 1):
                advance(made)
    return f"{BUILTIN_SIDE}{side}"
