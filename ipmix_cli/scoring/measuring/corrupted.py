"""Figures of a corrupted set: the error of each corruption and severity, their means, and calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import PredictionsError
from ipmix_cli.metrics import alexnet
from ipmix_cli.metrics.calibration import BIN_SIZE, binned_rms
from ipmix_cli.scoring.measuring.labelled import RMS, RMS_PUBLISHED
from ipmix_cli.scoring.measuring.measure import Measure
from ipmix_cli.scoring.measuring.outcomes import Outcomes
from ipmix_cli.scoring.measuring.resampling import Estimate, Resampling, centred
from ipmix_cli.scoring.reading.names import SEVERITIES, STANDARD, VALIDATION, in_order, split_variant

Values = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorTable:
    """Errors by corruption and severity, with replicates (B,) of each; `name` is the set's."""

    name: str
    cells: Mapping[tuple[str, int], Estimate]

    @property
    def corruptions(self) -> list[str]:
        """The corruptions, in the order of tables."""
        return in_order({corruption for corruption, _ in self.cells})

    @property
    def severities(self) -> list[int]:
        """The severities that any corruption has."""
        return sorted({severity for _, severity in self.cells})

    def missing(self, corruption: str) -> list[int]:
        """Return the severities that other corruptions have, and this one lacks."""
        return [severity for severity in self.severities if (corruption, severity) not in self.cells]

    def mean(self, corruption: str) -> Estimate | None:
        """Return the mean over severities; None where some are missing."""
        if self.missing(corruption) or corruption not in self.corruptions:
            return None
        return mean_of([self.cells[corruption, severity] for severity in self.severities])


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of some estimates."""
    return Estimate(
        float(np.mean([item.value for item in estimates])), np.mean([item.replicates for item in estimates], axis=0)
    )


def ratio(own: Estimate, other: Estimate) -> Estimate:
    """Return one estimate over another; refuse a baseline of zero."""
    if other.value <= 0:
        raise PredictionsError("the baseline does not err, so that nothing can be divided by it", "choose another one")
    lowest = np.finfo(np.float64).tiny  # a replicate of the baseline may happen not to err
    return Estimate(own.value / other.value, own.replicates / np.maximum(other.replicates, lowest))


def error_table(name: str, variants: Mapping[str, Outcomes], replicates: int) -> ErrorTable:
    """Return the errors of all variants; pictures are drawn with all their variants."""
    names = list(variants)
    wrong = np.column_stack([variants[variant].wrong for variant in names])
    drawn = Resampling(len(wrong), replicates).means(wrong)
    cells = {}
    for number, variant in enumerate(names):
        corruption, severity = split_variant(variant)
        cells[corruption, severity or 0] = Estimate(float(wrong[:, number].mean()), drawn[:, number])
    return ErrorTable(name, cells)


def corrupted_measures(table: ErrorTable, variants: Mapping[str, Outcomes], replicates: int) -> Iterator[Measure]:
    """Yield the mean corruption error, the error of each corruption and severity, and the mean calibration error."""
    yield _plain_mean(table)
    if validation := [name for name in table.corruptions if name in VALIDATION]:
        means = [table.mean(name) for name in validation]
        whole = [mean for mean in means if mean is not None]
        yield Measure(
            id=f"{table.name}.validation",
            title=f"mean error over {len(validation)} validation corruptions",
            group=table.name,
            estimate=mean_of(whole) if len(whole) == len(means) else None,
            note=f"{', '.join(validation)}: not part of the 15",
        )
    for corruption in table.corruptions:
        yield _corruption(table, corruption)
    for (corruption, severity), estimate in table.cells.items():
        title = f"{corruption}, severity {severity}"
        yield Measure(
            id=f"{table.name}.{corruption}.{severity}", title=title, group=table.name, estimate=estimate, detail=True
        )
    yield from _calibration(table.name, variants, replicates)


def counted(table: ErrorTable) -> list[str]:
    """Return the corruptions that a mean is over: the 15 if all are there, else all but those of validation."""
    if set(STANDARD) <= set(table.corruptions):
        return list(STANDARD)
    return [name for name in table.corruptions if name not in VALIDATION] or table.corruptions


def incomplete(table: ErrorTable) -> str:
    """Return what is missing from a full set of corruptions and severities, in words; empty for nothing."""
    parts = []
    some = set(table.corruptions) & set(STANDARD)
    if some and (lacking := [name for name in STANDARD if name not in some]):
        parts.append(f"missing of the 15: {', '.join(lacking)}")
    if tuple(table.severities) != SEVERITIES:
        parts.append(f"severities {', '.join(map(str, table.severities))} instead of 1 to 5")
    return "; ".join(parts)


def _gaps(table: ErrorTable) -> str:
    gaps = [
        f"{name} lacks severity {', '.join(map(str, table.missing(name)))}"
        for name in counted(table)
        if table.missing(name)
    ]
    return "; ".join(gaps)


def _plain_mean(table: ErrorTable) -> Measure:
    names = counted(table)
    full = names == list(STANDARD) and not incomplete(table)
    title = "mean corruption error, 15 x 5" if full else f"mean error over {len(names)} corruptions"
    if gaps := _gaps(table):
        return Measure(id=f"{table.name}.mce", title=title, group=table.name, note=f"not told: {gaps}")
    estimate = mean_of([mean for name in names if (mean := table.mean(name)) is not None])
    note = incomplete(table)
    others = [name for name in table.corruptions if name not in names and name not in VALIDATION]
    if others:
        note = "; ".join([*([note] if note else []), f"without {', '.join(others)}"])
    return Measure(id=f"{table.name}.mce", title=title, group=table.name, estimate=estimate, note=note)


def _corruption(table: ErrorTable, corruption: str) -> Measure:
    lacking = table.missing(corruption)
    note = f"severity {', '.join(map(str, lacking))} is missing" if lacking else ""
    return Measure(
        id=f"{table.name}.{corruption}",
        title=corruption,
        group=table.name,
        estimate=table.mean(corruption),
        note=note,
        detail=True,
    )


def _calibration(name: str, variants: Mapping[str, Outcomes], replicates: int) -> Iterator[Measure]:
    """Yield the mean over variants of the RMS calibration error, which the papers report."""
    corrected, published = [], []
    for variant, found in variants.items():
        if split_variant(variant)[0] in VALIDATION:
            continue
        drawn = Resampling(len(found.wrong), replicates).rms(found.confidence, found.correct)
        corrected.append(centred(binned_rms(found.confidence, found.correct, as_published=False), drawn[0]))
        if len(found.wrong) >= BIN_SIZE:
            value = binned_rms(found.confidence, found.correct, as_published=True)
            published.append(centred(value, drawn[1]))
    for kind, title, estimates in (("rms", RMS, corrected), ("rms_published", RMS_PUBLISHED, published)):
        if estimates:
            note = f"mean over {len(estimates)} corruptions and severities"
            yield Measure(id=f"{name}.{kind}", title=title, group=name, estimate=mean_of(estimates), note=note)


def normalised_measures(
    table: ErrorTable, clean: Estimate | None, baseline: ErrorTable, baseline_clean: Estimate | None, label: str
) -> Iterator[Measure]:
    """Yield the mean corruption error, plain and relative to the clean error, as a ratio to a baseline's."""
    title = f"mean corruption error / {label}"
    id_ = f"{table.name}.mce_normalised"
    names = counted(table)
    lacking = [name for name in names if table.mean(name) is None or baseline.mean(name) is None]
    if lacking or table.severities != baseline.severities:
        note = f"not told: not whole in both, {', '.join(lacking) or 'other severities'}"
        yield Measure(id=id_, title=title, group=table.name, note=note)
        return
    pairs = [(own, other) for name in names if (own := table.mean(name)) and (other := baseline.mean(name))]
    yield Measure(
        id=id_,
        title=title,
        group=table.name,
        estimate=mean_of([ratio(own, other) for own, other in pairs]),
        note=incomplete(table),
    )
    id_, title = f"{table.name}.relative_mce", f"relative mean corruption error / {label}"
    if clean is None or baseline_clean is None:
        yield Measure(id=id_, title=title, group=table.name, note="needs the clean error of both on the same pictures")
        return
    try:
        rises = [ratio(own.less(clean), other.less(baseline_clean)) for own, other in pairs]
    except PredictionsError:
        yield Measure(id=id_, title=title, group=table.name, note="the baseline's error does not rise")
        return
    yield Measure(id=id_, title=title, group=table.name, estimate=mean_of(rises), note=incomplete(table))


