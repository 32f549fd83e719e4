"""A report of a data set: one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ipmix_cli.annotations import KINDS_IN_WORDS, WITH_CLASSES
from ipmix_cli.errors import IpmixError
from ipmix_cli.pipeline.inspect.distance import Distances, count_classes, measure_distances
from ipmix_cli.pipeline.inspect.explain import trace
from ipmix_cli.pipeline.inspect.report_charts import class_chart, histogram
from ipmix_cli.pipeline.inspect.report_page import ReportPage, Section
from ipmix_cli.pipeline.inspect.report_pictures import Strip, figure, stages
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.dataset import Dataset, chosen_numbers
from ipmix_cli.pipeline.output.shard_bytes import bytes_of_shards
from ipmix_cli.pipeline.run.recorded_job import command_of
from ipmix_cli.pipeline.run.render import plans_without_mixing
from ipmix_cli.pipeline.run.rendered import shown_pictures
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.printable import counted, dimensions, reading_order
from ipmix_cli.shards.shard import StoredSample
from ipmix_cli.transform import Transform

MOST_CLASSES = 12  # rows of the sheet
MOST_COPIES = 6  # columns of the sheet
MOST_CLASS_ROWS = 40  # classes up to which each has a row with its name
CANDIDATES = 48  # samples among which the copy with the richest plan is looked for


def report(
    dataset: Dataset,
    checks: Checks | None = None,
    execution: Execution | None = None,
    listener: Listener | None = None,
) -> str:
    """Return a page on a data set: what it is, what it looks like, how far copies are, whether it is whole.

    Parameters
    ----------
    dataset : Dataset
    checks : Checks, optional
        What to validate; `source` and `fractals` say where these are now, and `seed` chooses the samples.
    execution : Execution, optional
        How to run the validation.
    listener : Listener, optional
        Told of progress.

    Returns
    -------
    str
        HTML; no part of it comes from elsewhere, and no text of the data set is taken for markup.
    """
    checks, listener = checks or Checks(), listener or Listener()
    validation = validate(dataset, Checks(level=checks.level, seed=checks.seed), execution, listener)
    sections = [Section("Validation", "Whether every file is there and undamaged.", "verdict", validation)]
    makers: tuple[Callable[[], Section], ...] = (
        lambda: _pictures(dataset, checks.seed),
        lambda: _stages(dataset, checks, listener),
        lambda: _distances(measure_distances(dataset), dataset.manifest.job.transform.title),
        lambda: _classes(dataset),
    )
    for make in makers:
        try:
            sections.append(make())
        except IpmixError as error:  # a damaged data set deserves a report too; the validation says what is wrong
            sections.append(Section("Not shown", f"{error.message}. {error.remedy}"))
    manifest, name = dataset.manifest, Path(dataset.folder.location).name
    sections.append(Section("Settings", "Everything that decides the bytes.", "table", _settings(dataset)))
    sections.append(Section("Shards", "As recorded in the manifest.", "shards", manifest.shards))
    return ReportPage(
        title=f"ipmix: {name}",
        name=name,
        what=f"{_what(manifest.job.transform)}, in {dataset.folder.location}",
        facts=_facts(dataset),
        command=command_of(manifest),
        sections=sections,
        shards=manifest.shards,
        problems=validation.problems,
        tool=f"{manifest.tool}, plan version {manifest.job.plan_version}",
    ).html()


def _facts(dataset: Dataset) -> list[tuple[str, str]]:
    """Return the main numbers, each with what it is."""
    manifest, job = dataset.manifest, dataset.manifest.job
    size = "several sizes" if job.size is None else dimensions(*job.size)
    facts = [
        ("samples", f"{manifest.samples:,}"),
        ("copies of each", f"{job.output.copies:,}"),
        ("copies in all", f"{manifest.samples * job.output.copies:,}"),
        ("size of pictures", size),
        ("encoding", f"{job.output.encoding}, in {job.output.format}"),
        ("in shards", f"{bytes_of_shards(dataset.folder, job.output.format, manifest.shards) / 1e6:,.1f} MB"),
    ]
    if manifest.failed:
        facts.append(("left out: see errors.jsonl", f"{manifest.failed:,}"))
    return facts


def _what(transform: Transform) -> str:
    return f"{transform.purpose.capitalize()} {transform.made} by {transform.title}"


def _pictures(dataset: Dataset, seed: int) -> Section:
    samples, output = _one_of_each_class(dataset, seed), dataset.manifest.job.output
    shown = min(MOST_COPIES, output.copies)
    rows = []
    for sample in samples:
        clean, copies = shown_pictures(dataset, sample, MOST_COPIES)
        figures = [] if clean is None else [figure(clean, "clean")]
        figures += [figure(copies[number], output.variant(number)) for number in range(shown)]
        rows.append(Strip(dataset.class_name(sample.label), sample.key, figures))
    few = counted(shown, "copy", "copies") if shown == output.copies else f"{shown} of its {output.copies:,} copies"
    if not _has_classes(dataset):
        return Section("Copies", f"{counted(len(rows), 'sample')}, each with {few}.", "sheet", rows)
    classes, some = len(dataset.manifest.class_names), counted(len(rows), "class", "classes")
    if len(rows) < classes:
        some = f"{len(rows):,} of the {classes:,} classes"
    text = f"One sample of each of {some}, with {few}."
    return Section("Copies by class", text, "sheet", sorted(rows, key=lambda row: reading_order(row.name)))


def _has_classes(dataset: Dataset) -> bool:
    return dataset.manifest.job.output.annotations.labels in WITH_CLASSES


def _one_of_each_class(dataset: Dataset, seed: int) -> list[StoredSample]:
    """Return a sample of each of some classes, drawn from all over the data set; without classes, any samples."""
    found: dict[str, StoredSample] = {}
    for number in _drawn(dataset, seed, 8 * MOST_CLASSES):
        sample = dataset.at(number)
        found.setdefault(dataset.class_name(sample.label) if _has_classes(dataset) else sample.key, sample)
        if len(found) == MOST_CLASSES:
            break
    return list(found.values())


def _drawn(dataset: Dataset, seed: int, wanted: int) -> Sequence[int]:
    """Return some samples' numbers in a random order: in the data set's own, the first classes would win."""
    numbers = chosen_numbers(dataset.manifest.samples, wanted, seed)
    return [numbers[i] for i in np.random.Generator(np.random.Philox(key=seed)).permutation(len(numbers))]


def _stages(dataset: Dataset, checks: Checks, listener: Listener) -> Section:
    """Return the stages of one copy; they need the source and the mixing pictures."""
    sample, copy = _richest(dataset, checks.seed)
    origin = trace(dataset, sample.key, copy, listener, checks.source, checks.fractals)
    text = (
        f"{origin.variant.capitalize()} of sample {sample.key}, {dataset.class_name(sample.label)}: each chain starts "
        "from the clean picture; a frame shows the patch that a step mixed. "
        + ("The stored copy agrees." if origin.agrees else "THE STORED COPY IS NOT THIS.")
    )
    return Section("Stages of one copy", text, "sheet", stages(origin))


def _richest(dataset: Dataset, seed: int) -> tuple[StoredSample, int]:
    """Return the sample and the copy, among some, whose plan has most to show."""
    job = dataset.manifest.job
    samples = [dataset.at(number) for number in _drawn(dataset, seed, CANDIDATES)]
    best, most = (samples[0], 0), -1.0
    for sample in samples:
        interest = job.transform.interest(plans_without_mixing(job, sample.size, [sample.index]))[0]
        copy = int(interest.argmax())
        if interest[copy] > most:
            best, most = (sample, copy), float(interest[copy])
    return best


def _distances(distances: Distances | None, title: str) -> Section:
    if distances is None:
        return Section("Distances", "The clean pictures are not stored, so there is nothing to measure from.")
    text = (
        f"Mean absolute difference, in grey levels of 0 to 255, of {len(distances.means):,} copies in "
        f"{distances.shards} shards. Mean {distances.mean:.1f}; {distances.unchanged:.1%} of the copies equal their "
        f"clean picture: {title} leaves a few as they are."
    )
    charts = [histogram(distances.means, "of a copy from its clean picture, grey levels")]
    if distances.between:
        charts.append(histogram(distances.between, "of two copies of one picture, grey levels"))
    return Section("Distances", text, "charts", charts)


def _classes(dataset: Dataset) -> Section:
    """Return how many samples each class has: a row for each of a few classes, a chart for many."""
    if not _has_classes(dataset):
        kind = KINDS_IN_WORDS[dataset.manifest.job.output.annotations.labels]
        more = "" if kind == KINDS_IN_WORDS["none"] else " as labels, and no classes"
        return Section("Class balance", f"The samples have {kind}{more}.")
    classes = count_classes(dataset)
    every = classes.shards == len([shard for shard in dataset.manifest.shards if shard.samples])
    where = "" if every else f", counted in {classes.shards} of {len(dataset.manifest.shards):,} shards"
    names, counts = [dataset.class_name(label) for label in classes.counts], list(classes.counts.values())
    text = f"Samples of each of {len(names):,} classes{where}."
    if not counts:
        return Section("Class balance", "There are no samples.")
    if len(counts) > MOST_CLASS_ROWS:
        return Section("Class balance", text, "charts", [class_chart(names, counts)])
    rows = [(name, count, count / max(counts)) for name, count in zip(names, counts, strict=True)]
    return Section("Class balance", text, "classes", rows)


def _settings(dataset: Dataset) -> list[tuple[str, str]]:
    """Return everything that decides the bytes, by name."""
    job = dataset.manifest.job.to_dict()
    rows = [
        (f"{group}.{name}", str(value))
        for group, values in job.items()
        if isinstance(values, dict)
        for name, value in values.items()
    ]
    return rows + [(name, str(value)) for name, value in job.items() if not isinstance(value, dict)]
