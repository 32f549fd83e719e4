"""The dataset card: README.md of a data set, with what Hugging Face needs to load it and how others read it.

It states every feature, so that nothing is guessed from the first shard, and no clock time, so that equal jobs give
equal cards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ipmix_cli.annotations import LABEL, Column, columns
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.frames import sequences_in
from ipmix_cli.shards.card_header import Flow, Quoted, front_matter
from ipmix_cli.shards.class_folders import folder_names
from ipmix_cli.shards.class_order import distinct_names
from ipmix_cli.shards.parquet.builder import columns_of, element_of
from ipmix_cli.shards.reading_code import FOLDER, reading_code
from ipmix_cli.shards.shard import ShardSettings

Feature = dict[str, Any]
"""One feature as Hugging Face's dataset_info has it."""

SHARD_SUFFIXES = {"hdf5": ".h5", "webdataset": ".tar", "parquet": ".parquet"}
"""The formats whose shards Hugging Face loads, each a file."""

INTEGERS = ("index", "source_index", "crop")
MOST_NAMED = 10_000  # classes whose names Hugging Face's loader is told; more would make a card of megabytes


TASKS = {
    "class": "image-classification",
    "multilabel": "image-classification",
    "none": "image-feature-extraction",
    "real": "other",
    "text": "image-to-text",
}
"""Hugging Face's names of what a data set is for, by the kind of its labels."""


class Maker(NamedTuple):
    """What the card says of the method.

    Parameters
    ----------
    title, credit : str
        Its name, and its name and source.
    purpose : str
        What the data set is for.
    made : str
        What was done to the pictures: ``augmented`` or ``corrupted``.
    """

    title: str
    credit: str
    purpose: str
    made: str


def dataset_card(
    output: ShardSettings,
    class_names: Sequence[str],
    split: str,
    shards: Sequence[tuple[str, int]],
    size: tuple[int, int] | None,
    maker: Maker,
) -> str:
    """Return the card of a data set.

    Parameters
    ----------
    output : ShardSettings
    class_names : sequence of str
    split : str
        The name that the shards begin with.
    shards : sequence of (str, int)
        The name of each and how many samples it has; Hugging Face's loader refuses one without any.
    size : (int, int), optional
        Height and width of every picture, where they have one.
    maker : Maker
        What made the copies.
    """
    task = TASKS[output.annotations.labels]
    header: dict[str, Any] = {"task_categories": [task], "tags": ["ipmix", "data-augmentation"]}
    if output.format in FEATURES and not (output.format == "folders" and sequences_in(output.variants)):
        header |= _loading(output, class_names, (split, shards), size)
    samples = sum(count for _, count in shards)
    lines = ["", *_description(output, class_names, samples, size, maker), *_reading(output, split), ""]
    return front_matter(header) + "\n".join(lines)


def _loading(
    output: ShardSettings,
    class_names: Sequence[str],
    shards: tuple[str, Sequence[tuple[str, int]]],
    size: tuple[int, int] | None,
) -> dict[str, Any]:
    """Return what Hugging Face's loader is told of the files and their features; `shards` has the split's name too."""
    split, counts = shards
    path: Any = Quoted(data_files(output, split))
    if output.format in SHARD_SUFFIXES and not all(samples for _, samples in counts):
        path = [Quoted(name) for name, samples in counts if samples]
    files = [{"split": split, "path": path}]
    return {
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {
            "config_name": "default",
            "features": FEATURES[output.format](output, class_names, size),
        },
    }


def data_files(output: ShardSettings, split: str) -> str:
    """Return the pattern of the files that Hugging Face loads."""
    suffix = CODECS[output.encoding].suffix
    patterns = {name: f"{split}-*{end}" for name, end in SHARD_SUFFIXES.items()}
    patterns["folders"] = f"*/*/*/*.{suffix}"
    return patterns.get(output.format, f"{split}/*/*.{suffix}")


