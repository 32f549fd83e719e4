"""Figures of an anomaly set against the clean set."""

from __future__ import annotations

from collections.abc import Iterator

from ipmix_cli.metrics.anomaly import aupr, auroc, fpr_at_recall
from ipmix_cli.scoring.measuring.measure import Measure
from ipmix_cli.scoring.measuring.outcomes import confidences, usual_confidences
from ipmix_cli.scoring.measuring.resampling import Estimate, anomaly_replicates
from ipmix_cli.scoring.reading.predictions import PredictionSet, Scores

PUBLISHED_RATE = 1 / 6
"""One anomaly for five usual pictures, as outlier exposure and all that compare with it have it."""


def anomaly_measures(item: PredictionSet, clean: Scores | None, replicates: int) -> Iterator[Measure]:
    """Yield AUROC, AUPR as given and at the published base rate, and FPR at 95 % recall."""
    titles = {
        "auroc": ("AUROC", False),
        "aupr": ("AUPR", False),
        "aupr_published": ("AUPR at the base rate 1/6", False),
        "fpr95": ("FPR at 95 % recall", True),
    }
    if clean is None:
        note = "needs the predictions on the clean set, whose pictures are the usual ones"
        for kind, (title, lower) in titles.items():
            yield Measure(id=f"{item.name}.{kind}", title=title, group=item.name, note=note, lower_is_better=lower)
        return
    anomalous = -confidences(next(iter(item.variants.values())), item.class_list)
    usual = -usual_confidences(clean, item.class_list)
    rate = len(anomalous) / (len(anomalous) + len(usual))
    values = (
        auroc(anomalous, usual),
        aupr(anomalous, usual),
        aupr(anomalous, usual, base_rate=PUBLISHED_RATE),
        fpr_at_recall(anomalous, usual),
    )
    drawn = anomaly_replicates(anomalous, usual, replicates, PUBLISHED_RATE)
    note = f"base rate {rate:.4f}: {len(anomalous):,} anomalies, {len(usual):,} usual pictures"
    for number, (kind, (title, lower)) in enumerate(titles.items()):
        yield Measure(
            id=f"{item.name}.{kind}",
            title=title,
            group=item.name,
            estimate=Estimate(values[number], drawn[:, number]),
            note="chance gives 1/6" if kind == "aupr_published" else note,
            lower_is_better=lower,
        )
