"""What a run says when it ends: what was made, where the time went, and what to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipmix_cli.pipeline.run.augment import Outcome


def summary(outcome: Outcome, out: str) -> str:
    """Return the lines that end a run: what was made, and what to type next."""
    rate = outcome.made_copies / outcome.seconds if outcome.seconds else 0.0
    made = f"{outcome.made_samples:,} pictures, {outcome.made_copies:,} copies in {outcome.made_shards} shards"
    lines = [f"{made}, {outcome.made_bytes / 1e6:,.1f} MB in {outcome.seconds:.1f} s: {rate:,.0f} copies/s"]
    if outcome.resumed_shards:
        lines.append(f"shards that were there already: {outcome.resumed_shards}")
    lines += [line for line in (outcome.classes, *outcome.notes) if line]
    if outcome.manifest is None:
        lines.append(f"this run has no more to make; what others are to make or are making: ipmix merge {out}")
        return "\n".join(lines)
    if remark := outcome.job.transform.remark(outcome.job.augment):
        lines.append(remark)
    if outcome.manifest.failed:
        lines.append(f"{outcome.manifest.failed} pictures could not be read: see {out}/errors.jsonl")
    lines.append(f"next: ipmix validate {out}")
    return "\n".join(lines)


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
