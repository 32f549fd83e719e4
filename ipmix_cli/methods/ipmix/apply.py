"""Applying IPMix's plans: what its settings say of that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels.workspace import Workspace
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.methods.steps import memory
from ipmix_cli.methods.steps.chains import PlanArray
from ipmix_cli.methods.steps.chains_apply import apply_chains

Pictures = npt.NDArray[np.uint8]


def workspace_for(height: int, width: int, config: AugmentConfig) -> Workspace:
    """Return memory to work in, for one thread at a time.

    Reuse it: fresh memory costs a tenth of the time.
    """
    return memory.workspace_for(height, width, config.chains)


def apply_plans(
    pictures: Pictures,
    plans: PlanArray,
    mixing: MixingSet,
    config: AugmentConfig,
    out: Pictures,
    workspace: Workspace | None = None,
) -> None:
    """Make the copies that plans describe, as :func:`ipmix_cli.methods.steps.chains_apply.apply_chains` does.

    Parameters
    ----------
    pictures : ndarray of uint8, (N, H, W, 3)
        RGB; H and W at least 2. Not modified.
    plans : ndarray of plan_dtype, (N, K)
        From :func:`ipmix_cli.methods.ipmix.plan.sample_plans`.
    mixing : MixingSet
        The mixing pictures that the plans were drawn for.
    config : AugmentConfig
        Its ``overflow`` is used; its chains and steps are those of the plans.
    out : ndarray of uint8, (N, K, H, W, 3), C-contiguous
        Filled with the copies.
    workspace : Workspace, optional
        From :func:`workspace_for`, to be reused.
    """
    apply_chains(pictures, plans, mixing, out, overflow=config.overflow_code, workspace=workspace)
