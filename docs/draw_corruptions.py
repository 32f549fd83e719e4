"""Draw the pictures of docs/corruptions.md with the shipped code: ``python docs/draw_corruptions.py``, some seconds."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fractals import draw
from ipmix_cli.corruptions.apply import Workspace, apply_plan
from ipmix_cli.corruptions.c_bar.levels import CIFAR, IMAGENET
from ipmix_cli.corruptions.frost import grown
from ipmix_cli.corruptions.plan import draw_plans
from ipmix_cli.corruptions.sequences.plan import draw_plans as draw_frames
from ipmix_cli.corruptions.sequences.plan import frames_of_plans
from ipmix_cli.corruptions.sequences.settings import PRESETS as SEQUENCE_PRESETS
from ipmix_cli.corruptions.sequences.settings import SequenceSettings
from ipmix_cli.corruptions.sequences.table import PERTURBATIONS
from ipmix_cli.corruptions.settings import PRESETS, CorruptionSettings
from ipmix_cli.picture import Picture
from ipmix_cli.pipeline.contact_sheet import contact_sheet, save_picture

IMAGES = Path(__file__).parent / "images"
SIDE = 224
SHOWN = 96  # px


def clean_picture() -> Picture:
    """Return a picture with edges, textures and colours, drawn by this package."""
    return draw("dead_leaves", seed=5, index=2, size=SIDE)


def shrunk(picture: Picture) -> Picture:
    """Return a picture at the size that the sheet shows."""
    return np.asarray(cv2.resize(picture, (SHOWN, SHOWN), interpolation=cv2.INTER_AREA), np.uint8)


def corrupted(names: tuple[str, ...]) -> list[list[Picture]]:
    """Return a row for each corruption: the clean picture, and the five severities of the profile 224."""
    clean, rows = clean_picture(), []
    for name in names:
        settings = CorruptionSettings(corruptions=(name,), profile="224")
        plans = draw_plans(settings, (SIDE, SIDE), 0, np.arange(1))[0]
        made = [apply_plan(clean, plan, None, settings, Workspace()) for plan in plans]
        rows.append([shrunk(picture) for picture in (clean, *made)])
    return rows


def in_two_halves(names: tuple[str, ...], file: str) -> None:
    """Draw corruptions in two halves beside each other."""
    rows = corrupted(names)
    half = (len(rows) + 1) // 2
    joined = [one + other for one, other in zip(rows[:half], [*rows[half:], []], strict=False)]
    titles = [f"{one}\n{other}" for one, other in zip(names[:half], [*names[half:], ""], strict=False)]
    save_picture(contact_sheet(joined, titles, ["clean", *"12345"] * 2), str(IMAGES / file))


def all_corruptions() -> None:
    """Draw all nineteen."""
    in_two_halves(PRESETS["all"].corruptions, "corruptions.jpg")


def c_bar() -> None:
    """Draw the fifteen that the two lists of C-bar have: those of ImageNet first."""
    in_two_halves(tuple({**IMAGENET, **CIFAR}), "corruptions-c-bar.jpg")


def some_corruptions() -> None:
    """Draw six for the README."""
    names = ("gaussian_noise", "glass_blur", "snow", "frost", "fog", "pixelate")
    save_picture(contact_sheet(corrupted(names), list(names), ["clean", *"12345"]), str(IMAGES / "corruptions-six.jpg"))


def sequences() -> None:
    """Draw eight frames of each sequence of the profile 224, with what lies around the picture."""
    wide = draw("dead_leaves", seed=5, index=2, size=256)
    shown = range(0, 31, 4)
    rows = []
    for name in SEQUENCE_PRESETS["all"].perturbations:
        settings = SequenceSettings(perturbations=(name,), profile="224")
        last = PERTURBATIONS[name].frames["224"] - 1
        frames = [round(frame * last / 31) for frame in shown]
        plans = draw_frames(settings, (SIDE, SIDE), 0, np.arange(1), [(name, 1, frame) for frame in frames])[0]
        made = dict(frames_of_plans(wide, plans, settings))
        rows.append([shrunk(made[number]) for number in range(len(frames))])
    names = list(SEQUENCE_PRESETS["all"].perturbations)
    save_picture(contact_sheet(rows, names, [str(frame) for frame in shown]), str(IMAGES / "sequences.jpg"))


def frosts() -> None:
    """Draw the synthetic pictures of frost."""
    size = (240, 160)
    pictures = [np.asarray(cv2.resize(grown(number), size, interpolation=cv2.INTER_AREA)) for number in range(6)]
    sheet = Image.fromarray(np.vstack([np.hstack(pictures[:3]), np.hstack(pictures[3:])]))
    save_picture(sheet, str(IMAGES / "synthetic-frost.jpg"))


if __name__ == "__main__":
    for make in (all_corruptions, c_bar, some_corruptions, sequences, frosts):
        make()
