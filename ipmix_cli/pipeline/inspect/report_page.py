"""The page of a report: its style, light and dark, and its sections; everything escaped, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ipmix_cli.pipeline.output.manifest import ShardRecord
from ipmix_cli.pipeline.verify.validate import Report

MOST_SHARDS = 1000  # rows of the table; more would make a page of megabytes
OPEN_SHARDS = 24  # rows up to which the table stands open
MOST_PROBLEMS = 100

STYLE = """
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #ffffff; --ink: #1d2026; --soft: #636a76; --line: #e4e1da;
  --accent: #2f6f8f; --fill: #8fb9cc; --good: #1f7a4d; --bad: #b3342f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14161a; --card: #1c1f25; --ink: #e8e6e1; --soft: #9aa1ad;
  --line: #2d323b; --accent: #7fc1e0; --fill: #3f7188; --good: #62c794; --bad: #f0827c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, "Segoe UI", Roboto,
  "Helvetica Neue", sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 72px; }
h1 { font-size: 28px; line-height: 1.2; font-weight: 650; letter-spacing: -.01em; margin: 0 0 4px; }
h1, td, .who, .label, .tile, figcaption { overflow-wrap: anywhere; }
h2 { font-size: 18px; font-weight: 650; margin: 44px 0 6px; letter-spacing: -.005em; }
p { margin: 4px 0 14px; max-width: 74ch; } .soft, small { color: var(--soft); }
small { display: block; font-size: 12px; line-height: 1.35; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; margin: 8px 0;
  white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 12px; margin: 24px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 19px; font-weight: 650; font-variant-numeric: tabular-nums; }
.badge { display: inline-block; padding: 2px 11px; border-radius: 99px; font-weight: 650; border: 1.5px solid; }
.pass { color: var(--good); } .fail { color: var(--bad); }
.sheet, .panel { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 6px 16px; }
.strip { display: flex; gap: 10px; align-items: flex-start; padding: 10px 0; border-top: 1px solid var(--line);
  overflow-x: auto; }
.strip:first-child { border-top: 0; } .strip > * { flex: none; }
.who { width: 118px; padding-top: 4px; } .who strong { font-weight: 600; }
.start { align-self: center; color: var(--soft); font-size: 13px; padding-bottom: 24px; }
figure { margin: 0; width: 112px; } figcaption { font-size: 12px; line-height: 1.35; padding-top: 4px; }
.frame { position: relative; } .frame i { position: absolute; border: 1.5px solid #fff; outline: 1px solid #000a; }
.picture { display: block; width: 100%; border-radius: 3px; } .sharp { image-rendering: pixelated; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 14px; }
.two > *, .wide { min-width: 0; } .panel { padding: 14px 16px; }
.chart { display: block; width: 100%; max-width: 560px; margin: 0 auto; height: auto; }
.chart text { fill: var(--soft); font-size: 12px; }
.chart .tick { text-anchor: middle; } .chart .end { text-anchor: end; } .chart .name { text-anchor: middle; }
.chart .note { fill: var(--ink); } .bar { fill: var(--fill); } .axis { stroke: var(--soft); }
.grid { stroke: var(--line); } .median { stroke: var(--accent); stroke-width: 1.5; stroke-dasharray: 4 3; }
.row { display: grid; grid-template-columns: minmax(80px, 190px) 1fr 70px; gap: 12px; align-items: center;
  font-size: 13px; padding: 2px 0; }
.label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.track { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; }
.fill { display: block; height: 100%; background: var(--accent); border-radius: 5px; }
.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; } details table { min-width: 560px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; font-weight: 600; color: var(--soft); } th.number { text-align: right; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; } td.code { font: 12px ui-monospace, Menlo, Consolas, monospace; }
summary { cursor: pointer; padding: 4px 0; } footer { margin-top: 48px; color: var(--soft); font-size: 13px; }
@media (max-width: 560px) { main { padding: 24px 14px 48px; } .who { width: 84px; } figure { width: 88px; } }
"""


def page(title: str, sections: Sequence[str]) -> str:
    """Return the whole page."""
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
    )
    return f"{head}<body>\n<main>\n{chr(10).join(sections)}\n</main>\n</body>\n</html>\n"


def section(title: str, text: str, content: str) -> str:
    """Return a section: a heading, a line on what is to be seen, and the thing itself."""
    return f'<section>\n<h2>{escape(title)}</h2>\n<p class="soft">{escape(text)}</p>\n{content}\n</section>'


def tiles(facts: Sequence[tuple[str, str]]) -> str:
    """Return facts as tiles: a large value, and what it is."""
    parts = [f'<div class="tile"><b>{escape(value)}</b><small>{escape(name)}</small></div>' for name, value in facts]
    return f'<div class="tiles">{"".join(parts)}</div>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table; `numbers` are the columns to be set right."""

    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = ["number" if i in numbers else "" for i in range(len(row))]
        return "".join(f'<{tag} class="{kind}">{escape(cell)}</{tag}>' for cell, kind in zip(row, kinds, strict=True))

    head = f"<thead><tr>{cells('th', heads)}</tr></thead>" if heads else ""
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def shard_table(shards: Sequence[ShardRecord]) -> str:
    """Return the shards as a table, folded where there are many."""
    rows = [
        (shard.name, f"{shard.first:,} to {shard.stop - 1:,}", f"{shard.samples:,}", f"{shard.bytes:,}", shard.sha256)
        for shard in shards[:MOST_SHARDS]
    ]
    content = table(("shard", "pictures", "samples", "bytes", "sha256"), rows, numbers=(2, 3))
    if len(shards) > MOST_SHARDS:
        content += f'<p class="soft">and {len(shards) - MOST_SHARDS:,} more, in manifest.json</p>'
    is_open = " open" if len(shards) <= OPEN_SHARDS else ""
    return f'<details class="panel"{is_open}><summary>{len(shards):,} shards</summary>{content}</details>'


def verdict(report: Report) -> str:
    """Return the result of a validation: PASS, or what is wrong and what to do."""
    kind, word = ("pass", "PASS") if report.passed else ("fail", f"FAIL: {len(report.problems):,} problems")
    looked = f"level {report.level}: {report.shards:,} shards, {report.samples:,} samples, {report.bytes:,} bytes"
    badge = f'<p><span class="badge {kind}">{word}</span> <span class="soft">{escape(looked)}</span></p>'
    rows = [(p.code, f"{p.shard} {p.key}".strip(), p.message, p.remedy) for p in report.problems[:MOST_PROBLEMS]]
    return badge + (table(("problem", "where", "what", "what to do"), rows) if rows else "")
