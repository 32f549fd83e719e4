"""Running models over data sets: what is read, what is written, and that it is the same however it was made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import OtherJobError, PredictionsError, SourceError, UnfinishedError, UsageError
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.scoring.evaluation.attack import Attack, random_starts
from ipmix_cli.scoring.evaluation.data import EvaluationData
from ipmix_cli.scoring.evaluation.models import ModelSpec, describe_model, load_model
from ipmix_cli.scoring.evaluation.pictures import open_data
from ipmix_cli.scoring.evaluation.preprocessing import Preprocessing, normalisation
from ipmix_cli.scoring.evaluation.run import ModelRun, evaluate
from ipmix_cli.scoring.measuring.score import ScoreSettings, score
from ipmix_cli.scoring.reading.folder import Given, read_model
from ipmix_cli.scoring.reading.record import EvaluatedData, EvaluatedModel, EvaluationJob
from ipmix_cli.sources.source import SourceSpec

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

CLASSES = 4
WEIGHTS = np.random.default_rng(0).normal(size=(3, CLASSES)).astype(np.float32)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX model: the mean colour times some weights."""
    path = tmp_path_factory.mktemp("model") / "colour.onnx"
    save_model(path, ["n", 3, "h", "w"], onnx.TensorProto.FLOAT)
    return path


