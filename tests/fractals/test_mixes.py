"""How a user writes a mix, and what he is told when it is none."""

from __future__ import annotations

import pytest

from fractals import FAMILIES
from fractals.mixes import MIXES, check_mix, mix_of


@pytest.mark.parametrize("name", MIXES)
def test_every_mix_names_families(name: str) -> None:
    assert check_mix(mix_of(name)).keys() <= FAMILIES.keys()


def test_the_default_mix_adds_up_to_one() -> None:
    assert sum(MIXES["default"].values()) == pytest.approx(1)


def test_weights_are_read() -> None:
    assert mix_of("flame=2, ifs=0.5") == {"flame": 2.0, "ifs": 0.5}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("defualt", "did you mean 'default'"),
        ("flam=1", "did you mean 'flame'"),
        ("ifs=x", "'x' in 'ifs=x' is not a number"),
        ("ifs=", "is not a number"),
        ("ifs=-1", "weight of ifs is -1"),
        ("ifs=inf", "finite"),
        ("ifs=nan", "finite"),
        ("ifs=0,julia=0", "add up to 0"),
        ("ifs=1,ifs=2", "two weights"),
        ("", "unknown mix"),
    ],
)
def test_a_bad_mix_is_explained(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        mix_of(text)
