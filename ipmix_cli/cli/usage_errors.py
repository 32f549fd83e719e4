"""What typer has to say about the command line, in the words and the form of all other errors."""

from __future__ import annotations

import importlib
from typing import Any

import typer

from ipmix_cli.errors import UsageError
from ipmix_cli.printable import printable


def run(app: typer.Typer) -> Any:
    """Run the program, and return its exit code.

    Raises
    ------
    UsageError
        For a command line that typer refuses.
    """
    exceptions = importlib.import_module(typer.BadParameter.__module__)  # click's, or typer's own copy of it
    try:
        return app(prog_name="ipmix", standalone_mode=False) or 0
    except exceptions.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # not in older versions of click
            typer.echo(error.message)
            return error.exit_code
        raise as_usage_error(error) from error


def as_usage_error(error: Any) -> UsageError:
    """Return the error for what typer refuses: what is wrong, and what to type."""
    context = getattr(error, "ctx", None)
    command = "ipmix" if context is None else str(context.command_path)
    page = f"see {command} --help"
    parameter = getattr(error, "param", None)
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return UsageError(f"{command} has no option {error.option_name}", page)
    if kind == "BadOptionUsage":
        return UsageError(f"{error.option_name} needs a value", page)
    if parameter is None:
        return UsageError(_clause(error.message), page)
    name, wanted = _name(parameter), _wanted(parameter)
    if kind == "MissingParameter":
        return UsageError(f"{command} needs {name}", f"add it; {page}")
    values = [one["input"] for one in getattr(error.__cause__, "errors", list)()]  # pydantic's, in newer typer
    if values and wanted:
        return UsageError(f"{name} {values[0]} is not {wanted}", f"give {name} {wanted}")
    return UsageError(f"{name}: {_clause(error.message)}", f"give {name} {wanted}" if wanted else page)


def _name(parameter: Any) -> str:
    """Return an option as it is typed, or what stands for an argument on the help page."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.name.upper())


def _clause(message: str) -> str:
    text = printable(message).strip().rstrip(".")
    return text[:1].lower() + text[1:]


def _wanted(parameter: Any) -> str:
    """Return which numbers a parameter takes; empty if it takes something else."""
    number = {"N": "a whole number", "X": "a number"}.get(str(parameter.metavar))
    if number is None:
        return ""
    bounds = parameter if hasattr(parameter, "min") else getattr(parameter, "type", None)
    low, high = getattr(bounds, "min", None), getattr(bounds, "max", None)
    if low is not None and high is not None:
        return f"{number} from {low} to {high}"
    if low is not None:
        return f"{number} of at least {low}"
    return number if high is None else f"{number} of at most {high}"
