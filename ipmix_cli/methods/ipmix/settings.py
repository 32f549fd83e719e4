"""The numbers of IPMix, checked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.kernels import codes
from ipmix_cli.methods.mixings import ALL_MIXINGS
from ipmix_cli.methods.operations import BASIC_OPERATIONS, OPS

OVERFLOWS = ("clip", "wrap")
SMALLEST_PATCH = 2  # the thin patches are drawn from 2..s
MOST_PATCH_SIZES = 64
RULE = (4, 8, 16, 32, 64)
SINGLE_BETA = 0.1


def _number(help_text: str, low: float, high: float) -> dict[str, Any]:
    """Return what the command line says of a number, and the range that it is checked against."""
    return {"help": help_text, "low": low, "high": high}


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
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

    chains: int = field(metadata=_number("Chains of a copy, k.", 1, 64))
    max_steps: int = field(metadata=_number("Most steps of a chain, t.", 1, 64))
    severity: float = field(metadata=_number("Highest level of operations.", 0.1, 10.0))
    beta: float = field(metadata=_number("Shape of the mixings' Beta distributions.", 0.01, 1000.0))
    self_mix: float = field(metadata=_number("Probability that a patch's partner is an augmented copy.", 0.0, 1.0))
    mixing_ratio: float = field(metadata=_number("Mixing picture's side over the sample's.", 1.0, 4.0))
    patch_sizes: tuple[int, ...] | None = field(
        default=None,
        metadata={"help": "Patch sizes in px, such as 4,8,16,32.  [default: powers of two, and the short side]"},
    )
    overflow: str = field(default="clip", metadata={"help": "Mixed values out of range: clip, or wrap as published."})
    operations: tuple[str, ...] = field(
        default=BASIC_OPERATIONS, metadata={"help": "Only these operations, with commas between."}
    )
    mixings: tuple[str, ...] = field(default=ALL_MIXINGS, metadata={"help": "Only these mixings, with commas between."})

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.type == "float":  # 3 and 3.0 are one setting, so one record
                object.__setattr__(self, one.name, float(getattr(self, one.name)))
            if "low" in one.metadata:
                _check_range(one.name, getattr(self, one.name), one.metadata["low"], one.metadata["high"])
        _check_names("overflow", [self.overflow], OVERFLOWS)
        _check_names("operation", self.operations, OPS)
        _check_names("mixing", self.mixings, ALL_MIXINGS)
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
                f"patch size {max(self.patch_sizes)}: pictures of {height} x {width} hold at most {short}",
                "leave out the sizes above the picture's short side",
            )
        return self.patch_sizes

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; :meth:`from_dict` is the way back."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AugmentConfig:
        """Make a config from :meth:`to_dict`'s values.

        Raises
        ------
        UsageError
            For a name that no setting has, a setting left out, or a value out of range.
        """
        _check_names("setting", values, [field.name for field in fields(cls)])
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        try:
            return cls(**plain)
        except TypeError as error:
            raise UsageError(f"augment settings: {error}", "give every setting of the preset") from error


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(
            f"{name} is {value}: expected a number from {low:g} to {high:g}",
            f"choose a value of {name} in that range, or leave it to the preset",
        )


def _check_names(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    allowed = list(known)
    given = list(names)
    for name in given:
        check_name(what, name, allowed)
    if not given or len(set(given)) < len(given):
        raise UsageError(
            f"{what} list {given}: expected at least one name, each once",
            f"choose from: {', '.join(allowed)}",
        )
