"""Help pages whose options stand in groups, with examples as they are typed."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from typer.core import TyperCommand

from ipmix_cli.errors import UsageError, did_you_mean

FIRST = "What goes in"
LAST = ("What comes out", "Running", "Many machines", "Options")


class GroupedCommand(TyperCommand):
    """A command whose help groups its options by their panel and keeps the lines of its docstring.

    In the docstring, what follows the line ``Examples:`` is shown below the options, line by line.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command, after writing its options into a file where that is asked for."""
        if path := ctx.params.get("save_config"):
            from ipmix_cli.cli.config import save_config

            save_config(ctx, path)
        return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what was typed; an option that does not exist gets a suggestion, of another method if one has it."""
        refuse_unknown(args, self.get_params(ctx), str(ctx.command_path))
        return list(super().parse_args(ctx, args))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return ``[OPTIONS] DIR``: an optional argument in brackets, one that can be repeated with dots."""
        pieces = ["[OPTIONS]"]
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument":
                name = _argument_name(parameter)
                pieces.append(name if parameter.required else f"[{name}]")
        return pieces

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the docstring up to its examples."""
        text, _ = self._split_help()
        formatter.write_paragraph()
        with formatter.indentation():
            for paragraph in text.split("\n\n"):
                formatter.write_text(" ".join(paragraph.split()))
                formatter.write_paragraph()

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options group by group: what goes in first, how it runs last, the others as they come."""
        for panel, parameters in panels(self.get_params(ctx)).items():
            found = ((parameter, parameter.get_help_record(ctx)) for parameter in parameters)
            # older typer escapes brackets for rich, which is not used here
            records = [(_spelled(one, record[0]), record[1].replace("\\[", "[")) for one, record in found if record]
            if records:
                with formatter.section(panel):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples and the exit codes."""
        from ipmix_cli.cli.exit_codes import EXIT_CODES

        _, examples = self._split_help()
        if examples:
            formatter.write(f"\nExamples:\n{examples}\n")
        formatter.write(f"\n{EXIT_CODES}\n")

    def _split_help(self) -> tuple[str, str]:
        text, _, examples = inspect.cleandoc(self.help or "").partition("\nExamples:\n")
        return text.strip(), examples.rstrip()


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
    method = None
    if command.endswith("augment"):
        from ipmix_cli.cli.method_options import owner_of

        method = owner_of(name.lstrip("-").replace("-", "_"))
    remedy = did_you_mean(name, [option for option in options if option.startswith("--")]) or f"see {command} --help"
    if method is not None:
        return UsageError(f"{name} is an option of --method {method}", f"give --method {method}, or leave it out")
    return UsageError(f"{command} has no option {name}", remedy)


def _argument_name(parameter: Any) -> str:
    """Return an argument's name, with dots if it can be repeated."""
    name = str(parameter.metavar or parameter.name.upper()).strip("[]{}")
    return name if parameter.nargs == 1 or name.endswith("...") else f"{name}..."


def _spelled(parameter: Any, record: str) -> str:
    """Return how an option or an argument is typed; newer typer adds the type of an argument, ``DIR <str>``."""
    return _argument_name(parameter) if parameter.param_type_name == "argument" else record


def panels(parameters: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the parameters by their group: what goes in first, what comes out and how it runs last."""
    groups: dict[str, list[Any]] = {}
    for parameter in parameters:
        if getattr(parameter, "hidden", False):
            continue
        usual = FIRST if parameter.param_type_name == "argument" else "Options"
        groups.setdefault(getattr(parameter, "rich_help_panel", None) or usual, []).append(parameter)
    order = sorted(groups, key=lambda name: (name != FIRST, LAST.index(name) + 1 if name in LAST else 0))
    return {name: groups[name] for name in order}
