"""What a table of scores is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ipmix_cli.metrics.calibration import Reliability
from ipmix_cli.scoring.measuring.resampling import Estimate


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure of one model.

    Parameters
    ----------
    id : str
        Such as "clean.error" or "corrupted.fog.3"; the same for all models.
    title : str
    group : str
        The heading that it stands under.
    estimate : Estimate, optional
        None where it cannot be told; `note` says why.
    note : str
        What a reader must know of the figure.
    per_cent : bool
        Whether it is a fraction that is shown in per cent.
    lower_is_better : bool
    detail : bool
        Whether it is shown in tables of details alone.
    """

    id: str
    title: str
    group: str
    estimate: Estimate | None = None
    note: str = ""
    per_cent: bool = True
    lower_is_better: bool = True
    detail: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelScores:
    """All figures of one model, by id, with its reliability curves by set."""

    name: str
    where: str
    measures: Mapping[str, Measure]
    reliability: Mapping[str, Reliability] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """The figures of all models; `baseline` is the name of what errors are divided by, or empty."""

    models: tuple[ModelScores, ...]
    baseline: str = ""
    replicates: int = 0
    notes: tuple[str, ...] = ()

    def ids(self) -> list[str]:
        """Return the ids of all figures that any model has, in the order of the first that has each."""
        return list(dict.fromkeys(name for model in self.models for name in model.measures))

    def first(self, measure: str) -> Measure:
        """Return a figure of the first model that has it, for its title."""
        return next(model.measures[measure] for model in self.models if measure in model.measures)

    def difference(self, measure: str, model: ModelScores) -> Estimate | None:
        """Return how much a model's figure differs from the first model's, on the same pictures."""
        mine, first = model.measures.get(measure), self.models[0].measures.get(measure)
        if mine is None or first is None or mine.estimate is None or first.estimate is None:
            return None
        return mine.estimate.less(first.estimate)
