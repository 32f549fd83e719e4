"""Evaluate: chunks of pictures are run by workers and committed one by one; what is there already is not run again."""

from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import IpmixError, OtherJobError, UnfinishedError, UsageError
from ipmix_cli.metrics.checks import checked_scores
from ipmix_cli.pipeline.backends.backend import Died
from ipmix_cli.pipeline.backends.table import backend_for
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.run.array_task import ArrayTask
from ipmix_cli.printable import printable
from ipmix_cli.scoring.evaluation.attack import Attack, attacked_scores
from ipmix_cli.scoring.evaluation.data import EvaluationData, Piece
from ipmix_cli.scoring.evaluation.models import ModelSpec, TorchModel, load_model
from ipmix_cli.scoring.evaluation.preprocessing import Preprocessing
from ipmix_cli.scoring.reading.formats import DAMAGED
from ipmix_cli.scoring.reading.record import (
    JOB,
    KEYS,
    LABELS,
    RECORD,
    EvaluationJob,
    array_bytes,
    file_of,
    read_job,
    write_record,
)
from ipmix_cli.storage.folder import LocalFolder, being_written, write_atomically
from ipmix_cli.storage.regular_file import open_regular

CHUNKS = "chunks"


@dataclass(frozen=True, kw_only=True)
class ModelRun:
    """What is run on every picture."""

    model: ModelSpec
    preprocessing: Preprocessing
    attack: Attack | None = None


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Pictures start..stop of one variant, to be run and written to a file."""

    file: Path
    variant: int
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class Task:
    """A chunk with all that a worker needs."""

    chunk: Chunk
    piece: Piece
    run: ModelRun
    batch: int
    sequences: bool


@dataclass(frozen=True)
class Tasks(Sequence[Task]):
    """The tasks of chunks, each made when it is handed out: a piece may hold its pictures."""

    chunks: Sequence[Chunk]
    data: EvaluationData
    run: ModelRun
    batch: int

    def __len__(self) -> int:
        return len(self.chunks)

    @overload
    def __getitem__(self, number: int) -> Task: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Task]: ...

    def __getitem__(self, number: int | slice) -> Task | Sequence[Task]:
        """Return one task."""
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        chunk = self.chunks[number]
        return Task(
            chunk=chunk,
            piece=self.data.reader.piece(chunk.variant, chunk.start, chunk.stop),
            run=self.run,
            batch=self.batch,
            sequences=self.data.role == "sequences",
        )


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What has become of a set: how many pictures were run now, and how many of all are done."""

    folder: Path
    ran: int
    done: int
    total: int

    @property
    def finished(self) -> bool:
        """Whether all predictions are there, and recorded."""
        return self.done == self.total


def evaluate(
    job: EvaluationJob,
    data: EvaluationData,
    run: ModelRun,
    out: Path,
    execution: Execution,
    listener: Listener | None = None,
) -> Evaluated:
    """Run a model over this task's part of a set, and finish the folder if nothing is missing then.

    Parameters
    ----------
    job : EvaluationJob
        What the folder is for; nothing else may be in it.
    data : EvaluationData
    run : ModelRun
    out : Path
        The model's folder; the set gets one of its own in it.
    execution : Execution
        Workers, backend and array task; they change no byte.
    listener : Listener, optional

    Raises
    ------
    OtherJobError
        If the folder holds other predictions.
    """
    listener = listener or Listener()
    out = out / job.name
    folder = LocalFolder(out)
    _begin(folder, job)
    chunks = _chunks(job, data, out)
    total = len(chunks)
    if (out / RECORD).is_file():
        return Evaluated(folder=out, ran=0, done=total, total=total)
    own = ArrayTask(execution.task_index, execution.task_count).numbers(total)
    waiting = [chunks[number] for number in own if not chunks[number].file.is_file()]
    _run(Tasks(waiting, data, run, job.batch), execution, listener)
    done = sum(chunk.file.is_file() for chunk in chunks)
    if done == total:
        _finish(folder, job, data, chunks)
    return Evaluated(folder=out, ran=len(waiting), done=done, total=total)


def _begin(folder: LocalFolder, job: EvaluationJob) -> None:
    """Write down what a folder is for, or refuse one that is for something else."""
    there = read_job(folder)
    if there is None:
        folder.write(JOB, job.to_bytes())
        return
    before, now = _deciding(there), _deciding(job)
    if other := [name for name in now if now[name] != before.get(name)]:
        raise OtherJobError(
            f"{folder.location} holds predictions with another {', '.join(other)}",
            "choose another --out or --name, or remove that folder",
        )


def _deciding(job: EvaluationJob) -> dict[str, Any]:
    """Return what of a job decides its predictions: not where the data and the model lie."""
    content: dict[str, Any] = json.loads(job.to_bytes())
    content["data"].pop("location")
    content["model"].pop("name")
    return content


