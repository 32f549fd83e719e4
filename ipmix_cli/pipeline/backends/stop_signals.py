"""What asks a run to stop: Ctrl-C, `kill`, Slurm's warning before its time limit, a closed terminal."""

from __future__ import annotations

import signal

STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP") if hasattr(signal, name)
)
