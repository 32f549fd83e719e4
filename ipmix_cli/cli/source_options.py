"""Options of the source: where it is, and how its pictures and labels are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ipmix_cli.sources.source import SourceSpec

PANEL = "What goes in"

DataDirOption = Annotated[
    str | None,
    typer.Option(
        help="Where named data sets are, or are downloaded to; of a list, the folder of its pictures.  "
        "[default: ~/.cache/ipmix/data]",
        rich_help_panel=PANEL,
    ),
]
InputFormatOption = Annotated[
    str | None, typer.Option(help="Kind of the source: {names}.  [default: auto-detected]", rich_help_panel=PANEL)
]
ImagesKeyOption = Annotated[
    str | None,
    typer.Option(
        help="Name of the pictures' array or column; in tars, the extension of the picture.", rich_help_panel=PANEL
    ),
]
LabelsKeyOption = Annotated[
    str | None,
    typer.Option(
        help="Name of the labels' array or column; in tars, the extension of the label, or folder.",
        rich_help_panel=PANEL,
    ),
]
LabelFieldOption = Annotated[
    str | None, typer.Option(help="Field of a WebDataset sample's JSON with the label.", rich_help_panel=PANEL)
]
LabelsStartOption = Annotated[
    int,
    typer.Option(help="Number of the first class: 1 if the labels start at 1.", min=0, rich_help_panel=PANEL),
]
LabelsAsOption = Annotated[
    str,
    typer.Option(
        help='What labels are: auto (one class; refuses "007"), numbers or names (one class), multilabel (several '
        "classes), real (numbers), text (captions).",
        rich_help_panel=PANEL,
    ),
]
LabelsSeparatorOption = Annotated[
    str | None, typer.Option(help="What stands between several labels in a cell of text.", rich_help_panel=PANEL)
]
UnlabelledOption = Annotated[
    bool, typer.Option("--unlabelled", help="Read and store no labels.", rich_help_panel=PANEL)
]
KeepOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD",
        help="Store this field of the source with each sample; several times, or with commas between.",
        rich_help_panel=PANEL,
    ),
]
ClassesFromOption = Annotated[
    str | None,
    typer.Option(
        help="Where the classes and their order come from: a folder of class folders, or a file of names.",
        rich_help_panel=PANEL,
    ),
]
SplitFolderOption = Annotated[
    str | None,
    typer.Option(help="Folder below --in whose subfolders are the classes; . is --in itself.", rich_help_panel=PANEL),
]
EmptyClassesOption = Annotated[
    str, typer.Option(help="What to do with empty class folders: refuse, keep or skip.", rich_help_panel=PANEL)
]
AlphaOption = Annotated[
    str,
    typer.Option(
        help="Transparent pictures: white (blend onto white) or drop (ignore the alpha channel).", rich_help_panel=PANEL
    ),
]
MaxPicturePixelsOption = Annotated[
    int | None,
    typer.Option(
        help="Refuse larger pictures before they are decoded.  [default: 89478485]", min=1, rich_help_panel=PANEL
    ),
]


def spec_of(options: Mapping[str, Any], source: str) -> SourceSpec:
    """Return what the options of a command line say about the source at a place."""
    from ipmix_cli.sources.source import SourceSpec

    known = {field.name: options[field.name] for field in dataclasses.fields(SourceSpec) if field.name in options}
    known["keep"] = tuple(name for item in options.get("keep") or () for name in item.split(",") if name)
    return SourceSpec(input=source, **known)