def _chunks(job: EvaluationJob, data: EvaluationData, out: Path) -> list[Chunk]:
    return [
        Chunk(
            file=out / CHUNKS / f"{file_of(variant).removesuffix('.npy')}.{start:09d}.npz",
            variant=number,
            start=start,
            stop=min(start + job.chunk, len(data.keys)),
        )
        for number, variant in enumerate(data.variants or ("",))
        for start in range(0, len(data.keys), job.chunk)
    ]


def _run(tasks: Tasks, execution: Execution, listener: Listener) -> None:
    if not tasks:
        return
    total = sum(chunk.stop - chunk.start for chunk in tasks.chunks)
    unit = "sequences" if tasks.data.role == "sequences" else "pictures"
    done = 0
    with listener.activity(f"evaluate {tasks.data.name}", total, unit) as advance:
        for event in backend_for(execution)(run_task, tasks, execution):
            if isinstance(event, Died):
                raise IpmixError(
                    "a worker died", "if the system ran out of memory, give fewer --jobs or a smaller --batch"
                )
            done += event.result
            advance(done)


def run_task(task: Task) -> int:
    """Run a model over a chunk, write scores and labels, and return the number of pictures.

    Raises
    ------
    IpmixError
    """
    chunk, preprocessing = task.chunk, task.run.preprocessing
    pictures, labels = task.piece.read()
    sized = [preprocessing.sized(picture) for picture in pictures]
    if len({picture.shape for picture in sized}) > 1:
        raise UsageError("the pictures are of different sizes", "give --size, such as --size 224 --resize 256")
    truth = np.array(labels, dtype=np.int64)
    batches = [
        _scores(task, np.stack(sized[start : start + task.batch]), truth[start : start + task.batch], start)
        for start in range(0, len(sized), task.batch)
    ]
    _check_classes(batches)
    scores = np.concatenate(batches)
    where = f"the scores of {task.run.model.onnx or task.run.model.torch} for {chunk.file.name}"
    checked_scores(scores, printable(where))
    if task.sequences:
        scores = scores.reshape(chunk.stop - chunk.start, -1, scores.shape[1])
    buffer = io.BytesIO()
    np.savez(buffer, scores=scores, labels=truth)
    write_atomically(chunk.file, buffer.getvalue())
    return chunk.stop - chunk.start


def _check_classes(parts: Sequence[NDArray[np.float32]]) -> None:
    """Refuse scores of different numbers of classes."""
    if len(counts := sorted({part.shape[-1] for part in parts})) > 1:
        raise IpmixError(
            f"the model gives {counts[0]} classes for some pictures and {counts[-1]} for others",
            "return the same classes for every batch, and choose another --out",
        )


def _scores(task: Task, pictures: NDArray[np.uint8], labels: NDArray[np.int64], start: int) -> NDArray[np.float32]:
    """Return the scores of one batch, which begins at picture `start` of its chunk."""
    model, run = load_model(task.run.model), task.run
    if run.attack is None:
        return model.scores(pictures, run.preprocessing)
    assert isinstance(model, TorchModel)
    return attacked_scores(model, (pictures, labels, task.chunk.start + start), (run.preprocessing, run.attack))


def _finish(folder: LocalFolder, job: EvaluationJob, data: EvaluationData, chunks: Sequence[Chunk]) -> None:
    """Put the chunks of each variant together, write keys, labels and the record, and clear the chunks away."""
    per_variant = math.ceil(len(data.keys) / job.chunk)
    names = [KEYS, LABELS]
    labels: NDArray[np.int64] | None = None
    for number, variant in enumerate(data.variants or ("",)):
        some = [_read(chunk.file) for chunk in chunks[number * per_variant : (number + 1) * per_variant]]
        own = np.concatenate([found[1] for found in some])
        if labels is not None and not np.array_equal(own, labels):
            row = int((own != labels).argmax())
            raise IpmixError(
                f"{data.location}: {variant} has the label {own[row]} at picture {row} (from 0), other variants "
                f"{labels[row]}",
                "the variants must show the same pictures",
            )
        labels = own
        _write_scores(folder.root / file_of(variant), [found[0] for found in some])
        names.append(file_of(variant))
    assert labels is not None
    folder.write_all([(KEYS, (json.dumps(list(data.keys)) + "\n").encode()), (LABELS, array_bytes(labels))])
    write_record(folder, job, names)
    shutil.rmtree(folder.root / CHUNKS, ignore_errors=True)


def _read(file: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the scores and labels of a chunk.

    Raises
    ------
    UnfinishedError
        If the file is damaged. It is removed, so that the next run makes it again.
    """
    try:
        with open_regular(file) as opened, np.load(opened, allow_pickle=False) as archive:
            return archive["scores"], archive["labels"]
    except OSError:
        raise
    except DAMAGED as error:
        file.unlink(missing_ok=True)
        raise UnfinishedError(f"{file} is damaged", "repeat the same command to make it again") from error


def _write_scores(path: Path, parts: Sequence[NDArray[np.float32]]) -> None:
    _check_classes(parts)
    with being_written(path) as temporary, temporary.open("wb") as file:
        shape = (sum(len(part) for part in parts), *parts[0].shape[1:])
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype="<f4").tobytes())
