"""The numbers of IPMix, checked once."""

from __future__ import annotations

from dataclasses import dataclass

from ipmix_cli.errors import UsageError
from ipmix_cli.kernels import codes
from ipmix_cli.methods.mixings import ALL_MIXINGS
from ipmix_cli.methods.operations import BASIC_OPERATIONS, OPS
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.printable import dimensions

OVERFLOWS = ("clip", "wrap")
SMALLEST_PATCH = 2  # the thin patches are drawn from 2..s
MOST_PATCH_SIZES = 64
RULE = (4, 8, 16, 32, 64)
SINGLE_BETA = 0.1


@dataclass(frozen=True, kw_only=True)
class AugmentConfig(Settings):
    """What one augmented copy is drawn from.

    Parameters
    ----------
    chains : int
        Chains of a copy, k.
    max_steps : int
        Largest number of steps of a chain, t; drawn from 0 to t.
    severity : float
        Highest level of an operation, 0.1 to 10; the lowest is 0.1.
    beta : float
        Shape of the Beta distributions that ``add`` and ``multiply`` draw their factors from.
    self_mix : float
        Probability that a patch's partner is an operation on the clean picture, not the mixing picture.
    mixing_ratio : float
        Short side of a resized mixing picture over the picture's side.
    patch_sizes : tuple of int or None
        Sizes of patches; None for the powers of two from 4 to 64 below the picture's short side, and that side.
    overflow : {"clip", "wrap"}
        What becomes of mixed values outside 0..255: clipped, or, in float32 arithmetic as the published code has it,
        truncated and taken modulo 256, and 0 from 2**31 up.
    operations : tuple of str
        Image operations to draw from.
    mixings : tuple of str
        Mixings to draw from.

    Raises
    ------
    UsageError
        For a number out of range or a name that does not exist.
    """

    chains: int = setting("chains of a copy, k", low=1, high=64)
    max_steps: int = setting("largest number of steps of a chain, t", low=1, high=64)
    severity: float = setting("highest level of an operation", low=0.1, high=10)
    beta: float = setting("shape of the mixings' Beta distributions", low=0.01, high=1000)
    self_mix: float = setting("probability that a patch's partner is an operation on the clean picture", low=0, high=1)
    mixing_ratio: float = setting("short side of a resized mixing picture over the picture's side", low=1, high=4)
    patch_sizes: tuple[int, ...] | None = setting(
        "patch sizes in px, such as 4,8,16,32.  [default: powers of two, and the short side]", default=None
    )
    overflow: str = setting(
        "mixed values outside 0..255, wrapped in the published code", default=OVERFLOWS[0], choices=OVERFLOWS
    )
    operations: tuple[str, ...] = setting("operations to draw from", default=BASIC_OPERATIONS, choices=OPS)
    mixings: tuple[str, ...] = setting("mixings to draw from", default=ALL_MIXINGS, choices=ALL_MIXINGS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.patch_sizes is not None and len(self.patch_sizes) > MOST_PATCH_SIZES:
            raise UsageError(f"{len(self.patch_sizes)} patch sizes", f"name at most {MOST_PATCH_SIZES}")
        if self.patch_sizes is not None and (not self.patch_sizes or min(self.patch_sizes) < SMALLEST_PATCH):
            raise UsageError(
                f"patch sizes {self.patch_sizes}: expected one or more, each at least {SMALLEST_PATCH} px",
                "name sizes such as 4 8 16 32, or leave them out to follow the picture's size",
            )

    @property
    def overflow_code(self) -> int:
        """How the kernels take mixed values: in float64 and clipped, or in float32 as the published code has them.

        Below `SINGLE_BETA` factors are so near to 0 and 1 that float32 rounds them to these, so that v stays v.
        """
        if self.overflow == "wrap":
            return codes.WRAP
        return codes.CLIP_SINGLE if self.beta < SINGLE_BETA else codes.CLIP

    def patch_sizes_for(self, height: int, width: int) -> tuple[int, ...]:
        """Return the patch sizes for a picture's size in pixels.

        Raises
        ------
        UsageError
            If a size that was asked for is larger than the picture's short side.

        Examples
        --------
        >>> from ipmix_cli.methods.ipmix.presets import PRESETS
        >>> PRESETS["cifar"].patch_sizes_for(32, 32)
        (4, 8, 16, 32)
        """
        short = min(height, width)
        if self.patch_sizes is None:
            return (*(size for size in RULE if size < short), short)
        if max(self.patch_sizes) > short:
            raise UsageError(
                f"patch size {max(self.patch_sizes)}: pictures of {dimensions(height, width)} hold at most {short}",
                "leave out the sizes above the picture's short side",
            )
        return self.patch_sizes
