"""What a copy is: one folder or file per method, over shared operations and mixings.

A new method is one file with a subclass of :class:`ipmix_cli.transform.Transform`, and one line in :data:`METHODS`.
"""

from __future__ import annotations

import functools
import importlib
from typing import NamedTuple

from ipmix_cli.errors import check_name
from ipmix_cli.transform import Transform


class Entry(NamedTuple):
    """Where a transform is, ``module:attribute``, and what it is in one line; listing it imports nothing."""

    place: str
    summary: str


METHODS: dict[str, Entry] = {
    "ipmix": Entry("ipmix_cli.methods.ipmix.transform:IPMIX", "chains of operations and mixings with fractals"),
    "augmix": Entry("ipmix_cli.methods.augmix:AUGMIX", "chains of operations, mixed with the clean picture"),
    "pixmix": Entry("ipmix_cli.methods.pixmix:PIXMIX", "the whole picture mixed with fractals, up to four times"),
    "trivialaugment": Entry(
        "ipmix_cli.methods.trivialaugment:TRIVIALAUGMENT", "one operation, at a strength drawn for each copy"
    ),
    "randaugment": Entry("ipmix_cli.methods.randaugment:RANDAUGMENT", "two operations at one magnitude"),
    "autoaugment": Entry("ipmix_cli.methods.autoaugment:AUTOAUGMENT", "a learned pair of operations"),
    "cutout": Entry("ipmix_cli.methods.cutout:CUTOUT", "a square of one colour"),
    "random-erasing": Entry("ipmix_cli.methods.random_erasing:RANDOM_ERASING", "a box of one colour, or of noise"),
    "prime": Entry("ipmix_cli.methods.prime:PRIME", "chains of random displacements, colours and filters"),
    "mixup": Entry("ipmix_cli.methods.mixup:MIXUP", "a weighted mean with a second sample; mixes labels"),
    "cutmix": Entry("ipmix_cli.methods.cutmix:CUTMIX", "a box of a second sample; mixes labels"),
}
"""What ``ipmix augment --method`` offers."""

DEFAULT_METHOD = "ipmix"

CORRUPTIONS = "corruptions"  # the transform of ``ipmix corrupt``
SEQUENCES = "sequences"  # and of ``ipmix corrupt --sequences``

TRANSFORMS: dict[str, Entry] = {
    **METHODS,
    CORRUPTIONS: Entry("ipmix_cli.corruptions.transform:TRANSFORM", "common corruptions at five severities"),
    SEQUENCES: Entry("ipmix_cli.corruptions.sequences.transform:TRANSFORM", "sequences of slowly changing pictures"),
}
"""All that a job can name as its method: the methods, and what other commands make."""


@functools.cache
def transform_named(name: str) -> Transform:
    """Return a transform of the table, importing its module when it is first asked for.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    check_name("method", name, TRANSFORMS)
    module, _, attribute = TRANSFORMS[name].place.partition(":")
    transform: Transform = getattr(importlib.import_module(module), attribute)
    assert transform.name == name, f"{module} calls itself {transform.name!r}, the table calls it {name!r}"
    return transform
