"""Forged and damaged data sets of every kind, as every command that reads one meets them."""

from __future__ import annotations

import copy
import dataclasses
import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ipmix_cli.methods import METHODS
from ipmix_cli.pipeline.job import Job, shard_bounds
from ipmix_cli.pipeline.output.manifest import Manifest, ShardRecord, read_manifest, shard_name
from ipmix_cli.pipeline.output.ownership import write_job
from ipmix_cli.pipeline.output.shard_records import write_record
from ipmix_cli.pipeline.output.state import read_state, save_job_state
from ipmix_cli.pipeline.run.augment import augment
from ipmix_cli.pipeline.run.corrupt import corrupt
from ipmix_cli.pipeline.run.extend import extend
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.reader import ShardDataset
from ipmix_cli.reader.shard_sampler import ShardSampler
from ipmix_cli.record import MOST_BYTES
from ipmix_cli.scoring.evaluation.pictures import open_data
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.folder import LocalFolder
from tests.robustness.fuzzing.changes import HOSTILE, damaged, forged, refused
from tests.robustness.fuzzing.inputs import HOT, LABELS, PIXELS, picture
from tests.robustness.fuzzing.program import command

FORMATS: dict[str, dict[str, Any]] = {
    "hdf5": {},
    "hdf5 gzip": {"compression": "gzip"},
    "hdf5 png": {"encoding": "png"},
    "webdataset": {"format": "webdataset", "encoding": "png"},
    "flat": {"format": "webdataset", "encoding": "jpeg", "layout": "flat"},
    "parquet": {"format": "parquet", "encoding": "png"},
    "mds": {"format": "mds"},
    "cifar": {"format": "cifar"},
    "files": {"format": "files", "encoding": "png"},
    "plans": {"store": "plans"},
}
LABEL_KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "multilabel": (HOT, {"labels_as": "multilabel"}),
    "real": (LABELS / 3, {"labels_as": "real"}),
    "text": ([f"text {number}" for number in range(6)], {"labels_as": "text"}),
    "none": (LABELS, {"unlabelled": True, "keep": ("labels",)}),
}
PLAUSIBLE: list[Any] = [
    *(1, 2, 3, 6, 7, 8, 32, 33, 64, 1000, 10_000, 2**20, 2**24, "", "x", "png", "jpeg", "webp", "raw", "plans"),
    *("pixels", "flat", "grouped", "hdf5", "webdataset", "parquet", "mds", "cifar", "files", "npy", "folders"),
    *("gzip", "lzf", "none", "real", "text", "multilabel", "class", "center", "random", "test", "train", [6], [3, 3]),
    *([32, 32], [1, 2**24], [2**24, 2**24], ["fog.1", "fog.2"], *METHODS, "corruptions", "sequences", "demo"),
    *("builtin", "chained", "npz", "cifar10", "http://203.0.113.7/x.npz", "zip://a.npz::ftp://203.0.113.7/x.zip"),
]
"""What a field of a job may hold, though perhaps not this field of this job."""

ROOT = Path(tempfile.gettempdir()) / f"ipmix-fuzzing-{os.getpid()}"


@functools.cache
def place(name: str) -> Path:
    """Return a place for what is made once."""
    (ROOT / name).mkdir(parents=True)
    return ROOT / name


@functools.cache
def bank() -> str:
    """Return a small folder of mixing pictures."""
    for number in range(3):
        (place("bank") / f"{number}.png").write_bytes(picture())
    return str(place("bank"))


def npz(name: str, labels: Any = LABELS) -> str:
    """Return an NPZ file of the pictures and some labels."""
    path = place(f"source {name}") / "x.npz"
    np.savez(path, images=PIXELS, labels=np.asarray(labels))
    return str(path)


def request_of(source: SourceSpec, method: str = "ipmix", changes: dict[str, Any] | None = None, **output: Any) -> Any:
    """Return the request for a small data set."""
    settings = ShardSettings(**{"copies": 2, "encoding": "raw", **output})
    more = {"changes": changes or {}, "output": settings, "samples_per_shard": 3}
    mixing = bank() if method in ("ipmix", "pixmix") else "builtin"
    return Request(source=source, fractals=mixing, method=method, **more)


