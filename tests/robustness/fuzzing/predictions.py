"""Forged and damaged sets of predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ipmix_cli.scoring.reading.description import read_description
from ipmix_cli.scoring.reading.formats import read_arrays
from ipmix_cli.scoring.reading.record import (
    EvaluatedData,
    EvaluatedModel,
    EvaluationJob,
    array_bytes,
    read_set,
    write_record,
)
from ipmix_cli.storage.folder import LocalFolder
from tests.robustness.fuzzing.changes import damaged, forged, refused
from tests.robustness.fuzzing.program import command


def forge_predictions(chance: np.random.Generator, folder: Path) -> None:
    """Read a forged set of predictions, whose record has the digests that a forger can compute, and a description."""
    model = EvaluatedModel(name="m", runtime="onnx", digest="0")
    data = EvaluatedData(location="x", format="npz", digest="0", pictures=3, class_names=("a", "b", "c"))
    job = EvaluationJob(name="clean", role="labelled", model=model, data=data, preprocessing={"size": 32})
    place = LocalFolder(folder / "clean")
    keys = json.dumps(forged(["a", "b", "c"], chance) if chance.random() < 0.5 else ["a", "b", "c"]).encode()
    files = {"keys.json": keys, "labels.npy": array_bytes(np.arange(3)), "scores.npy": array_bytes(np.eye(3))}
    for name, content in files.items():
        place.write(name, damaged(content, chance) if chance.random() < 0.3 else content)
    write_record(place, job, list(files))
    if chance.random() < 0.5:
        record = forged(json.loads(place.read("predictions.json")), chance)
        place.write("predictions.json", json.dumps(record).encode())
    refused(lambda: read_set(folder / "clean"))
    said = (
        b'name = "m"\nlabels = "l.npy"\nsize = 32\n[[predictions]]\nfile = "c.npy"\nrole = "corrupted"\nseverity = 3\n'
    )
    (folder / "predictions.toml").write_bytes(damaged(said, chance))
    refused(lambda: read_description(folder / "predictions.toml"))


def damage_predictions(chance: np.random.Generator, folder: Path) -> None:
    """Read a damaged file of predictions of some format."""
    import h5py

    suffix = ("npy", "npz", "h5", "csv")[int(chance.integers(4))]
    path = folder / f"clean.{suffix}"
    scores, labels, keys = np.eye(4), np.arange(4), np.array(["a", "b", "c", "d"])
    if suffix == "npy":
        np.save(path, scores)
    elif suffix == "npz":
        (np.savez, np.savez_compressed)[int(chance.integers(2))](path, logits=scores, labels=labels, keys=keys)
    elif suffix == "h5":
        with h5py.File(path, "w") as file:
            file["logits"], file["labels"], file["keys"] = scores, labels, [*"abcd"]
    else:
        path.write_text("key,label,p0,p1\na,0,0.5,0.5\nb,1,0.1,0.9\n")
    path.write_bytes(damaged(path.read_bytes(), chance))
    refused(lambda: read_arrays(path))


def score_forged(rng: np.random.Generator, folder: Path) -> None:
    """Score forged predictions, as a person types it."""
    forge_predictions(rng, folder)
    command("score", folder, "-q")
    command("score", folder / "clean", "--json")


def score_damaged(rng: np.random.Generator, folder: Path) -> None:
    """Score a damaged file of predictions, with labels beside it."""
    damage_predictions(rng, folder)
    path = next(folder.glob("clean.*"))
    np.save(folder / "labels.npy", np.arange(4) if rng.random() < 0.7 else rng.integers(-9, 2**60, 4))
    command("score", path, "--labels", folder / "labels.npy", "-q", "--html", folder / "page.html")
