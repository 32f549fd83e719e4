"""The random numbers of one corrupted picture: a few values, and a key from which its random arrays follow.

A random array number f is a stream of its own, with the key :func:`field_key` (key, f); element i of it is the stream's
uniform i of :func:`ipmix_cli.randomness.uniforms`. Normals are the normal quantiles of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.randomness import GOLDEN, MASK, scramble

FIRST_FIELD = 16  # slots of a stream before it are the plan's numbers


def field_key(key: int, number: int) -> int:
    """Return the key of random array `number` of a plan with this key: a slot of the plan's stream."""
    return scramble((key + (FIRST_FIELD + number + 1) * GOLDEN) & MASK)


@dataclass(frozen=True)
class Draws:
    """What one plan drew.

    Parameters
    ----------
    key : int
        64 bits.
    numbers : mapping of str to float
        The plan's numbers by name.
    """

    key: int
    numbers: dict[str, float]

    def field_key(self, number: int) -> np.uint64:
        """Return the key of one random array."""
        return np.uint64(field_key(self.key, number))

    def uniform(self, number: int, *shape: int) -> NDArray[np.float64]:
        """Return random array `number`: uniforms of the open interval (0, 1)."""
        from ipmix_cli.kernels.corruptions.fields import fill_uniform

        out = np.empty(shape, np.float64)
        fill_uniform(self.field_key(number), out.reshape(-1))
        return out

    def normal(self, number: int, *shape: int) -> NDArray[np.float64]:
        """Return random array `number`: standard normals."""
        from ipmix_cli.kernels.corruptions.fields import fill_normal

        out = np.empty(shape, np.float64)
        fill_normal(self.field_key(number), out.reshape(-1))
        return out

    def steps(self, number: int, reach: int, *shape: int) -> NDArray[np.int64]:
        """Return random array `number`: integers of -reach .. reach - 1."""
        from ipmix_cli.kernels.corruptions.fields import fill_steps

        out = np.empty(shape, np.int64)
        fill_steps(self.field_key(number), reach, out.reshape(-1))
        return out
