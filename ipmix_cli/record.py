"""Settings as plain JSON values: what is digested and stored, in which later fields are absent at their default.

A field that is added to settings which data sets have recorded before is declared with :func:`added`. It stands in the
record only where it differs from its default, so that the records, digests and bytes of earlier jobs stay.

The way back is in two steps, the only ones from the bytes of a record to values that the rest of the code sees:
:func:`decoded` bounds the size, the depth and the numbers of what may have been forged or rotten, and :func:`typed`
makes dataclasses of it, every field known, present, and of its type and range.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

MOST_BYTES = 2**26
"""64 MiB: the manifest of 100,000 shards has some 30 MB, and 64 MiB of empty lists are 1.5 GB of Python objects."""

SMALL_BYTES = 2**20
"""1 MiB: of a record or a file of settings that a person could read."""

MOST_DEPTH = 32
LARGEST = 2**63 - 1

_ADDED = "added"


class RecordError(ValueError):
    """What is wrong with a record, and in which field."""


def json_digest(values: Any) -> str:
    """Return the sha256, in hexadecimal, of plain values as JSON with sorted keys.

    Examples
    --------
    >>> json_digest({"b": 1, "a": 2}) == json_digest({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


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


def decoded(content: bytes, most: int = MOST_BYTES) -> Any:
    """Return the plain values of a record's JSON.

    Raises
    ------
    RecordError
        If it is too large, too deep or not JSON, or has numbers of 2**63 and beyond, numbers that are not finite, or
        null bytes, which no path can have.

    Examples
    --------
    >>> decoded(b'{"seed": 3}')
    {'seed': 3}
    """
    if len(content) > most:
        raise RecordError(f"it has {len(content)} bytes, more than the {most} that such a record has")
    try:
        values = json.loads(content)
    except RecursionError as error:
        raise RecordError("it is nested too deeply") from error
    except ValueError as error:
        raise RecordError(f"it is not JSON: {error}") from error
    check_values(values)
    return values


def check_values(values: Any) -> None:
    """Refuse plain values that are nested too deeply, or hold numbers or text that no record needs.

    Raises
    ------
    RecordError
    """
    waiting = [(values, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise RecordError("it is nested too deeply")
        if isinstance(value, dict):
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]
        else:
            _check_scalar(value)


def _check_scalar(value: Any) -> None:
    if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        raise RecordError("it holds a whole number beyond 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise RecordError("it holds a number that is not finite")
    if isinstance(value, str) and "\0" in value:
        raise RecordError("it holds text with a null byte")


def typed(kind: type[T], values: Any, **given: Any) -> T:
    """Make a dataclass of an object of plain values that has its fields, no others, each of the field's type.

    Parameters
    ----------
    kind : type
        A dataclass; its fields may be dataclasses, tuples of them, and `Annotated` with bounds (`msgspec.Meta`). A list
        stands for a tuple.
    values
        What :func:`decoded` returned, or a part of it.
    **given
        Fields that are made already, and are not among the values.

    Raises
    ------
    RecordError
        Naming the field that is wrong.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Blur:
    ...     radius: int
    >>> typed(Blur, {"radius": "wide"})
    Traceback (most recent call last):
    ipmix_cli.record.RecordError: Blur.radius: Expected `int`, got `str`
    """
    import msgspec

    try:
        msgspec.convert(values, _schema(kind, tuple(sorted(given))))  # type: ignore[arg-type]
        return msgspec.convert({**values, **given}, kind)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        raise RecordError(f"{kind.__name__}{place.rstrip('`')}: {what}") from error
    except UnicodeEncodeError as error:  # a name with a lone surrogate in it
        raise RecordError(f"{kind.__name__}: the name of a field is not a string: {error.object!r:.40}") from error


@functools.cache
def _schema(kind: type[Any], without: tuple[str, ...]) -> type[Any]:
    """Return what msgspec checks an object against: the dataclass's fields but some, and no others."""
    import msgspec

    hints = get_type_hints(kind, include_extras=True)
    fields: list[Any] = []
    for field in dataclasses.fields(kind):
        if field.name not in without:
            hint = _schema_of(hints[field.name])
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            fields.append((field.name, hint) if required else (field.name, hint, None))
    return msgspec.defstruct(kind.__name__, fields, forbid_unknown_fields=True, kw_only=True)


def _schema_of(hint: Any) -> Any:
    """Return a type hint with a schema in place of each dataclass in it."""
    if dataclasses.is_dataclass(hint):
        return _schema(hint, ())  # type: ignore[arg-type]
    origin, parts = get_origin(hint), get_args(hint)
    if not parts or origin is Annotated:
        return hint
    if origin in {tuple, list, dict}:
        return origin[tuple(map(_schema_of, parts))]
    return Union[tuple(map(_schema_of, parts))]  # noqa: UP007 - made of what is known at run time only