def alexnet_table(name: str, replicates: int) -> tuple[ErrorTable, Estimate]:
    """Return AlexNet's published errors as a table, and its clean error; they have no spread of their own."""

    def fixed(value: float) -> Estimate:
        return Estimate(value, np.full(replicates, value))

    cells = {
        (corruption, severity): fixed(error)
        for corruption, errors in alexnet.ERRORS.items()
        for severity, error in zip(SEVERITIES, errors, strict=True)
    }
    return ErrorTable(name, cells), fixed(alexnet.CLEAN_ERROR)


def check_alexnet(name: str, variants: Sequence[str], classes: int, size: tuple[int, int] | None) -> None:
    """Refuse to divide by AlexNet's errors for anything but the 15 corruptions of ImageNet at 224 px.

    Raises
    ------
    PredictionsError
    """
    reason = ""
    wanted = {f"{corruption}.{severity}" for corruption in STANDARD for severity in SEVERITIES}
    if lacking := sorted(wanted - set(variants)):
        reason = f"{len(lacking)} of the 75 are missing, such as {lacking[0]}"
    elif classes != alexnet.CLASSES:
        reason = f"these are {classes} classes"
    elif size != alexnet.SIZE:
        found = "of unknown size" if size is None else f"{size[0]} x {size[1]} px"
        reason = f"these pictures are {found}"
    if reason:
        raise PredictionsError(
            f"{name}: AlexNet's errors are for ImageNet-C, 15 corruptions at 224 x 224 px: {reason}",
            "give --baseline a model's predictions on the same pictures; or say --picture-size 224, if they are that",
        )
