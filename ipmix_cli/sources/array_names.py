"""What people call their arrays of pictures and of labels."""

from __future__ import annotations

from collections.abc import Collection

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.source import SourceSpec
from ipmix_cli.sources.split_names import SPLIT_NAMES

SPLIT_PAIRS = (
    ("x_{}", "y_{}"),
    ("X_{}", "y_{}"),
    ("X_{}", "Y_{}"),
    ("{}_images", "{}_labels"),
    ("{}_x", "{}_y"),
    ("{}/images", "{}/labels"),
    ("{}/image", "{}/label"),
)
PAIRS = (
    ("images", "labels"),
    ("image", "label"),
    ("clean", "label"),
    ("x", "y"),
    ("X", "y"),
    ("X", "Y"),
    ("data", "labels"),
    ("data", "label"),
    ("data", "targets"),
    ("data", "target"),
    ("arr_0", "arr_1"),
)


def choose_arrays(names: Collection[str], spec: SourceSpec, where: str) -> tuple[str, str | None]:
    """Return the names of the pictures' and the labels' array: the user's, or the usual ones.

    Without labels (``--unlabelled``) the second one is None.

    Raises
    ------
    SourceError
        Listing the arrays that there are.
    """
    if spec.unlabelled:
        return _pictures_alone(names, spec, where), None
    pairs = [(spec.images_key, spec.labels_key)] if spec.images_key and spec.labels_key else _pairs(spec)
    for images, labels in pairs:
        if (spec.images_key or images) in names and (spec.labels_key or labels) in names:
            return str(spec.images_key or images), str(spec.labels_key or labels)
    there = ", ".join(sorted(names)[:20]) or "nothing"
    raise SourceError(
        f"{where} has no pair of arrays with a usual name of pictures and labels of the {spec.split} split; "
        f"it has: {there}",
        "name them with --images-key NAME --labels-key NAME",
    )


def _pictures_alone(names: Collection[str], spec: SourceSpec, where: str) -> str:
    usual = [spec.images_key] if spec.images_key else [str(images) for images, _ in _pairs(spec)]
    found = next((name for name in usual if name in names), None)
    if found is None:
        there = ", ".join(sorted(names)[:20]) or "nothing"
        raise SourceError(
            f"{where} has no array of pictures with a usual name; it has: {there}", "name it with --images-key NAME"
        )
    return found


def _pairs(spec: SourceSpec) -> list[tuple[str | None, str | None]]:
    split = SPLIT_NAMES.get(spec.split, (spec.split,))
    named: list[tuple[str | None, str | None]] = [
        (images.format(name), labels.format(name)) for name in split for images, labels in SPLIT_PAIRS
    ]
    return named + list(PAIRS if spec.split == "train" else ())
