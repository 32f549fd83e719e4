"""The measures of the field as pure functions of arrays: error, corruption, consistency, calibration, anomalies.

Scores and labels go in, a number comes out. Nothing here reads a file, and nothing random is drawn. Every function
checks its input and raises PredictionsError with the row that is wrong. Rates are fractions from 0 to 1, not per cent.
"""

from __future__ import annotations

from ipmix_cli.metrics.anomaly import anomaly_scores, aupr, auroc, fpr_at_recall
from ipmix_cli.metrics.calibration import (
    Reliability,
    expected_calibration_error,
    reliability_curve,
    rms_calibration_error,
)
from ipmix_cli.metrics.class_lists import CLASS_LISTS, class_columns
from ipmix_cli.metrics.classification import brier_score, error, negative_log_likelihood, softmax
from ipmix_cli.metrics.consistency import flip_probability, mean_flip_rate, top5_distance, zipf_distance
from ipmix_cli.metrics.corruption import mean_corruption_error, relative_mean_corruption_error

__all__ = [
    "CLASS_LISTS",
    "Reliability",
    "anomaly_scores",
    "aupr",
    "auroc",
    "brier_score",
    "class_columns",
    "error",
    "expected_calibration_error",
    "flip_probability",
    "fpr_at_recall",
    "mean_corruption_error",
    "mean_flip_rate",
    "negative_log_likelihood",
    "relative_mean_corruption_error",
    "reliability_curve",
    "rms_calibration_error",
    "softmax",
    "top5_distance",
    "zipf_distance",
]
