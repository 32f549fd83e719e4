"""Where a stored copy came from: its plan and its stages, from the data set and the mixing pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.errors import SourceError, UsageError
from ipmix_cli.grey import as_grey, as_rgb
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.banks.mixing import mixing_subset
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.run.partners import partner_parts, partner_pictures, partners_of, read_partners
from ipmix_cli.pipeline.run.prepare import OpenJob, changes, reopen
from ipmix_cli.pipeline.run.render import plans_of, shown_by
from ipmix_cli.pipeline.run.samples import views
from ipmix_cli.pipeline.verify.replay import same_picture
from ipmix_cli.shards.shard import ShardSample, StoredSample
from ipmix_cli.sources.source import Sample, SourceSpec
from ipmix_cli.stages import StageClock
from ipmix_cli.transform import MixingPictures, PlanView, StageRow


@dataclass(frozen=True)
class CopyExplanation:
    """How one copy came to be.

    `partner` is the second sample of a method that mixes labels. `stages` are arrays by their names, from ``clean`` to
    ``out``, and `rows` say how they are shown; `agrees` says whether the stored copy is what they end in (within the
    error of a lossy encoding).
    """

    sample: StoredSample
    copy: int
    variant: str
    plan: PlanView
    stages: dict[str, NDArray[Any]]
    rows: list[StageRow]
    agrees: bool
    partner: ShardSample | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the plan and where it belongs, as plain values."""
        return {
            "key": self.sample.key,
            "index": self.sample.index,
            "copy": self.copy,
            "label": self.sample.label,
            "source_index": self.sample.source_index,
            "source_key": self.sample.source_key,
            "crop": self.sample.crop,
            "size": list(self.sample.size),
            "agrees": self.agrees,
            "plan": self.plan.to_dict(),
            **({} if self.partner is None else {"partner": _partner(self.partner)}),
        }


def _partner(sample: ShardSample) -> dict[str, Any]:
    """Return the second sample, as plain values."""
    names = ("key", "index", "label", "source_index", "source_key", "crop")
    return {name: getattr(sample, name) for name in names}


def trace(
    dataset: Dataset,
    key: str,
    copy: int,
    listener: Listener | None = None,
    source: SourceSpec | None = None,
    fractals: str | None = None,
) -> CopyExplanation:
    """Find out how a copy came to be.

    The clean picture is the stored one; where that is absent or lossy, the source is opened for it.

    Raises
    ------
    UsageError
        For a sample or a copy that is not there.
    SourceError
        If the source or the mixing pictures are gone, or others than before.
    """
    sample = dataset.find(key)
    job = dataset.manifest.job
    if not 0 <= copy < job.output.copies:
        raise UsageError(f"there is no copy {copy} of {key}", f"give --copy 0 to {job.output.copies - 1}")
    return trace_copy(dataset, open_origin(dataset, listener, source, fractals), sample, copy)


def open_origin(
    dataset: Dataset,
    listener: Listener | None = None,
    source: SourceSpec | None = None,
    fractals: str | None = None,
) -> OpenJob:
    """Open what a data set was made from, which must be unchanged; it serves any number of copies.

    Raises
    ------
    UsageError
        If another version of ipmix drew its plans.
    SourceError
        If the source or the mixing pictures are gone, or others than before.
    """
    job = dataset.manifest.job
    if job.plan_version != job.drawn_version:
        raise UsageError(
            f"its plans are of version {job.plan_version}, this ipmix draws version {job.drawn_version}",
            f"explain it with the ipmix that made it: {dataset.manifest.tool}",
        )
    opened = reopen(dataset.manifest, listener or Listener(), source, fractals)
    for message in changes(opened).values():
        raise SourceError(message, "name the right one with --source, --data-dir or --fractals")
    return opened


def trace_copy(dataset: Dataset, opened: OpenJob, sample: StoredSample, copy: int) -> CopyExplanation:
    """Find out how a copy of a sample came to be, from what :func:`open_origin` returns.

    Raises
    ------
    SourceError
        If the source cannot give the sample, or the second one that it was mixed with.
    """
    job = dataset.manifest.job
    clean = picture_shown(dataset, sample, opened.source)
    transform, settings = job.transform, job.augment
    plans = plans_of(job, opened.mixing, sample.size, [sample.index], [copy])
    used = transform.mixing_used(plans)
    mixing: MixingPictures | None = None
    partner = None
    if opened.mixing is not None:
        mixing = mixing_subset(opened.mixing, sample.size, used)
    if transform.mixes_labels:
        parts = partner_parts(job, opened.source, [sample.index])
        partners = read_partners(job, parts, StageClock())
        number = int(partners_of(job, plans, [sample.index])[0, 0])
        if number not in partners.samples:
            raise SourceError(f"the source cannot give sample {number}, the second one", "check it, then try again")
        mixing, partner = partner_pictures(job, partners, plans, [sample.index]), partners.samples[number]
    plan = plans[0, 0]
    grey = job.output.channels == 1
    stages = transform.stages(as_rgb(clean) if grey else clean, plan, mixing, settings)
    stored = as_grey(stages["out"]) if grey else stages["out"]
    if grey:
        stages["out"] = as_rgb(stored)
    return CopyExplanation(
        sample=sample,
        copy=copy,
        variant=job.output.variant(copy),
        partner=partner,
        plan=transform.view(plan, settings),
        stages=stages,
        rows=transform.stage_rows(plan, settings, stages),
        agrees=not sample.copies or same_picture(sample.copies[copy], stored, job.output),
    )


def picture_shown(dataset: Dataset, sample: StoredSample, source: Any) -> Picture:
    """Return what a sample's copies are made of: the stored clean picture if it is lossless, else the source's.

    It is the source's, too, if the method needs what lies around it.

    Raises
    ------
    SourceError
        If the source cannot give it.
    """
    job = dataset.manifest.job
    if sample.clean is not None and not job.has_surroundings and CODECS[job.output.encoding].lossless:
        clean, _ = dataset.pictures(sample)
        assert clean is not None
        return clean
    for item in source.part(sample.source_index, sample.source_index + 1).samples(StageClock()):
        if isinstance(item, Sample):
            return shown_by(list(views(job, item))[sample.crop])
    raise SourceError(f"the source cannot give {sample.source_key}", "check the source, then try again")
