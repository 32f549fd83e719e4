"""What a run, or a merge, says of pictures and shards that are missing names the first ones first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ipmix_cli.errors import ErrorBudgetError
from ipmix_cli.pipeline.output.error_budget import check_failures
from ipmix_cli.pipeline.output.manifest import Failure
from ipmix_cli.pipeline.run.merge import Merged

FAILURES = [Failure(7, "b/7.png", "cut short"), Failure(2, "a/2.png", "not a picture"), Failure(7, "b/7.png", "again")]


def test_the_first_picture_that_failed_is_named_and_each_counts_once():
    job = SimpleNamespace(pictures=10, transform=SimpleNamespace(mixes_labels=False))
    check_failures(FAILURES, job, "2")
    with pytest.raises(ErrorBudgetError, match=r"2 pictures could not be read, and 1 may .*a/2\.png: not a picture"):
        check_failures(FAILURES, job, "1")


def test_a_data_set_without_any_picture_is_refused_whatever_the_budget():
    with pytest.raises(ErrorBudgetError, match="none of the 2 pictures could be read"):
        check_failures(FAILURES, SimpleNamespace(pictures=2, transform=SimpleNamespace(mixes_labels=False)), "100%")


def test_tasks_with_missing_shards_are_listed_in_order():
    assert list(Merged(None, 8, (2, 3, 4), 3).tasks.items()) == [(0, 1), (1, 1), (2, 1)]
    assert Merged(None, 8, (0, 3, 4), 3).tasks == {0: 2, 1: 1}
