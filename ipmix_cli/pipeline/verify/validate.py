"""Validate a finished data set: its files, shards, labels and pictures, and what it was made from."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.pipeline.backends.table import results
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.listener import Listener, watched
from ipmix_cli.pipeline.output.dataset import Dataset, chosen_numbers
from ipmix_cli.pipeline.output.manifest import Manifest, ShardRecord
from ipmix_cli.pipeline.output.shard_bytes import bytes_of_shards
from ipmix_cli.pipeline.run.partners import partner_parts
from ipmix_cli.pipeline.run.prepare import changes, reopen
from ipmix_cli.pipeline.run.progress_counters import ProgressCounters, progress_counters
from ipmix_cli.pipeline.verify.folder import check_folder
from ipmix_cli.pipeline.verify.other_readers import check_folders, check_names
from ipmix_cli.pipeline.verify.plan_agreement import PlanAgreement
from ipmix_cli.pipeline.verify.problem import Problem
from ipmix_cli.pipeline.verify.replay import Replay, replay_shard
from ipmix_cli.pipeline.verify.shard import LEVELS, ShardCheck, ShardReport, check_shard
from ipmix_cli.sources.source import SourceSpec


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What to check.

    Parameters
    ----------
    level : {"quick", "standard", "full"}
        Presence, sizes and counts; or also checksums, keys, labels and how often copies differ; or also every picture.
    sample : str
        Only some shards: ``5%`` at random, or ``3/10``, the third tenth; empty for all.
    source : SourceSpec, optional
        Compare every label and clean picture with this source.
    replay : str
        Rebuild this many copies, or this percentage of them, and compare; empty for none.
    fractals : str, optional
        Where the mixing pictures are now, for the replay.
    seed : int
        Of the random choices.
    """

    level: str = "standard"
    sample: str = ""
    source: SourceSpec | None = None
    replay: str = ""
    fractals: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_name("level", self.level, LEVELS)


@dataclass
class Report:
    """What a validation looked at, and what it found."""

    level: str
    shards: int = 0
    samples: int = 0
    bytes: int = 0
    compared: int = 0
    replayed: int = 0
    problems: list[Problem] = field(default_factory=list)
    agreement: PlanAgreement = field(default_factory=PlanAgreement)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"passed": self.passed, **dataclasses.asdict(self)}


def validate(
    dataset: Dataset, checks: Checks | None = None, execution: Execution | None = None, listener: Listener | None = None
) -> Report:
    """Check a data set against its manifest, and optionally against its source and its plans.

    Parameters
    ----------
    dataset : Dataset
    checks : Checks, optional
        What to check; the level "standard" by default.
    execution : Execution, optional
        How to run; one process by default.
    listener : Listener, optional
        Told of progress.

    Returns
    -------
    Report
        Sorted by place.
    """
    checks, execution, listener = checks or Checks(), execution or Execution(), listener or Listener()
    report = Report(checks.level)
    report.problems += check_folder(dataset)
    report.problems += check_names(dataset)
    shards = chosen_shards(dataset.manifest, checks)
    _check_shards(dataset, report, shards, execution, listener)
    if checks.source is not None or checks.replay:
        _check_origin(dataset, report, checks, execution, listener)
    unique = dict.fromkeys(report.problems)
    report.problems = sorted(unique, key=lambda problem: (problem.shard, problem.key, problem.code))
    return report


def chosen_shards(manifest: Manifest, checks: Checks) -> Sequence[ShardRecord]:
    """Return the shards that ``sample`` chooses.

    Raises
    ------
    UsageError
        If it is neither a percentage nor a fraction.
    """
    if not checks.sample:
        return manifest.shards
    if match := re.fullmatch(r"(\d+)/(\d+)", checks.sample):
        which, parts = int(match[1]), int(match[2])
        if 1 <= which <= parts:
            return manifest.shards[which - 1 :: parts]
    elif match := re.fullmatch(r"(\d+(?:\.\d+)?)%", checks.sample):
        wanted = max(1, round(len(manifest.shards) * min(float(match[1]), 100.0) / 100))
        return [manifest.shards[i] for i in chosen_numbers(len(manifest.shards), wanted, checks.seed)]
    raise UsageError(
        f"--sample {checks.sample!r} is neither a percentage nor a fraction",
        "give --sample 5% for a random choice of shards, or --sample 3/10 for the third tenth",
    )


