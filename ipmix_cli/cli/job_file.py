"""A job's file: TOML with the options' own names, or the manifest of a finished data set."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ipmix_cli.cli.paths import plain_path
from ipmix_cli.errors import UsageError
from ipmix_cli.record import MOST_BYTES, SMALL_BYTES, RecordError, check_values

if TYPE_CHECKING:
    from ipmix_cli.pipeline.job import Job

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_config(path: str) -> dict[str, Any]:
    """Return the options that a file holds: TOML, or the manifest of a data set.

    Raises
    ------
    UsageError
        If it is neither.
    """
    content = _content(path)
    if content.lstrip().startswith(b"{"):
        return read_manifest_options(path, content)
    try:
        if len(content) > SMALL_BYTES:
            raise RecordError(f"it has {len(content)} bytes, more than the {SMALL_BYTES} that such a file has")
        options = tomllib.loads(content.decode())
        check_values(options)
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or numbers of thousands of digits
        raise UsageError(f"{path} is not TOML with options: {error}", "write lines such as: copies = 8") from error
    return options


def _content(path: str) -> bytes:
    from ipmix_cli.storage.regular_file import read_regular

    try:
        return read_regular(plain_path(path), MOST_BYTES)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "name a job.toml, or a manifest.json") from error


def read_manifest_options(path: str, content: bytes) -> dict[str, Any]:
    """Return the options of `ipmix augment` that make the same data set again."""
    from ipmix_cli.pipeline.output.manifest import Manifest
    from ipmix_cli.pipeline.run.recorded_job import options_of

    try:
        return options_of(Manifest.from_bytes(content))
    except ValueError as error:
        raise UsageError(
            f"{path} is not a manifest of a data set, or is damaged: {error}",
            "name the manifest.json of a finished data set, or its second copy, .ipmix/manifest.json",
        ) from error


def recorded_job(path: str | None) -> Job | None:
    """Return the job of a manifest that ``--config`` names; None for TOML, and without the option."""
    from ipmix_cli.pipeline.output.manifest import Manifest

    content = b"" if path is None else _content(path)
    return Manifest.from_bytes(content).job if content.lstrip().startswith(b"{") else None
