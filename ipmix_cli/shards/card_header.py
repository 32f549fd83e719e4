"""The YAML header of a dataset card, with the same bytes for the same values in any version of PyYAML."""

from __future__ import annotations

import json
from typing import Any

FENCE = "---\n"


class Quoted(str):
    """Text that is always quoted: a pattern, or a name such as "no" that YAML would take for false."""

    __slots__ = ()


class Flow(tuple[int, ...]):
    """Numbers that stand on one line."""

    __slots__ = ()


def front_matter(values: dict[str, Any]) -> str:
    """Return the values as YAML between two fences, in their order.

    Examples
    --------
    >>> print(front_matter({"names": {"0": Quoted("no")}, "shape": Flow((2, 3))}), end="")
    ---
    names:
      '0': "no"
    shape: [2, 3]
    ---
    """
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        """Writes quoted text with JSON's escapes, which are YAML's too, and never folds a line."""

        def ignore_aliases(self, _: Any) -> bool:
            return True

        def write_double_quoted(self, text: str, _: bool = True) -> None:
            self.write_indicator(_escaped(text), True)

    Dumper.add_representer(Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, '"'))
    Dumper.add_representer(
        Flow, lambda dumper, numbers: dumper.represent_sequence("tag:yaml.org,2002:seq", numbers, flow_style=True)
    )
    body: str = yaml.dump(values, Dumper=Dumper, sort_keys=False, width=float("inf"))
    return f"{FENCE}{body}{FENCE}"


def _escaped(text: str) -> str:
    r"""Return text in quotes, with JSON's escapes; YAML knows no surrogate pairs, so that an emoji has one of its own.

    >>> print(_escaped("na\u00efve \U0001f600"))
    "na\u00efve \U0001F600"
    """
    return '"' + "".join(json.dumps(c)[1:-1] if ord(c) < 0x10000 else f"\\U{ord(c):08X}" for c in text) + '"'
