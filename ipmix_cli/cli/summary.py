"""The summary of a run: what was made, where the time went, and the next command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ipmix_cli.cli.screen import folded
from ipmix_cli.printable import counted

if TYPE_CHECKING:
    from ipmix_cli.pipeline.run.augment import Outcome
    from ipmix_cli.pipeline.run.builtin_bank import Preparation

SHORT = 0.05  # seconds that are not worth a word


def summary(outcome: Outcome, out: str) -> str:
    """Return the lines that end a run: what was made, and what to type next.

    The classes and the source's notes are not among them: the run has shown them at its start.
    """
    lines = [folded(_made(outcome), 2)]
    if prepared := _prepared(outcome.spent):
        lines.append(folded(prepared, 2))
    if outcome.resumed_shards and outcome.made_shards:
        lines.append(f"shards that were there already: {outcome.resumed_shards:,}")
    if outcome.manifest is None:
        lines.append(f"this run has made its shards; see what other tasks have still to make: ipmix status {out}")
        return "\n".join(lines)
    if remark := outcome.job.transform.remark(outcome.job.augment):
        lines.append(folded(remark, 2))
    if outcome.manifest.failed:
        lines.append(f"{counted(outcome.manifest.failed, 'picture')} could not be read: see {out}/errors.jsonl")
    lines.append(f"next: ipmix validate {out}")
    return "\n".join(lines)


def _made(outcome: Outcome) -> str:
    """Return what this run has made, and how quickly; or that there was nothing left to make."""
    if outcome.manifest is not None and not outcome.made_shards:
        samples, shards = outcome.manifest.samples, len(outcome.manifest.shards)
        copies = f"{samples * outcome.job.output.copies:,} copies"
        return f"complete already: {counted(samples, 'picture')}, {copies} in {counted(shards, 'shard')}"
    seconds = outcome.seconds - outcome.spent.compiling - outcome.spent.bank
    rate = outcome.made_copies / seconds if seconds > 0 else 0.0
    made = f"{counted(outcome.made_samples, 'picture')}, {outcome.made_copies:,} copies"
    size = f"{outcome.made_bytes / 1e6:,.1f} MB in {seconds:.1f} s: {rate:,.0f} copies/s"
    return f"{made} in {counted(outcome.made_shards, 'shard')}, {size}"


def _prepared(spent: Preparation) -> str:
    """Return what this run has made before its copies, and later runs will find; empty if that took no time."""
    parts = [f"{spent.compiling:.1f} s of compiling"] if spent.compiling >= SHORT else []
    bank = f"the built-in bank of {spent.bank_pictures:,} mixing pictures" if spent.bank_pictures else "mixing pictures"
    parts += [f"{spent.bank:.1f} s for {bank}"] if spent.bank >= SHORT else []
    return f"before that, once on this machine: {' and '.join(parts)}" if parts else ""


def as_json(outcome: Outcome, out: str) -> str:
    """Return the outcome as JSON, for schedulers and scripts."""
    manifest = outcome.manifest
    values = {
        "out": out,
        "finished": manifest is not None,
        "job_digest": outcome.job.digest(),
        "samples": None if manifest is None else manifest.samples,
        "copies_of_each": outcome.job.output.copies,
        "failed": None if manifest is None else manifest.failed,
        "made": {
            "shards": outcome.made_shards,
            "samples": outcome.made_samples,
            "copies": outcome.made_copies,
            "bytes": outcome.made_bytes,
        },
        "resumed_shards": outcome.resumed_shards,
        "seconds": round(outcome.seconds, 3),
        "compiling_seconds": round(outcome.spent.compiling, 3),
        "bank_seconds": round(outcome.spent.bank, 3),
        "stages": {stage: round(seconds, 3) for stage, seconds in outcome.stages.items()},
        "notes": [note for note in (outcome.classes, *outcome.notes) if note],
    }
    return json.dumps(values, indent=1)


def profile_table(outcome: Outcome) -> str:
    """Return where the time of all workers together went, by stage."""
    from ipmix_cli.stages import STAGES

    total = sum(outcome.stages.values()) or 1.0
    copies = max(outcome.made_copies, 1)
    lines = [f"{'stage':<10}{'seconds':>10}{'share':>8}{'us/copy':>10}   (seconds of work, all workers together)"]
    for stage in STAGES:
        seconds = outcome.stages.get(stage, 0.0)
        lines.append(f"{stage:<10}{seconds:>10.2f}{seconds / total:>8.1%}{seconds / copies * 1e6:>10.2f}")
    return "\n".join(lines)
