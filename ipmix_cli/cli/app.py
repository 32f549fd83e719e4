"""The program: one way in, and the one place that exits."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import sys
import warnings
from typing import Any, NoReturn

from ipmix_cli.cli.exhausted import check_limits, exhausted
from ipmix_cli.cli.failure import failure_as_json, wants_json
from ipmix_cli.cli.signals import Interrupted, StopRequests
from ipmix_cli.errors import IpmixError
from ipmix_cli.pipeline.backends.stop_signals import STOP_SIGNALS
from ipmix_cli.printable import printable

RESUMABLE = ("augment", "corrupt", "extend", "evaluate")
RESUMING = "what was committed is kept: repeat the same command to resume"
COMPLETING = "_IPMIX_COMPLETE"  # set by a shell that completes a command line
OBJECTS_BEFORE_COLLECTION = 100_000


def _spare_the_collector() -> None:
    """Have fewer searches for garbage while half a million objects of modules are made, and none when all is done.

    It is a quarter of the time that a command takes to start and to end.
    """
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    atexit.register(gc.freeze)


ONE_THREAD = ("OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


def _keep_libraries_to_one_thread() -> None:
    """Keep libraries from starting a thread for every CPU in every worker, unless the user asks for it."""
    for variable in ONE_THREAD:
        os.environ.setdefault(variable, "1")


def _open_standard_streams() -> None:
    """Open the null device as whichever of stdin, stdout and stderr the caller has closed.

    Otherwise Python has None for a stream, and the next file that is opened gets its number, and with it any output
    that a library writes there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        mode = "r" if number == 0 else "w"
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)  # the lowest free number: this one
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def main() -> None:
    """Run the program: errors become a line on what went wrong and a line on what to do, and an exit code."""
    _open_standard_streams()
    _spare_the_collector()
    _keep_libraries_to_one_thread()
    warnings.showwarning = _show_warning
    requests = StopRequests()
    try:
        with requests:
            check_limits()
            from ipmix_cli.cli.group import app  # a tenth of a second: heard signals need no traceback by now
            from ipmix_cli.cli.usage_errors import run

            code = run(app)
        sys.exit(code)
    except BaseException as error:
        if requests.heard is not None and not _is_success(error):
            _stop(requests.heard)
        sys.exit(_exit_code(error))


def _is_success(error: BaseException) -> bool:
    return isinstance(error, SystemExit) and not error.code


def _stop(request: Interrupted) -> NoReturn:
    """Report the signal, and exit; errors that it caused are not shown."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C twice must not break the exit
    again = RESUMING if sys.argv[1:2] and sys.argv[1] in RESUMABLE else "repeat the same command"
    _tell("stopped", str(request), again, request)
    sys.exit(request.exit_code)


def _exit_code(error: BaseException) -> Any:
    """Tell an error, if a person can do something about it, and return what to exit with; raise any other again."""
    if isinstance(error, SystemExit):
        return error.code
    if isinstance(error, IpmixError):
        _tell("error", *(exhausted(error) or (error.message, error.remedy)), error)
        return error.exit_code
    if isinstance(error, BrokenPipeError):  # the reader of our output has gone, as `| head` does
        sys.stderr.close()
        return 1
    what = exhausted(error)
    if what is None and isinstance(error, OSError):
        # the system refuses something: a traceback would tell the user nothing
        what = (str(error), "check the path and its permissions, then repeat the same command")
    if what is None:
        raise error
    _tell("error", *what, error)
    return 1


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning, such as that of a damaged file in the cache, as a line for a person."""
    _show_line(f"note: {printable(message)}")


def _tell(what: str, message: str, remedy: str, error: BaseException) -> None:
    """Say what went wrong and what to do: on stderr, and for programs that asked for JSON on stdout, too."""
    if COMPLETING in os.environ:
        return  # the shell waits for names; what is wrong with the line is told when it is typed to its end
    _show_line(f"{what}: {printable(message)}")
    if remedy:
        _show_line(f"what to do: {printable(remedy)}")
    if wants_json(sys.argv[1:]):
        with contextlib.suppress(OSError):
            sys.stdout.write(failure_as_json(error, message, remedy))
            sys.stdout.flush()


def _show_line(text: str) -> None:
    with contextlib.suppress(OSError):  # whoever read our errors has gone
        sys.stderr.write(f"ipmix: {text}\n")
        sys.stderr.flush()
