"""The program: a table of commands, each imported only when it is typed, and the one place that exits."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from ipmix_cli.cli.exhausted import exhausted
from ipmix_cli.cli.exit_codes import EXIT_CODES
from ipmix_cli.cli.help_panels import MARKUP, PanelCommand, hide_types_of_flags
from ipmix_cli.cli.method_options import WORDS
from ipmix_cli.cli.option_values import complete_options
from ipmix_cli.cli.screen import show
from ipmix_cli.cli.signals import Interrupted, stopping_on_signals
from ipmix_cli.errors import IpmixError, check_name
from ipmix_cli.pipeline.backends.child_processes import STOP_SIGNALS
from ipmix_cli.printable import printable

COMMANDS = {
    "augment": "Make augmented shards from a data set, or resume an interrupted run.",
    "corrupt": "Make a corrupted test set from a data set, or resume an interrupted run.",
    "status": "Show what is done, missing or failed, and how to continue.",
    "merge": "Finish a folder filled by many tasks, or list what is missing.",
    "validate": "Check that every shard is present, intact, and agrees with its plans.",
    "repair": "Rebuild missing or damaged files, byte for byte, and nothing else.",
    "preview": "Draw pictures next to their copies.",
    "explain": "Explain how one copy was made, step by step.",
    "info": "Describe a data set or a bank, and how to read it.",
    "report": "Write an HTML report: copies, stages, distances, balance, shards.",
    "index": "Write the index that wids or DALI needs next to the tars.",
    "evaluate": "Run a model on data sets, and write its predictions.",
    "score": "Score predictions: errors, robustness, calibration, anomalies.",
    "generate-fractals": "Draw a bank of synthetic mixing pictures.",
    "bank-report": "Assess a bank, or any folder of mixing pictures.",
}


class LazyGroup(TyperGroup):
    """A group that imports the module of a command when the command is typed, not before."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the order in which they are used."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that was typed; a misspelt one gets a suggestion."""
        if args and not args[0].startswith("-"):
            check_name("command", args[0], COMMANDS)
            ctx.meta[WORDS] = args[1:]
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command's module and return its command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"ipmix_cli.cli.{name}")
        function = getattr(module, name)
        if hasattr(module, "for_words"):  # a command whose options depend on the method that is asked for
            function = module.for_words([] if ctx is None else ctx.meta.get(WORDS, []))
        single = typer.Typer(add_completion=False, rich_markup_mode=MARKUP)
        single.command(cmd_name, cls=PanelCommand)(function)
        command: Any = typer.main.get_command(single)
        command.name = cmd_name
        complete_options(command)
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page without importing any command, then a first line to type and the exit codes."""
        listed: dict[str, Any] = {name: TyperCommand(name, help=text) for name, text in COMMANDS.items()}
        page = TyperGroup(name=self.name, commands=listed, params=self.params, help=self.help, rich_markup_mode=MARKUP)
        hide_types_of_flags(page.get_params(ctx))
        page.format_help(ctx, formatter)
        formatter.write("Try it: ipmix augment --in demo --out shards && ipmix preview shards --out sheet.png\n")
        formatter.write(f"\n{EXIT_CODES}\n")


app = typer.Typer(
    cls=LazyGroup,
    name="ipmix",
    no_args_is_help=True,
    rich_markup_mode=MARKUP,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from ipmix_cli.cli.versions import versions

        show(versions())
        raise typer.Exit


@app.callback()
def ipmix(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the versions and exit.")
    ] = False,
) -> None:
    """Pre-generate IPMix training data: fast, exactly reproducible, sharded, validated."""


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

    Otherwise Python has None for a stream, and the next file that is opened gets its number, and with it whatever a
    library writes there.
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
    try:
        with stopping_on_signals():
            app()
    except IpmixError as error:
        _tell("error", *(exhausted(error) or (error.message, error.remedy)))
        sys.exit(error.exit_code)
    except Interrupted as interruption:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # Ctrl-C twice must not break the exit
        _tell("stopped", str(interruption), "what was committed is kept: repeat the same command to resume")
        sys.exit(interruption.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        sys.stderr.close()
        sys.exit(1)
    except (OSError, MemoryError, ImportError, RuntimeError, SystemError) as error:
        what = exhausted(error)
        if what is None and not isinstance(error, OSError):
            raise
        # the system refuses something: a traceback would tell the user nothing
        _tell("error", *(what or (str(error), "check the path and its permissions, then repeat the same command")))
        sys.exit(1)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning, such as that of a damaged file in the cache, as a line for a person."""
    show(f"ipmix: note: {printable(message)}", err=True)


def _tell(what: str, message: str, remedy: str) -> None:
    show(f"ipmix: {what}: {printable(message)}", err=True)
    if remedy:
        show(f"ipmix: what to do: {printable(remedy)}", err=True)
