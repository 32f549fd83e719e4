"""Projected gradient descent on the pictures: what the adversarial error is measured with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import UsageError
from ipmix_cli.scoring.evaluation.models import TorchModel
from ipmix_cli.scoring.evaluation.preprocessing import Preprocessing

ATTACKS = ("pgd", "pgd-published")


@dataclass(frozen=True, kw_only=True)
class Attack:
    """Projected gradient descent in the L-infinity ball, on values from 0 to 1.

    Parameters
    ----------
    name : {"pgd", "pgd-published"}
        The published code adds the random start to the clean picture too, in place, so that its ball stands around the
        start and the picture moves by up to twice epsilon. "pgd" keeps it around the clean picture.
    epsilon, step : float
        Radius, and length of a step.
    steps : int
    seed : int
        Of the random start, which follows from it and the picture's number.
    """

    name: str = "pgd"
    epsilon: float = 2 / 255
    step: float = 0.5 / 255
    steps: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < 1 or not 0 < self.step < 1 or self.steps < 1:
            raise UsageError(
                f"epsilon {self.epsilon:g}, {self.steps} steps of {self.step:g}", "give numbers such as 2/255"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON, with their words."""
        sizes = f"epsilon {self.epsilon * 255:g}/255, {self.steps} steps of {self.step * 255:g}/255"
        return {
            "name": self.name,
            "epsilon": self.epsilon,
            "step": self.step,
            "steps": self.steps,
            "seed": self.seed,
            "words": f"{self.name}, L-infinity, {sizes}, seed {self.seed}",
        }


def fraction(option: str, text: str) -> float:
    """Return a number from text such as 2/255.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> fraction("--epsilon", "51/255")
    0.2
    """
    try:
        return float(Fraction(text.replace(" ", "")) if "." not in text else _decimal(text))
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(f"{option} {text!r} is not a number", f"such as {option} 2/255") from error


def _decimal(text: str) -> Fraction:
    top, _, bottom = text.partition("/")
    return Fraction(top) / Fraction(bottom or "1")


def random_starts(shape: tuple[int, ...], seed: int, first: int) -> NDArray[np.float32]:
    """Return numbers (N, ...) from -1 to 1, row i those of the picture number first + i."""
    rows = [
        np.random.Generator(np.random.Philox(key=[seed, first + row])).uniform(-1, 1, shape[1:])
        for row in range(shape[0])
    ]
    return np.stack(rows).astype(np.float32)


def attacked_scores(
    model: TorchModel, batch: tuple[NDArray[np.uint8], NDArray[np.int64], int], how: tuple[Preprocessing, Attack]
) -> NDArray[np.float32]:
    """Return the output (N, C) on attacked pictures.

    Parameters
    ----------
    model : TorchModel
    batch : (N, H, W, 3) uint8, (N,) int64, int
        Pictures, their labels, and the number of the first one.
    how : Preprocessing, Attack

    Notes
    -----
    Source: Madry et al., ICLR 2018; the settings are those of PixMix's and IPMix's ``cifar.py``.
    """
    torch = model.torch
    (pictures, labels, first), (preprocessing, attack) = batch, how
    clean = torch.from_numpy(np.ascontiguousarray((pictures / np.float32(255)).transpose(0, 3, 1, 2), dtype=np.float32))
    truth = torch.from_numpy(labels)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (preprocessing.mean, preprocessing.std))
    start = torch.from_numpy(random_starts(tuple(clean.shape), attack.seed, first)) * attack.epsilon
    moved = clean + start
    centre = moved.clone() if attack.name == "pgd-published" else clean
    if attack.name == "pgd":
        moved = moved.clamp(0, 1)
    for _ in range(attack.steps):
        moved = moved.detach().requires_grad_()
        loss = torch.nn.functional.cross_entropy(model.output((moved - mean) / std), truth, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, moved)
        moved = moved.detach() + attack.step * gradient.sign()
        moved = torch.minimum(torch.maximum(moved, centre - attack.epsilon), centre + attack.epsilon).clamp(0, 1)
    with torch.inference_mode():
        found: NDArray[np.float32] = model.output((moved - mean) / std).numpy()
    return found
