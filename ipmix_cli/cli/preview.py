"""``ipmix preview``: look at what a data set holds."""

from __future__ import annotations

from typing import Annotated

import typer

from ipmix_cli.cli.screen import show

WHAT = "What goes in"
OUTPUT = "What comes out"


def preview(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a finished data set.")],
    out: Annotated[str, typer.Option("--out", help="The picture, such as sheet.png.", rich_help_panel=OUTPUT)],
    rows: Annotated[int, typer.Option(help="Number of samples.", min=1, max=200, rich_help_panel=WHAT)] = 8,
    keys: Annotated[
        str | None,
        typer.Option(help="Show these samples: keys or names in the source, comma-separated.", rich_help_panel=WHAT),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random choice of samples.", min=0, rich_help_panel=WHAT)] = 0,
    most_copies: Annotated[
        int, typer.Option("--most-copies", help="Copies of each sample to show.", min=1, rich_help_panel=WHAT)
    ] = 10,
    variants: Annotated[
        str | None,
        typer.Option(
            help="Write only these copies: numbers, names such as fog.3, or corruptions, comma-separated.",
            rich_help_panel=WHAT,
        ),
    ] = None,
) -> None:
    """Draw samples as rows: the clean picture, then its copies, with the class names.

    Examples:
      ipmix preview shards --out sheet.png
      ipmix preview shards --out sheet.png --keys 00000003,00000017
      ipmix preview photos-c --out fog.png --variants fog,snow.5
    """
    from ipmix_cli.pipeline.contact_sheet import contact_sheet, save_picture
    from ipmix_cli.pipeline.output.dataset import chosen_numbers, open_dataset
    from ipmix_cli.pipeline.run.rendered import shown_pictures

    dataset = open_dataset(folder)
    if keys is None:
        samples = [dataset.at(number) for number in chosen_numbers(dataset.manifest.samples, rows, seed)]
    else:
        samples = [dataset.find(key.strip()) for key in keys.split(",") if key.strip()]
    output = dataset.manifest.job.output
    shown = range(min(most_copies, output.copies)) if variants is None else output.numbers_of(variants)
    pictures = []
    for sample in samples:
        clean, copies = shown_pictures(dataset, sample, max(shown) + 1)
        pictures.append([*([] if clean is None else [clean]), *(copies[number] for number in shown)])
    names = [f"{dataset.class_name(sample.label)}\n{sample.key}" for sample in samples]
    clean_head = ["clean"] if output.clean else []
    heads = [*clean_head, *(output.variant(number) for number in shown)]
    save_picture(contact_sheet(pictures, names, heads), out)
    show(f"{len(samples)} samples in {out}")
