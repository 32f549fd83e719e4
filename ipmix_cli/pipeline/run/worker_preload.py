"""All that a worker needs, loaded by importing this module: the fork server imports it before it forks workers."""
# ruff: noqa: E402

from __future__ import annotations

import gc
import os

from ipmix_cli.pipeline.backends.child_processes import die_with_starter

die_with_starter()  # before what takes long: a program that is stopped meanwhile leaves nothing that loads on

import ipmix_cli.pipeline.run.worker  # noqa: F401 - what tasks call
from ipmix_cli.methods import transform_named
from ipmix_cli.numba_cache.jit import load_compiler
from ipmix_cli.pipeline.backends.fork_server import PRELOADED_METHOD

transform = transform_named(os.environ[PRELOADED_METHOD])
if transform.kernel_set().is_warm():  # else workers are about to compile them
    transform.kernel_set().warm_up()
else:
    load_compiler()
gc.freeze()  # so that no collection in a worker touches, and copies, the pages they share
