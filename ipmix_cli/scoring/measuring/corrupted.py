"""Figures of a corrupted set: the error of each corruption and severity, their means, and calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import PredictionsError
from ipmix_cli.metrics import alexnet
from ipmix_cli.metrics.calibration import BIN_SIZE, binned_rms
from ipmix_cli.printable import dimensions
from ipmix_cli.scoring.measuring.labelled import RMS, RMS_PUBLISHED
from ipmix_cli.scoring.measuring.measure import Measure
from ipmix_cli.scoring.measuring.outcomes import Outcomes
from ipmix_cli.scoring.measuring.resampling import Estimate, Resampling, centred
from ipmix_cli.scoring.reading.names import (
    ALL_C_BAR,
    C_BAR,
    SEVERITIES,
    STANDARD,
    VALIDATION,
    counted,
    in_order,
    nearest_c_bar,
    split_variant,
)

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

    @property
    def counted(self) -> list[str]:
        """The corruptions that the mean corruption error is over."""
        return counted(self.corruptions)

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
        raise PredictionsError("the baseline makes no errors, so it cannot be a divisor", "choose another baseline")
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
    yield from _other_means(table)
    for corruption in table.corruptions:
        yield _corruption(table, corruption)
    for (corruption, severity), estimate in table.cells.items():
        title = f"{corruption}, severity {severity}"
        yield Measure(
            id=f"{table.name}.{corruption}.{severity}", title=title, group=table.name, estimate=estimate, detail=True
        )
    yield from _calibration(table, variants, replicates)


def _other_means(table: ErrorTable) -> Iterator[Measure]:
    """Yield the means over the corruptions of validation, and over those of C-bar beside the 15."""
    of_c_bar = [name for name in table.corruptions if name in ALL_C_BAR and name not in table.counted]
    validation = [name for name in table.corruptions if name in VALIDATION]
    for id_, kind, names in (
        ("validation", "validation corruptions", validation),
        ("c_bar", "corruptions of C-bar", of_c_bar),
    ):
        if names:
            means = [table.mean(name) for name in names]
            whole = [mean for mean in means if mean is not None]
            yield Measure(
                id=f"{table.name}.{id_}",
                title=f"mean error over {len(names)} {kind}",
                group=table.name,
                estimate=mean_of(whole) if len(whole) == len(means) else None,
                note=f"{', '.join(names)}: not part of the 15",
            )


def incomplete(table: ErrorTable) -> str:
    """Return what is missing from a full set of corruptions and severities, in words; empty for nothing."""
    parts = []
    some = set(table.counted)
    wanted, whole = (STANDARD, "the 15") if some & set(STANDARD) else _c_bar(some)
    if lacking := [name for name in wanted if name not in some]:
        parts.append(f"missing of {whole}: {', '.join(lacking)}")
    if tuple(table.severities) != SEVERITIES:
        parts.append(f"severities {', '.join(map(str, table.severities))} instead of 1 to 5")
    return "; ".join(parts)


def _c_bar(names: set[str]) -> tuple[tuple[str, ...], str]:
    """Return the data set of C-bar that some corruptions belong to: its members (none if to none) and its name."""
    data = nearest_c_bar(names)
    return (C_BAR[data] if names & set(C_BAR[data]) else ()), data


def _gaps(table: ErrorTable) -> str:
    gaps = [
        f"{name} lacks severity {', '.join(map(str, table.missing(name)))}"
        for name in table.counted
        if table.missing(name)
    ]
    return "; ".join(gaps)


def _title(table: ErrorTable) -> str:
    """Return what the mean over the corruptions that count is called: by the name of a published set if it is whole."""
    names = set(table.counted)
    if not incomplete(table):
        if names == set(STANDARD):
            return "mean corruption error, 15 x 5"
        for data, members in C_BAR.items():
            if names == set(members):
                return f"mean corruption error of {data}, 10 x 5"
    return f"mean error over {len(names)} corruptions{' of C-bar' if names <= set(ALL_C_BAR) else ''}"


def _plain_mean(table: ErrorTable) -> Measure:
    names, title = table.counted, _title(table)
    if gaps := _gaps(table):
        return Measure(id=f"{table.name}.mce", title=title, group=table.name, note=f"not told: {gaps}")
    estimate = mean_of([mean for name in names if (mean := table.mean(name)) is not None])
    others = [name for name in table.corruptions if name not in {*names, *VALIDATION, *ALL_C_BAR}]
    parts = [incomplete(table), f"without {', '.join(others)}" if others else ""]
    note = "; ".join(part for part in parts if part)
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


def _calibration(table: ErrorTable, variants: Mapping[str, Outcomes], replicates: int) -> Iterator[Measure]:
    """Yield the mean of the RMS calibration error over variants that count, which the papers report."""
    name, counts = table.name, set(table.counted)
    corrected, published = [], []
    for variant, found in variants.items():
        if split_variant(variant)[0] not in counts:
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
    names = table.counted
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
        found = "of unknown size" if size is None else dimensions(*size)
        reason = f"these pictures are {found}"
    if reason:
        raise PredictionsError(
            f"{name}: AlexNet's errors are for ImageNet-C, 15 corruptions at 224 x 224 px: {reason}",
            "give --baseline a model's predictions on the same pictures; or say --picture-size 224, if they are that",
        )
