"""``ipmix index``: the indexes that wids and DALI need next to the tars."""

from __future__ import annotations

from typing import Annotated

import typer

from ipmix_cli.cli.screen import show


def index(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a finished data set of tars.")],
    kind: Annotated[str, typer.Option(help="wids (wids.json) or dali (one .idx for each tar).")] = "wids",
) -> None:
    """Write an index that wids or NVIDIA DALI needs next to the tars; other readers need none.

    Examples:
      ipmix index shards
      ipmix index shards --kind dali
    """
    from ipmix_cli.pipeline.output.dataset import open_dataset
    from ipmix_cli.pipeline.output.indexing import indexes

    dataset = open_dataset(folder)
    names = []
    for name, content in indexes(dataset, kind):
        dataset.folder.write(name, content)
        names.append(name)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    show(f"wrote {names[0]}{more} into {folder}")
