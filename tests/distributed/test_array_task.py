"""Who makes which shard: tasks cover everything once, whatever batch system tells them."""

from __future__ import annotations

import pytest

from ipmix_cli.errors import UsageError
from ipmix_cli.pipeline.run.array_task import ArrayTask, array_task_of, given_cpus


def slurm(ids, step=1):
    return [
        {
            "SLURM_ARRAY_TASK_ID": str(number),
            "SLURM_ARRAY_TASK_MIN": str(min(ids)),
            "SLURM_ARRAY_TASK_MAX": str(max(ids)),
            "SLURM_ARRAY_TASK_STEP": str(step),
            "SLURM_ARRAY_TASK_COUNT": str(len(ids)),
        }
        for number in ids
    ]


def covered(tasks, shards):
    return sorted(number for task in tasks for number in task.numbers(shards))


@pytest.mark.parametrize("shards", [1, 7, 100])
@pytest.mark.parametrize(
    "ids",
    [
        range(10),
        range(1, 11),
        range(5, 21, 5),
        range(0, 7, 2),
        range(2, 20, 6),
        range(3, 40, 7),
        range(1000, 1001),
        range(1000),
    ],
    ids=lambda ids: f"{ids.start}-{ids.stop - 1}:{ids.step}",
)
def test_a_slurm_array_with_any_start_and_step_makes_every_shard_once(ids, shards):
    tasks = [array_task_of(None, None, environment) for environment in slurm(ids, ids.step)]
    assert covered(tasks, shards) == list(range(shards))
    assert {task.told_by for task in tasks} == {"SLURM_ARRAY_TASK_ID"}


def test_one_slurm_task_repeated_alone_with_the_count_of_before_has_the_share_it_had():
    before = array_task_of(None, None, slurm(range(1, 101))[6])
    again = array_task_of(None, 100, slurm([7])[0])
    assert (again.index, again.count) == (before.index, before.count)


def test_empty_slurm_variables_are_as_good_as_none():
    environment = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_STEP": "", "SLURM_ARRAY_TASK_COUNT": ""}
    assert array_task_of(None, 4, environment) == ArrayTask(3, 4, "SLURM_ARRAY_TASK_ID")
    assert array_task_of(None, None, dict.fromkeys(slurm([7])[0], "")) == ArrayTask(0, 1)


def test_a_slurm_array_with_gaps_is_refused_since_no_task_can_tell_its_place():
    with pytest.raises(UsageError, match="gaps") as caught:
        array_task_of(None, None, slurm([3, 7, 8])[0])
    assert "repeat the whole array" in caught.value.remedy


@pytest.mark.parametrize("variable", ["JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX"])
@pytest.mark.parametrize("first", [0, 1])
def test_kubernetes_and_pbs_tell_the_index_and_the_user_the_count(variable, first):
    tasks = [array_task_of(None, 6, {variable: str(first + number)}) for number in range(6)]
    assert covered(tasks, 20) == list(range(20))
    with pytest.raises(UsageError, match="but not the number of tasks"):
        array_task_of(None, None, {variable: "3"})


def test_options_win_over_the_environment():
    environment = slurm(range(100))[42]
    assert array_task_of(1, 4, environment) == ArrayTask(1, 4)
    assert array_task_of(0, 1, environment) == ArrayTask(0, 1)


def test_without_options_and_batch_system_one_task_makes_everything():
    assert covered([array_task_of(None, None, {})], 5) == list(range(5))
    assert array_task_of(None, 1, {}) == ArrayTask(0, 1)


@pytest.mark.parametrize(("index", "count"), [(4, 4), (9, 4), (0, None), (None, 4)])
def test_shares_that_cannot_be_are_refused(index, count):
    with pytest.raises(UsageError):
        array_task_of(index, count, {})


def test_more_tasks_than_shards_leave_some_without():
    tasks = [ArrayTask(number, 1000) for number in range(1000)]
    assert covered(tasks, 7) == list(range(7))
    assert sum(not task.numbers(7) for task in tasks) == 993


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, 64),
        ({"SLURM_JOB_ID": "1", "SLURM_CPUS_PER_TASK": "8", "SLURM_CPUS_ON_NODE": "32"}, 8),
        ({"SLURM_JOB_ID": "1", "SLURM_CPUS_ON_NODE": "2"}, 2),
        ({"SLURM_CPUS_PER_TASK": "8"}, 64),
        ({"SLURM_JOB_ID": "1", "SLURM_CPUS_PER_TASK": "128"}, 64),
        ({"PBS_JOBID": "1", "NCPUS": "4"}, 4),
    ],
)
def test_workers_are_as_many_as_the_task_was_given_cpus(environment, expected):
    assert given_cpus(64, environment) == expected
