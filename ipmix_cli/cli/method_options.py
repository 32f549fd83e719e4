"""The options of a method, derived from its settings, so that a command shows those of one method alone."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipmix_cli.cli.completion import completed_texts
from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.methods import METHODS, transform_named
from ipmix_cli.methods.steps.method import AUTO

if TYPE_CHECKING:
    from ipmix_cli.transform import Transform

MethodOption = Annotated[
    str,
    typer.Option(
        "--method",
        help=f"What makes a copy: {', '.join(METHODS)}. The options of one: --method NAME --help.",
        rich_help_panel="Copies",
    ),
]
WORDS = "ipmix_cli.words"  # where a context holds what was typed after the command
GIVEN = "settings"  # the parameter of a command that takes the method's options
KINDS = {"bool": bool, "int": int, "float": float}  # by the first word of a field's type; other types are text
EACH = {"int": int, "float": float}  # items of a tuple, by their type


def method_in(words: Sequence[str], default: str) -> str:
    """Return the method that a command line asks for: by ``--method``, or in the file that ``--config`` names.

    Raises
    ------
    UsageError
        For a method that does not exist.
    """
    name = _value_of("--method", words)
    if name is None and (path := _value_of("--config", words)) is not None:
        from ipmix_cli.cli.job_file import read_config

        with contextlib.suppress(UsageError):  # what is wrong with the file is told when its options are taken
            found = read_config(path).get("method")
            name = found if isinstance(found, str) else None
    check_name("method", name or default, METHODS)
    return name or default


def _value_of(option: str, words: Sequence[str]) -> str | None:
    """Return the value that follows an option, or that it has after a ``=``; the last one wins."""
    found = None
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == option and following is not None:
            found = following
        elif word.startswith(f"{option}="):
            found = word.partition("=")[2]
    return found


def with_settings(function: Callable[..., None], transform: Transform) -> Callable[..., None]:
    """Return a command that has the options of a transform, too, and gets those that were given as ``settings``."""
    own = {name: one for name, one in parameters_of(function).items() if name != GIVEN}
    added = method_parameters(transform)
    assert not added.keys() & own.keys(), f"{transform.name} names settings as the command names its own options"

    def run(**values: Any) -> None:
        settings = settings_given(transform, {name: values.pop(name) for name in added})
        function(**values, settings=settings)

    return command(run, function, [*own.values(), *added.values()])


def parameters_of(function: Callable[..., None]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a command by name, with annotations that need no module to be understood."""
    hints = inspect.get_annotations(function, eval_str=True)  # Python 3.10's get_type_hints hides options in Optional[]
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    found = inspect.signature(function).parameters.items()
    return {name: one.replace(annotation=hints[name]) for name, one in found if one.kind not in kinds}


def command(
    run: Callable[..., None], described: Callable[..., None], parameters: Sequence[inspect.Parameter]
) -> Callable[..., None]:
    """Return a function that takes keywords as a command with these parameters, described as another function is."""
    by_keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    run.__signature__ = inspect.Signature(by_keyword)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__doc__, run.__name__ = described.__doc__, described.__name__
    return run


def method_parameters(transform: Transform) -> dict[str, inspect.Parameter]:
    """Return the options of a transform as parameters of a command, by name; none has a default of its own."""
    found: dict[str, Any] = {}
    if transform.presets:
        found["preset"] = Annotated[str, _option(_about_presets(transform), transform)]
    for one in dataclasses.fields(transform.settings_type):
        found[one.name] = Annotated[_kind(one) | None, _option(_about(one, transform), transform, one)]
    for name, shortcut in transform.shortcuts.items():
        found[name] = Annotated[bool, typer.Option(_spelled(name), help=shortcut.help, rich_help_panel=transform.title)]
    defaults = {"preset": "auto", **dict.fromkeys(transform.shortcuts, False)}
    return {
        name: inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=annotation)
        for name, annotation in found.items()
    }


def _option(text: str, transform: Transform, one: dataclasses.Field[Any] | None = None) -> Any:
    """Return an option of a transform's panel; a flag has a form that turns it off."""
    spelled = _spelled(one.name if one is not None else "preset")
    form = f"{spelled}/--no-{spelled[2:]}" if one is not None and _kind(one) is bool else spelled
    names = [AUTO, *transform.presets] if one is None else list(one.metadata.get("choices", ()))
    several = one is not None and _is_list(one)
    return typer.Option(
        form,
        help=text,
        rich_help_panel=transform.title,
        show_default=False,
        metavar=_metavar(one, names),
        autocompletion=(lambda incomplete: completed_texts(names, several, incomplete)) if names else None,
    )


