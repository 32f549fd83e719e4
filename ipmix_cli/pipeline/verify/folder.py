"""Check everything but the shards: the manifest, the small files, and files that do not belong there."""

from __future__ import annotations

from collections.abc import Iterator

from ipmix_cli.pipeline.output.dataset import Dataset
from ipmix_cli.pipeline.output.indexing import is_index
from ipmix_cli.pipeline.output.manifest import MANIFEST, SECOND_COPY, FileRecord, Manifest
from ipmix_cli.pipeline.output.ownership import is_own
from ipmix_cli.pipeline.output.shard_records import SHARD_RECORDS
from ipmix_cli.pipeline.output.state import JOB, OWNER, read_state
from ipmix_cli.pipeline.verify.problem import Problem
from ipmix_cli.shards.npy_arrays import PIECES
from ipmix_cli.storage.temporary import PART


def check_folder(dataset: Dataset) -> Iterator[Problem]:
    """Yield problems of the manifest and the small files, and files that do not belong in the folder."""
    yield from _check_manifests(dataset)
    for file in dataset.manifest.files:
        try:
            if FileRecord.of(file.name, dataset.folder.read(file.name)) != file:
                yield Problem("file-damaged", "its content is not what was written", _repair(dataset), file.name)
        except OSError as error:
            yield Problem("file-missing", f"it cannot be read: {error.strerror}", _repair(dataset), file.name)
    yield from _check_others(dataset)


def _repair(dataset: Dataset) -> str:
    return f"type: ipmix repair {dataset.folder.location}"


def _check_manifests(dataset: Dataset) -> Iterator[Problem]:
    """Yield what is wrong with the two copies of the manifest: they hold the same bytes."""
    for name in (MANIFEST, SECOND_COPY):
        try:
            if Manifest.from_bytes(dataset.folder.read(name)) != dataset.manifest:
                yield Problem("manifest-damaged", "it is the manifest of another data set", _repair(dataset), name)
        except OSError as error:
            yield Problem("file-missing", f"it cannot be read: {error.strerror}", _repair(dataset), name)
        except ValueError as error:
            yield Problem("manifest-damaged", str(error), _repair(dataset), name)


def _check_others(dataset: Dataset) -> Iterator[Problem]:
    """Yield files that do not belong in the folder."""
    manifest, folder = dataset.manifest, dataset.folder
    known = {MANIFEST, SECOND_COPY, *(file.name for file in (*manifest.files, *manifest.shards))}
    pictures = _pictures(dataset)
    begun = read_state(folder).job
    extending = begun is not None and begun.extends(manifest.job)
    for name in folder.names():
        if name in known or name in (pictures or ()) or is_index(dataset, name):
            continue
        if pictures is None and is_own(name, manifest.job.split):
            continue  # a shard that lists its pictures is damaged: whose this one is cannot be told
        if extending and is_own(name, manifest.job.split):
            remedy = f"finish it; `ipmix status {folder.location}` names the command"
            yield Problem("shard-extra", "it belongs to an extension that is not finished", remedy, name)
        elif name.endswith(PART):
            remedy = "type the same `ipmix augment` command again: it clears such files away"
            yield Problem("shard-extra", "a temporary file of a killed run", remedy, name)
        elif name in (JOB, OWNER) or name.startswith((f"{SHARD_RECORDS}/", PIECES)):
            yield Problem("shard-extra", "left by a run that was killed or is still running", _repair(dataset), name)
        else:
            yield Problem(
                "shard-extra", "it does not belong to this data set", f"move it away: {folder.location}/{name}", name
            )


def _pictures(dataset: Dataset) -> set[str] | None:
    """Return the names of pictures that shards list; None where such a list is not what it was."""
    if dataset.one_file_a_shard:
        return set()
    try:
        if all(dataset.sha256(shard) == shard.sha256 for shard in dataset.manifest.shards):
            return set(dataset.pictures_of_shards())
    except OSError:
        pass
    return None
