"""Help pages whose options stand in groups, with examples as they are typed."""

from __future__ import annotations

import inspect
from typing import Any

from typer.core import TyperCommand


class GroupedCommand(TyperCommand):
    """A command whose help groups its options by their panel and keeps the lines of its docstring.

    In the docstring, what follows the line ``Examples:`` is shown below the options, line by line.
    """

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the docstring up to its examples."""
        text, _ = self._split_help()
        formatter.write_paragraph()
        with formatter.indentation():
            for paragraph in text.split("\n\n"):
                formatter.write_text(" ".join(paragraph.split()))
                formatter.write_paragraph()

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options group by group, in the order of their first members."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                panel = getattr(parameter, "rich_help_panel", None) or "Options"
                groups.setdefault(panel, []).append(record)
        for panel, records in groups.items():
            with formatter.section(panel):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples and the exit codes."""
        from ipmix_cli.cli.app import EXIT_CODES

        _, examples = self._split_help()
        if examples:
            formatter.write(f"\nExamples:\n{examples}\n")
        formatter.write(f"\n{EXIT_CODES}\n")

    def _split_help(self) -> tuple[str, str]:
        text, _, examples = inspect.cleandoc(self.help or "").partition("\nExamples:\n")
        return text.strip(), examples.rstrip()
