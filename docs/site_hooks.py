"""What mkdocs does beside converting pages: README and changelog become pages, links into code become file names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = {"readme.md": "README.md", "changelog.md": "CHANGELOG.md"}
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie outside of docs/."""
    from mkdocs.structure.files import File

    for page, source in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links to other pages lead there, and show links to other files of the repository as names."""
    folder = ROOT if page.file.src_uri in PAGES else ROOT / "docs"
    return LINK.sub(lambda link: rewritten(link, folder), markdown)


def rewritten(link: re.Match[str], folder: Path) -> str:
    """Return a link as the site has it.

    >>> rewritten(LINK.search("[one](../ipmix_cli/crop.py)"), ROOT / "docs")
    'one (`ipmix_cli/crop.py`)'
    """
    text, (place, anchor) = link[1], link[2].partition("#")[::2]
    target = (folder / place).resolve() if place else None
    if "://" in link[2] or target is None or not target.exists():
        return link[0]  # a link to nothing is left for mkdocs to complain about
    inside = target.relative_to(ROOT).as_posix()
    pages = {source: page for page, source in PAGES.items()}
    if inside in pages or inside.startswith("docs/"):
        return f"[{text}]({pages.get(inside) or inside.removeprefix('docs/')}{'#' * bool(anchor)}{anchor})"
    return f"{text}" if text.strip("`") == inside else f"{text} (`{inside}`)"
