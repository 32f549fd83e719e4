"""Check one shard: its bytes against the manifest, and every sample in it. Runs in the workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import KINDS_IN_WORDS, class_of, fits
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import BadSampleError, SourceError
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.output.manifest import FileRecord, Manifest, ShardRecord
from ipmix_cli.pipeline.run.progress_counters import ProgressCounters, ShardProgress
from ipmix_cli.pipeline.run.render import plans_without_mixing
from ipmix_cli.pipeline.verify.other_readers import check_view
from ipmix_cli.pipeline.verify.plan_agreement import PlanAgreement, idle_plans, without_effect
from ipmix_cli.pipeline.verify.problem import Problem
from ipmix_cli.shards.shard import ShardView
from ipmix_cli.shards.soft_labels import soft_labels
from ipmix_cli.storage.folder import Folder, open_folder

LEVELS = ("quick", "standard", "full")
MOST_NAMED = 100  # samples of one shard that are named one by one
PLANS_CHECKED = 64  # samples of a shard whose copies are compared with their plans, at the level "standard"


@dataclass(frozen=True)
class ShardCheck:
    """One shard to be checked: small and picklable. The records of the other shards are left out of `manifest`."""

    location: str
    manifest: Manifest
    record: ShardRecord
    level: str
    position: int
    counters: ProgressCounters | None = None


@dataclass
class ShardReport:
    """What a check of one shard found; `sha256` and `labels` are the file's, empty where they were not looked at."""

    record: ShardRecord
    problems: list[Problem] = field(default_factory=list)
    agreement: PlanAgreement = field(default_factory=PlanAgreement)
    sha256: str = ""
    labels: set[int] = field(default_factory=set)


def check_shard(task: ShardCheck) -> ShardReport:
    """Check one shard at a level: quick (size), standard (sha256, keys, labels, plans), full (every picture)."""
    progress = ShardProgress(None) if task.counters is None else task.counters.progress(task.position)
    report = ShardReport(task.record)
    dataset = Dataset(open_folder(task.location), task.manifest)
    report.problems += _check_file(dataset.folder, task.record)
    missing = any(problem.code == "shard-missing" for problem in report.problems)
    if task.level != "quick" and not missing:
        report.sha256 = dataset.sha256(task.record)
        if report.sha256 != task.record.sha256:
            report.problems.append(_problem(dataset, task.record, "shard-damaged", "its sha256 is not the manifest's"))
        try:
            with dataset.view(task.record) as view:
                _Samples(dataset, task, report, progress).check(view)
        except SourceError as error:
            report.problems.append(_problem(dataset, task.record, "shard-unreadable", error.message))
    progress.done(task.record.samples)
    progress.finish()
    return report


def _check_file(folder: Folder, record: FileRecord) -> Iterator[Problem]:
    size = folder.size(record.name)
    if size is None:
        yield Problem("shard-missing", "it is not there", f"type: ipmix repair {folder.location}", record.name)
    elif size != record.bytes:
        message = f"it has {size} bytes instead of {record.bytes}"
        yield Problem("shard-size", message, f"type: ipmix repair {folder.location}", record.name)


def _problem(dataset: Dataset, record: ShardRecord, code: str, message: str, key: str = "") -> Problem:
    return Problem(code, message, f"type: ipmix repair {dataset.folder.location}", record.name, key)


