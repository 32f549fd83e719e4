"""Figures of a labelled set: error, calibration, losses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ipmix_cli.metrics.calibration import BIN_SIZE, BINS, Reliability, bin_numbers, binned_rms
from ipmix_cli.scoring.measuring.measure import Measure
from ipmix_cli.scoring.measuring.outcomes import Outcomes
from ipmix_cli.scoring.measuring.resampling import Estimate, Resampling, centred

RMS = "RMS calibration error"
RMS_PUBLISHED = "RMS calibration error, as published"


def labelled_measures(name: str, found: Outcomes, replicates: int, note: str = "") -> Iterator[Measure]:
    """Yield error, calibration errors, Brier score and negative log-likelihood of one list; the note is the error's."""
    resampling = Resampling(len(found.wrong), replicates)
    gaps = np.zeros((len(found.wrong), BINS))
    gaps[np.arange(len(gaps)), bin_numbers(found.confidence, BINS)] = found.confidence - found.correct
    columns = np.column_stack([found.wrong, found.squared, found.log_loss, gaps])
    means, drawn = columns.mean(axis=0), resampling.means(columns)

    def measure(number: int, kind: str, title: str) -> Measure:
        estimate = Estimate(float(means[number]), drawn[:, number])
        return Measure(id=f"{name}.{kind}", title=title, group=name, estimate=estimate, per_cent=False)

    yield replace(measure(0, "error", "error"), per_cent=True, note=note)
    yield from rms_measures(name, found, resampling)
    ece = centred(float(np.abs(means[3:]).sum()), np.abs(drawn[:, 3:]).sum(axis=1))
    yield Measure(id=f"{name}.ece", title=f"expected calibration error, {BINS} bins", group=name, estimate=ece)
    yield measure(1, "brier", "Brier score")
    yield measure(2, "nll", "negative log-likelihood, nats")


def rms_measures(name: str, found: Outcomes, resampling: Resampling) -> Iterator[Measure]:
    """Yield the RMS calibration error, corrected and as published."""
    drawn = resampling.rms(found.confidence, found.correct)
    corrected = binned_rms(found.confidence, found.correct, as_published=False)
    yield Measure(id=f"{name}.rms", title=RMS, group=name, estimate=centred(corrected, drawn[0]))
    if len(found.wrong) < BIN_SIZE:
        note = f"the published code fails for fewer than {BIN_SIZE} pictures"
        yield Measure(id=f"{name}.rms_published", title=RMS_PUBLISHED, group=name, note=note)
        return
    published = binned_rms(found.confidence, found.correct, as_published=True)
    yield Measure(
        id=f"{name}.rms_published",
        title=RMS_PUBLISHED,
        group=name,
        estimate=centred(published, drawn[1]),
        note="leaves out the 100 to 199 most confident predictions, as the papers' code does",
    )


def reliability(found: Outcomes) -> Reliability:
    """Return the reliability curve of one list of pictures."""
    number = bin_numbers(found.confidence, BINS)
    counts = np.bincount(number, minlength=BINS)
    with np.errstate(invalid="ignore"):
        return Reliability(
            np.linspace(0, 1, BINS + 1),
            counts,
            np.bincount(number, weights=found.confidence, minlength=BINS) / counts,
            np.bincount(number, weights=found.correct, minlength=BINS) / counts,
        )
