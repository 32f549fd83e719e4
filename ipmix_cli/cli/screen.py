"""The only way to the screen: all output is made printable first."""

from __future__ import annotations

import typer

from ipmix_cli.printable import printable_lines


def show(text: str, err: bool = False) -> None:
    """Print text, line by line; what no terminal should be sent is spelt out."""
    typer.echo(printable_lines(text), err=err)
