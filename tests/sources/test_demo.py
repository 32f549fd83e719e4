"""The demo set: the same pictures everywhere, and each class told from the others."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.demo import SHAPES


@pytest.mark.parametrize(("split", "count"), [("train", 400), ("test", 100)])
def test_there_are_ten_classes_of_equal_size(split, count, opened, read):
    source = opened("demo", split=split)
    samples = read(source, step=64)
    assert len(source) == count
    assert source.class_names == tuple(SHAPES)
    assert np.bincount([sample.label for sample in samples]).tolist() == [count // 10] * 10
    assert {sample.picture.shape for sample in samples} == {(32, 32, 3)}
    assert len({sample.key for sample in samples}) == count


def test_no_two_pictures_are_the_same_in_both_splits(opened, read):
    pictures = [sample.picture.tobytes() for split in ("train", "test") for sample in read(opened("demo", split=split))]
    assert len(set(pictures)) == 500


def test_the_pictures_are_the_same_on_every_machine(opened, read):
    digest = hashlib.sha256(b"".join(sample.picture.tobytes() for sample in read(opened("demo"))))
    assert digest.hexdigest() == "94a05c781fbdfe19033eac16f463d0f71171561595598c415d6a24ce6312e759"


def test_a_class_shows_in_the_picture(opened, read):
    """The nearest class mean over edges tells far more test pictures than chance would."""

    def edges(sample):
        grey = sample.picture.mean(axis=2)
        across, down = np.abs(np.diff(grey, axis=1)), np.abs(np.diff(grey, axis=0))
        return np.array([across.mean(), down.mean(), across.std(), (across > 20).mean(), (down > 20).mean()])

    train, test = read(opened("demo")), read(opened("demo", split="test"))
    means = np.array([np.mean([edges(s) for s in train if s.label == k], axis=0) for k in range(10)])
    scale = means.std(axis=0)
    guessed = [int(np.argmin((((means - edges(s)) / scale) ** 2).sum(axis=1))) for s in test]
    assert np.mean([guess == sample.label for guess, sample in zip(guessed, test, strict=True)]) > 0.2


def test_another_split_is_refused(opened):
    with pytest.raises(SourceError, match="no val split"):
        opened("demo", split="val")
