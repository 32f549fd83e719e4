"""``ipmix info``: what a folder or a bank holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipmix_cli.cli.choosing_k import worth_of
from ipmix_cli.cli.screen import folded, show
from ipmix_cli.printable import printable

if TYPE_CHECKING:
    from ipmix_cli.pipeline.inspect.info import Info

OUTPUT = "What comes out"
MOST_CLASSES = 20
COMMAND = "made by"


def info(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The folder of a data set, or a bank (file or folder).")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel="What comes out")
    ] = False,
) -> None:
    """Describe a data set or a bank: origin, settings, sizes, classes, distances, disk use, and how to read it.

    Distances of copies from their clean pictures are measured in at most 8 shards, spread over the data set. An
    unfinished data set gives exit code 4.

    Examples:
      ipmix info shards
      ipmix info bank.h5 --json
    """
    from ipmix_cli.pipeline.inspect.info import info as look

    found = look(path)
    show(json.dumps(found.to_dict(), indent=1) if as_json else WORDS[found.kind](found))
    if found.kind == "unfinished":
        raise typer.Exit(4)


def dataset_words(found: Info) -> str:
    """Return a data set's facts as lines for a person."""
    facts = found.facts
    output, source, mixing = facts["output"], facts["source"], facts["mixing"]
    crop = "" if facts["crop"]["mode"] == "none" else f", crop {facts['crop']['mode']}"
    layout = f", {output['layout']}" if output["format"] == "webdataset" else ""
    clean = "with" if output["clean"] else "without"
    grey = ", grey" if output.get("channels") == 1 else ""
    rendered = ", rendered when read" if output.get("store") == "plans" else ""
    rows = [
        ("what", f"a data set by {facts['tool']}, plan version {facts['plan_version']}"),
        ("where", found.location),
        (
            "samples",
            f"{facts['samples']:,} {clean} clean picture, K = {output['copies']}: {facts['copies']:,} copies{rendered}",
        ),
        ("pictures", f"{_size(facts['size'])}{crop}{grey}; {output['format']}{layout}, {output['encoding']}"),
        ("source", f"{source['place']['input']} ({source['format']}, {source['pictures']:,} pictures)"),
        ("", f"sha256 {source['digest']}"),
        *_mixing(mixing),
        (COMMAND, facts["command"]),
        *_labels(output),
        *([("classes", _classes(facts))] if facts["classes_named"] or facts["classes"] else []),
        ("distance", _distance(facts["distances"])),
        ("disk", _disk(facts)),
    ]
    if worth := worth_of(facts["method"], output["copies"]):
        rows.append(("copies", worth))
    if facts["remark"]:
        rows.append(("remark", facts["remark"]))
    if facts["failed"]:
        rows.append(("left out", f"{facts['failed']:,} pictures that could not be read; see errors.jsonl"))
    return "\n".join([_table(rows), *_reading(found)])


def _labels(output: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what labels are, if they are not one class a picture, and which fields are kept."""
    from ipmix_cli.annotations import KINDS_IN_WORDS, AnnotationSpec

    spec = AnnotationSpec.of(output.get("annotations", {}))
    each = f", {spec.length} a picture" if spec.labels == "real" and spec.length is not None else ""
    rows = [] if spec.labels == "class" else [("labels", KINDS_IN_WORDS[spec.labels] + each)]
    return [*rows, *([("fields", ", ".join(field.name for field in spec.fields))] if spec.fields else [])]


def unfinished_words(found: Info) -> str:
    """Return what an unfinished folder is as lines for a person."""
    facts = found.facts
    rows = [
        ("what", "a data set that is NOT FINISHED"),
        ("where", found.location),
        ("shards", f"{facts['shards_done']:,} of {facts['shards']:,} are there"),
        ("samples", f"{facts['samples']:,} when it is finished"),
    ]
    return "\n".join([_table(rows), *_reading(found)])


def bank_words(found: Info) -> str:
    """Return a bank's facts as lines for a person."""
    facts = found.facts
    settings = facts["settings"]
    sizes = ", ".join(f"{size} px ({count:,})" for size, count in list(facts["sizes"].items())[:5])
    more = "" if len(facts["sizes"]) <= 5 else f" and {len(facts['sizes']) - 5} other sizes"
    rows = [
        ("what", "a bank of mixing pictures" if settings else "a folder or file of pictures, good as a bank"),
        ("where", found.location),
        ("pictures", f"{facts['pictures']:,}: {sizes}{more}"),
        ("sha256", facts["digest"]),
        ("disk", f"{facts['bytes']['on_disk'] / 1e6:,.1f} MB"),
    ]
    if settings:
        rows.insert(3, ("drawn with", f"seed {settings['seed']}, generator {settings.get('generator', '?')}"))
    if facts["families"]:
        families = sorted(facts["families"].items(), key=lambda item: -item[1])
        rows.insert(3, ("families", ", ".join(f"{name} {count:,}" for name, count in families)))
    if facts["classes"]:
        rows.insert(3, ("classes", f"{facts['classes']:,}"))
    return "\n".join([_table(rows), *_reading(found)])


WORDS = {"dataset": dataset_words, "unfinished": unfinished_words, "bank": bank_words}


def _table(rows: list[tuple[str, str]]) -> str:
    lines = ((name, f"{name:<12}{printable(text)}") for name, text in rows)
    return "\n".join(line if name == COMMAND else folded(line) for name, line in lines)


def _reading(found: Info) -> list[str]:
    lines = []
    for title, code in found.reading.items():
        lines += ["", f"{title}:", *(f"    {line}" for line in code.splitlines())]
    return lines


def _mixing(mixing: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the rows on the mixing pictures; none for a method without them."""
    if not mixing["pictures"]:
        return []
    return [("mixing", f"{mixing['place']} ({mixing['pictures']:,} pictures)"), ("", f"sha256 {mixing['digest']}")]


def _size(size: list[int] | None) -> str:
    return "of several sizes" if size is None else f"{size[1]}x{size[0]} px"


def _classes(facts: dict[str, Any]) -> str:
    counts = facts["classes"]
    if not counts:
        return "none"
    where = "" if facts["classes_from_shards"] == facts["shards"] else _in_shards(facts["classes_from_shards"], facts)
    named = ", ".join(f"{one['name']} {one['samples']:,}" for one in counts[:MOST_CLASSES])
    more = f" and {len(counts) - MOST_CLASSES} more" if len(counts) > MOST_CLASSES else ""
    return f"{facts['classes_named']:,}{where}: {named}{more}"


def _distance(distances: dict[str, Any] | None) -> str:
    if distances is None:
        return "not measured: the clean pictures are not stored"
    low, middle, high = (distances["percentiles"][percent] for percent in ("5", "50", "95"))
    return (
        f"mean absolute difference {distances['mean']:.1f} grey levels (5 %: {low:.1f}, median {middle:.1f}, "
        f"95 %: {high:.1f}); {distances['unchanged']:.1%} of the copies unchanged; "
        f"from {distances['copies']:,} copies in {distances['shards']} shards"
    )


def _in_shards(count: int, facts: dict[str, Any]) -> str:
    return f" (counted in {count} of {facts['shards']:,} shards)"


def _disk(facts: dict[str, Any]) -> str:
    stored = 0 if facts["output"].get("store") == "plans" else facts["copies"]
    stored += facts["samples"] if facts["output"]["clean"] else 0
    each = facts["bytes"]["on_disk"] / max(stored, 1)
    return f"{facts['bytes']['on_disk'] / 1e6:,.1f} MB in {facts['shards']:,} shards: {each:,.0f} bytes a picture"
