"""What ``ipmix augment --dry-run`` shows: what a job would cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from ipmix_cli.cli.choosing_k import worth_of
from ipmix_cli.cli.screen import LABEL, folded, show

if TYPE_CHECKING:
    from ipmix_cli.pipeline.job import Execution
    from ipmix_cli.pipeline.run.estimate import CostEstimate

TASKS = (10, 100, 1000)  # for which the time is shown if no --task-count is given
LONG_SECONDS = 60.0  # of a job, for which several machines are worth a word


def show_cost(cost: CostEstimate, out: str, execution: Execution, json_wanted: bool = False) -> None:
    """Print what a job would cost; exit with 4 if the disk space is not enough, or the folder holds another job."""
    show(as_json(cost, out) if json_wanted else table(cost, out, execution.task_count))
    if not cost.fits or cost.other_job:
        raise typer.Exit(4)


def table(cost: CostEstimate, out: str, task_count: int) -> str:
    """Return the lines for a person."""
    job = cost.job
    size = "of many sizes" if job.size is None else f"of {job.size[1]}x{job.size[0]} px"
    layout = f" {job.output.layout}" if job.output.format == "webdataset" else ""
    output = f"{job.output.format}{layout} {job.output.encoding}"
    made = f"from {cost.measured:,} samples made now"
    rows = [
        ("source", f"{job.pictures:,} pictures of {job.source.format}"),
        ("classes", cost.classes),
        *(("", note) for note in cost.notes),
        ("samples", f"{job.samples:,} {size}, with {job.samples * job.output.copies:,} copies, {output}"),
        *(("copies", worth) for worth in [worth_of(job.method, job.output.copies)] if worth),
        ("shards", f"{cost.shards:,} of {_bytes(cost.bytes / cost.shards)}, {_bytes(cost.bytes)} in all ({made})"),
        ("work", f"{_time(cost.seconds)} of one worker, {_rate(cost)} copies/s"),
    ]
    if cost.there:
        rows.append(("there", f"{cost.there:,} shards already; {cost.missing:,} to make"))
    rows += _times(cost, task_count)
    if cost.free is not None:
        verdict = "enough" if cost.fits else "NOT ENOUGH"
        rows.append(("space", f"{_bytes(cost.needed)} needed, {_bytes(cost.free)} free at {out}: {verdict}"))
    if cost.other_job:
        rows.append(("refused", f"{out} holds another job: choose another --out, or give --overwrite"))
    return "\n".join(folded(f"{label:<{LABEL}}{value}") for label, value in rows)


def _times(cost: CostEstimate, task_count: int) -> list[tuple[str, str]]:
    """Return how long it takes: here, and where that is long or tasks are asked for, on several machines."""
    here = f"{_time(cost.wall_seconds())} on this machine, with --jobs {cost.jobs}, and the time to start and to write"
    counts: Sequence[int] = (task_count,) if task_count > 1 else ()
    if not counts and cost.wall_seconds() >= LONG_SECONDS:
        counts = [count for count in TASKS if count <= cost.missing]
    return [
        ("time", here),
        *(("", f"{_time(cost.wall_seconds(count))} on {count:,} machines like it") for count in counts),
    ]


def as_json(cost: CostEstimate, out: str) -> str:
    """Return the estimate as JSON, for schedulers and scripts."""
    values = {
        "out": out,
        "pictures": cost.job.pictures,
        "samples": cost.job.samples,
        "copies": cost.job.samples * cost.job.output.copies,
        "shards": cost.shards,
        "shards_there": cost.there,
        "bytes": cost.bytes,
        "bytes_needed": cost.needed,
        "bytes_free": cost.free,
        "fits": cost.fits,
        "other_job": cost.other_job,
        "worker_seconds": round(cost.seconds, 3),
        "jobs": cost.jobs,
        "seconds": round(cost.wall_seconds(), 3),
        "notes": [note for note in (cost.classes, *cost.notes) if note],
    }
    return json.dumps(values, indent=1)


def _rate(cost: CostEstimate) -> str:
    copies = cost.job.samples * cost.job.output.copies
    return f"{copies / cost.seconds:,.0f}" if cost.seconds else "0"


def _bytes(count: float) -> str:
    """Return a number of bytes for a person.

    >>> _bytes(66_200_000)
    '66.2 MB'
    """
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} bytes" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def _time(seconds: float) -> str:
    """Return a time for a person.

    >>> _time(4.2), _time(150), _time(5000)
    ('4.2 s', '2.5 min', '1.4 h')
    """
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.1f} min" if seconds < 7200 / 2 else f"{seconds / 3600:,.1f} h"