def _metavar(one: dataclasses.Field[Any] | None, names: Collection[str]) -> str | None:
    """Return what a setting's value is called in help pages; None for what its type says."""
    if one is None or not _is_list(one):
        return "NAME" if names else None
    return "NAME,.." if names else "N,.." if "int" in str(one.type) else "X,.."


def _spelled(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _kind(one: dataclasses.Field[Any]) -> Any:
    return KINDS.get(str(one.type).split(" ")[0], str)


def _is_list(one: dataclasses.Field[Any]) -> bool:
    return str(one.type).startswith("tuple[")


def _about_presets(transform: Transform) -> str:
    return f"auto (by the pictures' size), {', '.join(transform.presets)}.  [default: auto]"


def _about(one: dataclasses.Field[Any], transform: Transform) -> str:
    """Return the help of a setting: what it is, its range or choices, and what the presets say."""
    about = one.metadata
    text = str(about.get("help", one.name.replace("_", " "))).strip()
    text = text[0].upper() + text[1:].removesuffix(".")
    if about.get("choices"):
        text += f": {', '.join(map(str, about['choices']))}"
    elif about.get("low") is not None and about.get("high") is not None:
        text += f", {about['low']:g} to {about['high']:g}"
    text += "" if text.endswith("]") else "."
    return text if "default:" in text else f"{text}{_defaults(one, transform)}"


def _defaults(one: dataclasses.Field[Any], transform: Transform) -> str:
    """Return the default of a setting, if it is short."""
    values = {name: _shown(getattr(preset, one.name)) for name, preset in transform.presets.items()}
    if not values and one.default is not dataclasses.MISSING:
        values = {"default": _shown(one.default)}
    if len(set(values.values())) == 1:
        values = {"default": next(iter(values.values()))}
    text = ", ".join(f"{name}: {value}" for name, value in values.items())
    return f"  [{text}]" if values and all(values.values()) and len(text) <= MOST_SHOWN else ""


MOST_SHOWN = 60  # characters of defaults


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        return ",".join(map(_shown, value))
    return "" if value is None or isinstance(value, bool) else str(value)


def settings_given(transform: Transform, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a user gave, by the names of the transform's fields, and the preset.

    Raises
    ------
    UsageError
        For a list whose items are not of its type.
    """
    fields = {one.name: one for one in dataclasses.fields(transform.settings_type)}
    changes: dict[str, Any] = {}
    for name, shortcut in transform.shortcuts.items():
        changes |= shortcut.changes if values[name] else {}
    given = {name: value for name, value in values.items() if name in fields and value is not None}
    changes |= {name: _decoded(fields[name], value) for name, value in given.items()}
    return changes if values.get("preset") is None else {"preset": values["preset"], **changes}


def _decoded(one: dataclasses.Field[Any], value: Any) -> Any:
    kind = str(one.type)
    if not _is_list(one):
        return value
    each = EACH.get(kind.removeprefix("tuple[").split(",")[0], str)
    try:
        return tuple(each(word) for word in str(value).replace(",", " ").split())
    except ValueError as error:
        option = _spelled(one.name)
        what = "whole numbers" if each is int else "numbers"
        raise UsageError(f"{option} {value!r} is not a list of {what}", f"give {option} 4,8,16") from error


def owners_of(option: str) -> list[str]:
    """Return the methods that have an option of this name, such as ``max_steps``."""
    return [name for name in METHODS if option in method_parameters(transform_named(name))]


def suggestion(option: str, own: Collection[str]) -> tuple[str, list[str]] | None:
    """Return the option nearest to one that does not exist, and the methods that have it.

    Options are spelled without dashes in front, such as ``max-steps``. None if one of the command's own is nearest, or
    none is near.
    """
    owners: dict[str, list[str]] = {}
    for method in METHODS:
        for name in method_parameters(transform_named(method)):
            owners.setdefault(name.replace("_", "-"), []).append(method)
    close = difflib.get_close_matches(option, {*own, *owners}, n=1)
    return (close[0], owners[close[0]]) if close and close[0] not in own else None
