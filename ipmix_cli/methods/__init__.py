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
}
"""What ``ipmix augment --method`` offers."""

DEFAULT_METHOD = "ipmix"

TRANSFORMS: dict[str, Entry] = {
    **METHODS,
    "corruptions": Entry("ipmix_cli.corruptions.transform:TRANSFORM", "common corruptions at five severities"),
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
