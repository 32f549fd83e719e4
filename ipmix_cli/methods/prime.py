"""PRIME (Modas et al., ECCV 2022): AugMix's chains over random displacements, changes of colour, and filters."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.kernels import codes
from ipmix_cli.methods.steps.chain_draws import check_steps, draw_chains
from ipmix_cli.methods.steps.draws import below, keys, logarithms, normals
from ipmix_cli.methods.steps.method import Method
from ipmix_cli.methods.steps.prime_view import OPERATORS, PrimeView
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.picture import Picture
from ipmix_cli.transform import MixingPictures, Plans, Size, StageRow

if TYPE_CHECKING:
    from ipmix_cli.kernels.prime import PrimeMemory

Reals = NDArray[np.float64]

STEP = np.dtype(
    [
        ("code", np.int64),
        ("key", np.uint64),  # of the stream of normal numbers
        ("first", np.int64),  # lowest frequency of a change of colour
        ("count", np.int64),  # its frequencies; the highest one of a displacement
        ("scale", np.float64),  # of the normal numbers
        ("filter", np.float64, (9,)),
    ]
)
CENTRE = 8  # the published code puts the filter's 1 at row 2, column 2: the picture moves by a pixel up and to the left
LOWEST_CUT = 2
STEP_SLOTS = 16  # operator, key, cut's limit, cut, temperature, first frequency, sigma, nine of a filter


@dataclass(frozen=True, kw_only=True)
class PrimeSettings(Settings):
    """What one copy of PRIME is drawn from."""

    max_cut: int = setting("highest frequency of a displacement", low=3, high=1000)
    max_frequency: int = setting("highest frequency of a change of colour", low=1, high=1000)
    bandwidth: int = setting(
        "neighbouring frequencies of a change of colour; 0 for all from the lowest", low=0, high=1000
    )
    temperature: float = setting("largest variance of a frequency of colour", low=0, high=1)
    sigma: float = setting("largest deviation of a filter's numbers", default=4.0, low=0, high=100)
    chains: int = setting("chains of a copy", default=3, low=1, high=64)
    min_steps: int = setting("smallest number of operators of a chain", default=1, low=0, high=64)
    max_steps: int = setting("largest number of operators of a chain", default=3, low=1, high=64)
    operators: tuple[str, ...] = setting("operators to draw from", default=tuple(OPERATORS), choices=OPERATORS)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_steps(self)


PRESETS: dict[str, PrimeSettings] = {
    # amodas/PRIME-augmentations, config/cifar10_cfg.py
    "cifar": PrimeSettings(max_cut=100, max_frequency=100, bandwidth=0, temperature=0.01),
    # The same, config/imagenet_cfg.py
    "imagenet": PrimeSettings(max_cut=500, max_frequency=500, bandwidth=20, temperature=0.05),
}


@functools.cache
def plan_dtype(chains: int, max_steps: int) -> np.dtype[Any]:
    """Return the type of one plan."""
    return np.dtype(
        [
            ("blend", np.float64),
            ("weights", np.float64, (chains,)),
            ("lengths", np.int64, (chains,)),
            ("steps", STEP, (chains, max_steps)),
        ]
    )


class Prime(Method):
    """Chains of random operators from the clean picture on, weighted and blended as AugMix's."""

    name: ClassVar[str] = "prime"
    summary: ClassVar[str] = "chains of random displacements, colours and filters"
    title: ClassVar[str] = "PRIME"
    credit: ClassVar[str] = "PRIME (Modas et al., ECCV 2022)"
    settings_type: ClassVar[type[Any]] = PrimeSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    kernels: ClassVar[str] = "prime"

    def plan(
        self,
        settings: PrimeSettings,
        size: Size,
        seed: int,
        indices: NDArray[np.int64],
        copies: int,
        mixing_shapes: NDArray[np.int32],
    ) -> Plans:
        """Draw the plans (N, V)."""
        del mixing_shapes
        dtype = plan_dtype(settings.chains, settings.max_steps)
        plans, uniforms = draw_chains(settings, seed, indices, copies, dtype, STEP_SLOTS)
        _draw_steps(plans["steps"], uniforms, settings, min(size))
        return plans

    def apply(
        self,
        pictures: Picture,
        plans: Plans,
        mixing: MixingPictures | None,
        settings: PrimeSettings,
        out: Picture,
        workspace: PrimeMemory | None = None,
    ) -> None:
        """Fill `out` with the copies, in one compiled call."""
        del mixing
        from ipmix_cli.kernels.prime import make_prime
        from ipmix_cli.methods.steps.chains_apply import flat_copies
        from ipmix_cli.methods.steps.memory import flat_pictures, plan_rows

        memory = workspace or self.workspace((pictures.shape[1], pictures.shape[2]), settings)
        copies = flat_copies(pictures, plans, out)
        make_prime(flat_pictures(pictures), plan_rows(plans), np.int64(settings.chains), memory, copies)

    def workspace(self, size: Size, settings: PrimeSettings) -> PrimeMemory:
        """Return memory for one thread."""
        from ipmix_cli.kernels.prime import BLOCK, PrimeMemory

        height, width = size
        return PrimeMemory(
            height,
            width,
            np.empty((4, 3, height * width)),
            np.empty((2, height, width)),
            np.empty((settings.max_cut, width)),
            _sines(height, width, settings.max_cut),
            np.empty((4, BLOCK)),
        )

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return no plan but those without a step."""
        return np.asarray((plans["lengths"] == 0).all(axis=2))

    def view(self, plan: Any, settings: PrimeSettings) -> PrimeView:
        """Return one plan as words and plain data."""
        del settings
        return PrimeView.from_row(plan)

    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: PrimeSettings
    ) -> dict[str, NDArray[Any]]:
        """Return the clean picture, each chain after each step, and the copy."""
        stages: dict[str, NDArray[Any]] = {"clean": picture.copy()}
        row = np.array([[plan]], plan.dtype)
        row["blend"] = 1.0
        for chain, length in enumerate(plan["lengths"]):
            for step in range(length):
                row["weights"], row["lengths"] = 0.0, 0
                row["weights"][0, 0, chain], row["lengths"][0, 0, chain] = 1.0, step + 1
                stages[f"chain{chain}_step{step}"] = self.copy_of(picture, row, mixing, settings)
        return {**stages, "out": self.copy_of(picture, np.array([plan], plan.dtype), mixing, settings)}

    def stage_rows(self, plan: Any, settings: PrimeSettings, stages: Mapping[str, NDArray[Any]]) -> list[StageRow]:
        """Return what goes in, each chain step by step, and what comes out."""
        del stages
        return self.view(plan, settings).stage_rows()

    def interest(self, plans: Plans) -> Reals:
        """Prefer plans with many steps that the blend lets through."""
        return np.asarray(plans["lengths"].sum(axis=2) * plans["blend"], np.float64)

    def operations(self, plans: Plans, settings: PrimeSettings) -> dict[str, int]:
        """Return how often each operator is a step."""
        del settings
        used = plans["steps"]["code"][np.arange(plans["steps"].shape[-1]) < plans["lengths"][..., None]]
        return {name: int((used == code).sum()) for name, code in OPERATORS.items()}


@functools.lru_cache(maxsize=4)
def _sines(height: int, width: int, cut: int) -> Reals:
    """Return sin(pi k x), x from 0 to 1 over a side; rounded, so that the last bits of a machine's sine do not show."""
    waves = np.zeros((2, cut, max(height, width)))
    for axis, side in enumerate((width, height)):
        turns = np.arange(1, cut + 1)[:, None] * np.linspace(0.0, 1.0, side)
        waves[axis, :, :side] = np.round(np.sin(np.pi * np.remainder(turns, 2.0)), 12)
    return waves


