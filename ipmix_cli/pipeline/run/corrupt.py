"""Corrupted test sets: the same job as augmented ones, with corruptions or sequences as its method."""

from __future__ import annotations

import dataclasses

from ipmix_cli.methods import CORRUPTIONS, SEQUENCES
from ipmix_cli.pipeline.job import Execution
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.run.augment import Outcome, augment
from ipmix_cli.pipeline.run.prepare import Request
from ipmix_cli.pipeline.run.schedule import ExistingOutput


def corrupt(
    request: Request,
    out: str,
    execution: Execution | None = None,
    existing_output: ExistingOutput | None = None,
    listener: Listener | None = None,
) -> Outcome:
    """Make a corrupted test set, or perturbation sequences, or finish what was begun, as ``ipmix corrupt`` does.

    Parameters
    ----------
    request : Request
        What to make: `preset` is a set of corruptions (``auto`` for ``test``), and `changes` are fields of
        :class:`ipmix_cli.corruptions.settings.CorruptionSettings`. With the method ``sequences`` they are sets and
        fields of :class:`ipmix_cli.corruptions.sequences.settings.SequenceSettings`; any other method, and the number
        of copies, are not used.
    out, execution, existing_output, listener
        As in :func:`ipmix_cli.pipeline.run.augment.augment`.

    Raises
    ------
    IpmixError
        See ipmix_cli.errors; shards committed before stay, and the same call goes on from there.
    """
    wanted = request if request.method == SEQUENCES else dataclasses.replace(request, method=CORRUPTIONS)
    return augment(wanted, out, execution, existing_output, listener)
