"""IPMix as a transform of a training loop: one picture in, one copy out, of the kind that went in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import UsageError
from ipmix_cli.methods.ipmix.online import ArrayIPMix
from ipmix_cli.methods.ipmix.settings import AugmentConfig
from ipmix_cli.methods.mixing_set import MixingSet


class IPMix(ArrayIPMix):
    """IPMix with one setting, as a function of pictures and mixing pictures, or of one picture inside a ``Compose``.

    Parameters
    ----------
    setting : str or AugmentConfig
        A preset's name (``auto`` chooses by the pictures' size), or the numbers themselves.
    mixing : str or Path, optional
        A bank, a folder of pictures, or ``builtin``: with it, an IPMix takes a picture alone.

    Examples
    --------
    >>> clean = np.zeros((32, 32, 3), np.uint8)
    >>> fractals = np.full((2, 40, 40, 3), 200, np.uint8)
    >>> IPMix("cifar")(clean, fractals, seed=1, copies=4).shape
    (4, 32, 32, 3)

    As a transform, before ``ToTensor`` or after ``ToImage``:

    >>> augment = transforms.Compose([                                            # doctest: +SKIP
    ...     transforms.RandomResizedCrop(224), IPMix("imagenet", mixing="builtin"), transforms.ToTensor()])

    Notes
    -----
    Given one picture, a call draws a seed: from torch's generator where torch is imported (so that
    ``torch.manual_seed`` and a loader's workers decide), else from the system. The bank is opened, or drawn, and
    resized when it is first needed: call it once before workers are started.
    """

    def __init__(self, setting: str | AugmentConfig = "auto", mixing: str | Path | None = None) -> None:
        super().__init__(setting)
        self.mixing = None if mixing is None else str(mixing)

    def __call__(
        self,
        pictures: Any,
        mixing: NDArray[np.uint8] | MixingSet | None = None,
        *,
        seed: int | None = None,
        copies: int | None = None,
        first_index: int = 0,
    ) -> Any:
        """Return copies of one picture or of a batch, or with `mixing` left out one copy of a picture of any kind.

        Parameters
        ----------
        pictures : ndarray of uint8, (H, W, 3) or (N, H, W, 3); or a Pillow image; or a uint8 tensor (3, H, W)
            RGB. Not modified.
        mixing : ndarray of uint8, (h, w, 3) or (M, h, w, 3), or MixingSet, optional
            Mixing pictures, at least as large as the pictures; those of the constructor by default.
        seed : int, optional
            0 to 2**64 - 1; drawn if it is left out.
        copies : int, optional
            Copies of each, K. If it is left out, a picture becomes one copy of the same kind.
        first_index : int
            Index of the first picture; copies depend on seed, index and copy number alone.

        Returns
        -------
        ndarray of uint8, (K, H, W, 3) or (N, K, H, W, 3); without `copies`, one picture of the kind given

        Raises
        ------
        UsageError
            If a picture is not what is asked for, or there are no mixing pictures.
        """
        array = as_array(pictures)
        used = self._mixing_for(array) if mixing is None else mixing
        drawn = drawn_seed() if seed is None else seed
        single = copies is None and mixing is None and array.ndim == 3
        made = super().__call__(array, used, seed=drawn, copies=copies or 1, first_index=first_index)
        return like(pictures, made[0]) if single else made

    def _mixing_for(self, pictures: NDArray[np.uint8]) -> MixingSet:
        if self.mixing is None:
            raise UsageError(
                "no mixing pictures are given", 'pass them, or make it with mixing="builtin" or the path of a bank'
            )
        from ipmix_cli.pipeline.banks.mixing import MixingHandle, cached_mixing_set, open_bank
        from ipmix_cli.pipeline.job import MixingRecord
        from ipmix_cli.pipeline.run.builtin_bank import BUILTIN, builtin_bank, builtin_side

        size = (pictures.shape[-3], pictures.shape[-2])
        config = self.settings_for(size)
        place = self.mixing
        if place == BUILTIN:
            place = builtin_bank(builtin_side(size, config.mixing_ratio))
        bank = open_bank(place)
        record = MixingRecord(digest=bank.digest, pictures=len(bank.shapes))
        return cached_mixing_set(MixingHandle(place, record, config.mixing_ratio), size)

    def __repr__(self) -> str:
        mixing = "" if self.mixing is None else f", mixing={self.mixing!r}"
        return f"IPMix({self.setting!r}{mixing})"


def as_array(pictures: Any) -> NDArray[np.uint8]:
    """Return an array, a Pillow image, or a tensor (3, H, W) as an array of uint8, channels last."""
    if isinstance(pictures, np.ndarray):
        return pictures
    if type(pictures).__module__.partition(".")[0] == "PIL":
        return np.asarray(pictures.convert("RGB"), np.uint8)
    if hasattr(pictures, "movedim") and hasattr(pictures, "numpy"):
        if str(pictures.dtype) != "torch.uint8" or pictures.ndim != 3 or pictures.shape[0] != 3:
            raise UsageError(
                f"a tensor of {pictures.dtype} {tuple(pictures.shape)}: expected uint8 (3, H, W)",
                "put IPMix before the conversion to floats",
            )
        return np.ascontiguousarray(pictures.movedim(0, -1).numpy(), np.uint8)
    raise UsageError(
        f"pictures are {type(pictures).__name__}: expected an array, a Pillow image or a tensor", "convert them"
    )


def like(picture: Any, made: NDArray[np.uint8]) -> Any:
    """Return a copy (H, W, 3) in the type of its picture."""
    if isinstance(picture, np.ndarray):
        return made
    if hasattr(picture, "movedim"):
        import torch

        return torch.from_numpy(made).movedim(-1, 0).contiguous()
    from PIL import Image

    return Image.fromarray(made)


def drawn_seed() -> int:
    """Return a random seed: from torch's generator where torch is imported, else from the system."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.randint(2**62, (1,)).item())
    return int.from_bytes(os.urandom(8), "little") >> 1
