"""Write docs/commands.md from the program itself: ``python docs/write_commands.py``; a test holds the two together."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import typer

from ipmix_cli.cli.exit_codes import EXIT_CODES
from ipmix_cli.cli.group import COMMANDS, LazyGroup
from ipmix_cli.cli.help_panels import description, examples, panel_of

PAGE = Path(__file__).parent / "commands.md"
HEAD = """\
# Commands

Written by `python docs/write_commands.py` from the program's own help; `ipmix COMMAND --help` says the same.
Options may also stand in a file: [recipes.md](recipes.md#a-job-as-a-file).
"""


def reference() -> str:
    """Return the page."""
    parts = [HEAD, *(section(name) for name in COMMANDS)]
    codes = "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    return "\n".join([*parts, f"## Exit codes\n\n{codes}.", ""])


def section(name: str) -> str:
    """Return the section of one command: what it does, its options by group, its examples."""
    command = LazyGroup(name="ipmix").get_command(None, name)
    lines = [f"## ipmix {name}", "", description(command.help), ""]
    context = typer.Context(command)
    shown = [one for one in command.get_params(context) if not getattr(one, "hidden", False) and one.name != "help"]
    for panel in dict.fromkeys(map(panel_of, shown)):
        parameters = [one for one in shown if panel_of(one) == panel]
        lines += [f"**{panel}**", "", "| | |", "|---|---|"]
        lines += [f"| `{spelled(parameter)}` | {said(parameter)} |" for parameter in parameters]
        lines.append("")
    commands = inspect.cleandoc(examples(command.help)).splitlines()
    return "\n".join([*lines, *(f"    {line}" for line in commands), ""])


def spelled(parameter: Any) -> str:
    """Return how a parameter is typed."""
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper()
    return ", ".join(sorted(parameter.opts, key=len, reverse=True))


def said(parameter: Any) -> str:
    """Return what the help says of a parameter, with its default where the text does not name it."""
    text = " ".join((parameter.help or "").split()).replace("\\[", "[").replace("|", "\\|")
    notes = ["required"] if parameter.required else []
    shown = parameter.default not in (None, False, "", 0, ()) and not callable(parameter.default)
    if shown and "default:" not in text:
        notes.append(f"default: {parameter.default}")
    return f"{text} [{'; '.join(notes)}]" if notes else text


if __name__ == "__main__":
    PAGE.write_text(reference())
    typer.echo(PAGE)
