"""Where a model's predictions are: what `ipmix evaluate` wrote, files named by convention, a description, one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ipmix_cli.errors import PredictionsError
from ipmix_cli.scoring.reading.description import read_description
from ipmix_cli.scoring.reading.formats import FORMATS, read_arrays
from ipmix_cli.scoring.reading.names import ALL_C_BAR, SEVERITIES, STANDARD, VALIDATION, split_variant
from ipmix_cli.scoring.reading.predictions import (
    ModelPredictions,
    PredictionSet,
    Scores,
    stacked,
    with_labels,
)
from ipmix_cli.scoring.reading.record import JOB, RECORD, read_set

DESCRIPTION = "predictions.toml"

CLEAN_NAMES = ("clean", "test", "val", "validation", "scores", "predictions", "logits", "probabilities")
LABEL_FILES = ("labels", "label", "targets")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the user says about files that cannot tell it themselves.

    Parameters
    ----------
    labels : str
        A file of labels, for all that have none.
    kind : {"auto", "logits", "probabilities"}
    role : str
        Of a single file: "labelled", "corrupted", "sequences", "anomalies" or "attacked".
    corruption : str
        Of a single file.
    severity : int, optional
        Of a single file; without it, it holds all severities one after the other.
    class_list : str
        For the labelled set of a single file.
    size : (int, int), optional
        Height and width of the pictures.
    """

    labels: str = ""
    kind: str = "auto"
    role: str = ""
    corruption: str = ""
    severity: int | None = None
    class_list: str = ""
    size: tuple[int, int] | None = None


def read_model(location: str, given: Given) -> ModelPredictions:
    """Read all predictions of one model.

    Parameters
    ----------
    location : str
        A folder of `ipmix evaluate`; a folder with ``predictions.toml``, or that file; a folder of files called
        ``clean``, ``CORRUPTION.SEVERITY``, ``CORRUPTION`` (all severities), ``sequences.NAME``, ``anomalies.NAME``,
        ``attacked`` and ``labels``, of any format; or one file.
    given : Given

    Raises
    ------
    PredictionsError, UnfinishedError
    """
    path = Path(location)
    if not path.exists():
        raise PredictionsError(
            f"there is no file or folder {location}", "name what `ipmix evaluate --out` made, or a file of scores"
        )
    if path.is_file():
        return _described(path, given) if path.suffix == ".toml" else _single(path, given)
    recorded = [found for found in (path, *sorted(path.iterdir())) if _is_recorded(found)]
    if recorded:
        return _evaluated(path, recorded)
    if (path / DESCRIPTION).is_file():
        return _described(path / DESCRIPTION, given)
    return _by_convention(path, given)


def _is_recorded(path: Path) -> bool:
    return path.is_dir() and any((path / name).is_file() for name in (RECORD, JOB))


def _evaluated(path: Path, folders: list[Path]) -> ModelPredictions:
    found = [read_set(folder) for folder in folders]
    first = found[0][0].model
    by_runtime = {job.model.runtime: job.model for job, _ in reversed(found)}
    for job, _ in found:
        if job.model.digest != by_runtime[job.model.runtime].digest:
            raise PredictionsError(
                f"{path} holds predictions of two models, {first.name} and {job.model.name} ({job.name})",
                "keep the predictions of each model in a folder of its own",
            )
    if len(by_runtime) > 1:  # their digests cannot be compared
        found = [(job, _with_runtime(item, job.model.runtime)) for job, item in found]
    sets = {item.name: item for _, item in found}
    facts = {"model": first.name, "runtime": first.runtime}
    return ModelPredictions(name=path.absolute().name, where=str(path), sets=sets, facts=facts)


def _with_runtime(item: PredictionSet, runtime: str) -> PredictionSet:
    """Note what ran the model; that it was the same model as in other runtimes cannot be told."""
    return replace(item, notes=(*item.notes, f"run by {runtime}"))


def _read(path: Path, given: Given) -> Scores:
    arrays = read_arrays(path)
    if arrays.scores is None:
        raise PredictionsError(f"{path} holds no scores (pictures, classes)", "give logits or probabilities")
    kind = given.kind if given.kind != "auto" else arrays.kind or "auto"
    return Scores(where=str(path), values=arrays.scores, labels=arrays.labels, keys=arrays.keys, kind=kind)


def _read_labels(name: str | Path) -> Scores | None:
    if not str(name):
        return None
    path = Path(name)
    arrays = read_arrays(path)
    if arrays.labels is None:
        raise PredictionsError(f"{path} holds no labels", "give whole numbers, the class of each picture")
    return Scores(where=str(path), values=arrays.labels, labels=arrays.labels.reshape(-1), keys=arrays.keys)