class _Samples:
    """The check of the samples of one opened shard."""

    def __init__(self, dataset: Dataset, task: ShardCheck, report: ShardReport, progress: ShardProgress) -> None:
        self.dataset, self.task, self.report, self.progress = dataset, task, report, progress
        self.job: Job = dataset.manifest.job
        self.sound = report.sha256 == task.record.sha256 and dataset.one_file_a_shard

    def check(self, view: ShardView) -> None:
        """Check the keys, every label, and, where there is cause or the level asks for it, every picture."""
        self._check_keys(view)
        deep = self.task.level == "full" or not self.sound
        for position in range(len(view)):
            key = view.keys()[position]
            self._check_label(view, position, key)
            if self.job.output.mixed:
                self._check_mixed(view, position, key)
            if deep:
                self._check_sample(view, position, key)
            if position % 256 == 0:
                self.progress.done(position)
        for message in check_view(self.dataset.manifest, view):
            self._add("other-readers", message)
        self._check_plans(view)

    def _check_label(self, view: ShardView, position: int, key: str) -> None:
        """Check that a label is of the data set's kind, and one of its classes."""
        spec, classes = self.job.output.annotations, len(self.dataset.manifest.class_names)
        try:
            label = view.label(position)
            fields = view.fields(position)
        except BadSampleError as error:
            self._add("sample-damaged", error.message, key)
            return
        if isinstance(label, int):
            self.report.labels.add(label)
        if not fits(label, spec, classes) or len(fields) != len(spec.fields):
            what = "is not a class" if spec.labels == "class" else f"is not one of {KINDS_IN_WORDS[spec.labels]}"
            self._add("label-range", f"its label {str(label)[:40]} {what}", key)

    def _check_mixed(self, view: ShardView, position: int, key: str) -> None:
        """Check that each copy has a second label that is a class, and the weight that its plan says."""
        try:
            mixed = view.sample(position).mixed
        except BadSampleError as error:
            self._add("sample-damaged", error.message, key)
            return
        index = view.sample(position).index
        weights = self.job.transform.label_weights(plans_without_mixing(self.job, view.size(position), [index]))[0]
        classes = len(self.dataset.manifest.class_names)
        if [weight for _, weight in mixed] != weights.tolist():
            self._add("plan-mismatch", "the weights of its labels are not those of its plans", key)
        if not all(0 <= label < classes for label, _ in mixed):
            self._add("label-range", "a second label is not a class", key)
        elif self.job.output.soft_labels and 0 <= (label := class_of(view.label(position))) < classes:
            self._check_soft(view, position, key, soft_labels(label, mixed, classes))

    def _check_soft(self, view: ShardView, position: int, key: str, wanted: NDArray[np.float32]) -> None:
        """Check that the weights of all classes are those of the two labels."""
        try:
            stored = view.soft_labels(position)
        except BadSampleError as error:
            self._add("sample-damaged", error.message, key)
            return
        if stored is None or not np.array_equal(stored, wanted):
            self._add("sample-damaged", "its soft labels are not those of its two labels", key)

    def _check_keys(self, view: ShardView) -> None:
        record, crops = self.task.record, self.job.crop.crops
        failed = {failure.source_index for failure in record.failures}
        pictures = [number for number in range(record.first, record.stop) if number not in failed]
        expected = [f"{number * crops + crop:08d}" for number in pictures for crop in range(crops)]
        if len(view) != record.samples:
            self._add("count", f"it holds {len(view)} samples instead of {record.samples}")
        if list(view.keys()) == expected:
            return
        found = Counter(view.keys())
        for key in expected:
            if not found[key]:
                self._add("sample-missing", "it is not in its shard", key)
        for key in found - Counter(expected):
            self._add("sample-duplicate", "it is there twice, or does not belong in this shard", key)

    def _check_sample(self, view: ShardView, position: int, key: str) -> None:
        """Compare a sample with its own checksum, and at the level "full" decode its pictures."""
        try:
            sample = view.sample(position)
        except BadSampleError as error:
            self._add("sample-damaged", error.message, key)
            return
        size = self.job.size
        if sample.checksum != sample.expected:
            self._add("sample-damaged", "it does not fit its checksum", key)
        elif len(sample.copies) != self.job.output.stored_copies or (size is not None and sample.size != size):
            self._add("shape", f"it has {len(sample.copies)} copies of {sample.size}", key)
        elif self.task.level == "full":
            try:
                self.dataset.pictures(sample)
            except BadSampleError as error:
                self._add("picture-undecodable", error.message, key)

    def _check_plans(self, view: ShardView) -> None:
        """Count how often copies equal their clean picture, where that can be told."""
        lossless = CODECS[self.job.output.encoding].lossless
        output = self.job.output
        if self.report.problems or not lossless or not output.clean or not output.stored_copies:
            return
        if self.job.plan_version != self.job.drawn_version:  # what its plans said cannot be drawn any more
            return
        last = len(view) if self.task.level == "full" else min(len(view), PLANS_CHECKED)
        for position in range(last):
            sample = view.sample(position)
            clean, copies = self.dataset.pictures(sample)
            assert clean is not None
            plans = plans_without_mixing(self.job, sample.size, [sample.index])
            idle = idle_plans(self.job, plans, [sample.index])[0]
            same = np.array([(copy == clean).all() for copy in copies])
            idle |= without_effect(self.job, sample.index, clean, same & ~idle)
            self.report.agreement.add(clean, np.stack(copies), idle, plans[0])

    def _add(self, code: str, message: str, key: str = "") -> None:
        if len(self.report.problems) < MOST_NAMED:
            self.report.problems.append(_problem(self.dataset, self.task.record, code, message, key))
