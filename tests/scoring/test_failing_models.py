"""Models that fail, or return what are no scores, are refused with their name; what they left is finished later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipmix_cli.errors import IpmixError, UnfinishedError, UsageError
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.scoring.evaluation.data import EvaluationData
from ipmix_cli.scoring.evaluation.models import ModelSpec, load_model
from ipmix_cli.scoring.evaluation.pictures import open_data
from ipmix_cli.scoring.evaluation.preprocessing import Preprocessing
from ipmix_cli.scoring.evaluation.run import Evaluated, ModelRun, evaluate
from ipmix_cli.scoring.reading.record import EvaluatedData, EvaluatedModel, EvaluationJob
from ipmix_cli.sources.source import SourceSpec

pytest.importorskip("torch")

HALF = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
MODULE = """
import torch

class Model(torch.nn.Module):
    def forward(self, x):
        y = x.mean((2, 3))
        {body}

def make():
    {made}
"""


def written(tmp_path: Path, body: str = "return y", made: str = "return Model()") -> ModelSpec:
    path = tmp_path / "models.py"
    path.write_text(MODULE.format(body=body, made=made))
    load_model.cache_clear()
    return ModelSpec(torch=f"{path}:make")


def pictures(tmp_path: Path, count: int = 7) -> EvaluationData:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "set.npz", images=rng.integers(0, 256, (count, 4, 4, 3), np.uint8), labels=np.arange(count) % 3)
    (data,) = open_data(SourceSpec(input=str(tmp_path / "set.npz")))
    return data


def run(data: EvaluationData, spec: ModelSpec, out: Path, tasks: tuple[int, int] = (0, 1)) -> Evaluated:
    facts = EvaluatedData(
        location=data.location, format=data.format, digest=data.digest, pictures=len(data.keys), shape=tuple(data.shape)
    )
    model = EvaluatedModel(name="m", runtime="torch", digest="0")
    job = EvaluationJob(
        name=data.name, role=data.role, model=model, data=facts, variants=data.variants, chunk=4, batch=2
    )
    execution = Execution(jobs=1, backend="serial", task_index=tasks[0], task_count=tasks[1])
    return evaluate(job, data, ModelRun(model=spec, preprocessing=HALF), out, execution)


@pytest.mark.parametrize(
    ("body", "number"), [("return y / 0", "inf"), ("return y * float('nan')", "nan"), ("return -y / 0", "-inf")]
)
def test_scores_that_are_not_finite_are_refused_before_they_are_stored(body: str, number: str, tmp_path: Path) -> None:
    with pytest.raises(IpmixError, match=rf"models.py:make .* row 0 \(from 0\) holds {number}"):
        run(pictures(tmp_path), written(tmp_path, body.replace("y", "(y * 0 + 1)", 1)), tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.npz"))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return y[:-1]", r"gives \(1, 3\) for 2 pictures"),
        ("return y.mean(0, keepdim=True)", r"gives \(1, 3\) for 2 pictures"),
        ("return y[:, :0]", r"gives \(2, 0\)"),
        ("return y[:, 0]", r"gives \(2,\)"),
        ("return (y, y)", "gives tuple"),
        ("return None", "gives NoneType"),
        ("return y.to_sparse()", "sparse"),
        ("return y * 1j", "complex"),
    ],
)
def test_outputs_that_are_no_scores_are_refused(body: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told):
        run(pictures(tmp_path), written(tmp_path, body), tmp_path / "out")


@pytest.mark.parametrize(
    "body", ["raise RuntimeError('no\\x1b[2J head')", "raise SystemExit(0)", "raise KeyError('w')"]
)
def test_what_a_model_raises_is_told_with_its_name(body: str, tmp_path: Path) -> None:
    with pytest.raises(IpmixError, match=r"models\.py:make failed on a batch") as caught:
        run(pictures(tmp_path), written(tmp_path, body), tmp_path / "out")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("made", ["raise ValueError('no weights')", "return {}['weights']", "raise SystemExit(0)"])
def test_a_function_that_returns_no_module_is_told(made: str, tmp_path: Path) -> None:
    with pytest.raises(IpmixError, match="returned no module"):
        load_model(written(tmp_path, made=made))


def test_a_file_that_is_no_python_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def make(:\n")
    with pytest.raises(IpmixError, match="SyntaxError"):
        load_model(ModelSpec(torch=f"{tmp_path}/broken.py:make"))


@pytest.mark.parametrize("first", [1, 4], ids=["between batches", "between chunks"])
def test_a_number_of_classes_that_changes_is_refused(first: int, tmp_path: Path) -> None:
    body = f"self.calls = getattr(self, 'calls', 0) + 1; return y[:, : 3 if self.calls <= {first} else 2]"
    with pytest.raises(IpmixError, match="2 classes for some pictures and 3 for others"):
        run(pictures(tmp_path, 12), written(tmp_path, body), tmp_path / "out")


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-40], lambda content: b"x" * 99])
def test_predictions_that_rot_before_the_end_are_made_again(damage, tmp_path: Path) -> None:
    data, spec = pictures(tmp_path), written(tmp_path)
    whole = run(data, spec, tmp_path / "whole")
    run(data, spec, tmp_path / "out", tasks=(0, 2))
    (chunk,) = (tmp_path / "out" / data.name / "chunks").iterdir()
    chunk.write_bytes(damage(chunk.read_bytes()))
    with pytest.raises(UnfinishedError, match="is damaged"):
        run(data, spec, tmp_path / "out")
    again = run(data, spec, tmp_path / "out")
    assert (again.folder / "scores.npy").read_bytes() == (whole.folder / "scores.npy").read_bytes()