def _single(path: Path, given: Given) -> ModelPredictions:
    role = given.role or ("corrupted" if given.corruption else "labelled")
    item = {"role": role, "file": path.name, "corruption": given.corruption, "severity": given.severity}
    sets = _collected([(item, path)], given, _read_labels(given.labels))
    return ModelPredictions(name=path.stem, where=str(path), sets=sets)


def _by_convention(folder: Path, given: Given) -> ModelPredictions:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in FORMATS)
    labels = next((path for path in files if path.stem.lower() in LABEL_FILES), None)
    items = [(item, path) for path in files if path != labels and (item := _by_name(path.stem))]
    if not items:
        raise PredictionsError(
            f"{folder} holds no predictions with recognised file names",
            "call the files clean.npz, CORRUPTION.SEVERITY.npz, anomalies.NAME.npz ..., or write predictions.toml",
        )
    sets = _collected(items, given, _read_labels(given.labels or labels or ""))
    return ModelPredictions(name=folder.absolute().name, where=str(folder), sets=sets)


def _by_name(stem: str) -> dict[str, Any] | None:
    """Return what a file is from its name, or None."""
    role, _, rest = stem.partition(".")
    if role in {"sequences", "anomalies"} and rest:
        return {"role": role, "name": rest} if role == "anomalies" else {"role": role, "perturbation": rest}
    if stem in CLEAN_NAMES:
        return {"role": "labelled", "name": "clean"}
    if stem == "attacked":
        return {"role": "attacked"}
    corruption, severity = split_variant(stem)
    if severity is not None or corruption in STANDARD + VALIDATION + ALL_C_BAR:
        return {"role": "corrupted", "corruption": corruption, "severity": severity}
    return None


def _described(path: Path, given: Given) -> ModelPredictions:
    """Read a description in TOML: ``name``, ``labels``, ``size``, and ``[[predictions]]`` with a file and its role."""
    found = read_description(path)
    given = replace(
        given,
        labels=given.labels or (str(path.parent / found.labels) if found.labels else ""),
        kind=found.scores or given.kind,
        size=given.size
        if found.size is None
        else (found.size, found.size)
        if isinstance(found.size, int)
        else found.size,
    )
    items = [(item.said(), path.parent / item.file) for item in found.predictions]
    name = found.name or (path.parent.absolute().name if path.name == DESCRIPTION else path.stem)
    return ModelPredictions(name=name, where=str(path), sets=_collected(items, given, _read_labels(given.labels)))


def _collected(
    items: list[tuple[dict[str, Any], Path]], given: Given, labels: Scores | None
) -> dict[str, PredictionSet]:
    """Read all files, and put those of one set together; refuse what is there twice."""
    sets: dict[str, PredictionSet] = {}
    for item, path in items:
        name, variants = _variants(item, path, given, labels)
        before = sets.get(name)
        merged = dict(before.variants) if before else {}
        for variant, scores in variants.items():
            if variant in merged:
                raise PredictionsError(
                    f"{path}: {variant or name} is there twice, also in {merged[variant].where}", "keep one of them"
                )
            merged[variant] = scores
        sets[name] = PredictionSet(
            name=name,
            role=str(item["role"]),
            variants=merged,
            size=given.size,
            class_list=str(item.get("class_list", given.class_list)),
        )
    return sets


def _variants(
    item: Mapping[str, Any], path: Path, given: Given, labels: Scores | None
) -> tuple[str, dict[str, Scores]]:
    """Return the name of an item's set, and its variants with labels."""
    own = _read_labels(path.parent / item["labels"]) if item.get("labels") else labels
    scores = _read(path, replace(given, kind=str(item.get("scores", given.kind))))
    role = item["role"]
    if role in {"anomalies", "sequences"}:
        name = str(item.get("name", path.stem if role == "anomalies" else "sequences"))
        return name, {"" if role == "anomalies" else str(item.get("perturbation", path.stem)): scores}
    if role != "corrupted":
        default = "attacked" if role == "attacked" else str(item.get("class_list") or given.class_list or "clean")
        return str(item.get("name", default)), {"": with_labels(scores, own)}
    return str(item.get("name", "corrupted")), dict(_corrupted(item, scores, own))


def _corrupted(item: Mapping[str, Any], scores: Scores, labels: Scores | None) -> Iterator[tuple[str, Scores]]:
    corruption, severity = str(item.get("corruption", "")), item.get("severity")
    if not corruption:
        raise PredictionsError(
            f"{scores.where}: the corruption is not given", "give --corruption NAME, and --severity N"
        )
    if severity is not None:
        yield f"{corruption}.{severity}", with_labels(scores, labels)
        return
    whole = labels is not None and labels.labels is not None and len(labels.labels) == len(scores.values)
    for name, part in stacked(with_labels(scores, labels) if whole else scores, corruption, SEVERITIES).items():
        yield name, with_labels(part, labels)
