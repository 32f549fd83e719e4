"""Figures of sequences: flip probability and top-5 distance of each perturbation, and their means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import PredictionsError
from ipmix_cli.metrics import alexnet
from ipmix_cli.metrics.consistency import TOP, flips, moves, top5_moves
from ipmix_cli.scoring.measuring.corrupted import mean_of, ratio
from ipmix_cli.scoring.measuring.measure import Measure
from ipmix_cli.scoring.measuring.resampling import Estimate, Resampling
from ipmix_cli.scoring.reading.names import PERTURBATIONS, VALIDATION_PERTURBATIONS, is_noise
from ipmix_cli.scoring.reading.predictions import Scores

FLIPS, TOP5 = "flip", "top5"
TITLES = {FLIPS: "flip probability", TOP5: "top-5 distance"}

SEQUENCES_AT_ONCE = 1024


@dataclass(frozen=True)
class Consistency:
    """Estimates by measure ("flip" or "top5") and perturbation."""

    cells: Mapping[tuple[str, str], Estimate]

    def of(self, kind: str) -> dict[str, Estimate]:
        """Return one measure's estimates by perturbation."""
        return {name: estimate for (found, name), estimate in self.cells.items() if found == kind}


def consistency(variants: Mapping[str, Scores], replicates: int, difficulty: int) -> Consistency:
    """Return how often and how far predictions change, for each perturbation; sequences are drawn as a whole.

    Raises
    ------
    PredictionsError
        For scores that are not (sequences, frames, classes), or not finite.
    """
    cells = {}
    for name, scores in variants.items():
        values = scores.values
        if values.ndim != 3:
            raise PredictionsError(
                f"{scores.where}: sequences are (sequences, frames, classes), these are {values.shape}",
                "give the scores of each frame",
            )
        try:
            columns = {FLIPS: flips(_classes(values), noise=is_noise(name), difficulty=difficulty)}
            if values.shape[2] > TOP:
                columns[TOP5] = moves(values, top5_moves, noise=is_noise(name), difficulty=difficulty)
        except PredictionsError as error:
            raise PredictionsError(f"{scores.where}: {error.message}", error.remedy) from error
        drawn = Resampling(len(values), replicates).means(np.column_stack(list(columns.values())))
        for number, (kind, column) in enumerate(columns.items()):
            cells[kind, name] = Estimate(float(column.mean()), drawn[:, number])
    return Consistency(cells)


def _classes(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return the predicted class of each frame (S, F)."""
    found = np.empty(values.shape[:2], dtype=np.int64)
    for start in range(0, len(values), SEQUENCES_AT_ONCE):
        some = np.asarray(values[start : start + SEQUENCES_AT_ONCE])
        if not np.isfinite(some).all():
            sequence, frame = (int(number) for number in np.argwhere(~np.isfinite(some))[0][:2])
            raise PredictionsError(
                f"sequence {start + sequence}, frame {frame} (from 0) is not finite", "check why the model returns it"
            )
        found[start : start + SEQUENCES_AT_ONCE] = some.argmax(axis=-1)
    return found


def counted(names: Mapping[str, Any]) -> list[str]:
    """Return the perturbations that a mean is over: the ten if all are there, else all but those of validation."""
    if set(PERTURBATIONS) <= set(names):
        return list(PERTURBATIONS)
    return [name for name in names if name not in VALIDATION_PERTURBATIONS] or list(names)


def sequence_measures(name: str, found: Consistency) -> Iterator[Measure]:
    """Yield the mean of each measure, and each perturbation."""
    for kind in (FLIPS, TOP5):
        estimates = found.of(kind)
        if not estimates:
            continue
        names = counted(estimates)
        lacking = [perturbation for perturbation in PERTURBATIONS if perturbation not in names]
        yield Measure(
            id=f"{name}.{kind}",
            title=f"mean {TITLES[kind]}, {len(names)} perturbations",
            group=name,
            estimate=mean_of([estimates[perturbation] for perturbation in names]),
            note=f"missing of the ten: {', '.join(lacking)}" if lacking else "",
            per_cent=kind == FLIPS,
        )
    for (kind, perturbation), estimate in found.cells.items():
        yield Measure(
            id=f"{name}.{kind}.{perturbation}",
            title=f"{TITLES[kind]}, {perturbation}",
            group=name,
            estimate=estimate,
            per_cent=kind == FLIPS,
            detail=True,
        )


def normalised_sequences(name: str, own: Consistency, baseline: Consistency, label: str) -> Iterator[Measure]:
    """Yield mFR and mT5D: the mean of ratios to a baseline's."""
    for kind, short in ((FLIPS, "mean flip rate"), (TOP5, "mean top-5 distance")):
        mine, other = own.of(kind), baseline.of(kind)
        if not mine or not other:
            continue
        names = counted(mine)
        id_, title = f"{name}.{kind}_normalised", f"{short} / {label}"
        if lacking := [perturbation for perturbation in names if perturbation not in other]:
            yield Measure(id=id_, title=title, group=name, note=f"not told: the baseline lacks {', '.join(lacking)}")
            continue
        ratios = [ratio(mine[perturbation], other[perturbation]) for perturbation in names]
        yield Measure(id=id_, title=title, group=name, estimate=mean_of(ratios))


def alexnet_consistency(replicates: int) -> Consistency:
    """Return AlexNet's published flip probabilities on ImageNet-P."""
    return Consistency(
        {
            (FLIPS, name): Estimate(value, np.full(replicates, value))
            for name, value in alexnet.FLIP_PROBABILITIES.items()
        }
    )


def check_alexnet_sequences(name: str, variants: Sequence[str], classes: int, size: tuple[int, int] | None) -> None:
    """Refuse to divide by AlexNet's flip probabilities for anything but ImageNet-P at 224 px.

    Raises
    ------
    PredictionsError
    """
    lacking = sorted(set(PERTURBATIONS) - set(variants))
    if lacking or classes != alexnet.CLASSES or size != alexnet.SIZE:
        found = (
            f"lacking {', '.join(lacking)}" if lacking else f"{classes} classes, pictures of {size or 'unknown size'}"
        )
        raise PredictionsError(
            f"{name}: AlexNet's flip probabilities are for ImageNet-P's ten perturbations at 224 x 224 px; {found}",
            "give --baseline a model's predictions on the same sequences",
        )
