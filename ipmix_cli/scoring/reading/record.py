"""The folder of one evaluated set: a record, labels, keys, and one array of scores for each variant."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ipmix_cli.errors import PredictionsError, UnfinishedError
from ipmix_cli.record import decoded, typed
from ipmix_cli.scoring.reading.formats import DAMAGED, MOST_TEXT
from ipmix_cli.scoring.reading.predictions import PredictionSet, Scores
from ipmix_cli.storage.folder import Folder, LocalFolder, sha256_in
from ipmix_cli.storage.npy import mapped_array

RECORD = "predictions.json"
JOB = "evaluation.json"
KEYS = "keys.json"
LABELS = "labels.npy"

VERSION = 1

OURS = "ipmix "  # how the formats of data sets begin that this program made

PLAIN = "scores"  # the file of a set without variants
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True)
class EvaluatedModel:
    """Which model was run; `digest` is the sha256 of its file, or of its weights in a torch module."""

    name: str
    runtime: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class EvaluatedData:
    """Which pictures it was run on; `shape` is that of the variants' pictures, (H, W), or empty where they differ."""

    location: str
    format: str
    digest: str
    pictures: int
    shape: tuple[int, ...] = ()
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EvaluationJob:
    """All that decides the bytes of a set of predictions.

    Parameters
    ----------
    name, role, class_list : str
        Of the set; see :class:`ipmix_cli.scoring.reading.predictions.PredictionSet`.
    model : EvaluatedModel
    data : EvaluatedData
    variants : tuple of str
        Empty for a plain list of pictures.
    preprocessing : dict
        How a picture became the model's input.
    attack : dict
        Empty for none.
    batch, chunk : int
        Pictures given to the model together, and committed together.
    """

    name: str
    role: str
    class_list: str = ""
    model: EvaluatedModel
    data: EvaluatedData
    variants: tuple[str, ...] = ()
    preprocessing: dict[str, Any] = field(default_factory=dict)
    attack: dict[str, Any] = field(default_factory=dict)
    batch: int = 100
    chunk: int = 500
    version: int = VERSION

    def to_bytes(self) -> bytes:
        """Return the job as JSON."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()


@dataclass(frozen=True, kw_only=True)
class SetRecord:
    """A finished set: its job, and the sha256 of each file."""

    job: EvaluationJob
    files: dict[str, Any]


Key = Annotated[str, Meta(max_length=MOST_TEXT)]


@dataclass(frozen=True, kw_only=True)
class _Keys:
    """The names of a set's pictures."""

    keys: tuple[Key, ...]


def array_bytes(array: NDArray[Any]) -> bytes:
    """Return an array as the content of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def file_of(variant: str) -> str:
    """Return the name of a variant's file."""
    return f"{variant or PLAIN}.npy"


def write_record(folder: Folder, job: EvaluationJob, names: Sequence[str]) -> None:
    """Write the record of a set whose files are all there."""
    record = SetRecord(job=job, files={name: sha256_in(folder, name) for name in names})
    folder.write(RECORD, (json.dumps(asdict(record), indent=1, sort_keys=True) + "\n").encode())


def read_job(folder: Folder) -> EvaluationJob | None:
    """Return the job that a folder was begun for; None for an empty one.

    Raises
    ------
    PredictionsError
        For one that is damaged.
    """
    try:
        content = folder.read(JOB)
    except FileNotFoundError:
        return None
    try:
        return typed(EvaluationJob, decoded(content))
    except (ValueError, TypeError) as error:
        raise PredictionsError(f"{folder.location}/{JOB} is damaged: {error}", "choose another --out") from error


def read_set(path: Path) -> tuple[EvaluationJob, PredictionSet]:
    """Read a finished set; the scores stay on the disk until they are used.

    Raises
    ------
    UnfinishedError
        If it is not finished.
    PredictionsError
        If it is damaged.
    """
    folder = LocalFolder(path)
    try:
        record = typed(SetRecord, decoded(folder.read(RECORD)))
    except FileNotFoundError as error:
        raise UnfinishedError(
            f"{path} is not finished: it has no {RECORD}", "repeat its `ipmix evaluate` command"
        ) from error
    except (ValueError, TypeError) as error:
        raise PredictionsError(f"{path / RECORD} is damaged: {error}", "make these predictions again") from error
    job = record.job
    if strange := [name for name in job.variants if not NAME.fullmatch(name)]:
        raise PredictionsError(
            f"{path / RECORD} names a variant {strange[0]!r}", "do not use files from untrusted origins"
        )
    _check_files(path, record)
    try:
        keys = np.array(typed(_Keys, {"keys": decoded(folder.read(KEYS))}).keys, dtype=np.str_)
        labels = _mapped(path / LABELS, dimensions=(1,))
        variants = {name: _scores(path, name, keys, labels, job) for name in job.variants or ("",)}
    except DAMAGED as error:
        raise PredictionsError(f"{path} is damaged: {error}", "make these predictions again") from error
    size = (job.data.shape[0], job.data.shape[1]) if len(job.data.shape) == 2 else None
    return job, PredictionSet(
        name=job.name,
        role=job.role,
        variants=variants,
        data_digest=job.data.digest,
        size=size,
        class_list=job.class_list,
        notes=tuple(_notes(job)),
    )


def _notes(job: EvaluationJob) -> Iterator[str]:
    if job.attack:
        yield f"attack: {job.attack.get('words', 'unknown')}"
    if job.role == "corrupted" and job.data.format.startswith(OURS):
        yield "on pictures made by ipmix corrupt, not on the published files"


def _check_files(path: Path, record: SetRecord) -> None:
    folder = LocalFolder(path)
    for name in [file_of(variant) for variant in record.job.variants or ("",)] + [KEYS, LABELS]:
        try:
            digest = sha256_in(folder, name)
        except FileNotFoundError as error:
            raise PredictionsError(f"{path / name} is missing", "make these predictions again") from error
        if digest != record.files.get(name):
            raise PredictionsError(f"{path / name} has changed since it was written", "make these predictions again")


def _mapped(path: Path, dimensions: tuple[int, ...]) -> NDArray[Any]:
    """Return an array mapped from the disk: of one that claims more than its file has, nothing is set aside."""
    array = mapped_array(path)
    if array.ndim not in dimensions:
        raise ValueError(f"{path.name} has the shape {array.shape}")
    return array


def _scores(path: Path, variant: str, keys: NDArray[Any], labels: NDArray[Any], job: EvaluationJob) -> Scores:
    file = path / file_of(variant)
    values = _mapped(file, dimensions=(2, 3))
    if len(values) != len(keys) or len(labels) != len(keys) or len(keys) != job.data.pictures:
        raise PredictionsError(
            f"{file}: {len(values):,} predictions for {len(keys):,} pictures and {len(labels):,} labels",
            "make these predictions again",
        )
    unlabelled = job.role in {"anomalies", "sequences"}
    return Scores(where=str(file), values=values, keys=keys, labels=None if unlabelled else labels)
