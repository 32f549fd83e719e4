"""The page of a report: one template, everything escaped, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ipmix_cli.pipeline.output.manifest import ShardRecord
from ipmix_cli.pipeline.verify.problem import Problem
from ipmix_cli.printable import counted

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

MOST_SHARDS = 1000  # rows of the table; more would make a page of megabytes
MOST_PROBLEMS = 100


@dataclass(frozen=True)
class Section:
    """A heading, a line on what is to be seen, and the thing itself.

    Parameters
    ----------
    title, text : str
    kind : str
        How the template shows the content: ``verdict``, ``sheet``, ``charts``, ``classes``, ``table``, ``shards``;
        empty for no content.
    content : object
    """

    title: str
    text: str
    kind: str = ""
    content: Any = None


@dataclass(frozen=True, kw_only=True)
class ReportPage:
    """Everything that the page shows."""

    title: str
    name: str
    what: str
    facts: Sequence[tuple[str, str]]
    command: str
    sections: Sequence[Section]
    shards: Sequence[ShardRecord]
    problems: Sequence[Problem]
    tool: str

    def html(self) -> str:
        """Return the whole page."""
        values = {**vars(self), "counted": counted, "shard_rows": shard_rows(self.shards)}
        values["problems"] = [
            (p.code, f"{p.shard} {p.key}".strip(), p.message, p.remedy) for p in self.problems[:MOST_PROBLEMS]
        ]
        page: str = page_templates().get_template("report.html.j2").render(values)
        return page


def page_templates() -> jinja2.Environment:
    """Return the templates of pages: every value is escaped, and one that is missing is an error."""
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("ipmix_cli.pipeline.inspect"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    templates.filters["breakable"] = breakable
    return templates


def breakable(name: str) -> Markup:
    """Return a name, escaped, that a browser may break after its dots and underscores where it is too wide.

    >>> str(breakable("gaussian_noise.frame00"))
    'gaussian_<wbr>noise.<wbr>frame00'
    """
    from markupsafe import Markup, escape

    return Markup(str(escape(name)).replace("_", "_<wbr>").replace(".", ".<wbr>"))


def shard_rows(shards: Sequence[ShardRecord]) -> list[tuple[str, ...]]:
    """Return the rows of the table of shards."""
    return [
        (shard.name, f"{shard.first:,} to {shard.stop - 1:,}", f"{shard.samples:,}", f"{shard.bytes:,}", shard.sha256)
        for shard in shards[:MOST_SHARDS]
    ]
