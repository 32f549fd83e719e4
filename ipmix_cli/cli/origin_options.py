"""Options for the present location of what a data set was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipmix_cli.pipeline.output.dataset import Dataset
    from ipmix_cli.sources.source import SourceSpec

PANEL = "What it was made from, if that has moved"

SourceOption = Annotated[str | None, typer.Option("--source", help="Where the source is now.", rich_help_panel=PANEL)]
DataDirOption = Annotated[
    str | None, typer.Option("--data-dir", help="Where the named data set is now.", rich_help_panel=PANEL)
]
FractalsOption = Annotated[str | None, typer.Option("--fractals", help="Where the bank is now.", rich_help_panel=PANEL)]


def moved_source(dataset: Dataset, source: str | None, data_dir: str | None) -> SourceSpec | None:
    """Return the data set's source with the places that the user gave; None where none was given."""
    import dataclasses

    from ipmix_cli.pipeline.run.places import check_recorded_name, check_recorded_place
    from ipmix_cli.sources.source import SourceSpec

    if source is None and data_dir is None:
        return None
    before = SourceSpec(**dataset.manifest.places.source)
    check_recorded_place(dataclasses.replace(before, **{"input": ""} if source else {"data_dir": None}))
    if source is None:
        check_recorded_name(dataclasses.replace(before, data_dir=data_dir))
    return dataclasses.replace(before, input=source or before.input, data_dir=data_dir or before.data_dir)
