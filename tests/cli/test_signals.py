"""A signal that asks to stop is never lost, and whatever error it causes is told as the stop that it is."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable

import pytest

from ipmix_cli.cli import app, signals
from ipmix_cli.cli.signals import Interrupted, StopRequests, ThreadFailedError

LONG = 20.0  # seconds: an exception that never comes fails the test


def stop() -> None:
    """Send this process a signal, and let its handler run."""
    signal.raise_signal(signal.SIGTERM)


def listening(action: Callable[[], object]) -> None:
    """Do something while signals are heard, and wait for what comes of it."""
    with StopRequests():
        action()
        time.sleep(LONG)


def test_a_signal_that_is_lost_in_a_callback_from_c_is_raised_again():
    """Numba's compiler calls Python back from C, where an exception is printed and forgotten."""
    with pytest.raises(Interrupted, match="SIGTERM"):
        listening(ctypes.CFUNCTYPE(None)(stop))


def test_a_signal_that_some_code_swallows_is_raised_again(monkeypatch):
    def swallow() -> None:
        with contextlib.suppress(BaseException):
            stop()

    monkeypatch.setattr(signals, "PATIENCE_SECONDS", 0.05)
    with pytest.raises(Interrupted):
        listening(swallow)


def test_a_signal_waits_while_the_main_thread_blocks_signals():
    """Another thread may hear it, and Python runs the handler in the main thread nevertheless."""
    reached = []

    def hear() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals.STOP_SIGNALS)
        stop()

    def block() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signals.STOP_SIGNALS)
        try:
            other = threading.Thread(target=hear)
            other.start()
            other.join()
            time.sleep(0.1)
            reached.append(True)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals.STOP_SIGNALS)

    with pytest.raises(Interrupted):
        listening(block)
    assert reached


def test_the_error_of_a_helper_thread_ends_the_program():
    """Joblib's manager thread cannot start another, and the main thread would wait for its results for ever."""

    def fail() -> None:
        raise RuntimeError("can't start new thread")

    with pytest.raises(ThreadFailedError, match="can't start new thread"):
        listening(threading.Thread(target=fail).start)


@pytest.mark.parametrize("error", [RuntimeError("no compiled object yet"), ImportError("numpy"), SystemExit(1), None])
def test_an_error_that_a_signal_caused_is_told_as_the_stop(error, monkeypatch, capsys):
    def run(**_: object) -> None:
        with contextlib.suppress(Interrupted):
            stop()
        if error is None:
            sys.exit(0)  # it came too late: all is done
        raise error

    monkeypatch.setitem(sys.modules, "ipmix_cli.cli.group", types.SimpleNamespace(app=run))
    before = {number: signal.getsignal(number) for number in signals.STOP_SIGNALS}
    try:
        with pytest.raises(SystemExit) as caught:
            app.main()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    told = capsys.readouterr().err.splitlines()
    if error is None:
        assert (caught.value.code, told) == (0, [])
    else:
        assert caught.value.code == 143
        assert [line[:22] for line in told] == ["ipmix: stopped: by SIG", "ipmix: what to do: rep"]


def test_limits_that_are_too_low_are_named(ipmix, tmp_path):
    import resource

    for kind, option in ((resource.RLIMIT_AS, "ulimit -v 2097152"), (resource.RLIMIT_DATA, "ulimit -d 524288")):
        limits = (kind, (2**27, 2**27))
        done = ipmix("status", tmp_path, check=False, preexec_fn=lambda limits=limits: resource.setrlimit(*limits))
        assert done.returncode == 1
        assert "limited to 128 MiB" in done.stderr
        assert option in done.stderr
        assert len(done.stderr.splitlines()) == 2


IMPORTED = """
import signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "ipmix_cli.cli.app":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder())
from ipmix_cli.cli.entry import main
main()
"""


def test_ctrl_c_while_the_program_is_imported_shows_no_traceback():
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
