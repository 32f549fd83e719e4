"""The page of a gallery: one template and one script, everything escaped, nothing fetched."""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ipmix_cli.pipeline.inspect.report_page import page_templates
from ipmix_cli.pipeline.inspect.report_pictures import Figure, Strip
from ipmix_cli.printable import reading_order


@dataclass(frozen=True, kw_only=True)
class Card:
    """One copy of a gallery.

    Parameters
    ----------
    key, detail, variant : str
        Of its sample: the key, and the name in the source; and what the copy is called.
    classes : dict
        Its classes, each with its weight in words if labels are mixed, else with an empty text.
    figure : Figure
    distance : float, optional
        Mean absolute difference from the clean picture, in grey levels; None if there is no clean picture.
    facets : dict
        What it can be filtered by: values by the name of a filter.
    words : sequence of str
        Its plan.
    stages : sequence of Strip
    differs : bool
        Whether the stored copy is not what its plan makes.
    """

    key: str
    detail: str
    variant: str
    classes: dict[str, str]
    figure: Figure
    distance: float | None
    facets: dict[str, tuple[str, ...]]
    words: Sequence[str]
    stages: Sequence[Strip]
    differs: bool


@dataclass(frozen=True, kw_only=True)
class ViewPage:
    """Everything that the page shows."""

    title: str
    name: str
    what: str
    notes: Sequence[str]
    cards: Sequence[Card]
    tool: str

    def html(self) -> str:
        """Return the whole page.

        The script is the program's own, and its digest is the only one that the page lets a browser run. It is told
        numbers alone: which values of which filter a copy has, and its distance. Names are nothing but text.
        """
        from markupsafe import Markup

        templates = page_templates()
        assert templates.loader is not None
        script = templates.loader.get_source(templates, "view.js")[0]
        filters = filters_of(self.cards)
        distances = [card.distance for card in self.cards if card.distance is not None]
        values: dict[str, Any] = {
            **vars(self),
            "filters": filters,
            "tokens": [tokens_of(card, filters) for card in self.cards],
            "farthest": math.ceil(max(distances)) if distances else None,
            "script": Markup(script),
            "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        }
        page: str = templates.get_template("view.html.j2").render(values)
        return page


Filters = dict[str, dict[str, int]]
"""How many cards have each value, by the name of the filter; in the order in which they are shown."""


def filters_of(cards: Sequence[Card]) -> Filters:
    """Return what cards can be filtered by.

    Filters are in the order of the first card that has them; numbers come before names, and ``none`` comes last.
    """
    counts: dict[str, Counter[str]] = {}
    for card in cards:
        for name, values in card.facets.items():
            counts.setdefault(name, Counter()).update(set(values))
    return {name: {value: found[value] for value in sorted(found, key=reading_order)} for name, found in counts.items()}


def tokens_of(card: Card, filters: Filters) -> list[str]:
    """Return the numbers of a card's values, those of each filter in one text with blanks."""
    return [
        " ".join(str(place) for place, value in enumerate(values) if value in card.facets.get(name, ()))
        for name, values in filters.items()
    ]
