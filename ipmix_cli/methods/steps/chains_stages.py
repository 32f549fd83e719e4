"""The stages of one copy, made by the same kernels from prefixes of its plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ipmix_cli.kernels import codes
from ipmix_cli.kernels.mixing import fill_mask
from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.methods.mixings import MIXERS, MIXING_NAMES
from ipmix_cli.methods.steps.chains import PlanArray
from ipmix_cli.picture import Picture

Stages = dict[str, npt.NDArray[Any]]


def chain_stages(made: Callable[[PlanArray], Picture], picture: Picture, plan: Any, mixing: MixingSet | None) -> Stages:
    """Return every stage of one copy.

    Parameters
    ----------
    made : callable
        Returns the copy that a plan array of one element makes of `picture`.
    picture : ndarray of uint8, (H, W, 3)
        The clean picture. Not modified.
    plan : numpy.void
        One element of a plan array.
    mixing : MixingSet or None
        The mixing pictures that the plan was drawn for; None if it has operations alone.

    Returns
    -------
    dict of str to ndarray
        ``clean``; ``mixing``, the mixing picture as cropped; ``chain{i}_step{j}``, the running picture after a step;
        ``mask{i}_{j}``, where a mixing used a mask: bool, True where the running picture's own value stays, (h, w) of
        the patch for random_pixels and (h, w, 3) for random_elements; ``partner{i}_{j}``, where the partner was an
        augmented copy: the whole of that copy, of which the mixing saw the patch; ``out``. All pictures are uint8 (H,
        W, 3). ``out`` is the copy itself, byte for byte.
    """
    height, width = picture.shape[:2]
    top, left = int(plan["crop_top"]), int(plan["crop_left"])
    stages: Stages = {"clean": picture.copy()}
    if mixing is not None:
        whole = mixing.picture(int(plan["mixing"]))
        stages["mixing"] = whole[top : top + height, left : left + width].copy()
    for i, length in enumerate(plan["lengths"]):
        for j in range(length):
            stages[f"chain{i}_step{j}"] = made(_only(plan, i, j + 1))
            step = plan["steps"][i, j]
            if step["kind"] == codes.MIXING:
                _add_sides(stages, f"{i}_{j}", step, made(_partner(plan, step)))
    stages["out"] = made(_row(plan))
    return stages


def _row(plan: Any) -> npt.NDArray[Any]:
    return np.array([plan], plan.dtype)


def _only(plan: Any, chain: int, length: int) -> npt.NDArray[Any]:
    """Return the plan whose copy is one chain after some of its steps."""
    row = _row(plan)
    row["lengths"] = 0
    row["lengths"][0, chain] = length
    row["weights"] = 0.0
    row["weights"][0, chain] = 1.0
    row["blend"] = 1.0
    return row


def _partner(plan: Any, step: Any) -> npt.NDArray[Any]:
    """Return the plan whose copy is the whole partner of a mixing, where that is an operation on the picture."""
    row = _only(plan, 0, 1)
    first = row["steps"][0, 0, 0]
    first["kind"] = codes.OPERATION
    first["code"], first["parameter"] = step["partner_code"], step["partner_parameter"]
    return row


def _add_sides(stages: Stages, place: str, step: Any, partner: Picture) -> None:
    """Add a mixing's mask and partner, where it has one."""
    kind = MIXERS[MIXING_NAMES[int(step["code"])]].mask
    if kind:
        height, width = int(step["height"]), int(step["width"])
        mask = np.empty(height * width * 3, np.uint8)
        fill_mask(int(step["code"]), np.uint64(step["mask_key"]), float(step["p"]), mask)
        kept = mask.reshape(height, width, 3) != 0
        stages[f"mask{place}"] = kept[..., 0].copy() if kind == "pixel" else kept
    if step["partner"] == codes.PARTNER_OPERATION:
        stages[f"partner{place}"] = partner
