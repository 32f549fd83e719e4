"""From the predictions of one model or several to a table of figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import PredictionsError, check_name
from ipmix_cli.metrics.calibration import Reliability
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.scoring.measuring.anomalies import anomaly_measures
from ipmix_cli.scoring.measuring.corrupted import (
    ErrorTable,
    alexnet_table,
    check_alexnet,
    corrupted_measures,
    error_table,
    normalised_measures,
)
from ipmix_cli.scoring.measuring.labelled import labelled_measures, reliability
from ipmix_cli.scoring.measuring.measure import Measure, ModelScores, Scorecard
from ipmix_cli.scoring.measuring.outcomes import Outcomes, outcomes
from ipmix_cli.scoring.measuring.resampling import Estimate
from ipmix_cli.scoring.measuring.sequences import (
    Consistency,
    alexnet_consistency,
    check_alexnet_sequences,
    consistency,
    normalised_sequences,
    sequence_measures,
)
from ipmix_cli.scoring.reading.predictions import ModelPredictions, PredictionSet, Scores, in_order_of

CLEAN = "clean"
ALEXNET = "alexnet"
ORDER = ("labelled", "corrupted", "sequences", "attacked", "anomalies")


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """How predictions are scored.

    Parameters
    ----------
    replicates : int
        Bootstrap replicates for the 95 % intervals; 0 for none.
    difficulty : int
        How far apart frames of sequences are compared, but for noise.
    """

    replicates: int = 1000
    difficulty: int = 1

    def __post_init__(self) -> None:
        if self.replicates < 0 or self.difficulty < 1:
            raise PredictionsError(
                f"{self.replicates} replicates, difficulty {self.difficulty}", "give numbers from 0, and from 1"
            )


@dataclass
class _Scored:
    """What of one model others, and its own later figures, are compared with; by the set's name."""

    predictions: ModelPredictions
    tables: dict[str, ErrorTable] = field(default_factory=dict)
    sequences: dict[str, Consistency] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    labels: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    reliability: dict[str, Reliability] = field(default_factory=dict)

    def clean_error(self, name: str) -> Estimate | None:
        """Return the error on the clean set if its pictures are those of another set."""
        clean, own = self.labels.get(CLEAN), self.labels.get(name)
        if clean is None or own is None or not np.array_equal(clean, own):
            return None
        return self.measures[f"{CLEAN}.error"].estimate


def score(
    models: Sequence[ModelPredictions],
    settings: ScoreSettings,
    baseline: ModelPredictions | str = "",
    listener: Listener | None = None,
) -> Scorecard:
    """Score models on the same pictures.

    Parameters
    ----------
    models : sequence of ModelPredictions
        The first one is what the others are compared with.
    settings : ScoreSettings
    baseline : ModelPredictions or "alexnet", optional
        What corruption errors and flip probabilities are divided by. Its own figures are in the table too.
    listener : Listener, optional

    Raises
    ------
    PredictionsError
        For predictions that are damaged or not on the same pictures.
    """
    named = list(models)
    if isinstance(baseline, ModelPredictions) and baseline.where not in [model.where for model in models]:
        named.append(baseline)
    named = _with_own_names(named)
    found = _all_scored(named, settings, listener or Listener())
    _check_same_labels(found)
    label = ""
    if isinstance(baseline, ModelPredictions):
        other = next(item for item in found if item.predictions.where == baseline.where)
        label = other.predictions.name
        for scored in found:
            scored.measures.update({item.id: item for item in _normalised(scored, other, settings)})
    elif baseline:
        check_name("baseline", baseline, [ALEXNET])
        label = "AlexNet"
        for scored in found:
            scored.measures.update({item.id: item for item in _normalised(scored, None, settings)})
    return Scorecard(models=tuple(map(_card, found)), baseline=label, replicates=settings.replicates)


def _all_scored(models: Sequence[ModelPredictions], settings: ScoreSettings, listener: Listener) -> list[_Scored]:
    total = sum(len(item.variants) for model in models for item in model.sets.values())
    found: list[_Scored] = []
    with listener.activity("score", total, "lists of predictions") as advance:
        done = 0
        for model in models:
            scored = _Scored(_aligned(model, models[0]))
            found.append(scored)
            for item in _in_order(scored.predictions):
                scored.measures.update({measure.id: measure for measure in _set_measures(item, scored, settings)})
                done += len(item.variants)
                advance(done)
    return found


def _in_order(model: ModelPredictions) -> list[PredictionSet]:
    """Return a model's sets as they are scored and shown, the clean one first, which others need."""
    return sorted(model.sets.values(), key=lambda item: (ORDER.index(item.role), item.name != CLEAN, item.name))


def _with_own_names(models: Sequence[ModelPredictions]) -> list[ModelPredictions]:
    """Call models of one name by their place."""
    names = [model.name for model in models]
    return [replace(model, name=model.where) if names.count(model.name) > 1 else model for model in models]


