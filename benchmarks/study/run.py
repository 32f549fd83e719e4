"""One run of the study: make an arm's data, train on it, corrupt the test set, predict, and score; one JSON file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import processor
from benchmarks.study.arms import ARMS, Arm
from benchmarks.study.profiles import PROFILES, Profile
from benchmarks.study.train import trained

RESULTS = Path(__file__).parent / "results"
VERSIONS = ("ipmix-cli", "torch", "numpy", "numba", "pillow", "opencv-python-headless")
TEST_SETS: dict[str, list[str]] = {  # options of `ipmix corrupt`; none for clean pictures
    "clean": [],
    "corrupted": ["--layout", "npy"],
    "sequences": ["--sequences", "--layout", "npy"],
}
MODEL = """\
from benchmarks.study.networks import loaded


def model():
    return loaded({network!r}, {classes}, {weights!r})
"""


@dataclasses.dataclass(frozen=True)
class Study:
    """One study's places and means.

    Parameters
    ----------
    profile : str
        A name of PROFILES.
    data, work : Path
        Where CIFAR lies, and a folder for shards, weights and predictions.
    photographs : Path or None
        A folder of photographs, for the arm that mixes with them.
    jobs : int
        Processes of ipmix.
    device : str
        Where networks are trained, as torch names it; they are evaluated on the CPU.
    """

    profile: str
    data: Path
    work: Path
    photographs: Path | None = None
    jobs: int = 1
    device: str = "cpu"

    @property
    def settings(self) -> Profile:
        """The profile's numbers."""
        return PROFILES[self.profile]

    @property
    def place(self) -> Path:
        """The profile's own part of the working folder: profiles differ in data and in test sets."""
        return self.work / self.profile

    def result(self, arm: str, seed: int) -> Path:
        """Return the file that holds the result of a run."""
        return RESULTS / self.profile / f"{arm}-{seed}.json"


def run(study: Study, arm: str, seed: int) -> None:
    """Make one run and write its result; a run that is there is not repeated.

    A result that lacks a test set is completed where the network's weights are still in the working folder.
    """
    path, place = study.result(arm, seed), study.place / f"{arm}-{seed}"
    known = json.loads(path.read_text()) if path.exists() else None
    if known is not None and (known.get("test_sets", {}).keys() >= TEST_SETS.keys() or not _weights(place).exists()):
        return
    place.mkdir(parents=True, exist_ok=True)
    record = known or {
        "arm": arm,
        "seed": seed,
        **_trained(study, ARMS[arm], seed, place),
        "versions": {name: version(name) for name in VERSIONS},
        "machine": processor(),
    }
    digests = {name: _predicted(study, place, name) for name in TEST_SETS}
    profile = dataclasses.asdict(study.settings)
    result = {**record, "profile": profile, "test_sets": digests, "figures": _figures(study, place)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


def _weights(place: Path) -> Path:
    return place / "weights.pt"


def _trained(study: Study, arm: Arm, seed: int, place: Path) -> dict[str, Any]:
    """Train, keep the weights, and return the training's record; weights that are there are not made again."""
    weights, kept = _weights(place), place / "training.json"
    if not kept.exists():
        shards = place / "shards"
        _augment(study, arm, seed, shards)
        network, record = trained(shards, arm, study.settings, seed, study.device)
        record["data"] = hashlib.sha256((shards / "manifest.json").read_bytes()).hexdigest()
        record["stored_bytes"] = sum(file.stat().st_size for file in shards.iterdir() if file.is_file())
        torch.save(network.state_dict(), weights)
        code = MODEL.format(network=study.settings.network, classes=network[-1].out_features, weights=str(weights))
        (place / "model.py").write_text(code)
        kept.write_text(json.dumps(record))
        shutil.rmtree(shards)
    record = json.loads(kept.read_text())
    return {**record, "weights": hashlib.sha256(weights.read_bytes()).hexdigest()}


def _augment(study: Study, arm: Arm, seed: int, shards: Path) -> None:
    limit = [] if study.settings.pictures is None else ["--limit", str(study.settings.pictures)]
    mixing = ["--fractals", str(_mixing(study, arm.mixing))] if arm.mixing else []
    options = [*limit, *mixing, *arm.options(study.settings.epochs), "--seed", str(seed)]
    _ipmix(study, "augment", *_source(study), *options, "--out", str(shards))


def _mixing(study: Study, kind: str) -> Path:
    """Return a bank of mixing pictures, made once; the photographs are the user's folder."""
    if kind == "photographs":
        if study.photographs is None:
            raise SystemExit("this arm mixes with photographs: name a folder of some with --photographs")
        return study.photographs
    bank = study.place / f"{kind}.h5"
    if not bank.exists():
        wanted = ["--count", "4096", "--family", kind, "--seed", "0"]
        _ipmix(study, "generate-fractals", *wanted, "--out", str(bank))
    return bank


def _predicted(study: Study, place: Path, name: str) -> str:
    """Predict a test set, made once, with a trained network; return its manifest's digest, or its name if clean."""
    options = TEST_SETS[name]
    source = _source(study)
    if options:
        made = study.place / name
        limit = getattr(study.settings, name)
        limits = [] if limit is None else ["--limit", str(limit)]
        _ipmix(study, "corrupt", *source, *limits, *options, "--out", str(made))
        source = ["--in", str(made)]
    model = ["--torch", f"{place / 'model.py'}:model", "--normalise", "half"]
    _ipmix(study, "evaluate", *model, *source, "--out", str(place / "predictions"))
    return hashlib.sha256((made / "manifest.json").read_bytes()).hexdigest() if options else study.settings.dataset


def _figures(study: Study, place: Path) -> dict[str, float]:
    """Return all figures of a network's predictions by their names."""
    card = json.loads(_ipmix(study, "score", str(place / "predictions"), "--replicates", "0", "--json", jobs=False))
    measures = card["models"][0]["measures"]
    return {name: measure["value"] for name, measure in measures.items() if measure.get("value") is not None}


def _source(study: Study) -> list[str]:
    return ["--in", study.settings.dataset, "--data-dir", str(study.data)]


def _ipmix(study: Study, command: str, *options: str, jobs: bool = True) -> str:
    """Run the program as a user does, and return what it prints."""
    line = [sys.executable, "-m", "ipmix_cli", command, *options, "--quiet"]
    done = subprocess.run([*line, "--jobs", str(study.jobs)] if jobs else line, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()
