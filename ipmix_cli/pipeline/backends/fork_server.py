"""Worker processes that start at once: forks of a process that is started first and has loaded all modules.

A Python process takes most of a second to import the libraries and to load the kernels. The fork server does both once,
while the program is still opening the source; joblib then gets its workers from it in milliseconds, and they share its
memory. It has no threads, so that forking it is safe. Only the program opens one: whoever uses the library may have a
use for multiprocessing himself, and keeps joblib's own way to start workers.
"""

from __future__ import annotations

import multiprocessing
import os
import sys

from ipmix_cli.pipeline.backends.child_processes import deaf_children

PRELOADED_METHOD = "IPMIX_PRELOADED_METHOD"  # tells the fork server which kernels to load
LOADED = "ipmix_cli.pipeline.run.worker_preload"


def start_fork_server(method: str) -> None:
    """Start the process that joblib's workers will be forked from, with a method's kernels, if this system can fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    from multiprocessing import forkserver

    from joblib.externals.loky.backend.context import set_start_method

    os.environ[PRELOADED_METHOD] = method
    _forget_the_script()
    with deaf_children():
        forkserver.set_forkserver_preload([LOADED])
        forkserver.ensure_running()
    set_start_method("forkserver", force=True)


def _forget_the_script() -> None:
    """Keep workers from running the script that has started the program: they need nothing of it."""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None:
        main.__file__ = None