@functools.cache
def makers() -> dict[str, Callable[[Path], object]]:
    """Return how each data set is made, by its name."""
    plain = SourceSpec(input=npz("plain"))
    found: dict[str, Callable[[Path], object]] = {}

    def add(name: str, request: Request, make: Callable[..., object] = augment) -> None:
        found[name] = lambda path: make(request, str(path))

    for name, output in FORMATS.items():
        add(name, request_of(plain, **output))
    for method in METHODS:
        add(method, request_of(plain, method))
    for kind, (labels, more) in LABEL_KINDS.items():
        spec = SourceSpec(input=npz(kind, labels), **more)
        add(f"{kind} hdf5", request_of(spec))
        add(f"{kind} webdataset", request_of(spec, format="webdataset", encoding="png"))
    foggy = {"corruptions": ("fog", "contrast"), "severities": (1, 3)}
    for layout in ("hdf5", "webdataset", "npy", "folders"):
        more = {"format": layout, "encoding": "auto", "clean": layout == "hdf5"}
        add(f"corruptions {layout}", request_of(plain, "corruptions", foggy, **more), corrupt)
        moving = {"perturbations": ("translate",)}
        add(f"sequences {layout}", request_of(plain, "sequences", moving, **more), corrupt)

    def extended(path: Path) -> None:
        augment(request_of(plain), str(path))
        extend(str(path), SourceSpec(input=npz("more", 1 - LABELS)))

    found["extended"] = extended
    return found


@functools.cache
def data_set(name: str) -> Path:
    """Return a small finished data set, made once."""
    path = ROOT / "sets" / name
    makers()[name](path)
    return path


def prepare(rng: np.random.Generator) -> Path:
    """Return the data set that an example attacks, before its time is measured: its kernels may have to be compiled."""
    return data_set(_pick(rng, sorted(makers())))


def unmake() -> None:
    """Remove what was made."""
    shutil.rmtree(ROOT, ignore_errors=True)


def forge_data_set(rng: np.random.Generator, folder: Path) -> None:
    """Attack a data set in some way, and give it to a command."""
    copied = folder / "set"
    shutil.copytree(prepare(rng), copied)
    for _ in range(int(rng.integers(1, 3))):
        _pick(rng, ATTACKS)(rng, copied)
    _pick(rng, COMMANDS)(copied, folder)


