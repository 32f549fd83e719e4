"""``ipmix status``: what is done, missing or failed, and how to continue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.screen import show
from ipmix_cli.printable import counted, printable, ranges

if TYPE_CHECKING:
    from ipmix_cli.pipeline.inspect.status import Status

MOST_SHOWN = 10


def status(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder that `ipmix augment --out` names.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show how far a data set is, and how to continue; also while a job is running.

    It exits with 0 if the data set is finished, and with 4 if something is missing.

    Examples:
      ipmix status shards
      ipmix status shards --json
    """
    from ipmix_cli.pipeline.inspect.status import status as run

    found = run(folder)
    show(json.dumps(found.to_dict(), indent=1) if as_json else table(found))
    if not found.finished:
        raise typer.Exit(4)


def table(found: Status) -> str:
    """Return the status as lines for a person."""
    lines = [
        f"{'shards':<12}{found.done:,} of {found.shards:,}, {found.bytes_done:,} bytes",
        f"{'samples':<12}{found.samples_done:,} of {found.samples:,}",
    ]
    if found.missing:
        lines.append(f"{'missing':<12}{counted(len(found.missing), 'shard')}: {ranges(found.missing)}")
    if found.damaged:
        many = counted(len(found.damaged), "shard")
        lines.append(f"{'damaged':<12}{many} of another size than recorded: {_first(found.damaged)}")
    if found.failed:
        lines.append(f"{'failed':<12}{counted(len(found.failed), 'picture')} could not be read:")
        lines += [
            f"{'':<12}{printable(failure.source_key)}: {printable(failure.reason)}"
            for failure in found.failed[:MOST_SHOWN]
        ]
    if found.being_written:
        lines.append(f"{'running':<12}{counted(found.being_written, 'file')} being written on this machine")
    lines.append("finished" if found.finished else "UNFINISHED" if not found.finalized else "INCOMPLETE")
    lines.append(f"{'next' if found.finished else 'to go on'}: {printable(found.remedy)}")
    return "\n".join(lines)


def _first(names: tuple[str, ...]) -> str:
    return printable(", ".join(names[:MOST_SHOWN])) + (", ..." if len(names) > MOST_SHOWN else "")
