"""How large the study is: one that a laptop can run, and the one of the paper."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The size of a study.

    Parameters
    ----------
    network : str
        A name of the table NETWORKS.
    dataset : str
        What ``ipmix augment --in`` takes.
    pictures : int or None
        The first so many training pictures; None for all.
    corrupted, sequences : int or None
        The first so many test pictures are corrupted, or begin perturbation sequences; None for all.
    epochs, batch : int
    learning_rate : float
        Peak of one cycle: a warm-up of a fifth of the steps, then a cosine to 0.
    """

    network: str
    dataset: str = "cifar10"
    pictures: int | None = None
    corrupted: int | None = None
    sequences: int | None = None
    epochs: int
    batch: int = 128
    learning_rate: float
    weight_decay: float = 5e-4


SMALL = Profile(network="resnet", pictures=20_000, corrupted=1_000, sequences=200, epochs=15, learning_rate=0.2)

PROFILES = {
    "small": SMALL,
    "small-60-epochs": replace(SMALL, epochs=60),  # each stored copy is read four times as often
    # Huang et al., NeurIPS 2023: WRN-40-4, 200 epochs, learning rate 0.1
    "paper": Profile(network="wrn-40-4", epochs=200, learning_rate=0.1),
    "paper-cifar100": Profile(network="wrn-40-4", dataset="cifar100", epochs=200, learning_rate=0.1),
}