def _pick(rng: np.random.Generator, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _plausible(values: Any, rng: np.random.Generator) -> Any:
    """Return plain values in which one or two fields hold what another field might."""
    values = copy.deepcopy(values)
    for _ in range(int(rng.integers(1, 3))):
        at = values
        while True:
            key = _pick(rng, list(at) if isinstance(at, dict) else range(len(at)))
            if not (isinstance(at[key], dict | list) and at[key] and rng.random() < 0.9):
                break
            at = at[key]
        at[key] = copy.deepcopy(_pick(rng, PLAUSIBLE))
    return values


def _consistent(manifest: Manifest, job: Job, rng: np.random.Generator) -> Manifest:
    """Return a manifest of another job, with as many shards as that has: all that a forger can make fit."""
    old = manifest.shards
    shards = tuple(
        ShardRecord(
            name=shard_name(job, number),
            bytes=old[number % len(old)].bytes if old else 1000,
            sha256=old[number % len(old)].sha256 if old else "0" * 64,
            number=number,
            first=first,
            stop=stop,
            samples=(stop - first) * job.crop.crops,
        )
        for number, (first, stop) in enumerate(shard_bounds(job))
    )
    names = manifest.class_names if rng.random() < 0.8 else tuple(["\x1b[2J", "../../x", "a" * 300, ""][: len(old)])
    return dataclasses.replace(manifest, job=job, shards=shards, class_names=names)


def put(path: Path, content: bytes) -> None:
    """Write a file in the place of whatever is there, which may be a pipe."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def put_manifest(path: Path, content: bytes) -> None:
    """Write both copies of a manifest."""
    for name in ("manifest.json", ".ipmix/manifest.json"):
        put(path / name, content)


def forge_job(rng: np.random.Generator, path: Path) -> None:
    """Write the manifest of another job, which fits it in all that is checked by counting."""
    with _IgnoresErrors():
        manifest = read_manifest(LocalFolder(path))
        values = manifest.job.to_dict()
        values = _plausible(values, rng) if rng.random() < 0.8 else forged(values, rng)
        content = _consistent(manifest, Job.from_dict(values), rng).to_bytes()
        put_manifest(path, content)


def forge_values(rng: np.random.Generator, path: Path) -> None:
    """Forge any part of the manifest, with the digests that a forger can compute."""
    from tests.robustness.fuzzing.records import sealed

    with _IgnoresErrors():
        values = json.loads(LocalFolder(path).read("manifest.json", MOST_BYTES))
        values = _plausible(values, rng) if rng.random() < 0.5 else forged(values, rng)
        content = sealed(values)
        put_manifest(path, content)


def forge_places(rng: np.random.Generator, path: Path) -> None:
    """Let the manifest say that source and bank are elsewhere."""
    with _IgnoresErrors():
        manifest = read_manifest(LocalFolder(path))
        source = forged(manifest.places.source, rng) if rng.random() < 0.5 else _plausible(manifest.places.source, rng)
        fractals = str(_pick(rng, [manifest.places.fractals, *PLAUSIBLE, *HOSTILE]))
        places = dataclasses.replace(manifest.places, source=source, fractals=fractals)
        content = dataclasses.replace(manifest, places=places).to_bytes()
        put_manifest(path, content)


def unfinish(rng: np.random.Generator, path: Path) -> None:
    """Make it a folder that is not finished, with records of its shards, some of them forged."""
    with _IgnoresErrors():
        folder = LocalFolder(path)
        state = read_state(folder)
        manifest = state.manifest
        if manifest is None or state.job_state is None:
            return
        save_job_state(folder, state.job_state)
        write_job(folder, manifest.job)
        for record in manifest.shards:
            write_record(folder, manifest.job.digest(), record)
        folder.remove("manifest.json", ".ipmix/manifest.json")
        victim = _pick(rng, sorted((path / ".ipmix").rglob("*.json")))
        values = forged(json.loads(victim.read_bytes()), rng)
        if "digest" in values if isinstance(values, dict) else False:
            values["digest"] = hashlib.sha256(json.dumps(values.get("job"), sort_keys=True).encode()).hexdigest()
        put(victim, json.dumps(values).encode())


def damage_file(rng: np.random.Generator, path: Path) -> None:
    """Damage a file of it."""
    if victims := sorted(file for file in path.rglob("*") if file.is_file()):
        victim = _pick(rng, victims)
        put(victim, damaged(victim.read_bytes(), rng))


def replace_file(rng: np.random.Generator, path: Path) -> None:
    """Put something that is no regular file in the place of one."""
    if victims := sorted(file for file in path.rglob("*") if file.is_file() or file.is_symlink()):
        victim = _pick(rng, victims)
        victim.unlink()
        kind = int(rng.integers(6))
        if kind == 0:
            os.mkfifo(victim)
        elif kind == 1:
            victim.mkdir()
        elif kind < 5:
            victim.symlink_to(("/dev/zero", "nowhere", victim.name)[kind - 2])


class _IgnoresErrors:
    """Ignores that a forger's values cannot be written down at all: the attack is then none."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, Exception) and not isinstance(error, TimeoutError | MemoryError)


def read_all(path: Path, folder: Path) -> None:
    """Read it with the data set class, sampled, and as a source."""
    del folder

    def read() -> None:
        data = ShardDataset(path)
        sampler = ShardSampler(data, seed=3)
        for number in list(sampler)[:8]:
            data[number]

    def drain() -> None:
        source = open_source(SourceSpec(input=str(path)))
        for _ in source.part(0, min(len(source), 50)).samples(StageClock()):
            pass

    refused(read)
    refused(drain)


def read_for_evaluation(path: Path, folder: Path) -> None:
    """Read it as what a model is read_for_evaluation on."""
    del folder

    def read() -> None:
        for item in open_data(SourceSpec(input=str(path))):
            item.reader.piece(0, 0, min(3, len(item.keys))).read()

    refused(read)


def typed_as(*words: str) -> Callable[[Path, Path], object]:
    """Return a command on the data set, whose output goes beside it."""

    def run(path: Path, folder: Path) -> int:
        filled = [word.replace("SET", str(path)).replace("OUT", str(folder / "out")) for word in words]
        return command(*filled)

    return run


ATTACKS = [
    *(forge_job, forge_job, forge_job, forge_values, forge_places),
    *(unfinish, damage_file, damage_file, damage_file, replace_file),
]
COMMANDS = [
    *(read_all, read_all, read_for_evaluation),
    typed_as("validate", "SET", "--jobs", "1"),
    typed_as("validate", "SET", "--jobs", "1", "--level", "full", "--replay", "100%"),
    typed_as("status", "SET"),
    typed_as("status", "SET", "--json"),
    typed_as("info", "SET"),
    typed_as("info", "SET", "--json"),
    typed_as("merge", "SET"),
    typed_as("repair", "SET", "--jobs", "1"),
    typed_as("preview", "SET", "--out", "OUT.png"),
    typed_as("explain", "SET", "--key", "00000001"),
    typed_as("explain", "SET", "--key", "4", "--copy", "1", "--png", "OUT.png"),
    typed_as("report", "SET", "--out", "OUT.html", "--jobs", "1"),
    typed_as("view", "SET", "--out", "OUT.html"),
    typed_as("index", "SET", "--kind", "wids"),
    typed_as("augment", "--config", "SET/manifest.json", "--out", "OUT", "--jobs", "1"),
    typed_as("augment", "--in", "SET", "--out", "OUT", "--jobs", "1", "--copies", "1", "--fractals", "SET"),
    typed_as("extend", "SET", "--in", "SET", "--jobs", "1"),
    typed_as("bank-report", "SET", "--png", "OUT.png"),
]
