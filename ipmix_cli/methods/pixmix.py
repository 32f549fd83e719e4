"""PixMix (Hendrycks et al., CVPR 2022): the picture, or an operation on it, mixed up to four times as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.kernels import codes
from ipmix_cli.methods.augmix import BASIC_OPERATIONS, OPERATIONS
from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.methods.steps.chains import PlanArray, plan_dtype
from ipmix_cli.methods.steps.chains_method import ChainsMethod
from ipmix_cli.methods.steps.draws import below, draw_uniforms, powers
from ipmix_cli.methods.steps.levels import PER_OPERATION, draw_operations
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.picture import Picture
from ipmix_cli.transform import MixingPictures, Plans, Size

HEAD_SLOTS = 8  # mixing picture, crop's row and column, rounds, whether an operation comes first, and which
ROUND_SLOTS = 8  # partner, its operation, mixing, branch, a, b


@dataclass(frozen=True, kw_only=True)
class PixMixSettings(Settings):
    """What one copy of PixMix is drawn from."""

    max_rounds: int = setting("largest number of mixings, the authors' k; drawn from 0 on", default=4, low=0, high=64)
    severity: float = setting("highest level of an operation", low=0.1, high=10)
    beta: float = setting("shape of the Beta distributions of a mixing's factors", low=0.01, high=1000)
    mixing_ratio: float = setting("short side of a resized mixing picture over the picture's side", low=1, high=4)
    operations: tuple[str, ...] = setting("operations to draw from", default=BASIC_OPERATIONS, choices=OPERATIONS)


PRESETS: dict[str, PixMixSettings] = {
    # andyzoujm/pixmix, cifar.py: defaults; mixing pictures resized to 36, cropped to 32
    "cifar": PixMixSettings(severity=3, beta=3, mixing_ratio=9 / 8),
    # The same, imagenet.py: defaults; 256 and 224
    "imagenet": PixMixSettings(severity=1, beta=4, mixing_ratio=8 / 7),
    # The same with --all-ops, as in the README's commands
    "cifar-all-ops": PixMixSettings(severity=3, beta=3, mixing_ratio=9 / 8, operations=OPERATIONS),
    "imagenet-all-ops": PixMixSettings(severity=1, beta=4, mixing_ratio=8 / 7, operations=OPERATIONS),
}


class Memory(NamedTuple):
    """What one thread works in."""

    workspace: Any
    canvas: NDArray[np.float32]


class PixMix(ChainsMethod):
    """One chain of mixings of the whole picture, whose values stay real numbers to the end."""

    name: ClassVar[str] = "pixmix"
    summary: ClassVar[str] = "the whole picture mixed with fractals, up to four times"
    title: ClassVar[str] = "PixMix"
    credit: ClassVar[str] = "PixMix (Hendrycks et al., CVPR 2022)"
    settings_type: ClassVar[type[Any]] = PixMixSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    kernels: ClassVar[str] = "pixmix"

    def overflow_of(self, settings: PixMixSettings) -> str:
        """Return that values stay real numbers."""
        del settings
        return "float"

    def mixing_ratio(self, settings: PixMixSettings) -> float | None:
        """Return the settings' ratio."""
        return settings.mixing_ratio

    def mixing_used(self, plans: Plans) -> NDArray[np.int64]:
        """Return each plan's mixing picture."""
        return np.asarray(plans["mixing"], np.int64).reshape(-1)

    def plan(
        self,
        settings: PixMixSettings,
        size: Size,
        seed: int,
        indices: NDArray[np.int64],
        copies: int,
        mixing_shapes: NDArray[np.int32],
    ) -> Plans:
        """Draw the plans (N, V): a chain with its mixings after its first step, if that is an operation."""
        rounds = settings.max_rounds
        u = draw_uniforms(seed, indices, copies, HEAD_SLOTS + ROUND_SLOTS * rounds)
        plans = np.zeros(u.shape[:2], plan_dtype(1, rounds + 1))
        plans["blend"], plans["weights"] = 1.0, 1.0
        draw_mixing_picture(plans, u, mixing_shapes, size)
        first = u[..., 4] < 0.5
        steps = plans["steps"][..., 0, :]
        drawn = draw_operations(u[..., 5:8], settings.operations, settings.severity, size)
        steps["code"][..., 0], steps["parameter"][..., 0] = drawn
        later = u[..., HEAD_SLOTS:].reshape(*u.shape[:2], rounds, ROUND_SLOTS)
        _draw_rounds(steps[..., 1:], later, settings, size)
        steps[~first] = np.roll(steps[~first], -1, axis=-1)
        plans["lengths"][..., 0] = first + below(u[..., 3], rounds + 1)
        return plans

    def apply(
        self,
        pictures: Picture,
        plans: PlanArray,
        mixing: MixingPictures | None,
        settings: PixMixSettings,
        out: Picture,
        workspace: Memory | None = None,
    ) -> None:
        """Fill `out` with the copies, in one compiled call."""
        from ipmix_cli.kernels.pixmix import make_mixed
        from ipmix_cli.methods.steps.chains_apply import flat_copies, with_mixing
        from ipmix_cli.methods.steps.memory import flat_pictures, plan_rows

        assert isinstance(mixing, MixingSet), "PixMix is never without mixing pictures"
        memory = workspace or self.workspace((pictures.shape[1], pictures.shape[2]), settings)
        copies = flat_copies(pictures, plans, out)
        ready = with_mixing(memory.workspace, mixing)
        make_mixed(flat_pictures(pictures), plan_rows(plans), ready, memory.canvas, copies)

    def workspace(self, size: Size, settings: PixMixSettings) -> Memory:
        """Return memory for one thread."""
        del settings
        from ipmix_cli.methods.steps.memory import workspace_for

        return Memory(workspace_for(*size, chains=1), np.empty(size[0] * size[1] * 3, np.float32))


def draw_mixing_picture(plans: PlanArray, u: NDArray[np.float64], shapes: NDArray[np.int32], size: Size) -> None:
    """Draw the mixing picture and where it is cropped, from the first three numbers."""
    index = below(u[..., 0], len(shapes))
    sides = shapes.astype(np.int64)[index]
    plans["mixing"] = index
    plans["crop_top"] = below(u[..., 1], sides[..., 0] - size[0] + 1)
    plans["crop_left"] = below(u[..., 2], sides[..., 1] - size[1] + 1)


def _draw_rounds(steps: PlanArray, u: NDArray[np.float64], settings: PixMixSettings, size: Size) -> None:
    """Draw mixings (N, V, rounds) of the whole picture."""
    steps["kind"] = codes.MIXING
    steps["height"], steps["width"] = size
    steps["partner"] = np.where(u[..., 0] < 0.5, codes.PARTNER_OPERATION, codes.PARTNER_MIXING_PICTURE)
    drawn = draw_operations(u[..., 1 : 1 + PER_OPERATION], settings.operations, settings.severity, size)
    steps["partner_code"], steps["partner_parameter"] = drawn
    steps["code"] = np.where(u[..., 4] < 0.5, codes.ADD, codes.MULTIPLY)
    first = powers(u[..., 6], 1.0 / settings.beta)  # Beta(beta, 1), and 1 - Beta(1, beta)
    second = 1.0 - powers(u[..., 7], 1.0 / settings.beta)  # Beta(1, beta)
    near = u[..., 5] < 0.5
    steps["a"] = np.where(near, first, 1.0 + (1.0 - first))
    steps["b"] = np.where(near, second, -second)


PIXMIX = PixMix()