def _aligned(model: ModelPredictions, first: ModelPredictions) -> ModelPredictions:
    """Bring each set into the order of the first model's; within a set all variants into that of the first variant."""
    sets = {}
    for name, item in model.sets.items():
        other = first.sets.get(name)
        if other is not None and other.data_digest and item.data_digest and other.data_digest != item.data_digest:
            raise PredictionsError(
                f"{model.where} and {first.where}: {name} is of two data sets, by their digests",
                "compare models on the same pictures",
            )
        reference = next(iter((other or item).variants.values()))
        if item.role in {"sequences", "anomalies"}:
            _check_same_keys(item, reference)
            sets[name] = item
            continue
        sets[name] = replace(
            item, variants={key: in_order_of(scores, reference) for key, scores in item.variants.items()}
        )
    return replace(model, sets=sets)


def _check_same_keys(item: PredictionSet, reference: Scores) -> None:
    for scores in item.variants.values():
        if item.role == "anomalies" and len(scores.values) != len(reference.values):
            raise PredictionsError(
                f"{scores.where}: {len(scores.values):,} predictions, {reference.where} has {len(reference.values):,}",
                "compare models on the same pictures",
            )


def _set_measures(item: PredictionSet, scored: _Scored, settings: ScoreSettings) -> Iterator[Measure]:
    replicates = settings.replicates
    if item.role in {"labelled", "attacked"}:
        found = _outcomes(item, scored, "")
        note = "; ".join(item.notes) or (f"classes of {item.class_list}" if item.class_list else "")
        yield from labelled_measures(item.name, found, replicates, note)
        scored.reliability[item.name] = reliability(found)
    elif item.role == "corrupted":
        variants = {name: _outcomes(item, scored, name) for name in item.variants}
        table = scored.tables[item.name] = error_table(item.name, variants, replicates)
        yield from corrupted_measures(table, variants, replicates)
        scored.reliability[item.name] = reliability(_pooled(list(variants.values())))
    elif item.role == "sequences":
        of_sequences = scored.sequences[item.name] = consistency(item.variants, replicates, settings.difficulty)
        scored.classes[item.name] = int(next(iter(item.variants.values())).values.shape[-1])
        yield from sequence_measures(item.name, of_sequences)
    else:
        clean = scored.predictions.sets.get(CLEAN)
        usual = None if clean is None else next(iter(clean.variants.values()))
        yield from anomaly_measures(item, usual, replicates)


def _outcomes(item: PredictionSet, scored: _Scored, variant: str) -> Outcomes:
    found = outcomes(item.variants[variant], item.class_list)
    scored.labels[item.name] = found.labels
    scored.classes[item.name] = found.classes
    return found


def _pooled(found: list[Outcomes]) -> Outcomes:
    """Put the pictures of all variants together, for one curve."""
    return Outcomes(
        found[0].where,
        np.concatenate([item.wrong for item in found]),
        np.concatenate([item.confidence for item in found]),
        np.concatenate([item.log_loss for item in found]),
        np.concatenate([item.squared for item in found]),
        np.concatenate([item.labels for item in found]),
        found[0].classes,
    )


def _check_same_labels(found: list[_Scored]) -> None:
    """Refuse to compare models whose pictures have other labels, or are more or fewer."""
    for scored in found[1:]:
        for name, labels in scored.labels.items():
            first = found[0].labels.get(name)
            if first is not None and not np.array_equal(first, labels):
                raise PredictionsError(
                    f"{scored.predictions.where} and {found[0].predictions.where}: {name} has other labels",
                    "compare models on the same pictures",
                )


def _normalised(scored: _Scored, other: _Scored | None, settings: ScoreSettings) -> Iterator[Measure]:
    """Yield the figures that are divided by another model's, or by AlexNet's if there is none."""
    label = "AlexNet" if other is None else other.predictions.name
    for name, table in scored.tables.items():
        item = scored.predictions.sets[name]
        if other is None:
            check_alexnet(name, list(item.variants), scored.classes[name], item.size)
            of_baseline, clean = alexnet_table(name, settings.replicates)
            for measure in normalised_measures(table, scored.clean_error(name), of_baseline, clean, label):
                yield replace(measure, note="; ".join(filter(None, [measure.note, *item.notes])))
        elif name in other.tables:
            clean_errors = scored.clean_error(name), other.clean_error(name)
            yield from normalised_measures(table, clean_errors[0], other.tables[name], clean_errors[1], label)
    for name, own in scored.sequences.items():
        item = scored.predictions.sets[name]
        if other is None:
            check_alexnet_sequences(name, list(item.variants), scored.classes[name], item.size)
            yield from normalised_sequences(name, own, alexnet_consistency(settings.replicates), label)
        elif name in other.sequences:
            yield from normalised_sequences(name, own, other.sequences[name], label)


def _card(scored: _Scored) -> ModelScores:
    model = scored.predictions
    return ModelScores(
        name=model.name,
        where=model.where,
        measures=_in_reading_order(scored.measures),
        reliability=scored.reliability,
        facts=model.facts,
    )


def _in_reading_order(measures: Mapping[str, Measure]) -> dict[str, Measure]:
    """Put a group's figures together, the normalised means behind the plain one."""
    groups = list(dict.fromkeys(measure.group for measure in measures.values()))
    first = ("mce", "mce_normalised", "relative_mce", "flip", "flip_normalised", "top5", "top5_normalised")

    def place(item: tuple[int, Measure]) -> tuple[int, int, int]:
        number, measure = item
        kind = measure.id.removeprefix(f"{measure.group}.")
        return groups.index(measure.group), first.index(kind) if kind in first else len(first), number

    return {measure.id: measure for _, measure in sorted(enumerate(measures.values()), key=place)}
