"""Help pages: typer's panels, and below them the examples as they are typed."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from typer.core import TyperCommand

from ipmix_cli.cli.paths import plain_paths
from ipmix_cli.errors import UsageError, did_you_mean

MARKUP: Literal["rich"] = "rich"
FIRST = "What goes in"
LAST = ("What comes out", "Running", "Many machines")  # other panels stand between


class PanelCommand(TyperCommand):
    """A command whose help keeps the lines that follow ``Examples:`` in its docstring, below the options."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, after writing its options into a file where that is asked for."""
        if path := ctx.params.get("save_config"):
            from ipmix_cli.cli.config import save_config

            save_config(ctx, path)
        return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what was typed; an option that does not exist gets a suggestion, of another method if one has it."""
        parameters = self.get_params(ctx)
        refuse_unknown(args, parameters, str(ctx.command_path))
        rest = list(super().parse_args(ctx, args))
        plain_paths(ctx.params, parameters)
        return rest

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return ``[OPTIONS] DIR``: an optional argument in brackets, one that can be repeated with dots."""
        pieces = ["[OPTIONS]"]
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument" and not parameter.hidden:
                name = _argument_name(parameter)
                pieces.append(name if parameter.required else f"[{name}]")
        return pieces

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters in the order of their panels: what goes in first, how it runs last."""
        return sorted(super().get_params(ctx), key=_place)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write typer's page, then the examples and the exit codes."""
        from ipmix_cli.cli.exit_codes import exit_codes

        described, self.help = self.help, escaped(description(self.help))
        hide_types(self.get_params(ctx))
        super().format_help(ctx, formatter)
        self.help = described
        width = shutil.get_terminal_size().columns
        typed = "\n".join(fitted(line, width) for line in examples(self.help).split("\n"))
        formatter.write(f"Examples:\n{typed}\n\n{exit_codes(width)}\n")


def _place(parameter: Any) -> int:
    panel = panel_of(parameter)
    return 0 if panel == FIRST else 2 + LAST.index(panel) if panel in LAST else 1


def panel_of(parameter: Any) -> str:
    """Return the name of the panel that a parameter stands in."""
    usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
    return getattr(parameter, "rich_help_panel", None) or usual


def hide_types(parameters: Iterable[Any]) -> None:
    """Have pages show no type for options that take no value, nor for arguments, whose names say what they are."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        elif parameter.param_type_name == "argument":
            parameter.display_type_rich = lambda ctx: None


def description(text: str | None) -> str:
    """Return a docstring up to its examples, each paragraph in one line."""
    paragraphs = inspect.cleandoc(text or "").partition("\nExamples:\n")[0].strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def examples(text: str | None) -> str:
    """Return the examples of a docstring, line by line."""
    return inspect.cleandoc(text or "").partition("\nExamples:\n")[2].rstrip()


def fitted(line: str, width: int) -> str:
    r"""Return a command in lines of at most `width` columns, broken before options, so that it can be pasted.

    Examples
    --------
    >>> print(fitted("  ipmix augment --in demo --out shards", 30))
      ipmix augment --in demo \
        --out shards
    """
    indent = line[: len(line) - len(line.lstrip())]
    lines, parts = [], re.split(r" (?=--?[a-z])", line)
    now = parts[0]
    for part in parts[1:]:
        if len(now) + len(part) + 3 > width:  # a space before it, and the two columns of a continuation after it
            lines.append(f"{now} \\")
            now = f"{indent}  {part}"
        else:
            now += f" {part}"
    return "\n".join([*lines, now])


def escaped(text: str) -> str:
    """Return text with its brackets escaped, which would be rich's markup otherwise."""
    return text.replace("[", "\\[")


def refuse_unknown(words: Sequence[str], parameters: Sequence[Any], command: str) -> None:
    """Refuse a long option that a command does not have.

    Raises
    ------
    UsageError
        Naming the method that has it, or the nearest option.
    """
    options = {name: one for one in parameters for name in (*one.opts, *getattr(one, "secondary_opts", ()))}
    remaining = iter(words)
    for word in remaining:
        name, _, value = word.partition("=")
        if word == "--":
            return
        if name in options:
            if not value and not getattr(options[name], "is_flag", False):
                next(remaining, None)
        elif name.startswith("--") and len(name) > 2:
            raise unknown_option(name, options, command)


def unknown_option(name: str, options: Iterable[str], command: str) -> UsageError:
    """Return the error for an option that a command does not have."""
    own = [option for option in options if option.startswith("--")]
    if command.endswith("augment"):
        from ipmix_cli.cli.method_options import owners_of, suggestion

        if owners := owners_of(name.lstrip("-").replace("-", "_")):
            remedy = (
                f"give --method {owners[0]}, or leave it out"
                if len(owners) == 1
                else "give one of them, or leave it out"
            )
            return UsageError(f"{name} is an option of --method {', '.join(owners)}", remedy)
        nearest = suggestion(name[2:], [option[2:] for option in own])
        if nearest is not None:
            remedy = f"did you mean '--{nearest[0]}'? It is an option of --method {', '.join(nearest[1])}"
            return UsageError(f"{command} has no option {name}", remedy)
    return UsageError(f"{command} has no option {name}", did_you_mean(name, own) or f"see {command} --help")


def _argument_name(parameter: Any) -> str:
    """Return an argument's name, with dots if it can be repeated."""
    name = str(parameter.metavar or parameter.name.upper()).strip("[]{}")
    return name if parameter.nargs == 1 or name.endswith("...") else f"{name}..."
