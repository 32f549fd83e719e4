"""Forged records: manifests, jobs, owners, shard records, settings of banks, options, states of samplers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from ipmix_cli.cli.job_file import read_config
from ipmix_cli.pipeline.banks.sidecar import recipes, stored_settings
from ipmix_cli.pipeline.job import Job, MixingRecord, SourceRecord, shard_bounds
from ipmix_cli.pipeline.output.manifest import FileRecord, Manifest, RecordedPlaces, ShardRecord, read_manifest
from ipmix_cli.pipeline.output.shard_records import read_record
from ipmix_cli.pipeline.output.shard_records import write_record as write_shard_record
from ipmix_cli.pipeline.output.state import JobState, read_state, save_job_state
from ipmix_cli.reader.contents import read_contents
from ipmix_cli.reader.shard_sampler import ShardSampler
from ipmix_cli.storage.folder import LocalFolder
from tests.robustness.fuzzing.changes import damaged, forged, refused


def base_job() -> Job:
    """Return a small job."""
    from ipmix_cli.crop import CropConfig
    from ipmix_cli.methods.ipmix.presets import PRESETS
    from ipmix_cli.shards.shard import ShardSettings

    digest = hashlib.sha256(b"x").hexdigest()
    settings = {"split": "train", "alpha": "white", "digest": "content"}
    return Job(
        source=SourceRecord(format="npz", digest=digest, pictures=40, size=(32, 32), settings=settings),
        mixing=MixingRecord(digest=digest, pictures=5),
        augment=PRESETS["cifar"],
        crop=CropConfig(),
        output=ShardSettings(),
        seed=0,
        samples_per_shard=None,
        limit=None,
        plan_version=1,
    )


def base_manifest() -> Manifest:
    """Return the manifest of that job."""
    job = base_job()
    shards = tuple(
        ShardRecord(
            name=f"train-{number:06d}.h5",
            bytes=1000,
            sha256=hashlib.sha256(bytes([number])).hexdigest(),
            number=number,
            first=first,
            stop=stop,
            samples=stop - first,
        )
        for number, (first, stop) in enumerate(shard_bounds(job))
    )
    places = RecordedPlaces(source={"input": "/data/x.npz"}, fractals="builtin")
    files = (FileRecord.of("README.md", b"x"),)
    return Manifest(job=job, places=places, class_names=("a", "b"), shards=shards, files=files, tool="ipmix-cli 0")


def sealed(values: Any) -> bytes:
    """Return the bytes of a manifest of these values with the digests that a forger can compute."""
    if isinstance(values, dict):
        values.pop("seal", None)
        with_job = "job" in values
        if with_job:
            values["job_digest"] = hashlib.sha256(json.dumps(values["job"], sort_keys=True).encode()).hexdigest()
        values["seal"] = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    return json.dumps(values).encode()


def forge_manifest(rng: np.random.Generator, folder: Path) -> None:
    """Read a forged manifest in every way that it is read."""
    values = forged(json.loads(base_manifest().to_bytes()), rng)
    content = sealed(values) if rng.random() < 0.8 else damaged(base_manifest().to_bytes(), rng)
    (folder / ".ipmix").mkdir(exist_ok=True)
    for name in ("manifest.json", ".ipmix/manifest.json"):
        (folder / name).write_bytes(content)
    place = LocalFolder(folder)
    state = read_state(place)
    _ = (state.job, state.job_state, state.recorded)
    for read in (
        lambda: read_manifest(place),
        lambda: read_contents(place),
        lambda: read_config(f"{folder}/manifest.json"),
    ):
        refused(read)


def forge_state(rng: np.random.Generator, folder: Path) -> None:
    """Read a forged job, claim and shard record."""
    manifest, place = base_manifest(), LocalFolder(folder)
    job = manifest.job
    save_job_state(place, JobState(job=job, places=manifest.places, class_names=manifest.class_names))
    owner = json.loads((folder / ".ipmix/owner.json").read_bytes())
    values = forged(job.to_dict(), rng)
    stored = {"digest": hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest(), "job": values}
    stored = forged(stored, rng) if rng.random() < 0.3 else stored
    (folder / ".ipmix/job.json").write_bytes(json.dumps(stored).encode())
    (folder / ".ipmix/owner.json").write_bytes(json.dumps(forged(owner, rng)).encode())
    state = read_state(place)
    _ = (state.job, state.job_state, state.clearing)
    write_shard_record(place, job.digest(), manifest.shards[0])
    record = json.loads((folder / ".ipmix/shards/000000.json").read_bytes())
    read_record(json.dumps(forged(record, rng)).encode(), job.digest())


def forge_bank(rng: np.random.Generator, folder: Path) -> None:
    """Read the forged sidecars of a bank."""
    settings = {"count": 4, "size": 64, "seed": 0, "mix": [["ifs", 1.0]], "classes": 0, "per_class": 0}
    (folder / ".bank.json").write_bytes(json.dumps(forged({"settings": settings, "generator": 3}, rng)).encode())
    line = {"file": "0.png", "recipe": {"family": "ifs"}, "attempts": 1, "rejected": []}
    (folder / ".bank.jsonl").write_bytes(json.dumps(forged(line, rng)).encode() + b"\n")
    refused(lambda: stored_settings(folder))
    refused(lambda: list(recipes(folder)))


def forge_config(rng: np.random.Generator, folder: Path) -> None:
    """Read forged options."""
    content = damaged(b'in = "demo"\ncopies = 8\nseed = 5\npatch-sizes = [4, 8]\noperations = "solarize"\n', rng)
    path = folder / "job.toml"
    path.write_bytes(content)
    refused(lambda: read_config(str(path)))


class _Sharded:
    shard_lengths = (3, 0, 4)


def forge_sampler_state(rng: np.random.Generator, folder: Path) -> None:
    """Continue an epoch from a forged state."""
    del folder
    sampler = ShardSampler(_Sharded(), seed=1)  # type: ignore[arg-type]

    def go_on() -> None:
        sampler.load_state_dict(forged(sampler.state_dict(3), rng))
        list(sampler)

    refused(go_on)
