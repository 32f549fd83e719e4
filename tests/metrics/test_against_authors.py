"""The measures against scikit-learn, against slow versions, and against published tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ipmix_cli import metrics
from ipmix_cli.errors import PredictionsError
from ipmix_cli.metrics import alexnet
from tests.metrics import oracle

EXACT = 1e-12


def predictions(seed: int, pictures: int, classes: int, kind: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(pictures, classes)) * 3
    if kind == "tied":
        logits = np.round(logits / 3)
    if kind == "certain":
        logits *= 1000
    if kind == "equal":
        logits[:] = 0
    return metrics.softmax(logits), rng.integers(0, classes, pictures)


CASES = [
    pytest.param(seed, pictures, classes, kind, id=f"{kind}-{pictures}x{classes}")
    for seed, (pictures, classes, kind) in enumerate(
        (pictures, classes, kind)
        for kind in ("random", "tied", "certain", "equal")
        for pictures, classes in ((1, 2), (99, 3), (100, 10), (250, 2), (1050, 10), (3000, 100))
    )
]


@pytest.mark.parametrize(("seed", "pictures", "classes", "kind"), CASES)
def test_scikit_learn_gives_the_same(seed: int, pictures: int, classes: int, kind: str) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    probabilities, labels = predictions(seed, pictures, classes, kind)
    one_hot = np.eye(classes)[labels]
    assert metrics.error(probabilities, labels) == pytest.approx(
        1 - sklearn.accuracy_score(labels, probabilities.argmax(axis=1)), abs=EXACT
    )
    assert metrics.negative_log_likelihood(probabilities, labels) == pytest.approx(
        sklearn.log_loss(labels, probabilities, labels=range(classes)), abs=EXACT
    )
    assert metrics.brier_score(probabilities, labels) == pytest.approx(
        np.mean(np.sum((probabilities - one_hot) ** 2, axis=1)), abs=EXACT
    )


@pytest.mark.parametrize(("seed", "pictures", "classes", "kind"), CASES)
def test_rms_calibration_error_is_that_of_the_paper(seed: int, pictures: int, classes: int, kind: str) -> None:
    probabilities, labels = predictions(seed, pictures, classes, kind)
    confidence = probabilities.max(axis=1)
    correct = (probabilities.argmax(axis=1) == labels).astype(float)
    for size in (1, 7, 100):
        assert metrics.rms_calibration_error(probabilities, labels, bin_size=size) == pytest.approx(
            oracle.rms(confidence, correct, size, leave_out_last=False), abs=EXACT
        )
    if pictures >= 100:
        assert metrics.rms_calibration_error(probabilities, labels, as_published=True) == pytest.approx(
            oracle.rms(confidence, correct, 100, leave_out_last=True), abs=EXACT
        )


def test_the_published_calibration_error_refuses_what_its_code_cannot_do() -> None:
    with pytest.raises(PredictionsError, match="99 predictions are fewer than one bin of 100"):
        metrics.rms_calibration_error(np.full((99, 2), 0.5), np.zeros(99, dtype=int), as_published=True)


def test_the_published_calibration_error_leaves_out_the_most_confident() -> None:
    confidence = np.linspace(0.5, 1.0, 250)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.r_[np.zeros(100, dtype=int), np.ones(150, dtype=int)]  # the most confident are all wrong
    assert metrics.rms_calibration_error(probabilities, labels) > 0.6
    assert metrics.rms_calibration_error(probabilities, labels, as_published=True) < 0.4


def test_expected_calibration_error_by_its_definition() -> None:
    probabilities, labels = predictions(5, 3000, 10, "tied")
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0.0
    for i in range(15):
        inside = (confidence > i / 15) & (confidence <= (i + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    assert metrics.expected_calibration_error(probabilities, labels) == pytest.approx(expected, abs=EXACT)
    curve = metrics.reliability_curve(probabilities, labels)
    weights = curve.counts / curve.counts.sum()
    gaps = np.nan_to_num(curve.confidence - curve.accuracy)
    assert np.sum(weights * np.abs(gaps)) == pytest.approx(expected, abs=EXACT)


SCORES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(anomalous=SCORES, usual=SCORES, recall=st.sampled_from([0.95, 0.8, 0.5, 1.0]))
def test_anomaly_measures_with_ties(anomalous: list[float], usual: list[float], recall: float) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    truth = np.r_[np.ones(len(anomalous)), np.zeros(len(usual))]
    scores = np.r_[anomalous, usual]
    assert metrics.auroc(anomalous, usual) == pytest.approx(sklearn.roc_auc_score(truth, scores), abs=EXACT)
    assert metrics.aupr(anomalous, usual) == pytest.approx(sklearn.average_precision_score(truth, scores), abs=EXACT)
    assert metrics.fpr_at_recall(anomalous, usual, recall=recall) == pytest.approx(
        oracle.fpr(np.array(anomalous), np.array(usual), recall), abs=EXACT
    )


def test_a_base_rate_weighs_the_anomalies_as_scikit_learn_does() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    anomalous, usual = rng.normal(1, 1, 800), rng.normal(0, 1, 500)
    weights = np.r_[np.full(800, 100 / 800), np.ones(500)]  # 100 anomalies among 600
    expected = sklearn.average_precision_score(
        np.r_[np.ones(800), np.zeros(500)], np.r_[anomalous, usual], sample_weight=weights
    )
    assert metrics.aupr(anomalous, usual, base_rate=1 / 6) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("difficulty", [1, 2, 3])
def test_consistency_is_that_of_the_paper(tied: bool, noise: bool, difficulty: int) -> None:
    rng = np.random.default_rng(difficulty)
    scores = np.cumsum(rng.normal(size=(9, 13, 12)), axis=1)
    scores = np.round(scores) if tied else scores
    options = {"noise": noise, "difficulty": difficulty}
    assert metrics.flip_probability(scores.argmax(axis=-1), **options) == pytest.approx(
        oracle.flip(scores.argmax(axis=-1), noise, difficulty), abs=EXACT
    )
    for ours, zipf in ((metrics.top5_distance, False), (metrics.zipf_distance, True)):
        assert ours(scores, **options) == pytest.approx(oracle.distance(scores, noise, difficulty, zipf), abs=EXACT)


def test_alexnet_has_the_published_means_and_scores_one_hundred() -> None:
    published = {"gaussian_noise": 0.886428, "impulse_noise": 0.922640, "brightness": 0.564592, "snow": 0.866816}
    means = {name: float(np.mean(alexnet.ERRORS[name])) for name in published}
    assert means == pytest.approx(published, abs=1e-6)
    assert metrics.mean_corruption_error(alexnet.ERRORS, alexnet.ERRORS) == pytest.approx(1, abs=EXACT)
    clean = alexnet.CLEAN_ERROR
    assert metrics.relative_mean_corruption_error(alexnet.ERRORS, clean, alexnet.ERRORS, clean) == pytest.approx(1)


# Table 3 of AugMix (Hendrycks, Mu et al., ICLR 2020): corruption errors of ResNet-50, in per cent of AlexNet's
PUBLISHED = {
    "standard": ((79, 80, 82, 82, 90, 84, 80, 86, 81, 75, 65, 79, 91, 77, 80), 80.6),
    "augmix": ((65, 66, 67, 70, 80, 66, 66, 75, 72, 67, 58, 58, 79, 69, 69), 68.4),
}


@pytest.mark.parametrize("row", sorted(PUBLISHED))
def test_a_published_mce_follows_from_its_corruption_errors(row: str) -> None:
    ratios, published = PUBLISHED[row]
    errors = {
        name: np.array(baseline) * ratio / 100
        for (name, baseline), ratio in zip(alexnet.ERRORS.items(), ratios, strict=True)
    }
    ours = 100 * metrics.mean_corruption_error(errors, alexnet.ERRORS)
    assert ours == pytest.approx(published, abs=0.25)  # each of the 15 is rounded to a per cent


@pytest.mark.parametrize("measure", [metrics.brier_score, metrics.negative_log_likelihood, metrics.error])
@pytest.mark.parametrize(
    ("row", "label", "said"),
    [
        ([np.nan, 1.0, 0.0], 0, r"row 2 \(from 0\) holds nan in column 0"),
        ([0.5, 0.5, 0.0], 3, r"row 2 \(from 0\) has the label 3, the model has 3 classes"),
        ([0.5, 0.5, 0.0], -1, r"row 2 \(from 0\) has the label -1"),
    ],
)
def test_bad_input_names_the_row(measure, row: list[float], label: int, said: str) -> None:
    probabilities = np.array([[0.2, 0.8, 0.0]] * 2 + [row])
    with pytest.raises(PredictionsError, match=said):
        measure(probabilities, np.array([0, 1, label]))


def test_probabilities_must_be_probabilities() -> None:
    with pytest.raises(PredictionsError, match=r"row 1 \(from 0\) sum to 0\.9"):
        metrics.brier_score([[0.5, 0.5], [0.5, 0.4]], [0, 0])
    with pytest.raises(PredictionsError, match=r"negative probability -0\.5"):
        metrics.brier_score([[0.5, 0.5], [1.5, -0.5]], [0, 0])
    with pytest.raises(PredictionsError, match="3 labels for 1 pictures"):
        metrics.error([[0.5, 0.5]], [0, 0, 0])


def test_a_baseline_must_cover_the_same_corruptions_and_severities() -> None:
    with pytest.raises(PredictionsError, match="the baseline has no fog"):
        metrics.mean_corruption_error({"fog": [0.1]}, {"snow": [0.1]})
    with pytest.raises(PredictionsError, match="fog: 2 severities, the baseline has 3"):
        metrics.mean_corruption_error({"fog": [0.1, 0.2]}, {"fog": [0.1, 0.2, 0.3]})
    with pytest.raises(PredictionsError, match="fog: 3 severities, the baseline has 2"):
        metrics.mean_corruption_error({"fog": [0.1, 0.2, 0.3]}, {"fog": [0.1, 0.2]})
    with pytest.raises(PredictionsError, match="so it cannot be a divisor"):
        metrics.mean_corruption_error({"fog": [0.1]}, {"fog": [0.0]})


@pytest.mark.parametrize("name", metrics.CLASS_LISTS)
def test_a_class_list_is_200_rising_columns_of_imagenet(name: str) -> None:
    columns = metrics.class_columns(name)
    assert len(columns) == 200
    assert (np.diff(columns) > 0).all()
    assert columns[-1] < 1000


def test_a_bin_of_confidence_includes_its_upper_edge():
    curve = metrics.reliability_curve([[0.5, 0.5], [0.75, 0.25]], [0, 1], bins=2)
    assert curve.counts.tolist() == [1, 1]
    assert curve.accuracy.tolist() == [1.0, 0.0]
