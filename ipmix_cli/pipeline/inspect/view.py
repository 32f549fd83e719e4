"""A gallery of a data set: copies with what they can be filtered by, and the stages of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ipmix_cli.errors import IpmixError, SourceError, UsageError
from ipmix_cli.pipeline.inspect.explain import open_origin
from ipmix_cli.pipeline.inspect.view_cards import Gallery
from ipmix_cli.pipeline.inspect.view_page import Card, ViewPage
from ipmix_cli.pipeline.job import Job
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.output.dataset import Dataset, chosen_numbers
from ipmix_cli.pipeline.run.prepare import OpenJob
from ipmix_cli.printable import counted
from ipmix_cli.sources.source import SourceSpec

MOST_CARDS = 1200  # copies on a page: some 8 MB of pictures


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which copies a gallery shows.

    Parameters
    ----------
    count : int
        Samples, drawn at random.
    copies : int
        Copies of each. If there are more, one sample shows the first ones, the next sample those that follow, and so
        on, so that a gallery of corruptions has all of them.
    variants : str
        Only these copies: numbers, names such as ``fog.3``, or corruptions, comma-separated; empty for any.
    seed : int
        Of the random choice of samples.
    source, fractals
        Where the source and the mixing pictures are now, if they have moved.
    """

    count: int = 48
    copies: int = 4
    variants: str = ""
    seed: int = 0
    source: SourceSpec | None = None
    fractals: str | None = None


def view(dataset: Dataset, choice: Choice | None = None, listener: Listener | None = None) -> str:
    """Return a page on which copies can be filtered by class, by what was done to them, and by distance.

    Parameters
    ----------
    dataset : Dataset
    choice : Choice, optional
    listener : Listener, optional
        Told of progress.

    Returns
    -------
    str
        HTML; no part of it comes from elsewhere, and no text of the data set is taken for markup or script.

    Raises
    ------
    UsageError
        For more than 1,200 copies, and for variants that do not exist.
    SourceError
        If not one of the chosen samples can be shown.
    """
    choice, listener = choice or Choice(), listener or Listener()
    numbers = chosen_numbers(dataset.manifest.samples, choice.count, choice.seed)
    rows = _copies_of_samples(dataset.manifest.job, choice, len(numbers))
    gallery = Gallery(dataset, *_origin(dataset, choice, listener))
    cards: list[Card] = []
    with listener.activity("drawing", len(numbers), "samples") as advance:
        for done, (number, copies) in enumerate(zip(numbers, rows, strict=True), 1):
            cards += gallery.cards(number, copies)
            advance(done)
    if numbers and not cards:
        raise SourceError(gallery.failures[0], f"type: ipmix validate {dataset.folder.location}")
    job, name = dataset.manifest.job, Path(dataset.folder.location).name
    return ViewPage(
        title=f"ipmix view: {name}",
        name=name,
        what=f"{job.transform.title}: {counted(len(cards), 'picture')} of "
        f"{counted(len(numbers), 'sample')}, drawn from {dataset.manifest.samples:,}",
        notes=gallery.notes(),
        cards=cards,
        tool=f"{dataset.manifest.tool}, plan version {job.plan_version}",
    ).html()


def _copies_of_samples(job: Job, choice: Choice, samples: int) -> list[list[int]]:
    """Return the numbers of the copies that each sample shows."""
    every = job.output.numbers_of(choice.variants) if choice.variants else list(range(job.output.copies))
    each = min(choice.copies, len(every))
    if samples * each > MOST_CARDS:
        raise UsageError(
            f"{samples:,} samples with {each:,} copies each are {samples * each:,}: a page has {MOST_CARDS:,} at most",
            "lower --count or --copies",
        )
    return [sorted(every[(row * each + n) % len(every)] for n in range(each)) for row in range(samples)]


def _origin(dataset: Dataset, choice: Choice, listener: Listener) -> tuple[OpenJob | None, str]:
    """Return what the data set was made from, or why the stages cannot be shown."""
    try:
        return open_origin(dataset, listener, choice.source, choice.fractals), ""
    except IpmixError as error:
        return None, f"No stages are shown: {error.message}. {error.remedy}".rstrip()