def save_model(path: Path, shape: list[int | str], kind: int) -> None:
    helper = onnx.helper
    last = shape[3] == 3
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=onnx.TensorProto.FLOAT)]
    nodes.append(helper.make_node("Transpose", ["f"], ["t"], perm=[0, 3, 1, 2] if last else [0, 1, 2, 3]))
    nodes += [
        helper.make_node("GlobalAveragePool", ["t"], ["p"]),
        helper.make_node("Flatten", ["p"], ["v"]),
        helper.make_node("MatMul", ["v", "weights"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colour",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [shape[0], CLASSES])],
        [onnx.numpy_helper.from_array(WEIGHTS, "weights")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(made.SerializeToString())


def expected(pictures: np.ndarray, mean: float = 0.5, std: float = 0.5) -> np.ndarray:
    return ((pictures / 255.0 - mean) / std).mean(axis=(1, 2)) @ WEIGHTS


def pictures_of(count: int, seed: int = 0, size: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def job_of(data: EvaluationData, model: Path | str, chunk: int = 7, **changes) -> EvaluationJob:
    facts = EvaluatedData(
        location=data.location, format=data.format, digest=data.digest, pictures=len(data.keys), shape=tuple(data.shape)
    )
    spec = EvaluatedModel(name="m", runtime="r", digest=str(model))
    return EvaluationJob(
        name=data.name, role=data.role, model=spec, data=facts, variants=data.variants, chunk=chunk, batch=3, **changes
    )


HALF = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def run(data: EvaluationData, model: Path, out: Path, **execution):
    spec = ModelRun(model=ModelSpec(onnx=str(model)), preprocessing=HALF)
    return evaluate(job_of(data, model), data, spec, out, Execution(**execution))


@pytest.fixture
def test_set(tmp_path: Path) -> Path:
    path = tmp_path / "test.npz"
    np.savez(path, images=pictures_of(20), labels=np.arange(20) % CLASSES)
    return path


def test_predictions_are_those_of_the_model(test_set: Path, model: Path, tmp_path: Path) -> None:
    (data,) = open_data(SourceSpec(input=str(test_set)))
    done = run(data, model, tmp_path / "out")
    assert done.finished
    found = read_model(str(tmp_path / "out"), Given()).sets["clean"].variants[""]
    assert found.values == pytest.approx(expected(pictures_of(20)), abs=1e-5)
    assert found.labels.tolist() == [i % CLASSES for i in range(20)]
    assert not (tmp_path / "out" / "clean" / "chunks").exists()


def test_tasks_workers_and_repetition_change_no_byte(test_set: Path, model: Path, tmp_path: Path) -> None:
    (data,) = open_data(SourceSpec(input=str(test_set)))
    run(data, model, tmp_path / "whole")
    first = run(data, model, tmp_path / "parts", task_index=0, task_count=2)
    assert (first.finished, first.ran, first.total) == (False, 2, 3)
    with pytest.raises(UnfinishedError, match="is not finished"):
        read_model(str(tmp_path / "parts"), Given())
    second = run(data, model, tmp_path / "parts", jobs=2)
    assert (second.finished, second.ran) == (True, 1)
    assert run(data, model, tmp_path / "parts").ran == 0
    for name in ("scores.npy", "labels.npy", "keys.json", "predictions.json"):
        assert (tmp_path / "parts/clean" / name).read_bytes() == (tmp_path / "whole/clean" / name).read_bytes()


def test_a_folder_takes_one_job_only(test_set: Path, model: Path, tmp_path: Path) -> None:
    (data,) = open_data(SourceSpec(input=str(test_set)))
    run(data, model, tmp_path)
    spec = ModelRun(model=ModelSpec(onnx=str(model)), preprocessing=Preprocessing())
    with pytest.raises(OtherJobError, match="another preprocessing"):
        evaluate(job_of(data, model, preprocessing={"mean": 0}), data, spec, tmp_path, Execution())


def test_arrays_as_cifar_c_has_them(model: Path, tmp_path: Path) -> None:
    labels = np.arange(6) % CLASSES
    arrays = {name: pictures_of(30, seed) for seed, name in enumerate(("fog", "gaussian_noise"))}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    np.save(tmp_path / "labels.npy", np.tile(labels, 5))
    (data,) = open_data(SourceSpec(input=str(tmp_path)))
    assert data.variants[:2] == ("gaussian_noise.1", "gaussian_noise.2")
    assert len(data.variants) == 10
    run(data, model, tmp_path / "out")
    found = read_model(str(tmp_path / "out"), Given()).sets["corrupted"].variants["fog.3"]
    assert found.values == pytest.approx(expected(arrays["fog"][12:18]), abs=1e-5)
    assert found.labels.tolist() == labels.tolist()


def test_arrays_made_here_hold_the_severities_that_are_recorded(model: Path, tmp_path: Path) -> None:
    labels, array = np.arange(6) % CLASSES, pictures_of(12)
    np.save(tmp_path / "fog.npy", array)
    np.save(tmp_path / "labels.npy", np.tile(labels, 2))
    (tmp_path / "manifest.json").write_text(json.dumps({"job": {"output": {"variants": ["fog.2", "fog.5"]}}}))
    (data,) = open_data(SourceSpec(input=str(tmp_path)))
    assert (data.variants, len(data.keys)) == (("fog.2", "fog.5"), 6)
    run(data, model, tmp_path / "out")
    found = read_model(str(tmp_path / "out"), Given()).sets["corrupted"].variants["fog.5"]
    assert found.values == pytest.approx(expected(array[6:]), abs=1e-5)
    assert found.labels.tolist() == labels.tolist()


def test_folders_as_imagenet_c_has_them(model: Path, tmp_path: Path) -> None:
    for variant, seed in (("fog/1", 1), ("fog/2", 2)):
        for number, picture in enumerate(pictures_of(4, seed)):
            path = tmp_path / "data/weather" / variant / f"class{number % 2}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
    (data,) = open_data(SourceSpec(input=str(tmp_path / "data")))
    assert data.variants == ("fog.1", "fog.2")
    run(data, model, tmp_path / "out")
    found = read_model(str(tmp_path / "out"), Given()).sets["corrupted"].variants["fog.2"]
    assert found.values == pytest.approx(expected(pictures_of(4, 2)[[0, 2, 1, 3]]), abs=1e-5)
    (tmp_path / "data/weather/fog/2/class0/2.png").unlink()
    with pytest.raises(Exception, match=r"fog\.2 has 3 pictures"):
        open_data(SourceSpec(input=str(tmp_path / "data")))


def test_sequences_keep_their_frames(model: Path, tmp_path: Path) -> None:
    frames = pictures_of(3 * 5).reshape(3, 5, 8, 8, 3)
    np.save(tmp_path / "tilt.npy", frames)
    (data,) = open_data(SourceSpec(input=str(tmp_path)))
    run(data, model, tmp_path / "out")
    found = read_model(str(tmp_path / "out"), Given())
    assert found.sets["sequences"].variants["tilt"].values.shape == (3, 5, CLASSES)
    card = score([found], ScoreSettings(replicates=0))
    flips = expected(frames.reshape(15, 8, 8, 3)).argmax(axis=1).reshape(3, 5)
    assert card.models[0].measures["sequences.flip"].estimate.value == pytest.approx(
        np.mean(flips[:, 1:] != flips[:, :-1])
    )


def test_the_layout_is_found_from_the_model(tmp_path: Path) -> None:
    pictures = pictures_of(5)
    save_model(tmp_path / "last.onnx", ["n", 8, 8, 3], onnx.TensorProto.FLOAT)
    save_model(tmp_path / "bytes.onnx", [2, 3, 8, 8], onnx.TensorProto.UINT8)  # two pictures at a time, exactly
    last = load_model(ModelSpec(onnx=str(tmp_path / "last.onnx"))).scores(pictures, HALF)
    assert last == pytest.approx(expected(pictures), abs=1e-5)
    raw = load_model(ModelSpec(onnx=str(tmp_path / "bytes.onnx"))).scores(pictures, HALF)
    assert raw == pytest.approx(pictures.mean(axis=(1, 2)) @ WEIGHTS, rel=1e-4)
    with pytest.raises(UsageError, match=r"takes pictures of \(8, 8\), these are \(9, 9\)"):
        load_model(ModelSpec(onnx=str(tmp_path / "last.onnx"))).scores(pictures_of(1, size=9), HALF)


def test_pictures_of_the_right_size_are_not_resized() -> None:
    picture = pictures_of(1, size=16)[0]
    assert Preprocessing(size=16).sized(picture) is picture
    wide = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    assert Preprocessing(size=16, resize=18).sized(wide).shape == (16, 16, 3)
    again = Preprocessing(size=16, resize=18).sized(picture)
    assert again.shape == (16, 16, 3)
    assert (again != picture).any()


@pytest.mark.parametrize(
    ("preset", "mean", "std"), [("", "", ""), ("half", "0.5", ""), ("odd", "", ""), ("", "1,2", "")]
)
def test_a_normalisation_must_be_named(preset: str, mean: str, std: str) -> None:
    with pytest.raises(UsageError):
        normalisation(preset, mean, std)


def test_a_damaged_picture_is_an_error(model: Path, tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / "data" / "class0" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pictures_of(1)[0]).save(path)
    path.write_bytes(path.read_bytes()[:50])
    (data,) = open_data(SourceSpec(input=str(tmp_path / "data")))
    with pytest.raises(SourceError, match=r"2\.png cannot be read"):
        run(data, model, tmp_path / "out")


def test_the_random_start_belongs_to_the_picture() -> None:
    whole = random_starts((6, 3, 4, 4), 7, 0)
    assert np.array_equal(whole[4:], random_starts((2, 3, 4, 4), 7, 4))
    assert not np.array_equal(whole[0], whole[1])
    assert not np.array_equal(whole, random_starts((6, 3, 4, 4), 8, 0))


MODULE = """
import torch

def make():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(216, 4))
"""


@pytest.mark.parametrize("name", ["pgd", "pgd-published"])
def test_an_attack_stays_in_its_ball_and_raises_the_loss(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from ipmix_cli.scoring.evaluation.attack import attacked_scores

    (tmp_path / "made.py").write_text(MODULE)
    spec = ModelSpec(torch=f"{tmp_path / 'made.py'}:make")
    model = load_model(spec)
    assert describe_model(spec).digest == model.digest()
    pictures, labels = pictures_of(9), np.arange(9) % 4
    seen = []
    inner = model.module.forward
    model.module.forward = lambda x: seen.append(x.detach().clone()) or inner(x)
    attack = Attack(name=name, steps=5)
    found = attacked_scores(model, (pictures, labels, 0), (Preprocessing(), attack))
    clean = torch.from_numpy(pictures / np.float32(255)).permute(0, 3, 1, 2)
    moved = float((seen[-1] - clean).abs().max()) * 255
    assert moved <= 2.001 if name == "pgd" else 2.1 < moved <= 4.001
    loss = torch.nn.functional.cross_entropy
    truth = torch.from_numpy(labels)
    assert loss(torch.from_numpy(found), truth) > loss(torch.from_numpy(model.scores(pictures, Preprocessing())), truth)
    alone = attacked_scores(model, (pictures[4:], labels[4:], 4), (Preprocessing(), attack))
    assert alone == pytest.approx(found[4:], abs=1e-5)


def test_predictions_of_two_models_are_not_mixed(test_set: Path, model: Path, tmp_path: Path) -> None:
    (data,) = open_data(SourceSpec(input=str(test_set)))
    spec = ModelRun(model=ModelSpec(onnx=str(model)), preprocessing=HALF)
    job = job_of(data, "one")
    evaluate(job, data, spec, tmp_path, Execution())
    by_torch = replace(job, name="attacked", role="attacked", model=replace(job.model, runtime="torch", digest="x"))
    evaluate(by_torch, data, spec, tmp_path, Execution())
    sets = read_model(str(tmp_path), Given()).sets  # digests of two runtimes cannot be compared, and are noted
    assert sets["attacked"].notes == ("run by torch",)
    other = replace(job, name="more", model=replace(job.model, digest="two"))
    evaluate(other, data, spec, tmp_path, Execution())
    with pytest.raises(PredictionsError, match="predictions of two models"):
        read_model(str(tmp_path), Given())


def test_changed_predictions_are_refused(test_set: Path, model: Path, tmp_path: Path) -> None:
    (data,) = open_data(SourceSpec(input=str(test_set)))
    run(data, model, tmp_path)
    path = tmp_path / "clean" / "scores.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(PredictionsError, match=r"scores\.npy has changed since it was written"):
        read_model(str(tmp_path), Given())
    path.unlink()
    with pytest.raises(PredictionsError, match=r"scores\.npy is missing"):
        read_model(str(tmp_path), Given())


def test_the_command_goes_from_a_model_to_a_table(test_set: Path, model: Path, tmp_path: Path, ipmix) -> None:
    out = str(tmp_path / "mine")
    done = ipmix("evaluate", str(model), "--data", str(test_set), "--normalise", "half", "--out", out, "--jobs", "1")
    assert "clean: finished, 20 pictures" in done.stdout
    table = ipmix("score", out, "--json", "--replicates", "20")
    assert json.loads(table.stdout)["models"][0]["measures"]["clean.error"]["value"] is not None


def test_predictions_go_to_a_local_folder_only(test_set: Path, model: Path, ipmix) -> None:
    words = ("evaluate", str(model), "--data", str(test_set), "--normalise", "half", "--out", "s3://bucket/mine")
    done = ipmix(*words, check=False)
    assert done.returncode == 2
    assert "s3://bucket/mine is not a local folder" in done.stderr


def test_training_pictures_do_not_stand_in_for_a_missing_test_split(test_set: Path, tmp_path: Path) -> None:
    pictures, labels = pictures_of(20), np.arange(20) % CLASSES
    (data,) = open_data(SourceSpec(input=str(test_set), split="test"))  # one set, without splits
    assert len(data.keys) == 20
    np.savez(tmp_path / "split.npz", x_train=pictures, y_train=labels)
    with pytest.raises(SourceError, match="of the test split"):
        open_data(SourceSpec(input=str(tmp_path / "split.npz"), split="test"))
