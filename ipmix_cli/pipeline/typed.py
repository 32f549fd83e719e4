"""JSON values into dataclasses, every type checked: what is read may have been forged, or rotten."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

LARGEST = 2**63 - 1


def build(kind: type[T], values: Any, **decoded: Any) -> T:
    """Make a dataclass of a JSON object that has its fields, no others, each of the field's type.

    A list stands for a tuple. Whole numbers are below 2**63, and numbers finite, so that none can ask for more memory
    than there is just by being converted. Fields given as keywords are decoded already, and are not among the values.

    Raises
    ------
    ValueError
        Naming the field that is wrong.
    """
    hints = _hints(kind)  # type: ignore[arg-type]
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__} is no object")  # noqa: TRY004 - one kind of error for whatever is damaged
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := values.keys() - fields.keys():
        raise ValueError(f"{kind.__name__} has no {sorted(unknown)[0]!r:.40}")
    plain = {name: _value(hints[name], value, f"{kind.__name__}.{name}") for name, value in values.items()}
    return kind(**plain, **decoded)


@functools.cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, value: Any, name: str) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        return None if value is None else _value(get_args(kind)[0], value, name)
    if dataclasses.is_dataclass(kind):
        return build(kind, value)  # type: ignore[arg-type]
    if get_origin(kind) is tuple and isinstance(value, list):
        return _tuple(get_args(kind), value, name)
    if kind is int and type(value) is int and -LARGEST <= value <= LARGEST:
        return value
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return value
    if (kind in (str, bool) and type(value) is kind) or (get_origin(kind) is dict and isinstance(value, dict)):
        return value
    raise ValueError(f"{name} is {value!r:.40}")


def _tuple(kinds: tuple[Any, ...], values: list[Any], name: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(values)
    if len(kinds) != len(values):
        raise ValueError(f"{name} has {len(values)} parts instead of {len(kinds)}")
    return tuple(_value(kind, value, name) for kind, value in zip(kinds, values, strict=True))
