"""AutoAugment (Cubuk et al., CVPR 2019): one of 25 learned pairs of operations, each with a probability of its own."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ipmix_cli.methods.randaugment import binned_space
from ipmix_cli.methods.steps.affine import matrices
from ipmix_cli.methods.steps.draws import below, signs
from ipmix_cli.methods.steps.magnitudes import Table, table_of
from ipmix_cli.methods.steps.operations import RESAMPLE
from ipmix_cli.methods.steps.sequence import DrawnSteps, Reals, SequenceMethod, Words, packed
from ipmix_cli.methods.steps.settings import Settings, setting
from ipmix_cli.transform import Size

BINS = 10
TRANSLATION = 150 / 331  # of the side: the paper's 150 px at 331 px
PAIR = 2
SLOTS = 5  # pair, then for each of its operations: whether it is made, and its sign

# The paper's tables 7 to 9, as torchvision's AutoAugmentPolicy has them: operation, probability, magnitude of 0 .. 9
POLICIES: dict[str, str] = {
    "cifar10": """
        invert .1 0, contrast .2 6; rotate .7 2, translate_x .3 9; sharpness .8 1, sharpness .9 3;
        shear_y .5 8, translate_y .7 9; autocontrast .5 0, equalize .9 0; shear_y .2 7, posterize .3 7;
        color .4 3, brightness .6 7; sharpness .3 9, brightness .7 9; equalize .6 0, equalize .5 0;
        contrast .6 7, sharpness .6 5; color .7 7, translate_x .5 8; equalize .3 0, autocontrast .4 0;
        translate_y .4 3, sharpness .2 6; brightness .9 6, color .2 8; solarize .5 2, invert 0 0;
        equalize .2 0, autocontrast .6 0; equalize .2 0, equalize .6 0; color .9 9, equalize .6 0;
        autocontrast .8 0, solarize .2 8; brightness .1 3, color .7 0; solarize .4 5, autocontrast .9 0;
        translate_y .9 9, translate_y .7 9; autocontrast .9 0, solarize .8 3; equalize .8 0, invert .1 0;
        translate_y .7 9, autocontrast .9 0""",
    "imagenet": """
        posterize .4 8, rotate .6 9; solarize .6 5, autocontrast .6 0; equalize .8 0, equalize .6 0;
        posterize .6 7, posterize .6 6; equalize .4 0, solarize .2 4; equalize .4 0, rotate .8 8;
        solarize .6 3, equalize .6 0; posterize .8 5, equalize 1 0; rotate .2 3, solarize .6 8;
        equalize .6 0, posterize .4 6; rotate .8 8, color .4 0; rotate .4 9, equalize .6 0;
        equalize 0 0, equalize .8 0; invert .6 0, equalize 1 0; color .6 4, contrast 1 8;
        rotate .8 8, color 1 2; color .8 8, solarize .8 7; sharpness .4 7, invert .6 0;
        shear_x .6 5, equalize 1 0; color .4 0, equalize .6 0; equalize .4 0, solarize .2 4;
        solarize .6 5, autocontrast .6 0; invert .6 0, equalize 1 0; color .6 4, contrast 1 8;
        equalize .8 0, equalize .6 0""",
    "svhn": """
        shear_x .9 4, invert .2 0; shear_y .9 8, invert .7 0; equalize .6 0, solarize .6 6;
        invert .9 0, equalize .6 0; equalize .6 0, rotate .9 3; shear_x .9 4, autocontrast .8 0;
        shear_y .9 8, invert .4 0; shear_y .9 5, solarize .2 6; invert .9 0, autocontrast .8 0;
        equalize .6 0, rotate .9 3; shear_x .9 4, solarize .3 3; shear_y .8 8, invert .7 0;
        equalize .9 0, translate_y .6 6; invert .9 0, equalize .6 0; contrast .3 3, rotate .8 4;
        invert .8 0, translate_y 0 2; shear_y .7 6, solarize .4 8; invert .6 0, rotate .8 4;
        shear_y .3 7, translate_x .9 3; shear_x .1 6, invert .6 0; solarize .7 2, translate_y .6 7;
        shear_y .8 4, invert .8 0; shear_x .7 9, translate_y .8 3; shear_y .8 5, autocontrast .7 0;
        shear_x .7 2, invert .1 0""",
}


@dataclass(frozen=True, kw_only=True)
class AutoAugmentSettings(Settings):
    """What one copy of AutoAugment is drawn from."""

    policy: str = setting("learned policy", choices=POLICIES)
    resample: str = setting("how geometric operations take pixels", default="nearest", choices=RESAMPLE)
    fill: tuple[int, ...] = setting(
        "colour outside the picture: red, green, blue", default=(0, 0, 0), low=0, high=255, length=3
    )


# torchvision.transforms.AutoAugment, defaults
PRESETS: dict[str, AutoAugmentSettings] = {policy: AutoAugmentSettings(policy=policy) for policy in POLICIES}


class Policy(NamedTuple):
    """A policy as arrays, (25, 2) each but for the table of the operations that occur in it."""

    table: Table
    rows: Words
    probabilities: Reals
    bins: Words


@functools.lru_cache(maxsize=16)
def _policy(name: str, size: Size) -> Policy:
    space = binned_space(BINS, TRANSLATION, size)
    entries = [part.split() for pair in POLICIES[name].split(";") for part in pair.split(",")]
    names = list(space)
    columns = zip(*entries, strict=True)
    rows, probabilities, bins = (np.array(column).reshape(-1, PAIR) for column in columns)
    places = np.array([names.index(operation) for operation in rows.ravel()]).reshape(rows.shape)
    return Policy(table_of(space), places, probabilities.astype(np.float64), bins.astype(np.int64))


class AutoAugment(SequenceMethod):
    """A pair of operations of a learned policy, each pair as likely."""

    name: ClassVar[str] = "autoaugment"
    summary: ClassVar[str] = "a learned pair of operations"
    title: ClassVar[str] = "AutoAugment"
    credit: ClassVar[str] = "AutoAugment (Cubuk et al., CVPR 2019)"
    settings_type: ClassVar[type[Any]] = AutoAugmentSettings
    presets: ClassVar[Mapping[str, Any]] = PRESETS
    small: ClassVar[str] = "cifar10"
    large: ClassVar[str] = "imagenet"

    def max_steps(self, settings: AutoAugmentSettings) -> int:
        """Return 2."""
        del settings
        return PAIR

    def slots(self, settings: AutoAugmentSettings) -> int:
        """Return 5."""
        del settings
        return SLOTS

    def draw(self, settings: AutoAugmentSettings, size: Size, uniforms: Reals) -> DrawnSteps:
        """Turn uniform numbers (N, V, 5) into two steps each."""
        policy = _policy(settings.policy, size)
        pair = below(uniforms[..., 0], len(policy.rows))
        rows = policy.rows[pair]
        parameters = policy.table.parameters(rows, policy.bins[pair], signs(uniforms[..., 3:5]))
        operations = policy.table.codes[rows]
        return DrawnSteps(
            uniforms[..., 1:3] < policy.probabilities[pair],
            {
                "code": operations,
                "parameter": parameters,
                "resample": RESAMPLE[settings.resample],
                "fill": packed(settings.fill),
                "numbers": matrices(operations, parameters, size, tangents=True),
            },
        )


AUTOAUGMENT = AutoAugment()
