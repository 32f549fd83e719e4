"""IPMix on the spot, for a notebook or a training loop: the same plans and the same kernels, no files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ipmix_cli.errors import UsageError
from ipmix_cli.methods.ipmix.apply import apply_plans
from ipmix_cli.methods.ipmix.plan import sample_plans
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.ipmix.transform import IPMIX
from ipmix_cli.methods.mixing_set import MixingSet, mixing_set
from ipmix_cli.transform import Size

Pictures = npt.NDArray[np.uint8]


class ArrayIPMix:
    """IPMix with one setting, as a function of pictures and mixing pictures.

    Keeps no state but the setting: the same call gives the same bytes.

    Parameters
    ----------
    setting : str or AugmentConfig
        A preset's name (``auto`` chooses by the pictures' size), or the numbers themselves.

    Examples
    --------
    >>> clean = np.zeros((32, 32, 3), np.uint8)
    >>> fractals = np.full((2, 40, 40, 3), 200, np.uint8)
    >>> ArrayIPMix("cifar")(clean, fractals, seed=1, copies=4).shape
    (4, 32, 32, 3)
    """

    def __init__(self, setting: str | AugmentConfig = "auto") -> None:
        self.setting = setting

    def __call__(
        self,
        pictures: Pictures,
        mixing: Pictures | MixingSet,
        *,
        seed: int,
        copies: int = 1,
        first_index: int = 0,
    ) -> Pictures:
        """Return copies of one picture or of a batch.

        Parameters
        ----------
        pictures : ndarray of uint8, (H, W, 3) or (N, H, W, 3)
            RGB. Not modified.
        mixing : ndarray of uint8, (h, w, 3) or (M, h, w, 3), or MixingSet
            Mixing pictures, at least as large as the pictures; resized as the preset says. A loop that calls often
            resizes them once with :func:`ipmix_cli.methods.mixing_set.mixing_set` and passes that.
        seed : int
            0 to 2**64 - 1.
        copies : int
            Copies of each, K.
        first_index : int
            Index of the first picture; copies depend on seed, index and copy number alone.

        Returns
        -------
        ndarray of uint8, (K, H, W, 3) or (N, K, H, W, 3)

        Raises
        ------
        UsageError
            If an array is not what is asked for, or a mixing picture is smaller than the pictures.
        """
        batch = _checked(pictures, "pictures")
        size = (batch.shape[1], batch.shape[2])
        config = self.settings_for(size)
        if not isinstance(mixing, MixingSet):
            mixing = mixing_set(list(_checked(mixing, "mixing")), size, config.mixing_ratio)
        indices = np.arange(first_index, first_index + len(batch))
        plans = sample_plans(config, size, seed, indices, copies, mixing.shapes)
        out = np.empty((*plans.shape, *size, 3), np.uint8)
        apply_plans(batch, plans, mixing, config, out)
        return out if pictures.ndim == 4 else out[0]

    def settings_for(self, size: Size) -> AugmentConfig:
        """Return the numbers that pictures of a size are augmented with."""
        if isinstance(self.setting, str):
            preset: AugmentConfig = IPMIX.settings_for(self.setting, size, {})
            return preset
        return self.setting


def _checked(pictures: Pictures, name: str) -> Pictures:
    """Return pictures as a batch (N, H, W, 3)."""
    batch = pictures[None] if pictures.ndim == 3 else pictures
    if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[3] != 3 or min(batch.shape[1:3]) < 2:
        raise UsageError(
            f"{name} is {pictures.dtype} {pictures.shape}: expected uint8 (H, W, 3) or (N, H, W, 3), 2 px or more",
            "convert to 8-bit RGB, channels last",
        )
    return batch