def hdf5_features(output: ShardSettings, class_names: Sequence[str], size: tuple[int, int] | None) -> list[Feature]:
    """Return the features of HDF5 shards."""
    features = [_plain(name, "int64") for name in INTEGERS]
    features += [_plain("key", "string"), _plain("source_key", "string"), _plain("checksum", "uint64")]
    features += _annotation_features(output, class_names)
    if output.mixed:
        features += [{"name": "second_label", "list": "int64"}, {"name": "label_weight", "list": "float64"}]
    if output.soft_labels:
        features.append(_array("soft_label", (output.copies, len(class_names)), "float32"))
    if output.encoding != "raw":
        names = [*(["clean"] if output.clean else []), *(f"aug{number}" for number in range(output.stored_copies))]
        sizes = {"name": "size", "list": "int32", "length": 2}
        return [*features, sizes, *({"name": name, "list": "uint8"} for name in names)]
    height, width = size or (0, 0)
    if output.clean:
        features.append(_array("clean", (height, width, output.channels)))
    if output.stored_copies:
        features.append(_array("aug", (output.copies, height, width, output.channels)))
    return features


def webdataset_features(output: ShardSettings, class_names: Sequence[str], _size: object) -> list[Feature]:
    """Return the features of tars."""
    suffix = CODECS[output.encoding].suffix
    pictures = [suffix]
    if output.layout == "grouped":
        pictures = [f"aug{number}.{suffix}" for number in range(output.stored_copies)]
        pictures = [f"clean.{suffix}", *pictures] if output.clean else pictures
    spec = output.annotations
    classes, label = spec.labels == "class", [column for column in columns(spec) if column.name == LABEL]
    fields = dict.fromkeys((*INTEGERS, *(["label"] if classes else []), "copies", "seed", "height", "width"), "int64")
    fields |= dict.fromkeys(("key", *(["class"] if classes else []), "source_key", "checksum"), "string")
    if output.layout == "flat":
        fields["copy"] = "int64"
    struct: list[Feature] = [_plain(name, kind) for name, kind in fields.items()]
    if output.mixed:
        struct += [{"name": "second_labels", "list": "int64"}, {"name": "label_weights", "list": "float64"}]
    if output.soft_labels:
        struct.append({"name": "soft_labels", "list": {"list": "float32"}})
    struct += [] if classes else [_json_column(column) for column in label]
    kept = [_json_column(column) for column in columns(spec) if column not in label]
    struct += [{"name": "kept", "struct": kept}] if kept else []
    beside = {"class": [_label("cls", class_names)], "text": [_plain("txt", "string")]}.get(spec.labels, [])
    ends = [_plain("__key__", "string"), _plain("__url__", "string")]
    return [*(_plain(name, "image") for name in pictures), *beside, {"name": "json", "struct": struct}, *ends]


def parquet_features(output: ShardSettings, class_names: Sequence[str], _size: object) -> list[Feature]:
    """Return the features of Parquet shards, which state them too."""
    features = []
    for column in columns_of(output, len(class_names)):
        kind, depth = element_of(column)
        nested = {"list": {"list": kind}} if depth > 1 else {"list": kind} if depth else {"dtype": kind}
        features.append({"name": column.name, **nested})
    if output.annotations.labels != "class":
        return features
    return [_label("label", class_names) if feature["name"] == "label" else feature for feature in features]


def files_features(_output: object, class_names: Sequence[str], _size: object) -> list[Feature]:
    """Return the features of class folders; there the names of the folders are the classes."""
    return [_plain("image", "image"), _label("label", folder_names(class_names))]


FEATURES = {
    "hdf5": hdf5_features,
    "webdataset": webdataset_features,
    "parquet": parquet_features,
    "files": files_features,
    "folders": files_features,
}


