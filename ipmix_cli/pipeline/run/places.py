"""Where the source and the mixing pictures of a job are, as records name it; records may not name the network."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ipmix_cli.errors import UsageError
from ipmix_cli.pipeline.run.builtin_bank import BUILTIN
from ipmix_cli.sources.cifar.cifar import must_be_downloaded
from ipmix_cli.sources.source import Source, SourceSpec
from ipmix_cli.storage.object_store import is_remote


def check_recorded_place(spec: SourceSpec) -> None:
    """Refuse a path that only a record names if it is not on this machine: records may be forged.

    Raises
    ------
    UsageError
        Asking for the place on the command line.
    """
    for option, place in (("--source", spec.input), ("--data-dir", spec.data_dir or "")):
        if is_remote(place):
            raise UsageError(
                f"the record gives the source's location as {place}, and ipmix does not use the network because a "
                "record says so",
                f"if you trust it, name it yourself: {option} {place}",
            )


def check_recorded_name(spec: SourceSpec, option: str = "--source") -> None:
    """Refuse to download a published data set that only a record names; `option` is how the command line names it.

    Raises
    ------
    UsageError
        If it is not on this machine.
    """
    if must_be_downloaded(spec):
        raise UsageError(
            f"the record says that the source is {spec.input}, which is not on this machine, and ipmix does "
            "not use the network because a record says so",
            f"say where it is with --data-dir, or name it yourself to download it: {option} {spec.input}",
        )


def lasting_source(spec: SourceSpec, source: Source) -> dict[str, Any]:
    """Return the spec in a form that finds the source again from any working folder."""
    named = source.location == spec.input or spec.data_dir is not None
    place = str(absolute_path(spec.input)) if Path(spec.input).exists() else source.location
    found = dataclasses.replace(absolute_files(spec), input=spec.input if named else place)
    return found.to_dict()


def absolute_files(spec: SourceSpec) -> SourceSpec:
    """Return a spec whose folders and files are absolute paths."""
    return dataclasses.replace(
        spec, data_dir=absolute_path(spec.data_dir), classes_from=absolute_path(spec.classes_from)
    )


def lasting_bank(fractals: str) -> str:
    """Return the location of a bank as an absolute path, unless it is the built-in one."""
    return fractals if fractals == BUILTIN else str(absolute_path(fractals))


def absolute_path(path: str | None) -> str | None:
    """Return a path as an absolute one; None stays None."""
    return None if path is None else str(Path(path).expanduser().absolute())
