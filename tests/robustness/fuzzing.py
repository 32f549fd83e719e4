"""Forges records and the inputs of readers, one example after the other, each with a bound of memory and of time.

    python -m tests.robustness.fuzzing records 1000 0     1000 examples from seed 0
    python -m tests.robustness.fuzzing readers 1000 0

An example follows from the seed and its number alone. It fails if anything else than an error of ipmix comes out, if it
takes longer than `SECONDS`, or if the process passes `MEMORY`; the program prints which example that was.
"""

from __future__ import annotations

import copy
import hashlib
import json
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ipmix_cli.cli.job_file import read_config
from ipmix_cli.errors import IpmixError
from ipmix_cli.pipeline.banks.sidecar import recipes, stored_settings
from ipmix_cli.pipeline.job import Job, MixingRecord, SourceRecord, shard_bounds
from ipmix_cli.pipeline.output.manifest import FileRecord, Manifest, RecordedPlaces, ShardRecord, read_manifest
from ipmix_cli.pipeline.output.shard_records import read_record
from ipmix_cli.pipeline.output.shard_records import write_record as write_shard_record
from ipmix_cli.pipeline.output.state import JobState, read_state, save_job_state
from ipmix_cli.reader.contents import read_contents
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
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.stages import StageClock
from ipmix_cli.storage.folder import LocalFolder

SECONDS = 20
MEMORY = 2**30  # bytes of data beyond what the process has when it begins

HOSTILE: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**62, 2**63, -(2**63), 2**64, 10**9, 10**400, 0.5, -0.0, 1e308, 1e-320),
    *(
        float("inf"),
        float("nan"),
        "",
        "a",
        "\0",
        "\udcff",
        "\ud800\udc00",
        "../../etc/passwd",
        "/dev/zero",
        "x" * 10**5,
    ),
    *("ftp://203.0.113.7/x", "\x1b[2J", [], {}, [[]], [None] * 1000, [0] * 10**5, {"a": {"b": {}}}, {"": 0}),
]


def deep(levels: int) -> Any:
    """Return lists in lists."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def forged(values: Any, rng: np.random.Generator) -> Any:
    """Return plain values in which one to three places hold something else."""
    values = copy.deepcopy(values)
    for _ in range(int(rng.integers(1, 4))):
        values = _change(values, rng)
    return values


def _change(values: Any, rng: np.random.Generator) -> Any:
    at, key, parent = values, None, None
    while isinstance(at, dict | list) and at and rng.random() < 0.85:
        parent, key = (
            at,
            list(at)[int(rng.integers(len(at)))] if isinstance(at, dict) else int(rng.integers(len(at))),
        )
        at = parent[key]
    kind = int(rng.integers(5))
    new = deep(int(rng.integers(10, 200))) if kind == 0 else copy.deepcopy(HOSTILE[int(rng.integers(len(HOSTILE)))])
    if parent is None:
        return new if kind == 4 else values
    if kind == 1 and isinstance(parent, dict):
        del parent[key]
    elif kind == 2 and isinstance(parent, dict):
        parent["forged"] = new
    elif kind == 3 and isinstance(parent, list):
        parent.append(copy.deepcopy(at))
    else:
        parent[key] = new
    return values


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes cut, flipped, overwritten with extreme numbers, doubled or zeroed in one to four places."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not data:
            break
        at, kind = int(rng.integers(len(data))), int(rng.integers(7))
        length = int(rng.integers(1, 64))
        number = [0, 1, 0x7F, 0xFF, 2**31 - 1, 2**32 - 1, 2**63 - 1][int(rng.integers(7))]
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at] ^= 1 << int(rng.integers(8))
        elif kind in (2, 3):
            width = (4, 8)[int(rng.integers(2))]
            data[at : at + width] = (number & (2 ** (8 * width) - 1)).to_bytes(width, ("little", "big")[kind - 2])
        elif kind == 4:
            data[at:at] = data[at : at + length]
        elif kind == 5:
            data[at : at + length] = bytes(length)
        else:
            del data[at : at + length]
    return bytes(data) if rng.random() < 0.98 else b"[" * 10**5


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
        _refused(read)


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
    _refused(lambda: stored_settings(folder))
    _refused(lambda: list(recipes(folder)))


def forge_config(rng: np.random.Generator, folder: Path) -> None:
    """Read forged options."""
    content = damaged(b'in = "demo"\ncopies = 8\nseed = 5\npatch-sizes = [4, 8]\noperations = "solarize"\n', rng)
    path = folder / "job.toml"
    path.write_bytes(content)
    _refused(lambda: read_config(str(path)))


def damage_input(rng: np.random.Generator, folder: Path) -> None:
    """Read every sample of a damaged input of some reader."""
    from tests.sources.test_hostile_inputs import IDX, VALID, encoded

    name = sorted(VALID)[int(rng.integers(len(VALID)))]
    reader, file, make = VALID[name]
    for picture in ("a.png", "b c.png", "b.png"):
        (folder / picture).write_bytes(encoded("png"))
    labels = IDX[:4][:3] + b"\1" + (2).to_bytes(4, "big") + b"\0\1"
    (folder / "train-labels-idx1-ubyte").write_bytes(labels)
    (folder / file).write_bytes(damaged(make(), rng))

    def read() -> None:
        source = open_source(SourceSpec(input=str(folder / file), input_format=reader))
        for _ in source.part(0, len(source)).samples(StageClock()):
            pass

    _refused(read)


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
    _refused(lambda: read_set(folder / "clean"))
    said = (
        b'name = "m"\nlabels = "l.npy"\nsize = 32\n[[predictions]]\nfile = "c.npy"\nrole = "corrupted"\nseverity = 3\n'
    )
    (folder / "predictions.toml").write_bytes(damaged(said, chance))
    _refused(lambda: read_description(folder / "predictions.toml"))


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
    _refused(lambda: read_arrays(path))


def _refused(action: Callable[[], object]) -> None:
    """Do something that may end in an error of ipmix, and in no other."""
    try:
        action()
    except IpmixError as error:
        if not error.message.isprintable():
            raise RuntimeError(f"not printable: {error.message!r}") from error


TARGETS: dict[str, tuple[Callable[[np.random.Generator, Path], None], ...]] = {
    "records": (forge_manifest, forge_manifest, forge_state, forge_bank, forge_config, forge_predictions),
    "readers": (damage_input, damage_input, damage_predictions),
}


def _too_long(*_: object) -> None:
    raise TimeoutError(f"longer than {SECONDS} s")


def run(kind: str, count: int, seed: int) -> int:
    """Try examples, and return how many failed; each failure is printed."""
    used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
    signal.signal(signal.SIGALRM, _too_long)
    warnings.simplefilter("ignore")
    failed = 0
    for number in range(count):
        rng = np.random.Generator(np.random.Philox(key=[seed, number]))
        target = TARGETS[kind][number % len(TARGETS[kind])]
        with tempfile.TemporaryDirectory() as folder:
            signal.alarm(SECONDS)
            try:
                target(rng, Path(folder))
            except Exception:
                failed += 1
                print(f"{kind}, seed {seed}, example {number}, {target.__name__}:\n{traceback.format_exc()[-1500:]}")
            finally:
                signal.alarm(0)
    print(f"{kind}: {count} examples from seed {seed}, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])) > 0)
