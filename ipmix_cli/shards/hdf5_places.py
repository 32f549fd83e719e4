"""Where pictures lie in an HDF5 shard: raw arrays by a few numbers, encoded pictures one by one.

Of the file only what is needed is read, which for raw arrays is the shard's skeleton: a millisecond a shard.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from ipmix_cli.codecs.codecs import REMEDY
from ipmix_cli.errors import SourceError
from ipmix_cli.hdf5.safety import array, explained, open_file
from ipmix_cli.shards.hdf5_view import HDF5View
from ipmix_cli.shards.places import CLEAN, Places, RegularExtents


def hdf5_places(path: Path, location: str) -> Places | None:
    """Return where the pictures of a shard lie, or None if they are compressed.

    Raises
    ------
    SourceError
        If it is damaged, or no shard.
    """
    with explained(location):
        with open_file(path) as file:
            encoded = "aug" not in file and ("aug0" in file or "size" in file)
            if not encoded:
                return _raw_places(file, location)
        with HDF5View(path, location) as view:
            return view.places()


def _raw_places(file: h5py.File, location: str) -> Places | None:
    arrays = {name: array(file, name, location) for name in ("aug", "clean") if name in file}
    indices = array(file, "index", location)
    labels = array(file, "label", location) if "annotations" not in file.attrs else indices  # others are read by views
    shapes = {name: column.shape for name, column in arrays.items()}
    samples, *picture = shapes.get("clean", (shapes.get("aug", ())[:1] + shapes.get("aug", ())[2:]) or (0,))
    copies = shapes["aug"][1] if "aug" in shapes else 0
    sound = len(picture) == 3 and picture[2] in {1, 3} and shapes.get("aug") in {None, (samples, copies, *picture)}
    sound = sound and labels.shape == indices.shape == (samples,) and labels.dtype == indices.dtype == np.int64
    if not sound or any(column.dtype != np.uint8 for column in arrays.values()):
        raise SourceError(f"{location} is not a shard of ipmix: its arrays do not fit together", REMEDY)
    if any(column.chunks is not None for column in arrays.values()):
        return None
    length = int(np.prod(picture))
    offsets = {name: column.id.get_offset() or 0 for name, column in arrays.items()}
    starts = {copy: offsets.get("aug", 0) + copy * length for copy in range(copies)}
    steps = dict.fromkeys(range(copies), copies * length)
    if "clean" in arrays:
        starts[CLEAN], steps[CLEAN] = offsets["clean"], length
    size = np.array(picture[:2], np.int32)
    return Places(
        np.asarray(labels[:]),
        np.asarray(indices[:]),
        np.broadcast_to(size, (samples, 2)),
        RegularExtents(starts, steps, length, samples),
        copies,
    )
