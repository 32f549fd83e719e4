"""A finished data set as a source: its clean pictures under their own labels, or a refusal that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ipmix_cli import Execution, Request, ShardSettings, SourceSpec, augment
from ipmix_cli.errors import SourceError
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Sample
from ipmix_cli.stages import StageClock

GENERATOR = np.random.default_rng(5)
PICTURES = GENERATOR.integers(0, 256, (7, 8, 8, 3), np.uint8)
NAMES = np.array(["zebra", "0", "1"])[[2, 0, 1, 1, 0, 2, 0]]  # names that look like numbers of other classes

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    mixing = tmp_path / "mixing"
    mixing.mkdir()
    for number in range(3):
        Image.fromarray(GENERATOR.integers(0, 256, (32, 32, 3), np.uint8)).save(mixing / f"{number}.png")
    np.savez(tmp_path / "set.npz", images=PICTURES, labels=NAMES)

    def made(**output: Any) -> Path:
        source = SourceSpec(input=str(tmp_path / "set.npz"), labels_as="names")
        request = Request(
            source=source,
            fractals=str(mixing),
            output=ShardSettings(**{"encoding": "auto", "copies": 2, **output}),
            samples_per_shard=3,
        )
        augment(request, str(tmp_path / "out"), Execution())
        return tmp_path / "out"

    return made


@pytest.mark.parametrize(
    "output", [{}, {"encoding": "png"}, {"compression": "gzip"}, {"format": "webdataset"}], ids=str
)
def test_clean_pictures_keep_their_labels_and_class_names(make: Make, output: dict[str, Any]) -> None:
    source = open_source(SourceSpec(input=str(make(**output))))
    assert [source.class_names[label] for label in source.labels] == NAMES.tolist()
    samples = [item for item in source.part(2, 7).samples(StageClock()) if isinstance(item, Sample)]
    assert [item.index for item in samples] == [2, 3, 4, 5, 6]
    assert np.array_equal([item.picture for item in samples], PICTURES[2:])
    assert [source.class_names[item.label] for item in samples if isinstance(item.label, int)] == NAMES[2:].tolist()


@pytest.mark.parametrize(
    ("output", "what"),
    [({"clean": False}, "without its clean pictures"), ({"format": "webdataset", "layout": "flat"}, "flat tars")],
)
def test_what_cannot_be_read_back_is_refused(make: Make, output: dict[str, Any], what: str) -> None:
    with pytest.raises(SourceError, match=what):
        open_source(SourceSpec(input=str(make(**output))))


def test_an_unfinished_data_set_is_refused(make: Make) -> None:
    out = make()
    (out / "manifest.json").unlink()
    with pytest.raises(SourceError, match="unfinished"):
        open_source(SourceSpec(input=str(out)))


def test_a_changed_manifest_is_refused(make: Make) -> None:
    path = make() / "manifest.json"
    values = json.loads(path.read_text())
    values["class_names"] = values["class_names"][::-1]
    path.write_text(json.dumps(values))
    with pytest.raises(SourceError, match="damaged"):
        open_source(SourceSpec(input=str(path.parent)))
