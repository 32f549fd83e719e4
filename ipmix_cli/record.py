"""Settings as plain JSON values: what is digested and stored, in which later fields are absent at their default.

A field that is added to settings which data sets have recorded before is declared with :func:`added`. It stands in the
record only where it differs from its default, so that the records, digests and bytes of earlier jobs stay.
"""

from __future__ import annotations

import dataclasses
from typing import Any

_ADDED = "added"


def added(default: Any) -> Any:
    """Return a dataclass field that is left out of records while it has its default, an immutable value."""
    return dataclasses.field(default=default, metadata={_ADDED: True})


def record_of(settings: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as plain values in their order; tuples become lists.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Blur:
    ...     radius: int
    ...     edge: str = added("reflect")
    >>> record_of(Blur(2)), record_of(Blur(2, "wrap"))
    ({'radius': 2}, {'radius': 2, 'edge': 'wrap'})
    """
    values = {field: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    kept = {field.name: value for field, value in values.items() if not _is_left_out(field, value)}
    return {name: _plain(value) for name, value in kept.items()}


def _is_left_out(field: dataclasses.Field[Any], value: Any) -> bool:
    return bool(field.metadata.get(_ADDED)) and value == field.default


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return record_of(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value
