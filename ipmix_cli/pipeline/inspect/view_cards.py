"""The cards of a gallery: copies as pictures, what they can be filtered by, and how each was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ipmix_cli.annotations import WITH_CLASSES, classes_of
from ipmix_cli.errors import IpmixError
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.inspect.distance import mean_difference
from ipmix_cli.pipeline.inspect.explain import CopyExplanation, trace_copy
from ipmix_cli.pipeline.inspect.report_pictures import Strip, figure, stages
from ipmix_cli.pipeline.inspect.view_page import Card
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.run.prepare import OpenJob
from ipmix_cli.pipeline.run.render import plans_without_mixing
from ipmix_cli.pipeline.run.rendered import shown_pictures
from ipmix_cli.printable import counted
from ipmix_cli.shards.shard import StoredSample
from ipmix_cli.transform import Plans

STAGE_BYTES = 10_000_000  # of all stages on a page; later copies have their plan in words alone
STAGE_SIDE = 96  # px: larger stages are reduced to this
NONE = "none"  # what a copy with no operation, or no mixing, is found by


class Gallery:
    """Cards of copies, as many with their stages as the page has room for."""

    def __init__(self, dataset: Dataset, opened: OpenJob | None, note: str) -> None:
        self.dataset, self.opened, self.note = dataset, opened, note
        self.failures: list[str] = []
        self.stage_bytes, self.without_stages = 0, 0

    def cards(self, number: int, copies: Sequence[int]) -> list[Card]:
        """Return the cards of one sample; none if it cannot be read, which the notes say."""
        try:
            return list(self._cards(self.dataset.at(number), copies))
        except IpmixError as error:
            self.failures.append(error.message)
            return []

    def notes(self) -> list[str]:
        """Return what the page does not show, and why."""
        notes = [self.note] if self.note else []
        if self.failures:
            notes.append(f"{counted(len(self.failures), 'sample')} cannot be shown: {self.failures[0]}")
        if self.without_stages:
            notes.append(
                f"{counted(self.without_stages, 'picture')} shown without stages, which would make the page too "
                "large: lower --count or --copies to see them."
            )
        return notes

    def _cards(self, sample: StoredSample, copies: Sequence[int]) -> Iterator[Card]:
        traced = self._traced(sample, copies)
        clean, pictures = self._pictures(sample, copies, traced)
        job = self.dataset.manifest.job
        plans = self._plans(sample, copies)
        for place, copy in enumerate(copies):
            origin = traced.get(copy)
            yield Card(
                key=sample.key,
                detail=sample.source_key,
                variant=job.output.variant(copy),
                classes=_classes(self.dataset, sample, copy),
                figure=figure(pictures[place], job.output.variant(copy)),
                distance=None if clean is None else mean_difference(clean, pictures[place]),
                facets=_facets(self.dataset, sample, copy, None if plans is None else plans[:, place : place + 1]),
                words=_words(job, origin, None if plans is None else plans[0, place]),
                stages=self._stages(origin),
                differs=origin is not None and not origin.agrees,
            )

    def _traced(self, sample: StoredSample, copies: Sequence[int]) -> dict[int, CopyExplanation]:
        """Return how the copies came to be; nothing if what they were made from is not there."""
        if self.opened is None:
            return {}
        return {copy: trace_copy(self.dataset, self.opened, sample, copy) for copy in copies}

    def _pictures(
        self, sample: StoredSample, copies: Sequence[int], traced: dict[int, CopyExplanation]
    ) -> tuple[Picture | None, list[Picture]]:
        """Return the clean picture, if it can be had, and the copies: those that are stored, or made again."""
        decode = self.dataset.decoded
        clean = None if sample.clean is None else decode(sample.clean, sample.size)
        if clean is None and traced:
            clean = traced[copies[0]].stages["clean"]
        if sample.copies:
            return clean, [decode(sample.copies[copy], sample.size) for copy in copies]
        if traced:
            return clean, [traced[copy].stages["out"] for copy in copies]
        _, made = shown_pictures(self.dataset, sample, max(copies) + 1)
        return clean, [made[copy] for copy in copies]

    def _plans(self, sample: StoredSample, copies: Sequence[int]) -> Plans | None:
        """Return the plans (1, V) of the copies; None if another version of ipmix drew them."""
        job = self.dataset.manifest.job
        if job.plan_version != job.drawn_version:
            return None
        return plans_without_mixing(job, sample.size, [sample.index])[:, np.array(copies, np.int64)]

    def _stages(self, origin: CopyExplanation | None) -> list[Strip]:
        """Return the stages of a copy, as long as the page has room for them."""
        if origin is None:
            return []
        if self.stage_bytes > STAGE_BYTES:
            self.without_stages += 1
            return []
        strips = stages(origin, STAGE_SIDE)
        self.stage_bytes += sum(len(one.uri) for strip in strips for one in strip.figures)
        return strips


def _classes(dataset: Dataset, sample: StoredSample, copy: int) -> dict[str, str]:
    """Return the classes of a copy, each with its weight in words if labels are mixed."""
    own = dataset.class_name(sample.label)
    if sample.mixed:
        second = sample.mixed[copy]
        other = dataset.class_name(second.label)
        weights = {own: second.weight, other: 1 - second.weight}
        return {own: ""} if own == other else {name: f"{weight:.2f}" for name, weight in weights.items() if weight}
    if dataset.manifest.job.output.annotations.labels == "multilabel":
        names = dataset.manifest.class_names
        return {names[one] if one < len(names) else str(one): "" for one in classes_of(sample.label)}
    return {own: ""}


def _facets(dataset: Dataset, sample: StoredSample, copy: int, plans: Plans | None) -> dict[str, tuple[str, ...]]:
    """Return what a copy can be filtered by, but for its distance."""
    job = dataset.manifest.job
    found: dict[str, tuple[str, ...]] = {}
    if job.output.annotations.labels in WITH_CLASSES:
        found["class"] = tuple(_classes(dataset, sample, copy))
    if plans is not None:
        found |= job.transform.facets(plans, job.augment)
    return {name: values or (NONE,) for name, values in found.items()}


def _words(job: Job, origin: CopyExplanation | None, plan: Plans | None) -> list[str]:
    """Return the plan of a copy in words; without the mixing pictures, where these are cropped is not known."""
    if origin is not None:
        return origin.plan.describe()
    return [] if plan is None or job.needs_mixing else job.transform.view(plan, job.augment).describe()