def arcsine(uniforms: Reals) -> Reals:
    """Return Beta(1/2, 1/2) numbers, rounded as :func:`_sines` are."""
    return np.asarray(np.round(np.sin(np.pi / 2 * uniforms) ** 2, 12))


def _draw_steps(steps: Any, u: Reals, settings: PrimeSettings, side: int) -> None:
    """Turn uniform numbers (.., STEP_SLOTS) into steps."""
    operators = np.array([OPERATORS[name] for name in settings.operators], np.int64)
    code = operators[below(u[..., 0], len(operators))]
    limit = LOWEST_CUT + 1 + below(u[..., 2], settings.max_cut - LOWEST_CUT)
    cut = np.minimum(LOWEST_CUT + (arcsine(u[..., 3]) * (limit + 1 - LOWEST_CUT)).astype(np.int64), limit)
    highest = 1 + below(u[..., 2], settings.max_frequency)
    first = 1 + below(u[..., 5], highest) if settings.bandwidth else np.ones_like(highest)
    count = np.minimum(settings.bandwidth, highest + 1 - first) if settings.bandwidth else highest
    moved = code == codes.DISPLACE
    steps["code"], steps["key"], steps["first"] = code, keys(u[..., 1]), np.where(code == codes.COLOUR, first, 0)
    steps["count"] = np.select([moved, code == codes.COLOUR], [cut, count], 0)
    pixels = np.sqrt(_displacement(cut, arcsine(u[..., 4]), side)) * side
    steps["scale"] = np.select(
        [moved, code == codes.COLOUR], [pixels, np.sqrt(settings.temperature * u[..., 4])], settings.sigma * u[..., 6]
    )
    numbers = normals(u[..., 7:]) * (settings.sigma * u[..., 6])[..., None]
    numbers[..., CENTRE] += 1.0
    steps["filter"] = np.where((code == codes.FILTER)[..., None], numbers, 0.0)


def _displacement(cut: NDArray[np.int64], part: Reals, side: int) -> Reals:
    """Return the temperature of a displacement, between half a pixel and the largest without an overhang."""
    log = logarithms(np.asarray(cut + 1e-6, np.float64))
    low = 1.0 / (np.pi * side**2 * log)
    high = np.maximum(low, 4.0 / (np.pi**3 * (cut + 1e-6) ** 2 * log))
    return np.asarray(part * (high - low) + low)


PRIME = Prime()
assert STEP.itemsize == 8 * codes.PRIME_WORDS
