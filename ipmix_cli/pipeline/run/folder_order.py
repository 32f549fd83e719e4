"""Whether class folders will tell torchvision's ImageFolder the labels of the manifest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipmix_cli.errors import UsageError
from ipmix_cli.pipeline.run.prepare import OpenJob
from ipmix_cli.shards.class_order import CLASS_FOLDERS, class_without_folder


def check_folder_order(opened: OpenJob, failed: Sequence[int] = ()) -> None:
    """Refuse class folders that torchvision's ImageFolder would number otherwise than the manifest: one is lacking.

    Parameters
    ----------
    opened : OpenJob
    failed : sequence of int
        Pictures that were left out.

    Raises
    ------
    UsageError
        Naming the class without pictures.
    """
    if opened.job.output.format not in CLASS_FOLDERS:
        return
    labels = np.delete(opened.source.labels[: opened.job.pictures], failed)
    missing = class_without_folder(set(labels.tolist()))
    if missing is not None:
        raise UsageError(
            f"the class {opened.class_names[missing]!r} ({missing}) has no pictures to go into its folder, and "
            "ImageFolder would number every later class one lower",
            "give --format hdf5 or webdataset, which keep the labels; or leave the class out: --empty-classes skip",
        )
