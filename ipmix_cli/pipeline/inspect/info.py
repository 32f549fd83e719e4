"""What a path holds: a data set, an unfinished one, or a bank of mixing pictures; from what, how, how large."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.banks.mixing import open_bank
from ipmix_cli.pipeline.banks.sidecar import column, recipes, stored_settings
from ipmix_cli.pipeline.inspect.distance import Distances, count_classes, measure_distances
from ipmix_cli.pipeline.job import Job, shard_bounds
from ipmix_cli.pipeline.output.dataset import Dataset, open_dataset
from ipmix_cli.pipeline.output.manifest import MANIFEST, SECOND_COPY
from ipmix_cli.pipeline.output.resume import committed
from ipmix_cli.pipeline.output.shard_bytes import bytes_of_shards
from ipmix_cli.pipeline.output.state import OutputState, read_state
from ipmix_cli.pipeline.run.recorded_job import command_of
from ipmix_cli.record import record_of
from ipmix_cli.shards.reading_code import reading_code
from ipmix_cli.storage.folder import Folder, open_folder


@dataclass(frozen=True, kw_only=True)
class Info:
    """What a path holds, as plain values that JSON can hold.

    Parameters
    ----------
    kind : {"dataset", "unfinished", "bank"}
    location : str
    facts : dict
        Depends on the kind; see :func:`dataset_facts`, :func:`unfinished_facts` and :func:`bank_facts`.
    reading : dict of str to str
        How to use it: code, or a command, by title.
    """

    kind: str
    location: str
    facts: dict[str, Any] = field(default_factory=dict)
    reading: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return dataclasses.asdict(self)


def info(path: str) -> Info:
    """Look at what a path holds.

    Parameters
    ----------
    path : str
        The folder of a data set, finished or not; a bank.h5; or a folder of pictures.

    Raises
    ------
    SourceError
        If there is nothing, or nothing that ipmix knows.
    """
    place = Path(path).expanduser()
    if place.is_file():
        if (place.parent / MANIFEST).is_file():
            raise SourceError(f"{path} is one file of a data set", f"type: ipmix info {place.parent}")
        return _bank(place)
    folder = open_folder(path if "://" in path else str(place))
    if any(_is_there(folder, name) for name in (MANIFEST, SECOND_COPY)):
        dataset = open_dataset(folder.location)
        made = dataset.manifest.job
        reading = reading_code(made.output, made.split, path)
        return Info(kind="dataset", location=folder.location, facts=dataset_facts(dataset), reading=reading)
    state = read_state(folder)
    if (job := state.job) is not None:
        status = {"what is missing": f"ipmix status {path}"}
        facts = unfinished_facts(folder, state, job)
        return Info(kind="unfinished", location=folder.location, facts=facts, reading=status)
    if place.is_dir():
        return _bank(place)
    raise SourceError(
        f"there is no file or folder {path}", "give the folder of a data set, or a bank of mixing pictures"
    )


def _is_there(folder: Folder, name: str) -> bool:
    """Return whether a name stands for anything, be it no file, or a link to nothing."""
    path = folder.path(name)
    return folder.size(name) is not None if path is None else os.path.lexists(path)


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """Return what a finished data set is, what it was made from, and how far its copies are from the clean pictures.

    Distances come from some of the shards, class counts too where the data set is large; they say from how many.
    """
    manifest, job = dataset.manifest, dataset.manifest.job
    classes = count_classes(dataset)
    distances = measure_distances(dataset)
    return {
        "tool": manifest.tool,
        "plan_version": job.plan_version,
        "job_digest": job.digest(),
        "command": command_of(manifest),
        "method": job.method,
        "source": {**dataclasses.asdict(job.source), "place": manifest.places.source},
        "mixing": {**dataclasses.asdict(job.mixing), "place": manifest.places.fractals},
        "augment": job.augment.to_dict(),
        "crop": job.crop.to_dict(),
        "output": record_of(job.output),
        "size": None if job.size is None else list(job.size),
        "samples": manifest.samples,
        "copies": manifest.samples * job.output.copies,
        "failed": manifest.failed,
        "classes": [
            {"label": label, "name": dataset.class_name(label), "samples": count}
            for label, count in classes.counts.items()
        ],
        "remark": job.transform.remark(job.augment),
        "classes_named": len(manifest.class_names),
        "classes_from_shards": classes.shards,
        "distances": None if distances is None else _distances(distances),
        "shards": len(manifest.shards),
        "bytes": _bytes(dataset),
    }


def _distances(found: Distances) -> dict[str, Any]:
    return {
        "mean": found.mean,
        "percentiles": found.percentiles(),
        "unchanged": found.unchanged,
        "copies": len(found.means),
        "shards": found.shards,
    }


def _bytes(dataset: Dataset) -> dict[str, int]:
    """Return the bytes of the shards, and of everything in the folder; in an object store, of the shards alone."""
    manifest = dataset.manifest
    shards = bytes_of_shards(dataset.folder, manifest.job.output.format, manifest.shards)
    here = dataset.folder.path(MANIFEST)
    return {"shards": shards, "on_disk": shards if here is None else _bytes_below(here.parent)}


def unfinished_facts(folder: Folder, state: OutputState, job: Job) -> dict[str, Any]:
    """Return what an unfinished folder will be, and how many of its shards are there."""
    return {
        "samples": job.samples,
        "copies": job.samples * job.output.copies,
        "shards": len(shard_bounds(job)),
        "shards_done": len(committed(folder, job, state=state)),
        "job": job.to_dict(),
    }


def bank_facts(path: Path) -> dict[str, Any]:
    """Return what a bank is: its pictures, their sizes, families and classes, and the settings it was drawn with."""
    bank = open_bank(str(path))
    sizes = Counter(f"{width}x{height}" for height, width in bank.shapes.tolist())
    stored = stored_settings(path)
    families, classes = _families(path)
    return {
        "pictures": len(bank.shapes),
        "sizes": dict(sizes.most_common()),
        "families": families,
        "classes": classes or (0 if stored is None else stored.settings.classes),
        "settings": {} if stored is None else stored.to_dict(),
        "digest": bank.digest,
        "bytes": {"on_disk": _bytes_below(path)},
    }


def _bank(path: Path) -> Info:
    facts = bank_facts(path)
    use = {"as mixing pictures": f"ipmix augment --fractals {path} ...", "what it is like": f"ipmix bank-report {path}"}
    return Info(kind="bank", location=str(path.absolute()), facts=facts, reading=use)


def _families(path: Path) -> tuple[dict[str, int], int]:
    """Return how many pictures each family has, and how many classes there are in a bank file."""
    if path.is_dir():
        return dict(Counter(recipe.family for recipe in recipes(path))), 0
    families, labels = column(path, "family", "S"), column(path, "labels", "iu")
    counted = Counter() if families is None else Counter(name.decode("utf-8", "replace") for name in families)
    return dict(counted), 0 if labels is None else len(np.unique(labels))


def _bytes_below(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a temporary file of a run that goes on
                total += Path(folder, name).stat().st_size
    return total
