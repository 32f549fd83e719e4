"""The JSON that describes a sample in tars and in lists of files, once it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

CHECKSUM = re.compile("[0-9a-f]{16}")


def has_fields(facts: Mapping[str, Any], numbers: Sequence[str], strings: Sequence[str]) -> bool:
    """Whether a sample's JSON has these fields and no other, of these types, ``checksum`` among the strings.

    Examples
    --------
    >>> has_fields({"index": 1, "checksum": "0123456789abcdef"}, ["index"], ["checksum"])
    True
    >>> has_fields({"index": True, "checksum": "0123456789abcdef"}, ["index"], ["checksum"])
    False
    """
    return (
        facts.keys() == {*numbers, *strings}
        and all(type(facts[name]) is int for name in numbers)
        and all(type(facts[name]) is str for name in strings)
        and CHECKSUM.fullmatch(facts["checksum"]) is not None
    )
