"""Each kind of shard: built from copies in memory, and written to the disk with fsync.

Building is compared with copying the shard's raw pixels in memory, writing with writing as many bytes to one file with
fsync; these two are timed by the clock on the wall. "of raw" is the shard's size over that of its copies' pixels.
Class folders hold a file for each picture, and flush each: hence their distance from writing one file.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.material import Pixels, copies, pictures
from benchmarks.setting import Setting
from benchmarks.table import micro, row, times
from benchmarks.timing import by_turns, ratio, typical
from ipmix_cli.picture import Bytes
from ipmix_cli.pipeline.run.worker import CHUNK_BYTES, write_files
from ipmix_cli.shards.shard import ShardSample, ShardSettings
from ipmix_cli.shards.writers import WRITERS
from ipmix_cli.storage.folder import LocalFolder

SHARDS = {32: (1000, 10), 224: (80, 4)}  # pictures, copies of each: some 30 to 60 MB
FEW = 5  # pictures in class folders
FORMS: dict[str, dict[str, Any]] = {
    "hdf5, raw": {"format": "hdf5", "encoding": "raw"},
    "hdf5, lzf": {"format": "hdf5", "encoding": "raw", "compression": "lzf"},
    "hdf5, png": {"format": "hdf5", "encoding": "png"},
    "webdataset, png": {"format": "webdataset", "encoding": "png"},
    "webdataset flat, png": {"format": "webdataset", "encoding": "png", "layout": "flat"},
    "webdataset, jpeg 95": {"format": "webdataset", "encoding": "jpeg"},
    "files, png": {"format": "files", "encoding": "png"},
}

Files = Sequence[tuple[str, Bytes]]


def build(samples: Sequence[ShardSample], made: Pixels, settings: ShardSettings) -> Files:
    """Build one shard from copies (N, K, H, W, 3) and return its files, as a worker does."""
    builder = WRITERS[settings.format].builder("train-000000", samples, settings, {"class_names": ["a"]})
    step = max(1, CHUNK_BYTES // made[0].nbytes)
    for start in range(0, len(samples), step):
        out = builder.out(start, min(start + step, len(samples)))
        out[:] = made[start : start + step]
        builder.add(start, out)
    return builder.finish()


def write_raw(path: Path, data: bytes) -> None:
    """Write bytes to a file, and wait until they are on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def print_form(setting: Setting, form: str, samples: Sequence[ShardSample], made: Pixels) -> None:
    """Print the line of one kind of shard."""
    settings = ShardSettings(**FORMS[form], copies=made.shape[1])
    target, folder = np.empty_like(made), setting.scratch / "shards"
    building = partial(build, samples, made, settings)
    files = [(name, bytes(content)) for name, content in building()]
    size = sum(len(content) for _, content in files)
    in_memory = by_turns({"build": building, "memcpy": partial(np.copyto, target, made)}, setting.effort.runs)
    folder.mkdir()
    writing = {
        "write": partial(write_files, LocalFolder(folder), files),
        "raw": partial(write_raw, folder / "raw", b"".join(content for _, content in files)),
    }
    on_disk = by_turns(writing, setting.effort.runs, time.perf_counter)
    shutil.rmtree(folder)
    row(
        f"{form} ({size / 1e6:.1f} MB)",
        micro(typical(in_memory["build"], made.shape[0] * made.shape[1])),
        times(ratio(in_memory["build"], in_memory["memcpy"])),
        f"{size / made.nbytes:.1%}",
        f"{size / 1e6 / typical(on_disk['write']):,.0f}",
        times(ratio(on_disk["write"], on_disk["raw"])),
    )


def table(setting: Setting) -> None:
    """Print the tables."""
    for side, (most, each) in SHARDS.items():
        count = setting.effort.some(most)
        row(
            f"{side} px, {each} copies and the clean",
            "built: us/copy",
            "x memcpy",
            "of raw",
            "written: MB/s",
            "x raw write",
        )
        made, clean = copies(setting, side, count, each), pictures(setting, side)
        samples = [ShardSample(f"{i:08d}", i, 0, i, str(i), 0, clean[i]) for i in range(count)]
        for form in FORMS:
            few = FEW if FORMS[form]["format"] == "files" else count
            print_form(setting, form, samples[:few], made[:few])
