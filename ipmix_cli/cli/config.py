"""Jobs as files: ``--config`` takes options from a file, ``--save-config`` writes them into one.

The file is TOML with the options' own names, or the manifest of a finished data set. What stands on the command line
wins over the file.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer

from ipmix_cli.cli.job_file import read_config
from ipmix_cli.errors import UsageError, did_you_mean

OWN = ("config", "save_config", "help")  # options that make no part of a job
GROUP = "Running"


def use_config(ctx: typer.Context, path: str | None) -> str | None:
    """Make the options in a file the defaults of those that are not on the command line.

    Raises
    ------
    UsageError
        If the file cannot be read, or holds an unknown option or an invalid value.
    """
    if path is not None and not ctx.resilient_parsing:
        ctx.default_map = {**(ctx.default_map or {}), **check_values(ctx, path, read_config(path))}
    return path


ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=use_config,
        help="Read options from a job.toml or a manifest.json; the command line takes precedence.",
        rich_help_panel=GROUP,
    ),
]
SaveConfigOption = Annotated[
    str | None,
    typer.Option(
        "--save-config", metavar="FILE", help="Write all options to FILE as TOML, then run.", rich_help_panel=GROUP
    ),
]


def check_values(ctx: typer.Context, path: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return a file's options by the names of the command's parameters.

    Raises
    ------
    UsageError
        For a name that is not an option of the command (naming the nearest one), or a value of the wrong type.
    """
    kinds, names = _kinds(ctx), option_names(ctx)
    found = {}
    for name, value in _with_table(ctx, path, values, names).items():
        parameter = names.get(name.replace("_", "-"))
        if parameter is None:
            raise _unknown(ctx, path, name, names)
        found[parameter] = _value(f"{path}: {name}", value, kinds[parameter])
    return found


def _with_table(ctx: typer.Context, path: str, values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a file's options with those of its method's table among them; tables of other methods are only checked."""
    if "method" not in names:
        return values
    from ipmix_cli.cli.method_options import WORDS, method_in, method_parameters
    from ipmix_cli.methods import DEFAULT_METHOD, METHODS, transform_named

    tables = {name: value for name, value in values.items() if name in METHODS and isinstance(value, dict)}
    plain = {name: value for name, value in values.items() if name not in tables}
    for name, value in plain.items():
        if isinstance(value, dict) and name not in names:
            remedy = did_you_mean(name, METHODS) or f"choose from: {', '.join(METHODS)}"
            raise UsageError(f"{path}: there is no method for the table [{name}]", remedy)
    chosen = method_in(ctx.meta.get(WORDS, []), DEFAULT_METHOD)
    general = names.keys() - {name.replace("_", "-") for name in method_parameters(transform_named(chosen))}
    for method, table in tables.items():
        if method != chosen:
            _check_table(f"{path}: [{method}]", general, method, table)
    return {**plain, **tables.get(chosen, {})}


def _check_table(where: str, general: Collection[str], method: str, table: dict[str, Any]) -> None:
    """Refuse what is no option of a method whose table is not used this time; raises UsageError."""
    from ipmix_cli.cli.method_options import method_parameters
    from ipmix_cli.methods import transform_named

    known = [name.replace("_", "-") for name in method_parameters(transform_named(method))]
    for name in table:
        option = name.replace("_", "-")
        if option not in known and option not in general:
            remedy = did_you_mean(option, known) or f"see ipmix augment --method {method} --help"
            raise UsageError(f"{where}: the method {method} has no option {name!r}", remedy)


def _unknown(ctx: typer.Context, path: str, name: str, names: dict[str, str]) -> UsageError:
    """Return the error for an unknown option; it suggests the nearest one, or the method that has it."""
    option = name.replace("_", "-")
    remedy = did_you_mean(option, names) or f"see ipmix {ctx.info_name} --help"
    if "method" in names:
        from ipmix_cli.cli.method_options import owners_of, suggestion

        if owners := owners_of(option.replace("-", "_")):
            assigned = f'method = "{owners[0]}"' if len(owners) == 1 else "one of them as method"
            remedy = f"{name!r} is an option of {_methods(owners)}: give {assigned}, or leave it out"
        elif nearest := suggestion(option, names):
            remedy = f"did you mean {nearest[0]!r}? It is an option of {_methods(nearest[1])}"
    return UsageError(f"{path}: ipmix {ctx.info_name} has no option {name!r}", remedy)


def _methods(names: Sequence[str]) -> str:
    return f"the method{'s' if len(names) > 1 else ''} {', '.join(repr(name) for name in names)}"


def option_names(ctx: typer.Context) -> dict[str, str]:
    """Return the parameters of a command that a file can hold, by their options' long names without dashes."""
    longest = {str(p.name): max(p.opts, key=len).lstrip("-") for p in ctx.command.params}
    return {option: name for name, option in longest.items() if name not in OWN}


def _kinds(ctx: typer.Context) -> dict[str, Any]:
    """Return the Python type of each parameter, without None."""
    function: Any = ctx.command.callback
    hints = get_type_hints(inspect.unwrap(function))
    return {name: _without_none(hint) for name, hint in hints.items()}


def _without_none(hint: Any) -> Any:
    kinds = get_args(hint)
    return next(kind for kind in kinds if kind is not type(None)) if type(None) in kinds else hint


WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _value(where: str, value: Any, kind: Any) -> Any:
    """Return a value as the command line would give it."""
    plain = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}.get(kind)
    if plain is None:  # an option that can be given several times
        return [value] if isinstance(value, str) else value
    if kind is str and isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ",".join(map(str, value))
    if isinstance(value, plain) and (kind is bool or not isinstance(value, bool)):
        return value
    remedy = 'write numbers without quotes, text in "quotes", and true or false'
    raise UsageError(f"{where} = {json.dumps(value, default=str)}: expected {WORDS[kind]}", remedy)


def _options_of_method(ctx: typer.Context) -> tuple[str, list[str]]:
    """Return the method of a command line and its own options, which have a table; IPMix's stand among the others."""
    from ipmix_cli.cli.method_options import method_parameters
    from ipmix_cli.methods import DEFAULT_METHOD, transform_named

    method = ctx.params.get("method") or DEFAULT_METHOD
    own = {} if method == DEFAULT_METHOD else method_parameters(transform_named(method))
    return method, [option for option, name in option_names(ctx).items() if name in own]


def save_config(ctx: typer.Context, path: str) -> None:
    """Write the options of a command into a file that ``--config`` takes; those that were not given are left out.

    Raises
    ------
    UsageError
        If an option cannot be written as TOML.
    WriteError
        If the file cannot be written.
    """
    import tomli_w

    from ipmix_cli.storage.folder import write_atomically

    values = {option: ctx.params.get(name) for option, name in option_names(ctx).items()}
    given = {option: value for option, value in values.items() if value not in (None, (), [])}
    method, own = _options_of_method(ctx)
    if table := {option: given.pop(option) for option in own if option in given}:
        given[method] = table
    try:
        content = f"# ipmix {ctx.info_name} --config {json.dumps(path)}\n{tomli_w.dumps(given)}".encode()
    except UnicodeEncodeError as error:
        raise UsageError("a path that is not Unicode cannot be written as TOML", "rename it") from error
    write_atomically(Path(path), content)
