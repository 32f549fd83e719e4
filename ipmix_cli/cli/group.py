"""The table of commands, each imported only when it is typed."""

from __future__ import annotations

import importlib
import shutil
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from ipmix_cli.cli.exit_codes import exit_codes
from ipmix_cli.cli.help_panels import MARKUP, PanelCommand, hide_types
from ipmix_cli.cli.method_options import WORDS
from ipmix_cli.cli.option_values import complete_options
from ipmix_cli.cli.screen import show
from ipmix_cli.errors import check_name

COMMANDS = {
    "augment": "Make augmented shards from a data set, or resume an interrupted run.",
    "corrupt": "Make a corrupted test set from a data set, or resume an interrupted run.",
    "status": "Show what is done, missing or failed, and how to continue.",
    "extend": "Add pictures to a finished data set; its shards keep their bytes.",
    "merge": "Finish a folder filled by many tasks, or list what is missing.",
    "validate": "Check that every shard is present, intact, and agrees with its plans.",
    "repair": "Rebuild missing or damaged files, byte for byte, and nothing else.",
    "preview": "Draw pictures next to their copies.",
    "explain": "Explain how one copy was made, step by step.",
    "info": "Describe a data set or a bank, and how to read it.",
    "report": "Write an HTML report: copies, stages, distances, balance, shards.",
    "view": "Write an HTML gallery to filter copies, with the stages of each.",
    "index": "Write the index that wids or DALI needs next to the tars.",
    "evaluate": "Run a model on data sets, and write its predictions.",
    "score": "Score predictions: errors, robustness, calibration, anomalies.",
    "generate-fractals": "Draw a bank of synthetic mixing pictures.",
    "bank-report": "Assess a bank, or any folder of mixing pictures.",
    "warm-up": "Compile the kernels and draw the built-in bank before any job needs them.",
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
        hide_types(page.get_params(ctx))
        page.format_help(ctx, formatter)
        formatter.write("Try it:\n  ipmix augment --in demo --out shards\n  ipmix preview shards --out sheet.png\n")
        formatter.write(f"\n{exit_codes(shutil.get_terminal_size().columns)}\n")


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
