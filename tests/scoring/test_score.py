"""Predictions in, a table out: the figures, their intervals, and what is refused or marked."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from ipmix_cli import metrics
from ipmix_cli.errors import PredictionsError, UnfinishedError
from ipmix_cli.metrics import alexnet
from ipmix_cli.scoring.measuring.resampling import Estimate, Resampling, anomaly_replicates
from ipmix_cli.scoring.measuring.score import ScoreSettings, score
from ipmix_cli.scoring.reading.folder import Given, read_model
from ipmix_cli.scoring.reading.names import C_BAR, STANDARD
from ipmix_cli.scoring.showing.data import as_csv, as_json
from ipmix_cli.scoring.showing.page import score_page
from ipmix_cli.scoring.showing.text import score_text
from tests.scoring.conftest import CLASSES, logits

FEW = ScoreSettings(replicates=40)


def card_of(*places: Path | str, baseline: Path | str = "", settings: ScoreSettings = FEW, **given):
    models = [read_model(str(place), Given(**given)) for place in places]
    divided = baseline if baseline in ("", "alexnet") else read_model(str(baseline), Given(**given))
    return score(models, settings, divided)


def value(card, name: str, model: int = 0) -> float:
    return card.models[model].measures[name].estimate.value


def test_every_figure_is_that_of_the_metrics(predictions) -> None:
    folder = predictions("mine")
    card = card_of(folder)
    labels, clean = np.load(folder / "labels.npy"), metrics.softmax(np.load(folder / "clean.npy"))
    expected = {
        "clean.error": metrics.error(clean, labels),
        "clean.rms": metrics.rms_calibration_error(clean, labels),
        "clean.rms_published": metrics.rms_calibration_error(clean, labels, as_published=True),
        "clean.ece": metrics.expected_calibration_error(clean, labels),
        "clean.brier": metrics.brier_score(clean, labels),
        "clean.nll": metrics.negative_log_likelihood(clean, labels),
    }
    errors, rms = {}, []
    for name in STANDARD:
        parts = np.split(np.load(folder / f"{name}.npy"), 5)
        errors[name] = [metrics.error(part, labels) for part in parts]
        rms += [metrics.rms_calibration_error(metrics.softmax(part), labels) for part in parts]
        expected[f"corrupted.{name}.2"] = errors[name][1]
        expected[f"corrupted.{name}"] = np.mean(errors[name])
    expected["corrupted.mce"] = metrics.mean_corruption_error(errors)
    expected["corrupted.rms"] = np.mean(rms)
    assert {name: value(card, name) for name in expected} == pytest.approx(expected, abs=1e-12)


def test_a_baseline_divides_corruption_by_corruption(predictions) -> None:
    mine, weak = predictions("mine", 3.0), predictions("weak")
    card = card_of(mine, baseline=weak)

    def errors(folder: Path) -> tuple[dict[str, list[float]], float]:
        labels = np.load(folder / "labels.npy")
        parts = {name: np.split(np.load(folder / f"{name}.npy"), 5) for name in STANDARD}
        found = {name: [metrics.error(part, labels) for part in rows] for name, rows in parts.items()}
        return found, metrics.error(np.load(folder / "clean.npy"), labels)

    (own, clean), (other, other_clean) = errors(mine), errors(weak)
    assert value(card, "corrupted.mce_normalised") == pytest.approx(metrics.mean_corruption_error(own, other))
    assert value(card, "corrupted.relative_mce") == pytest.approx(
        metrics.relative_mean_corruption_error(own, clean, other, other_clean)
    )
    assert value(card, "corrupted.mce_normalised", model=1) == pytest.approx(1)


def test_intervals_are_paired_between_models(predictions) -> None:
    mine = predictions("mine")
    again = mine.parent / "again"
    again.mkdir()
    for path in mine.iterdir():
        (again / path.name).write_bytes(path.read_bytes())
    card = card_of(mine, again)
    difference = card.difference("corrupted.mce", card.models[1])
    assert difference.interval() == (0, 0)
    low, high = card.models[0].measures["clean.error"].estimate.interval()
    assert low < value(card, "clean.error") < high


def test_a_bootstrap_interval_has_the_width_of_the_binomial() -> None:
    wrong = np.zeros((1000, 1))
    wrong[:200] = 1
    drawn = Resampling(1000, 4000).means(wrong)
    assert drawn.std() == pytest.approx((0.2 * 0.8 / 1000) ** 0.5, rel=0.05)
    assert drawn.mean() == pytest.approx(0.2, abs=0.002)


def test_replicates_are_the_metrics_of_drawn_pictures() -> None:
    rng = np.random.default_rng(1)
    confidence, correct = rng.random(250) / 2 + 0.5, (rng.random(250) < 0.7).astype(float)
    anomalous, usual = np.round(rng.normal(1, 1, 40), 1), np.round(rng.normal(0, 1, 250), 1)
    corrected, published = Resampling(250, 3).rms(confidence, correct)
    drawn = anomaly_replicates(anomalous, usual, 3, 1 / 6)
    counts = next(Resampling(250, 3).blocks()).astype(int)
    others = next(Resampling(40, 3, stream=1).blocks()).astype(int)
    for number, times in enumerate(counts):
        some, right = np.repeat(confidence, times), np.repeat(correct, times)
        probabilities = np.stack([some, 1 - some], axis=1)
        labels = 1 - right.astype(int)
        expected = metrics.rms_calibration_error(probabilities, labels)
        assert corrected[number] == pytest.approx(expected, abs=2e-2)  # which of equal ones comes first may differ
        assert published[number] < corrected[number] + 1e-12
        a, u = np.repeat(anomalous, others[number]), np.repeat(usual, times)
        assert drawn[number] == pytest.approx(
            [metrics.auroc(a, u), metrics.aupr(a, u), metrics.aupr(a, u, base_rate=1 / 6), metrics.fpr_at_recall(a, u)]
        )


@pytest.mark.parametrize("kind", ["npz", "h5", "parquet", "csv"])
def test_every_format_gives_the_same_figures_by_key_in_any_order(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, CLASSES, 50)
    scores, keys = logits(rng, labels, 1.0).astype(np.float64), np.array([f"p{i:03d}.png" for i in range(50)])
    order = rng.permutation(50)
    np.savez(tmp_path / "labels.npz", labels=labels[order], keys=keys[order], logits=np.zeros((50, 2)))
    path = tmp_path / f"clean.{kind}"
    write(path, scores, keys)
    card = card_of(path, labels=str(tmp_path / "labels.npz"))
    assert value(card, "clean.nll") == pytest.approx(metrics.negative_log_likelihood(metrics.softmax(scores), labels))


def write(path: Path, scores: np.ndarray, keys: np.ndarray) -> None:
    if path.suffix == ".npz":
        np.savez(path, logits=scores, keys=keys)
    elif path.suffix == ".h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            file["logits"] = scores
            file["keys"] = [key.encode() for key in keys]
    elif path.suffix == ".parquet":
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.table({"key": list(keys), "logits": list(scores)}), path)
    else:
        lines = [",".join(["key", *(f"logit{i}" for i in range(scores.shape[1]))])]
        lines += [",".join([key, *map(repr, row.tolist())]) for key, row in zip(keys, scores, strict=True)]
        path.write_text("\n".join(lines))


def test_a_description_in_toml_says_the_rest(predictions, tmp_path: Path) -> None:
    folder = predictions("mine", corruptions=["fog"])
    (tmp_path / "model.toml").write_text(
        'name = "WRN"\nlabels = "mine/labels.npy"\n'
        '[[predictions]]\nfile = "mine/clean.npy"\n'
        '[[predictions]]\nfile = "mine/fog.npy"\nrole = "corrupted"\ncorruption = "fog"\n'
        '[[predictions]]\nfile = "mine/clean.npy"\nrole = "anomalies"\nname = "svhn"\n'
    )
    card = card_of(tmp_path / "model.toml")
    assert card.models[0].name == "WRN"
    assert value(card, "corrupted.fog") == value(card_of(folder), "corrupted.fog")
    assert value(card, "svhn.auroc") == pytest.approx(0.5)
    assert "base rate 0.5000" in card.models[0].measures["svhn.aupr"].note


def test_missing_corruptions_and_severities_are_marked(predictions) -> None:
    folder = predictions("mine", corruptions=["fog", "snow"])
    card = card_of(folder)
    measure = card.models[0].measures["corrupted.mce"]
    assert measure.title == "mean error over 2 corruptions"
    assert "missing of the 15: gaussian_noise" in measure.note
    fog = np.split(np.load(folder / "fog.npy"), 5)
    (folder / "fog.npy").unlink()
    for severity in (1, 2, 4, 5):
        np.save(folder / f"fog.{severity}.npy", fog[severity - 1])
    card = card_of(folder)
    assert card.models[0].measures["corrupted.mce"].estimate is None
    assert card.models[0].measures["corrupted.mce"].note == "not told: fog lacks severity 3"
    assert card.models[0].measures["corrupted.fog"].note == "severity 3 is missing"


@pytest.mark.parametrize("data", C_BAR)
def test_c_bar_has_a_mean_of_its_own(predictions, data: str) -> None:
    folder = predictions("mine", corruptions=C_BAR[data])
    measure = card_of(folder).models[0].measures["corrupted.mce"]
    assert measure.title == f"mean corruption error of {data}, 10 x 5"
    assert not measure.note
    labels = np.load(folder / "labels.npy")
    errors = {
        name: [metrics.error(part, labels) for part in np.split(np.load(folder / f"{name}.npy"), 5)]
        for name in C_BAR[data]
    }
    assert measure.estimate.value == pytest.approx(metrics.mean_corruption_error(errors))
    (folder / f"{C_BAR[data][-1]}.npy").unlink()
    measure = card_of(folder).models[0].measures["corrupted.mce"]
    assert measure.title == "mean error over 9 corruptions of C-bar"
    assert measure.note == f"missing of {data}: {C_BAR[data][-1]}"


def test_c_bar_beside_the_fifteen_leaves_their_mean_alone(predictions) -> None:
    alone = card_of(predictions("mine"))
    folder = predictions("both", corruptions=(*STANDARD, *C_BAR["CIFAR-10-C-bar"]))
    for name in STANDARD:
        np.save(folder / f"{name}.npy", np.load(folder.parent / "mine" / f"{name}.npy"))
    card = card_of(folder)
    for name in ("corrupted.mce", "corrupted.rms"):
        assert value(card, name) == pytest.approx(value(alone, name))
    assert card.models[0].measures["corrupted.mce"].title == "mean corruption error, 15 x 5"
    beside = card.models[0].measures["corrupted.c_bar"]
    assert beside.title == "mean error over 10 corruptions of C-bar"
    assert beside.estimate.value == pytest.approx(
        np.mean([value(card, f"corrupted.{name}") for name in C_BAR["CIFAR-10-C-bar"]])
    )


def test_what_does_not_fit_together_is_refused(predictions) -> None:
    folder = predictions("mine", corruptions=["fog"])
    np.save(folder / "fog.3.npy", np.load(folder / "clean.npy"))
    with pytest.raises(PredictionsError, match=r"fog\.3 is there twice"):
        card_of(folder)
    (folder / "fog.3.npy").unlink()
    np.save(folder / "fog.npy", np.load(folder / "fog.npy")[:-1])
    with pytest.raises(PredictionsError, match="1,499 predictions are not 5 severities"):
        card_of(folder)
    (folder / "fog.npy").unlink()
    short = folder.parent / "short"
    short.mkdir()
    np.save(short / "clean.npy", np.load(folder / "clean.npy")[:-1])
    np.save(short / "labels.npy", np.load(folder / "labels.npy")[:-1])
    with pytest.raises(PredictionsError, match=r"clean\.npy: 299 predictions, .* has 300"):
        card_of(folder, short)
    labels = np.load(folder / "labels.npy")
    np.save(short / "clean.npy", np.load(folder / "clean.npy"))
    np.save(short / "labels.npy", labels[::-1])
    with pytest.raises(PredictionsError, match="has the label"):
        card_of(folder, short)


def test_doubled_and_missing_keys_are_named(tmp_path: Path) -> None:
    scores = np.eye(3)
    np.savez(tmp_path / "labels.npz", logits=scores, labels=np.arange(3), keys=np.array(["a", "b", "b"]))
    np.savez(tmp_path / "clean.npz", logits=scores, keys=np.array(["a", "b", "c"]))
    with pytest.raises(PredictionsError, match="1 pictures occur more than once, such as 'b'"):
        card_of(tmp_path / "clean.npz", labels=str(tmp_path / "labels.npz"))
    np.savez(tmp_path / "labels.npz", logits=scores, labels=np.arange(3), keys=np.array(["a", "b", "d"]))
    with pytest.raises(PredictionsError, match=r"1 of 3 pictures of .* are missing, such as 'c'"):
        card_of(tmp_path / "clean.npz", labels=str(tmp_path / "labels.npz"))


@pytest.mark.parametrize(
    ("scores", "kind", "said"),
    [
        ([[0.5, 0.5], [np.nan, 1.0]], "auto", r"clean\.npy: row 1 \(from 0\) holds nan in column 0"),
        ([[0.5, 0.5], [0.5, 0.4]], "auto", r"row 1 \(from 0\) does not sum to one"),
        ([[0.5, 0.5], [0.5, 0.4]], "probabilities", r"row 1 \(from 0\) sum to 0\.9"),
        ([[0.5, 0.5]] * 3, "auto", "3 predictions, but 2 labels"),
    ],
)
def test_bad_scores_name_the_file_and_the_row(scores, kind: str, said: str, tmp_path: Path) -> None:
    np.save(tmp_path / "clean.npy", np.array(scores))
    np.save(tmp_path / "labels.npy", np.array([0, 1]))
    with pytest.raises(PredictionsError, match=said):
        card_of(tmp_path / "clean.npy", labels=str(tmp_path / "labels.npy"), kind=kind)


def test_alexnet_is_refused_for_anything_but_imagenet_c(predictions, tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match="these are 6 classes"):
        card_of(predictions("mine"), baseline="alexnet")
    folder = tmp_path / "imagenet"
    folder.mkdir()
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 1000, 20)
    np.save(folder / "labels.npy", labels)
    for name in STANDARD:
        np.save(folder / f"{name}.npy", rng.normal(size=(100, 1000)))
    with pytest.raises(PredictionsError, match="of unknown size"):
        card_of(folder, baseline="alexnet")
    with pytest.raises(PredictionsError, match="64 x 64 px"):
        card_of(folder, baseline="alexnet", size=(64, 64))
    card = card_of(folder, baseline="alexnet", size=(224, 224))
    errors = {
        name: [metrics.error(part, labels) for part in np.split(np.load(folder / f"{name}.npy"), 5)]
        for name in STANDARD
    }
    assert value(card, "corrupted.mce_normalised") == pytest.approx(
        metrics.mean_corruption_error(errors, alexnet.ERRORS)
    )
    assert "needs the clean error" in card.models[0].measures["corrupted.relative_mce"].note


def test_a_class_list_masks_the_other_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = metrics.class_columns("imagenet-r")
    scores, labels = rng.normal(size=(40, 1000)), rng.integers(0, 200, 40)
    np.save(tmp_path / "r.npy", scores)
    labels[0] = 199  # column 988, so that ImageNet's own numbers cannot be taken for those of the list
    for given in (labels, columns[labels]):
        np.save(tmp_path / "labels.npy", given)
        card = card_of(tmp_path / "r.npy", labels=str(tmp_path / "labels.npy"), class_list="imagenet-r")
        within = given if given.max() < 200 else np.searchsorted(columns, given)
        assert value(card, "imagenet-r.error") == metrics.error(scores[:, columns], within)


def test_sequences_are_scored_by_perturbation(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scores = {name: np.cumsum(rng.normal(size=(8, 12, 7)), axis=1) for name in ("tilt", "gaussian_noise")}
    for name, array in scores.items():
        np.save(tmp_path / f"sequences.{name}.npy", array)
    card = card_of(tmp_path)
    for name, array in scores.items():
        noise = name == "gaussian_noise"
        assert value(card, f"sequences.flip.{name}") == metrics.flip_probability(array.argmax(axis=-1), noise=noise)
        assert value(card, f"sequences.top5.{name}") == metrics.top5_distance(array, noise=noise)
    assert "missing of the ten" in card.models[0].measures["sequences.flip"].note


def test_an_unfinished_evaluation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "evaluation.json").write_text("{}")
    with pytest.raises(UnfinishedError, match="is not finished"):
        card_of(tmp_path)


def test_text_json_csv_and_the_page_tell_the_same(predictions) -> None:
    mine, other = predictions("mine"), predictions("<b>other")
    card = card_of(mine, other, baseline=other)
    content = json.loads(as_json(card))
    assert [model["name"] for model in content["models"]] == ["mine", "<b>other"]
    error = content["models"][0]["measures"]["clean.error"]
    assert error["value"] == value(card, "clean.error")
    assert error["low"] < error["value"] < error["high"]
    rows = list(csv.DictReader(io.StringIO(as_csv(card))))
    assert float(next(row for row in rows if row["id"] == "clean.error")["value"]) == error["value"]
    text = score_text(card)
    shown = f"{100 * error['value']:.2f} [{100 * error['low']:.2f}, {100 * error['high']:.2f}]"
    assert shown in text
    assert "difference from mine" in text
    page = score_page(card)
    assert "<b>other" not in page
    assert "&lt;b&gt;other" in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    assert page.count("<svg") == 1 + 15 + 4


def test_no_intervals_are_drawn_for_no_replicates(predictions) -> None:
    card = card_of(predictions("mine"), settings=ScoreSettings(replicates=0))
    assert card.models[0].measures["corrupted.mce"].estimate.interval() is None
    assert "[" not in score_text(card)
    assert "<svg" in score_page(card)


def test_an_interval_holds_95_per_cent_of_the_replicates():
    assert Estimate(0.0, np.arange(1001.0)).interval() == (25.0, 975.0)
