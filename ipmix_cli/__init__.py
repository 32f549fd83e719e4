"""ipmix: pre-generate IPMix training data, fast, exactly reproducible, sharded and validated.

Everything the command line does is one import away; nothing heavy is imported before it is used.

>>> from ipmix_cli import IPMix
>>> import numpy as np
>>> picture = np.full((32, 32, 3), 128, np.uint8)
>>> bank = np.random.default_rng(0).integers(0, 256, (4, 36, 36, 3), np.uint8)
>>> IPMix("cifar")(picture, bank, seed=1, copies=3).shape
(3, 32, 32, 3)
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "IPMix": "ipmix_cli.algorithm.online",
    "Execution": "ipmix_cli.pipeline.job",
    "Meeting": "ipmix_cli.pipeline.materialise",
    "Request": "ipmix_cli.pipeline.opening",
    "ShardDataset": "ipmix_cli.reader",
    "augment": "ipmix_cli.pipeline.augment",
}

__all__ = ["Execution", "IPMix", "Meeting", "Request", "ShardDataset", "augment"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