def _check_shards(
    dataset: Dataset, report: Report, shards: Sequence[ShardRecord], execution: Execution, listener: Listener
) -> None:
    slim = dataclasses.replace(dataset.manifest, shards=())
    total, labels, whole = sum(shard.samples for shard in shards), set[int](), True
    with progress_counters(len(shards)) as counters, watched(listener, "validating", total, "samples", counters.done):
        tasks = [
            ShardCheck(dataset.folder.location, slim, shard, report.level, position, counters)
            for position, shard in enumerate(shards)
        ]
        for found in results(check_shard, tasks, execution):
            report.shards += 1
            report.samples += found.record.samples
            report.problems += _with_swaps(dataset.manifest, found)
            report.agreement.merge(found.agreement)
            labels |= found.labels
            whole = whole and not found.problems
    report.bytes = bytes_of_shards(dataset.folder, dataset.manifest.job.output.format, shards)
    if whole and report.shards == len(dataset.manifest.shards) and report.level != "quick":
        report.problems += check_folders(dataset, labels)
    report.problems += [
        Problem("plan-mismatch", complaint, f"type: ipmix validate {dataset.folder.location} --replay 1%")
        for complaint in report.agreement.complaints()
    ]


def _with_swaps(manifest: Manifest, found: ShardReport) -> Iterator[Problem]:
    """Yield a shard's problems, or say that its content is another shard's."""
    other = {shard.sha256: shard.name for shard in manifest.shards}.get(found.sha256, found.record.name)
    if other != found.record.name and found.sha256 != found.record.sha256:
        remedy = "rename the files back, or type: ipmix repair"
        yield Problem("shard-swapped", f"it holds what {other} should", remedy, found.record.name)
    else:
        yield from found.problems


def _check_origin(dataset: Dataset, report: Report, checks: Checks, execution: Execution, listener: Listener) -> None:
    """Compare the data set with its source, and rebuild some copies."""
    opened = reopen(dataset.manifest, listener, checks.source, checks.fractals, mixing=bool(checks.replay))
    for what, message in changes(opened, mixing=bool(checks.replay)).items():
        code, option = ("source-changed", "--source") if what == "source" else ("bank-changed", "--fractals")
        report.problems.append(Problem(code, message, f"name the right one with {option}"))
    if len(opened.source) < dataset.manifest.job.pictures:
        return
    copies = chosen_copies(dataset.manifest, checks)
    if checks.replay:
        report.problems += check_plan_version(dataset.manifest)
    if any(problem.code in {"bank-changed", "plan-version"} for problem in report.problems):
        copies = {}
    tasks: list[Replay] = []
    with progress_counters(len(dataset.manifest.shards)) as counters:
        slim = dataclasses.replace(dataset.manifest, shards=())
        crops = dataset.manifest.job.crop.crops
        for shard in dataset.manifest.shards:
            mine = {index: these for index, these in copies.items() if shard.first <= index // crops < shard.stop}
            if mine or checks.source is not None:
                part = opened.source.part(shard.first, shard.stop)
                whole = checks.source is not None
                partners = partner_parts(dataset.manifest.job, opened.source, sorted(mine))
                place = (len(tasks), counters, partners)
                tasks.append(Replay(dataset.folder.location, slim, shard, part, opened.mixing, mine, whole, *place))
        _run_replays(report, tasks, counters, execution, listener)


def check_plan_version(manifest: Manifest) -> Iterator[Problem]:
    """Yield a problem if another version of the plans made the copies, which cannot be replayed then."""
    job = manifest.job
    if job.plan_version != job.drawn_version:
        yield Problem(
            "plan-version",
            f"its plans are of version {job.plan_version}, this ipmix draws version {job.drawn_version}: no copy "
            "can be replayed",
            f"replay it with the ipmix that made it ({manifest.tool}), or leave out --replay",
        )


def _run_replays(
    report: Report, tasks: list[Replay], counters: ProgressCounters, execution: Execution, listener: Listener
) -> None:
    total = sum(task.record.stop - task.record.first for task in tasks)
    with watched(listener, "comparing with the source", total, "pictures", counters.done):
        for replayed in results(replay_shard, tasks, execution):
            report.problems += replayed.problems
            report.replayed += replayed.copies
            report.compared += replayed.samples


def chosen_copies(manifest: Manifest, checks: Checks) -> dict[int, tuple[int, ...]]:
    """Return the copies to replay, by the index of their sample.

    Raises
    ------
    UsageError
        Where ``replay`` is neither a number nor a percentage.
    """
    if not checks.replay:
        return {}
    failed = {failure.source_index for shard in manifest.shards for failure in shard.failures}
    copies, crops = manifest.job.output.copies, manifest.job.crop.crops
    total = manifest.job.samples * copies
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", checks.replay)
    if match is None:
        raise UsageError(
            f"--replay {checks.replay!r} is neither a number nor a percentage", "give --replay 100 or --replay 1%"
        )
    wanted = float(match[1]) * total / 100 if match[2] else float(match[1])
    found: dict[int, tuple[int, ...]] = {}
    for number in chosen_numbers(total, min(max(1, round(wanted)), total), checks.seed):
        index, copy = divmod(number, copies)
        if index // crops not in failed:
            found[index] = (*found.get(index, ()), copy)
    return found
