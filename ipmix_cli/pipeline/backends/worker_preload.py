"""All that a worker needs, loaded by importing this module: a nursery imports it before it forks workers."""

from __future__ import annotations

import gc

import ipmix_cli.pipeline.run.worker  # noqa: F401 - what tasks call
from ipmix_cli.methods.ipmix.warmup import is_warm, warm_up

if is_warm():  # else the main process is about to compile them
    warm_up()
gc.freeze()  # so that no collection in a worker touches, and copies, the pages they share
