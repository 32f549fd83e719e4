"""Mixed copies made when they are read: those of the plans, with their labels, and fresh ones of the whole data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ipmix_cli import (
    Checks,
    Execution,
    Request,
    ShardDataset,
    ShardSettings,
    SourceSpec,
    augment,
    open_dataset,
    validate,
)
from ipmix_cli.errors import ErrorBudgetError
from ipmix_cli.pipeline.run.schedule import ExistingOutput

COPIES, SAMPLES = 4, 20
FORMS: dict[str, dict[str, Any]] = {
    "hdf5": {"encoding": "raw"},
    "grouped": {"format": "webdataset", "encoding": "png"},
    "flat": {"format": "webdataset", "encoding": "webp", "layout": "flat"},
    "parquet": {"format": "parquet", "encoding": "png"},
    "mds": {"format": "mds", "encoding": "raw"},
    "grey": {"encoding": "raw", "channels": 1},
}
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    made: dict[tuple[str, ...], Path] = {}

    def of(method: str, form: str, store: str) -> Path:
        key = method, form, store
        if key not in made:
            made[key] = tmp_path_factory.mktemp("mixed") / "-".join(key)
            output = ShardSettings(copies=COPIES, store=store, **FORMS[form])
            source = SourceSpec(input="demo")
            request = Request(source=source, method=method, output=output, limit=SAMPLES, samples_per_shard=7)
            augment(request, str(made[key]))
        return made[key]

    return of


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", ["mixup", "cutmix"])
def test_rendered_copies_and_labels_are_the_stored_ones(make: Make, method: str, form: str) -> None:
    folders = make(method, form, "plans"), make(method, "grey" if form == "grey" else "hdf5", "pixels")
    for view in ("all", "random", "fixed", "triplet", "clean"):
        rendered, stored = (ShardDataset(folder, view=view, copy=3, seed=4) for folder in folders)
        for data in (rendered, stored):
            data.set_epoch(6)
        for given, expected in zip(rendered[::-3], stored[::-3], strict=True):
            assert np.array_equal(given[0], expected[0])
            assert np.array_equal(given[1], expected[1])
        assert np.array_equal(rendered[11][0], stored[11][0])


@pytest.mark.parametrize("method", ["mixup", "cutmix"])
def test_fresh_copies_mix_samples_of_the_whole_data_set(make: Make, method: str) -> None:
    folder = make(method, "hdf5", "pixels")
    clean = ShardDataset(folder, view="clean")[:].pictures
    data, again = (ShardDataset(folder, view="triplet", fresh=True, seed=1) for _ in range(2))
    seen = set()
    for epoch in range(4):
        data.set_epoch(epoch)
        again.set_epoch(epoch)
        batch = data[:]
        assert np.array_equal(batch.pictures[7], again[7][0])
        assert np.array_equal(batch.pictures[:, 0], clean)
        assert np.allclose(batch.labels.sum(axis=2), 1.0)
        assert (batch.labels[:, 0].max(axis=1) == 1.0).all()
        seen |= {picture.tobytes() for views in batch.pictures for picture in views[1:]}
    assert len(seen) > 4 * SAMPLES


def test_the_label_of_a_fresh_copy_is_that_of_its_pixels(make: Make) -> None:
    """An obvious program finds, for each copy of MixUp, the second sample and the weight that explain its pixels."""
    folder = make("mixup", "hdf5", "pixels")
    clean = ShardDataset(folder, view="clean")
    pictures, labels = clean[:].pictures.astype(float), np.array(clean.targets)
    batch = ShardDataset(folder, view="random", fresh=True, seed=3)[:]
    for index, (copy, weights) in enumerate(zip(batch.pictures, batch.labels, strict=True)):
        best = np.inf
        for second in range(SAMPLES):
            weight = weights[labels[index]]
            if labels[second] == labels[index]:  # both weights are in one: the pixels tell them apart
                way = pictures[index] - pictures[second]
                weight = ((copy - pictures[second]) * way).sum() / max((way**2).sum(), 1.0)
            elif not np.isclose(weights[labels[second]], 1.0 - weight):
                continue
            best = min(best, np.abs(weight * pictures[index] + (1 - weight) * pictures[second] - copy).max())
        assert best <= 1.0


def test_plans_are_refused_where_a_second_sample_may_be_missing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(SAMPLES):
        folder = tmp_path / "source" / f"class{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{number:03d}.png")
    (tmp_path / "source" / "class0" / "003.png").write_bytes(b"no picture")
    request = Request(
        source=SourceSpec(input=str(tmp_path / "source")),
        method="cutmix",
        output=ShardSettings(copies=2, store="plans", encoding="raw"),
        samples_per_shard=7,
    )
    with pytest.raises(ErrorBudgetError, match=r"003\.png"):
        augment(request, str(tmp_path / "out"), Execution(max_errors="50%"))
    (tmp_path / "source" / "class0" / "003.png").unlink()
    augment(request, str(tmp_path / "out"), Execution(max_errors="50%"), ExistingOutput(overwrite=True))
    assert len(ShardDataset(tmp_path / "out", view="all")[:].pictures) == SAMPLES - 1


@pytest.mark.parametrize("form", ["hdf5", "flat"])
def test_the_other_commands_show_what_is_rendered(
    make: Make, form: str, ipmix: Callable[..., Any], tmp_path: Path
) -> None:
    folder = make("cutmix", form, "plans")
    assert validate(open_dataset(folder), Checks(replay="100%", source=SourceSpec(input="demo"))).passed
    assert "not stored" in ipmix("explain", folder, "--key", "3", "--copy", 2).stdout
    ipmix("preview", folder, "--out", tmp_path / "sheet.png")
    ipmix("preview", make("cutmix", "hdf5", "pixels"), "--out", tmp_path / "stored.png")
    assert np.array_equal(Image.open(tmp_path / "sheet.png"), Image.open(tmp_path / "stored.png"))
    ipmix("report", folder, "--out", tmp_path / "page.html")
    ipmix("view", folder, "--out", tmp_path / "gallery.html")


def test_the_card_shows_other_readers_what_is_stored(make: Make) -> None:
    card = (make("mixup", "hdf5", "plans") / "README.md").read_text()
    assert '["aug"]' not in card
    assert 'shard["clean"][0]' in card
