"""ipmix: pre-generate IPMix training data, fast, exactly reproducible, sharded and validated.

Everything the command line does is one import away; nothing heavy is imported before it is used.

On the spot, with a picture or a batch in memory:

>>> import numpy as np
>>> from ipmix_cli import IPMix
>>> picture = np.full((32, 32, 3), 128, np.uint8)
>>> bank = np.random.default_rng(0).integers(0, 256, (4, 36, 36, 3), np.uint8)
>>> IPMix("cifar")(picture, bank, seed=1, copies=3).shape
(3, 32, 32, 3)

A bank, a data set, and a look at it, as `ipmix generate-fractals`, `augment` and `validate` do:

>>> from ipmix_cli import BankSettings, Request, ShardDataset, SourceSpec
>>> from ipmix_cli import augment, generate_bank, open_dataset, validate
>>> settings = BankSettings(count=4, size=64, mix=(("plasma", 1.0),))
>>> generate_bank(settings, folder / "bank.h5").families
['plasma', 'plasma', 'plasma', 'plasma']
>>> request = Request(source=SourceSpec(input="demo"), fractals=str(folder / "bank.h5"), limit=10, seed=1)
>>> augment(request, str(folder / "shards")).made_copies
40
>>> validate(open_dataset(folder / "shards")).passed
True
>>> pictures, label = ShardDataset(folder / "shards", view="triplet")[0]
>>> pictures.shape, label
((3, 32, 32, 3), 0)

`augment` is told how to run by an :class:`Execution`, and any of them how to tell of progress by a :class:`Listener`.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # typing's own takes milliseconds to import, in which Ctrl-C would show a traceback
if TYPE_CHECKING:
    from typing import Any

    from ipmix_cli.corruptions.sequences.table import PERTURBATIONS
    from ipmix_cli.corruptions.table import CORRUPTIONS
    from ipmix_cli.crop import CropConfig
    from ipmix_cli.errors import IpmixError
    from ipmix_cli.methods import METHODS
    from ipmix_cli.methods.ipmix.presets import PRESETS
    from ipmix_cli.methods.ipmix.settings import AugmentConfig
    from ipmix_cli.pipeline.banks.bank import BankSettings
    from ipmix_cli.pipeline.banks.generate import generate_bank
    from ipmix_cli.pipeline.contact_sheet import contact_sheet
    from ipmix_cli.pipeline.inspect.explain import trace
    from ipmix_cli.pipeline.inspect.info import info
    from ipmix_cli.pipeline.inspect.report import report
    from ipmix_cli.pipeline.inspect.status import status
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.listener import Listener
    from ipmix_cli.pipeline.output.dataset import Dataset, open_dataset
    from ipmix_cli.pipeline.output.indexing import indexes
    from ipmix_cli.pipeline.run.augment import augment
    from ipmix_cli.pipeline.run.corrupt import corrupt
    from ipmix_cli.pipeline.run.merge import merge
    from ipmix_cli.pipeline.run.prepare import Request
    from ipmix_cli.pipeline.run.schedule import ExistingOutput
    from ipmix_cli.pipeline.verify.repair import repair
    from ipmix_cli.pipeline.verify.validate import Checks, validate
    from ipmix_cli.reader.compose import IPMix
    from ipmix_cli.reader.shard_dataset import ShardDataset
    from ipmix_cli.reader.shard_sampler import ShardSampler
    from ipmix_cli.shards.shard import ShardSettings
    from ipmix_cli.sources.source import SourceSpec

_PUBLIC = {
    "CORRUPTIONS": "ipmix_cli.corruptions.table",
    "PERTURBATIONS": "ipmix_cli.corruptions.sequences.table",
    "METHODS": "ipmix_cli.methods",
    "PRESETS": "ipmix_cli.methods.ipmix.presets",
    "AugmentConfig": "ipmix_cli.methods.ipmix.settings",
    "BankSettings": "ipmix_cli.pipeline.banks.bank",
    "Checks": "ipmix_cli.pipeline.verify.validate",
    "CropConfig": "ipmix_cli.crop",
    "Dataset": "ipmix_cli.pipeline.output.dataset",
    "Execution": "ipmix_cli.pipeline.job",
    "IPMix": "ipmix_cli.reader.compose",
    "IpmixError": "ipmix_cli.errors",
    "Listener": "ipmix_cli.pipeline.listener",
    "ExistingOutput": "ipmix_cli.pipeline.run.schedule",
    "Request": "ipmix_cli.pipeline.run.prepare",
    "ShardDataset": "ipmix_cli.reader.shard_dataset",
    "ShardSampler": "ipmix_cli.reader.shard_sampler",
    "ShardSettings": "ipmix_cli.shards.shard",
    "SourceSpec": "ipmix_cli.sources.source",
    "augment": "ipmix_cli.pipeline.run.augment",
    "corrupt": "ipmix_cli.pipeline.run.corrupt",
    "contact_sheet": "ipmix_cli.pipeline.contact_sheet",
    "generate_bank": "ipmix_cli.pipeline.banks.generate",
    "indexes": "ipmix_cli.pipeline.output.indexing",
    "info": "ipmix_cli.pipeline.inspect.info",
    "merge": "ipmix_cli.pipeline.run.merge",
    "open_dataset": "ipmix_cli.pipeline.output.dataset",
    "repair": "ipmix_cli.pipeline.verify.repair",
    "report": "ipmix_cli.pipeline.inspect.report",
    "status": "ipmix_cli.pipeline.inspect.status",
    "trace": "ipmix_cli.pipeline.inspect.explain",
    "validate": "ipmix_cli.pipeline.verify.validate",
}

__all__ = [
    "CORRUPTIONS",
    "METHODS",
    "PERTURBATIONS",
    "PRESETS",
    "AugmentConfig",
    "BankSettings",
    "Checks",
    "CropConfig",
    "Dataset",
    "Execution",
    "ExistingOutput",
    "IPMix",
    "IpmixError",
    "Listener",
    "Request",
    "ShardDataset",
    "ShardSampler",
    "ShardSettings",
    "SourceSpec",
    "augment",
    "contact_sheet",
    "corrupt",
    "generate_bank",
    "indexes",
    "info",
    "merge",
    "open_dataset",
    "repair",
    "report",
    "status",
    "trace",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    """Return the public names, so that interpreters can complete them."""
    return __all__
