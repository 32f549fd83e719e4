"""Programs for the tests of Dask and Ray, run in processes of their own: ``python clusters.py dask|ray``.

One of ten tasks kills whatever worker it runs on, every time. Printed is, as JSON, which tasks were done and which
died with their workers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

KILLER = 3


def work(number: int) -> int:
    """Return the square of a number, unless it is the killer."""
    time.sleep(0.02)
    if number == KILLER:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def fail(number: int) -> int:
    """Raise one of the program's own errors."""
    from ipmix_cli.errors import SourceError

    raise SourceError(f"picture {number} is gone", "put it back")


def main(name: str) -> None:
    """Run the tasks on a cluster of two workers."""
    from ipmix_cli.errors import SourceError
    from ipmix_cli.pipeline.backends.backend import Done
    from ipmix_cli.pipeline.backends.table import BACKENDS
    from ipmix_cli.pipeline.job import Execution

    execution = Execution(jobs=2, backend=name)
    if name == "ray":  # the backend uses what a program has started already, and leaves it running
        import ray

        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    done, died = {}, []
    for event in BACKENDS[name](work, range(10), execution):
        if isinstance(event, Done):
            done[event.task] = event.result
        else:
            died += event.tasks
    try:
        list(BACKENDS[name](fail, [7], execution))
        error = []
    except SourceError as caught:
        error = [caught.message, caught.remedy]
    print(json.dumps({"done": done, "died": died, "error": error}))


if __name__ == "__main__":
    main(sys.argv[1])