def _annotation_features(output: ShardSettings, class_names: Sequence[str]) -> list[Feature]:
    """Return the features of the label, if there is one, and of the kept fields, as arrays have them."""
    if output.annotations.labels == "class":
        return [_label("label", class_names), *map(_array_column, columns(output.annotations)[1:])]
    return [_array_column(column) for column in columns(output.annotations)]


def _array_column(column: Column) -> Feature:
    if len(column.shape) == 1:
        return {"name": column.name, "list": column.dtype, "length": column.shape[0]}
    if column.shape:
        kind = {"shape": Flow(column.shape), "dtype": column.dtype}
        return {"name": column.name, "dtype": {f"array{len(column.shape)}_d": kind}}
    return _plain(column.name, "string" if column.dtype == "json" else column.dtype)


def _json_column(column: Column) -> Feature:
    """Return the feature of a column whose values are JSON's numbers, text, or nested lists of numbers."""
    feature: Any = {"json": "string", "uint8": "int64"}.get(column.dtype, column.dtype)
    if not column.shape:
        return _plain(column.name, feature)
    for _ in column.shape[1:]:
        feature = {"list": feature}
    return {"name": column.name, "list": feature}


def _plain(name: str, kind: str) -> Feature:
    return {"name": name, "dtype": kind}


def _array(name: str, shape: tuple[int, ...], kind: str = "uint8") -> Feature:
    return {"name": name, "dtype": {f"array{len(shape)}_d": {"shape": Flow(shape), "dtype": kind}}}


def _label(name: str, class_names: Sequence[str]) -> Feature:
    """Return a feature of named classes; names are quoted, so that "no" stays a string."""
    if not 0 < len(class_names) <= MOST_NAMED:
        return _plain(name, "int64")
    names = {str(number): Quoted(text) for number, text in enumerate(distinct_names(class_names))}
    return {"name": name, "dtype": {"class_label": {"names": names}}}


def _description(
    output: ShardSettings, class_names: Sequence[str], samples: int, size: tuple[int, int] | None, maker: Maker
) -> list[str]:
    pictures = "of several sizes" if size is None else f"of {size[1]}x{size[0]} pixels"
    clean = "the clean picture and " if output.clean else ""
    if output.store == "plans":
        clean = "the clean picture, from which readers make "
    copies = f"{output.copies} {'frames' if sequences_in(output.variants) else 'copies'}"
    layout = f", {output.layout}" if output.format == "webdataset" else ""
    labels = _labels(output, class_names)
    lossy = "" if CODECS[output.encoding].lossless else f", quality {output.quality}: lossy"
    return [
        f"# {maker.title} {maker.purpose}",
        "",
        f"{samples} samples {pictures}, {labels}. Each sample holds {clean}{copies} of",
        f"it, {maker.made} by {maker.credit} and made beforehand by `ipmix`. The settings, and the",
        "sha256 of every file, are in `manifest.json`; `ipmix explain` tells how any copy came to be.",
        "",
        f"Format: {output.format}{layout}; encoding: {output.encoding}{lossy}; seed of the job: {output.seed}.",
        "",
    ]


def _labels(output: ShardSettings, class_names: Sequence[str]) -> str:
    """Return what the labels are, in words."""
    spec = output.annotations
    kept = f", with {', '.join(field.name for field in spec.fields)}" if spec.fields else ""
    if spec.labels == "real":
        return f"{spec.length or 1} real number{'' if spec.length in (None, 1) else 's'} as target{kept}"
    words = {"none": "no labels", "text": "captions"}
    several = f"any number of {len(class_names)} classes" if spec.labels == "multilabel" else ""
    return words.get(spec.labels, several or f"{len(class_names)} classes") + kept


def _reading(output: ShardSettings, split: str) -> list[str]:
    lines = ["## Reading it"]
    for title, code in reading_code(output, split, FOLDER).items():
        lines += ["", f"### {title}", "", "```python", *code.splitlines(), "```"]
    return lines
