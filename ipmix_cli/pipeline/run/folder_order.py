"""Whether class folders will tell torchvision's ImageFolder the labels of the manifest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipmix_cli.errors import UsageError
from ipmix_cli.shards.class_order import CLASS_FOLDERS, class_without_folder
from ipmix_cli.sources.class_summary import START_AT_ONE, seems_to_start_at_one
from ipmix_cli.sources.source import Source


def check_folder_order(source: Source, output_format: str, limit: int | None, failed: Sequence[int] = ()) -> None:
    """Refuse class folders that torchvision's ImageFolder would number otherwise than the manifest: one is lacking.

    Parameters
    ----------
    source : Source
    output_format : str
    limit : int, optional
        Number of pictures used, from the first on.
    failed : sequence of int
        Pictures that were left out.

    Raises
    ------
    UsageError
        Naming the class without pictures.
    """
    if output_format not in CLASS_FOLDERS or source.annotations.labels != "class":
        return
    labels = np.delete(source.labels[:limit], failed)
    missing = class_without_folder(set(labels.tolist()))
    if missing is not None:
        raise UsageError(
            f"the class {source.class_names[missing]!r} ({missing}) has no pictures to go into its folder, and "
            "ImageFolder would number every later class one lower",
            _remedy(source),
        )


def _remedy(source: Source) -> str:
    keep = "give --format hdf5 or webdataset, which keep the labels"
    if seems_to_start_at_one(source.labels, source.class_names):
        return f"{START_AT_ONE}; otherwise {keep}"
    return f"{keep}; or leave the class out: --empty-classes skip"
