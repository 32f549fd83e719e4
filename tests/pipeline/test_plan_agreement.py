"""Copies that differ from their clean pictures more, or less, often than their plans say are noticed."""

from __future__ import annotations

import numpy as np
import pytest

from ipmix_cli.pipeline.verify.plan_agreement import PlanAgreement

CLEAN = np.zeros((4, 4, 3), np.uint8)
OTHER, ANOTHER = np.full_like(CLEAN, 7), np.full_like(CLEAN, 9)


def agreement(copies, idle):
    found = PlanAgreement()
    found.add(CLEAN, np.stack(copies), np.array(idle))
    return found


def test_copies_as_their_plans_say_are_no_complaint():
    assert agreement([CLEAN, OTHER, ANOTHER, CLEAN], [True, False, False, True]).complaints() == []


def test_a_changed_copy_whose_plan_has_no_step_is_named():
    (complaint,) = agreement([OTHER, ANOTHER], [True, False]).complaints()
    assert complaint == "1 of 1 copies differ whose plans have no step"


@pytest.mark.parametrize(("unchanged", "complaints"), [(1, 0), (2, 1)])
def test_more_unchanged_copies_than_a_quarter_are_named(unchanged, complaints):
    distinct = [np.full_like(CLEAN, 10 + number) for number in range(4 - unchanged)]
    found = agreement([CLEAN] * unchanged + distinct, [False] * 4).complaints()
    assert len(found) == complaints
    assert all(f"{unchanged} of 4 copies equal their clean picture" in complaint for complaint in found)


def test_copies_of_one_picture_that_are_all_the_same_are_named():
    (complaint,) = agreement([OTHER] * 4, [False] * 4).complaints()
    assert complaint == "3 of 3 pairs of copies of one picture are equal"


def test_counts_of_shards_add_up():
    total = PlanAgreement()
    for _ in range(2):
        total.merge(agreement([OTHER, CLEAN], [True, False]))
    assert vars(total) == {
        "empty": 2, "empty_changed": 2, "other": 2, "other_unchanged": 2, "pairs": 0, "equal_pairs": 0,
    }  # fmt: skip
