"""What people call the splits of a data set, in the names of folders, files and arrays."""

from __future__ import annotations

import re

SPLIT_NAMES = {
    "train": ("train", "training"),
    "test": ("test", "testing", "val", "valid", "validation"),
    "val": ("val", "valid", "validation", "dev"),
}
"""Which names stand for a split that the user asks for, in the order of preference."""

KINDS = {
    "train": ("train", "training", "trn", "trainset", "trainingset"),
    "test": ("test", "testing", "tst", "testset", "testingset"),
    "val": ("val", "valid", "validation", "dev", "valset", "validationset"),
    "unlabelled": ("pred", "prediction", "predict", "unlabeled", "unlabelled", "submission"),
}
WANTED = {"train": ("train",), "test": ("test", "val"), "val": ("val",)}
"""Which kinds of folders a split that the user asks for may be, in the order of preference."""

EXACT = {name: kind for kind, names in KINDS.items() for name in names if kind != "unlabelled"}


def exact_kind(name: str) -> str | None:
    """Return the kind of split that a name stands for, in upper or lower case.

    >>> exact_kind("Train"), exact_kind("valid"), exact_kind("train_station")
    ('train', 'val', None)
    """
    return EXACT.get(re.sub(r"[-_ .]?(?:set|[0-9]+)$", "", name.lower()))


def loose_kind(name: str) -> str | None:
    """Return the kind of split that one word of a name says; None where none does, or two do.

    >>> loose_kind("seg_train"), loose_kind("asl-alphabet-test"), loose_kind("train2017"), loose_kind("car")
    ('train', 'test', 'train', None)
    """
    words = set(re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))
    kinds = [kind for kind, names in KINDS.items() if words & set(names)]
    return kinds[0] if len(kinds) == 1 else None


def rest_of(name: str) -> str:
    """Return what is left of a name without the word that says its split: equal for the splits of one set.

    >>> rest_of("seg_train") == rest_of("seg_test"), rest_of("train") == rest_of("Test")
    (True, True)
    """
    every = {word for names in KINDS.values() for word in names}
    return " ".join(word for word in re.split(r"[^a-z0-9]+", name.lower()) if word.rstrip("0123456789") not in every)
