"""Applying plans of chains: nothing random, no disk. One compiled call makes all copies of a batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.copies import make_copies
from ipmix_cli.kernels.workspace import Workspace
from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.methods.steps.chains import PlanArray
from ipmix_cli.methods.steps.memory import flat_pictures, plan_rows, read_only, workspace_for

Pictures = npt.NDArray[np.uint8]
NO_MIXING = MixingSet(np.empty(0, np.uint8), np.empty(0, np.int64), np.empty((0, 2), np.int32))


def apply_chains(
    pictures: Pictures,
    plans: PlanArray,
    mixing: MixingSet,
    out: Pictures,
    *,
    overflow: int = codes.CLIP,
    workspace: Workspace | None = None,
) -> None:
    """Make the copies that plans describe.

    The bytes depend on the picture, its plan and the mixing picture alone, not on the batch. Holds no lock while it
    works (nogil). Does not modify its inputs.

    Parameters
    ----------
    pictures : ndarray of uint8, (N, H, W, 3)
        RGB; H and W at least 2.
    plans : ndarray of plan_dtype, (N, K)
        From :func:`ipmix_cli.methods.steps.chains.plan_dtype`.
    mixing : MixingSet
        The mixing pictures that the plans were drawn for; :data:`NO_MIXING` for plans of operations alone.
    out : ndarray of uint8, (N, K, H, W, 3), C-contiguous
        Filled with the copies.
    overflow : int
        What becomes of mixed values outside 0..255: ``codes.CLIP``, ``WRAP``, or ``CLIP_SINGLE``.
    workspace : Workspace, optional
        From :func:`ipmix_cli.methods.steps.memory.workspace_for`, to be reused.
    """
    height, width = pictures.shape[1:3]
    workspace = with_mixing(workspace or workspace_for(height, width, plans.dtype["weights"].shape[0]), mixing)
    assert (workspace.height, workspace.width) == (height, width)
    assert plans.dtype["weights"].shape == (workspace.chains,)
    make_copies(
        flat_pictures(pictures),
        plan_rows(plans),
        workspace._replace(overflow=overflow),
        flat_copies(pictures, plans, out),
    )


def with_mixing(workspace: Workspace, mixing: MixingSet) -> Workspace:
    """Return a workspace that has the mixing pictures."""
    return workspace._replace(
        pixels=read_only(mixing.pixels, np.uint8),
        offsets=read_only(mixing.offsets, np.int64),
        shapes=read_only(mixing.shapes, np.int32),
    )


def flat_copies(pictures: Pictures, plans: PlanArray, out: Pictures) -> Pictures:
    """Return the place for copies (N, K, H, W, 3) as rows of bytes, a view."""
    count, height, width = pictures.shape[:3]
    assert out.shape == (*plans.shape, height, width, 3)
    assert out.flags.c_contiguous
    assert count == len(plans)
    return out.reshape(count, plans.shape[1], height * width * 3)
