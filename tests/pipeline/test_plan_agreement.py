"""Copies that differ from their clean pictures more, or less, often than their plans say are noticed."""

from __future__ import annotations

import numpy as np
import pytest

from ipmix_cli import Checks, Request, ShardSettings, SourceSpec, augment, open_dataset, validate
from ipmix_cli.pipeline.run.render import plans_without_mixing
from ipmix_cli.pipeline.verify.plan_agreement import PlanAgreement, idle_plans, without_effect

CLEAN = np.zeros((4, 4, 3), np.uint8)
OTHER, ANOTHER = np.full_like(CLEAN, 7), np.full_like(CLEAN, 9)


def agreement(copies, idle, plans=None):
    found = PlanAgreement()
    found.add(CLEAN, np.stack(copies), np.array(idle), np.arange(len(copies)) if plans is None else np.array(plans))
    return found


def test_copies_as_their_plans_say_are_no_complaint():
    assert agreement([CLEAN, OTHER, ANOTHER, CLEAN], [True, False, False, True]).complaints() == []


def test_a_changed_copy_whose_plan_has_no_step_is_named():
    (complaint,) = agreement([OTHER, ANOTHER], [True, False]).complaints()
    assert complaint == "1 of 1 copies differ whose plans have no step"


@pytest.mark.parametrize(
    ("unchanged", "of", "complaints"), [(1, 1, 0), (3, 4, 0), (4, 4, 1), (40, 100, 1), (30, 100, 0)]
)
def test_more_unchanged_copies_than_a_quarter_and_chance_are_named(unchanged, of, complaints):
    distinct = [np.full_like(CLEAN, 10 + number) for number in range(of - unchanged)]
    found = agreement([CLEAN] * unchanged + distinct, [False] * of).complaints()
    assert len(found) == complaints
    assert all(f"{unchanged} of {of} copies equal their clean picture" in complaint for complaint in found)


def test_copies_of_one_picture_that_are_all_the_same_are_named():
    (complaint,) = agreement([OTHER] * 4, [False] * 4).complaints()
    assert complaint == "3 of 3 pairs of copies of one picture are equal"


def test_copies_of_equal_plans_may_be_equal():
    assert agreement([OTHER] * 4, [False] * 4, plans=[5, 5, 5, 5]).complaints() == []


def test_counts_of_shards_add_up():
    total = PlanAgreement()
    for _ in range(2):
        total.merge(agreement([OTHER, CLEAN], [True, False]))
    assert vars(total) == {
        "empty": 2, "empty_changed": 2, "other": 2, "other_unchanged": 2, "pairs": 0, "equal_pairs": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "changes", "brightest"),
    [
        ("trivialaugment", {"operations": ("autocontrast",)}, 255),
        ("trivialaugment", {"operations": ("autocontrast",)}, 254),
        ("randaugment", {"magnitude": 0}, 254),  # solarize's threshold is 255
        ("mixup", {"beta": 0.05}, 255),
    ],
)
def test_steps_without_an_effect_on_these_pictures_are_no_complaint(tmp_path, method, changes, brightest):
    pictures = np.random.default_rng(0).integers(1, 255, (12, 16, 16, 3), np.uint8)
    pictures[:, 0, 0], pictures[:, 0, 1] = 0, brightest
    report = checked(tmp_path, pictures, method, changes)
    assert report.passed, report.problems


@pytest.mark.parametrize("method", ["mixup", "cutmix"])
@pytest.mark.parametrize("samples", [1, 2])
def test_samples_that_are_mixed_with_themselves_are_no_complaint(tmp_path, method, samples):
    pictures = np.random.default_rng(0).integers(0, 256, (samples, 16, 16, 3), np.uint8)
    report = checked(tmp_path, pictures, method, {})
    assert report.passed, report.problems
    assert samples == 2 or report.agreement.other == 0


def test_stored_clean_pictures_instead_of_copies_are_named(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
    job = augmented(tmp_path, pictures, "cutout", {}).manifest.job
    plans = plans_without_mixing(job, (16, 16), [3])
    found, idle = PlanAgreement(), idle_plans(job, plans, [3])[0]
    idle |= without_effect(job, 3, pictures[3], ~idle)
    found.add(pictures[3], np.stack([pictures[3]] * 6), idle, plans[0])
    assert found.complaints() == ["6 of 6 copies equal their clean picture; plans say less"]


def augmented(tmp_path, pictures, method, changes):
    np.savez(tmp_path / "in.npz", images=pictures, labels=np.arange(len(pictures)) % 3)
    request = Request(
        source=SourceSpec(input=str(tmp_path / "in.npz")),
        method=method,
        changes=changes,
        output=ShardSettings(copies=6, encoding="raw"),
    )
    augment(request, str(tmp_path / "out"))
    return open_dataset(tmp_path / "out")


def checked(tmp_path, pictures, method, changes):
    return validate(augmented(tmp_path, pictures, method, changes), Checks(level="full"))
