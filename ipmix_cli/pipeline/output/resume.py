"""Which shards of a job are complete in its folder, which count as missing, and what a finished job leaves to clear."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ipmix_cli.errors import SourceError
from ipmix_cli.pipeline.job import Job, shard_bounds
from ipmix_cli.pipeline.output.manifest import Manifest, ShardRecord, shard_name
from ipmix_cli.pipeline.output.shard_records import NO_RECORD, SHARD_RECORDS, number_of, read_record, record_name
from ipmix_cli.pipeline.output.state import EARLIER_OWNER, JOB, OWNER, STATE, OutputState, is_owned_by, read_state
from ipmix_cli.record import MOST_BYTES
from ipmix_cli.shards.npy_arrays import PIECES, clear_pieces
from ipmix_cli.shards.writers import WRITERS, open_shard
from ipmix_cli.storage.folder import Folder, sha256_in
from ipmix_cli.storage.temporary import PART, is_stale


def committed(
    folder: Folder,
    job: Job,
    verify: bool = False,
    numbers: Collection[int] | None = None,
    state: OutputState | None = None,
) -> dict[int, ShardRecord]:
    """Return the records of the shards that are there and whole: by their size, and by sha256 with `verify`.

    With `numbers` only these shards are looked at: a task among many need not read what the others made. `state` is
    what the folder has just said of itself.
    """
    records = [record for record in _records(folder, job, numbers, state).values() if _belongs(record, job)]
    sizes = folder.sizes([record.name for record in records])
    there = (record for record in records if sizes.get(record.name) == record.bytes)
    return {record.number: record for record in there if _is_whole(folder, job, record, verify)}


def _is_whole(folder: Folder, job: Job, record: ShardRecord, verify: bool) -> bool:
    """Return whether a shard that has the recorded size has all its pictures, and with `verify` the recorded sha256."""
    try:
        if verify and sha256_in(folder, record.name) != record.sha256:
            return False
        return WRITERS[job.output.format].one_file or _pictures_are_there(folder, job, record, verify)
    except (OSError, SourceError):
        return False


def _pictures_are_there(folder: Folder, job: Job, record: ShardRecord, verify: bool) -> bool:
    """Return whether the pictures that a shard lists are there, and with `verify` to the byte."""
    path = folder.path(record.name)
    content = folder.read(record.name) if path is None else path
    with open_shard(job.output.format, content, f"{folder.location}/{record.name}") as view:
        if verify:
            return all(sample.checksum == sample.expected for sample in view)
        names = set(view.files())
        return names == folder.sizes(names).keys()


def _records(
    folder: Folder, job: Job, numbers: Collection[int] | None, state: OutputState | None
) -> dict[int, ShardRecord]:
    """Return the records that workers have left, and of the other shards those that the manifest holds.

    If the folder was not finished before, the manifest is read last: what a run beside this one clears away meanwhile
    stands in it by then.
    """
    left = _left_by_workers(folder, job, numbers)
    manifest = state.sealed(job) if state is not None else None
    if manifest is None:
        manifest = read_state(folder).sealed(job)
    listed = {} if manifest is None else {record.number: record for record in manifest.shards}
    wanted = listed.keys() | left.keys() if numbers is None else numbers
    found = {number: left.get(number, listed.get(number)) for number in wanted}
    return {number: record for number, record in found.items() if record is not None}


def _left_by_workers(folder: Folder, job: Job, numbers: Collection[int] | None) -> dict[int, ShardRecord | None]:
    """Return the records that workers have left, by their shards; None for one that counts for no shard of the job."""
    names = folder.names(SHARD_RECORDS) if numbers is None else [record_name(number) for number in numbers]
    digest = job.digest()
    contents = folder.contents([name for name in names if name.endswith(".json")], MOST_BYTES)
    return {number_of(name): read_record(content, digest) for name, content in contents.items()}


def _belongs(record: ShardRecord, job: Job) -> bool:
    bounds = shard_bounds(job)
    return (
        0 <= record.number < len(bounds)
        and (record.first, record.stop) == bounds[record.number]
        and record.name == shard_name(job, record.number)
    )


def invalidate(folder: Folder, numbers: Collection[int]) -> None:
    """Let shards count as missing until they are made again, even if a finished folder's manifest lists them.

    The manifest itself stays where it is: it is replaced when they are made.
    """
    for number in numbers:
        folder.write(record_name(number), NO_RECORD)


def clear_state(folder: Folder, manifest: Manifest | None = None) -> None:
    """Remove what only an unfinished job needs: records of shards, pieces of arrays, the owner's and temporary files.

    Those of living processes too: they belong to runs of this same job, which write them again where they miss them.
    With the `manifest` that has just been written, what such a run has marked or recorded since stays for it to finish.
    """
    state = folder.names(STATE)
    names = [name for name in state if name.startswith(f"{SHARD_RECORDS}/")]
    later = _later(folder, names, manifest) if manifest is not None else set()
    folder.remove(*(name for name in names if name not in later))
    owner = [name for name in (EARLIER_OWNER, OWNER, JOB) if name in state]
    if owner and not later and (manifest is None or is_owned_by(folder, manifest.job.digest())):
        folder.remove(*owner)
    if not later and any(name.startswith(PIECES) for name in state):
        clear_pieces(folder)
    folder.remove(*_temporary(folder))


def _later(folder: Folder, names: Collection[str], manifest: Manifest) -> set[str]:
    """Return the names of marks, and of records that are not those of the manifest."""
    digest, listed = manifest.job.digest(), {None, *manifest.shards}
    contents = folder.contents(names, MOST_BYTES).items()
    return {name for name, content in contents if content == NO_RECORD or read_record(content, digest) not in listed}


def clear_stale(folder: Folder) -> None:
    """Remove the temporary files of runs that are dead; those of a run beside this one stay."""
    for name in _temporary(folder):
        path = folder.path(name)
        if path is not None and is_stale(path):
            folder.remove(name)


def _temporary(folder: Folder) -> Iterable[str]:
    if folder.path(PART) is None:  # objects appear whole: a store has no temporary files
        return []
    return [name for name in folder.names() if name.endswith(PART)]
