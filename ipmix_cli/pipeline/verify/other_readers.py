"""Check that torchvision, Hugging Face, webdataset and h5py read the labels that the manifest means."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ipmix_cli.annotations import class_of
from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.output.finalize import card
from ipmix_cli.pipeline.output.manifest import CARD, Manifest
from ipmix_cli.pipeline.verify.problem import Problem
from ipmix_cli.shards.class_folders import folder_names
from ipmix_cli.shards.class_order import CLASS_FOLDERS, class_without_folder, distinct_names
from ipmix_cli.shards.corruption_folders import class_folder
from ipmix_cli.shards.shard import ShardView

CODE = "other-readers"
ANEW = "make the data set again with this version: ipmix augment --config OLD/manifest.json --out NEW"


def check_names(dataset: Dataset) -> Iterator[Problem]:
    """Yield what keeps other readers from reading the data set: no samples, odd names, empty shards in the card."""
    manifest = dataset.manifest
    if not manifest.samples:
        yield Problem(CODE, "it has no samples: no reader can open it", "check the source, and make it again")
        return
    lost = next((name for name in manifest.class_names if not _is_text(name)), None)
    if lost is not None:
        yield Problem(CODE, f"the class name {lost!r} is not UTF-8: readers of JSON and YAML refuse it", ANEW)
        return
    awkward = distinct_names(manifest.class_names) != list(manifest.class_names)
    if awkward or any(not shard.samples for shard in manifest.shards):
        wanted = card(manifest, manifest.shards)
        if dataset.folder.contents([CARD]).get(CARD) != wanted:
            message = "names classes twice, or shards without samples: Hugging Face's loader refuses it"
            yield Problem(CODE, f"its card {message}", ANEW, CARD)


def check_folders(dataset: Dataset, labels: Collection[int]) -> Iterator[Problem]:
    """Yield what would make ImageFolder number the classes differently, for samples with these labels."""
    if dataset.manifest.job.output.format not in CLASS_FOLDERS:
        return
    missing = class_without_folder(labels)
    if missing is not None:
        name = dataset.class_name(missing)
        message = f"the class {name!r} ({missing}) has no pictures: ImageFolder numbers later classes one lower"
        yield Problem(CODE, message, "make the data set again with --format hdf5 or webdataset")


def check_view(manifest: Manifest, view: ShardView) -> Iterator[str]:
    """Yield, in words, how a shard's classes differ from the manifest's for other readers."""
    stored = view.attributes.get("class_names")
    if stored is not None and len(stored) and list(stored) != list(manifest.class_names):
        yield "its attribute class_names is not the manifest's"
    if manifest.job.output.format in CLASS_FOLDERS and len(view):
        folders = folder_names(manifest.class_names)
        each = len(view.files()) // len(view)
        for position in range(len(view)):
            label = class_of(view.label(position))
            found = {class_folder(name) for name in view.files()[position * each : (position + 1) * each]}
            if 0 <= label < len(folders) and found != {folders[label]}:
                yield f"pictures of the class {label} lie in {', '.join(sorted(found))} instead of {folders[label]}"
                return


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
