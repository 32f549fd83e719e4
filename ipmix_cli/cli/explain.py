"""``ipmix explain``: how one copy came to be."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipmix_cli.cli.origin_options import DataDirOption, FractalsOption, SourceOption, moved_source
from ipmix_cli.cli.screen import folded, show
from ipmix_cli.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipmix_cli.pipeline.inspect.explain import CopyExplanation

WHAT = "What goes in"
OUTPUT = "What comes out"


def explain(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a finished data set.")],
    key: Annotated[str, typer.Option(help="The sample's key, or its name in the source.", rich_help_panel=WHAT)],
    copy: Annotated[
        str,
        typer.Option(help="Which copy: its number, starting at 0, or its name, such as fog.3.", rich_help_panel=WHAT),
    ] = "0",
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as data.", rich_help_panel=OUTPUT)] = False,
    arrays: Annotated[
        str | None, typer.Option(help="Write every stage as arrays: FILE.npz.", rich_help_panel=OUTPUT)
    ] = None,
    png: Annotated[
        str | None, typer.Option(help="Write the stages as pictures: STRIP.png.", rich_help_panel=OUTPUT)
    ] = None,
    source: SourceOption = None,
    data_dir: DataDirOption = None,
    fractals: FractalsOption = None,
) -> None:
    """Explain how one copy was made: its plan in words, as data, as arrays, or as pictures.

    The arrays are: clean, mixing (resized and cropped), chain{i}_step{j} after each step, mask{i}_{j} where a mask was
    used, partner{i}_{j} where the partner was an augmented copy, and out.

    Examples:
      ipmix explain shards --key 00000003 --copy 1
      ipmix explain shards --key 00000003 --copy 1 --json --arrays stages.npz --png strip.png
    """
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.pipeline.inspect.explain import trace
    from ipmix_cli.pipeline.output.dataset import open_dataset

    dataset = open_dataset(folder)
    number = dataset.manifest.job.output.numbers_of(copy)[0]
    origin = trace(dataset, key, number, Bars(as_json), moved_source(dataset, source, data_dir), fractals)
    if arrays is not None:
        write_arrays(origin, arrays)
    if png is not None:
        write_stages(origin, dataset.class_name(origin.sample.label), png)
    show(json.dumps(origin.to_dict(), indent=1) if as_json else words(origin, dataset.class_name))


def words(origin: CopyExplanation, class_name: Callable[[Any], str]) -> str:
    """Return the plan as lines for a person."""
    sample = origin.sample
    what = f"{origin.variant} of sample {sample.key}, {class_name(sample.label)}: {sample.source_key}"
    lines = [printable(what)]
    lines += origin.plan.describe()
    if not sample.copies:
        lines.append("this copy is not stored, but rendered when it is read")
    else:
        lines.append("the stored copy is this, to the byte" if origin.agrees else "THE STORED COPY IS NOT THIS")
    return "\n".join(folded(line, 5 if line.startswith(" ") else 2) for line in lines)


def write_arrays(origin: CopyExplanation, path: str) -> None:
    """Write all stages into one .npz."""
    import numpy as np

    from ipmix_cli.storage.folder import write_atomically

    buffer = io.BytesIO()
    np.savez(buffer, **origin.stages)  # type: ignore[arg-type]
    write_atomically(Path(path), buffer.getvalue())


def write_stages(origin: CopyExplanation, class_name: str, path: str) -> None:
    """Draw the stages row by row: of IPMix, what goes in, one row for each chain, and what comes out."""
    from ipmix_cli.pipeline.contact_sheet import save_picture
    from ipmix_cli.pipeline.inspect.stage_sheet import stage_sheet

    save_picture(stage_sheet(origin, class_name), path)
