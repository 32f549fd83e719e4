"""Chains as AugMix and PRIME draw them: weights from Dirichlet(1, .., 1), lengths, and a uniform blend."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import UsageError
from ipmix_cli.methods.steps.draws import below, dirichlet_of_ones, draw_uniforms
from ipmix_cli.transform import Plans

HEAD_SLOTS = 1  # the blend; then for each chain:
CHAIN_SLOTS = 2  # weight and length, then the slots of its steps


class ChainSettings(Protocol):
    """How many chains a copy has, and how long they can be."""

    @property
    def chains(self) -> int:
        """The number of chains."""
        ...

    @property
    def min_steps(self) -> int:
        """The smallest number of steps of a chain."""
        ...

    @property
    def max_steps(self) -> int:
        """The largest number of steps of a chain."""
        ...


def check_steps(settings: ChainSettings) -> None:
    """Refuse a smallest number of steps above the largest.

    Raises
    ------
    UsageError
    """
    if settings.min_steps > settings.max_steps:
        raise UsageError(
            f"min_steps is {settings.min_steps}, above max_steps, {settings.max_steps}",
            "choose a max_steps of at least min_steps",
        )


def draw_chains(
    settings: ChainSettings,
    seed: int,
    indices: NDArray[np.int64],
    copies: int,
    dtype: np.dtype[Any],
    step_slots: int,
) -> tuple[Plans, NDArray[np.float64]]:
    """Draw blends, weights and lengths.

    Returns
    -------
    plans : structured array of `dtype`, (N, copies)
        With the fields ``blend``, ``weights`` and ``lengths``; the others are zero.
    uniforms : ndarray of float64, (N, copies, chains, max_steps, step_slots)
        What the steps are to be drawn from.
    """
    per_chain = CHAIN_SLOTS + step_slots * settings.max_steps
    u = draw_uniforms(seed, indices, copies, HEAD_SLOTS + settings.chains * per_chain)
    chains = u[..., HEAD_SLOTS:].reshape(*u.shape[:2], settings.chains, per_chain)
    plans = np.zeros(u.shape[:2], dtype)
    plans["blend"] = u[..., 0]
    plans["weights"] = dirichlet_of_ones(chains[..., 0])
    plans["lengths"] = settings.min_steps + below(chains[..., 1], settings.max_steps - settings.min_steps + 1)
    return plans, chains[..., CHAIN_SLOTS:].reshape(*chains.shape[:3], settings.max_steps, step_slots)
