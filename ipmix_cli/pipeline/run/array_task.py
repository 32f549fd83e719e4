"""Which shards are this task's, and how many CPUs it has: from options, or from the batch system that runs it.

Task i of n makes the shards i, i + n, i + 2n, ...: any number of tasks make all of them together, and each shard is
made by exactly one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ipmix_cli.errors import UsageError

SLURM, KUBERNETES, PBS = "SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX"
ALONE = "for everything in this one task: --task-index 0 --task-count 1"

CPU_VARIABLES = {  # what a batch system gave this task, by the variable that tells that it runs one
    "SLURM_JOB_ID": ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"),
    "PBS_JOBID": ("NCPUS", "PBS_NUM_PPN"),
}


@dataclass(frozen=True)
class ArrayTask:
    """Task number `index` of `count`; `told_by` is the environment's variable that says so, empty for options."""

    index: int
    count: int
    told_by: str = ""

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.index < self.count:
            raise UsageError(
                f"task {self.index} of {self.count}", "tasks are numbered from 0 to one less than --task-count"
            )

    def numbers(self, shards: int) -> range:
        """Return the numbers of this task's shards, of all the shards.

        >>> list(ArrayTask(1, 3).numbers(7))
        [1, 4]
        """
        return range(self.index, shards, self.count)


def array_task_of(index: int | None, count: int | None, environment: Mapping[str, str]) -> ArrayTask:
    """Return the array task that options name, or else the batch system.

    Under Slurm both numbers come from the array, with any first id and step. Kubernetes and PBS tell the index
    alone. Ids are taken modulo the count: arrays from 0 and from 1 both make everything, and one task repeated alone
    (``sbatch --array=7``, with the count of before) makes the shards that it made. A task of an array with a step is
    repeated with its step (``--array=4-4:2``) or by ``--task-index``: its id alone does not tell its place.

    Raises
    ------
    UsageError
        For an index without a count, and numbers out of range.
    """
    if index is not None:
        if count is None:
            raise UsageError("--task-index without --task-count", f"give both; {ALONE}")
        return ArrayTask(index, count)
    for variable in (SLURM, KUBERNETES, PBS):
        if environment.get(variable, "").strip():
            return _told(variable, count, environment)
    if count not in {None, 1}:
        raise UsageError(f"--task-count {count} without --task-index", f"give both; {ALONE}")
    return ArrayTask(0, 1)


def _told(variable: str, count: int | None, environment: Mapping[str, str]) -> ArrayTask:
    """Return the array task that a batch system's variables name."""
    number, step = _number(environment, variable, 0), 1
    if variable == SLURM:
        step = max(1, _number(environment, "SLURM_ARRAY_TASK_STEP", 1))
        count = count or _slurm_tasks(environment, step)
    if count is None:
        raise UsageError(
            f"{variable} gives this task's number, but not the number of tasks", f"give --task-count N, or {ALONE}"
        )
    return ArrayTask(number // step % count, count, variable)


def _slurm_tasks(environment: Mapping[str, str], step: int) -> int:
    """Return how many tasks an array has; refuse one whose ids have gaps, since no task can tell its place in it."""
    given = {name: _number(environment, f"SLURM_ARRAY_TASK_{name}", -1) for name in ("MIN", "MAX", "COUNT")}
    if -1 in (given["MIN"], given["MAX"]):
        raise UsageError(
            f"{SLURM} gives this task's number, but not the number of tasks", f"give --task-count N, or {ALONE}"
        )
    first, last = given["MIN"], given["MAX"]
    tasks = (last - first) // step + 1
    if given["COUNT"] not in {-1, tasks}:
        raise UsageError(
            f"the array's ids are a list with gaps ({first} to {last}), so a task cannot derive its position",
            "repeat the whole array (tasks with nothing to do end at once), or give the previous --task-count",
        )
    return tasks


def _number(environment: Mapping[str, str], variable: str, default: int) -> int:
    """Return the number in a variable; one that is empty, as containers pass it on, is as good as unset.

    Raises
    ------
    UsageError
        For anything else.
    """
    text = environment.get(variable, "").strip()
    if not text:
        return default
    if not text.isdecimal():
        raise UsageError(f"{variable} is {text[:40]!r}, which is not a number", f"unset {variable}; {ALONE}")
    return int(text)


def given_cpus(here: int, environment: Mapping[str, str]) -> int:
    """Return how many CPUs this task may use: those `here` (by affinity and control group), or fewer if so it was told.

    >>> given_cpus(64, {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "4"})
    4
    """
    for runs, variables in CPU_VARIABLES.items():
        told = [int(environment[name]) for name in variables if environment.get(name, "").isdigit()]
        if runs in environment and told:
            return max(1, min(here, told[0]))
    return here
