"""Perturbation sequences: their frames one by one, against plain versions, and through the pipeline's contract."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from ipmix_cli.corruptions.corruption import Conditions
from ipmix_cli.corruptions.draws import Draws
from ipmix_cli.corruptions.profiles import SIZES
from ipmix_cli.corruptions.sequences.scene import Scene
from ipmix_cli.corruptions.sequences.settings import SequenceSettings, perturbations_named
from ipmix_cli.corruptions.sequences.table import PERTURBATIONS, SETS
from ipmix_cli.corruptions.sequences.weather import run_down
from ipmix_cli.crop import centre_of, with_surroundings
from ipmix_cli.errors import UsageError
from ipmix_cli.methods import transform_named
from tests.corruptions import slow_corruptions as slow
from tests.corruptions.test_corruptions import picture

TRANSFORM = transform_named("sequences")
NO_SHAPES = np.zeros((0, 2), np.int32)
NOISE = ["gaussian_noise", "shot_noise", "speckle_noise"]


def frames_of(name, profile, wide, size=None, frames=None, difficulty=1, corrected=False, key=7):
    perturbation = PERTURBATIONS[name]
    scene = Scene(wide, size or wide.shape[:2])
    numbers = range(perturbation.frames[profile]) if frames is None else frames
    conditions = Conditions(profile=profile, corrected=corrected)
    values = perturbation.values(profile, difficulty)
    return list(perturbation.make_frames(scene, values, Draws(key, {}), numbers, conditions))


def bilinear(x, place):
    """Sample a picture at ``place(x, y)`` of each pixel's centre, truncated, black beyond its edges, as Pillow does."""
    height, width = x.shape[:2]
    out = np.zeros(x.shape)
    for row in range(height):
        for column in range(width):
            right, down = place(column + 0.5, row + 0.5)
            if not (0 <= right < width and 0 <= down < height):
                continue
            right, down = right - 0.5, down - 0.5
            left, top = int(np.floor(right)), int(np.floor(down))
            a, b = right - left, down - top
            lines = [np.clip(top + n, 0, height - 1) for n in (0, 1)]
            across = [x[line, [np.clip(left + n, 0, width - 1) for n in (0, 1)]].astype(float) for line in lines]
            upper, lower = (one[0] * (1 - a) + one[1] * a for one in across)
            out[row, column] = np.floor(upper * (1 - b) + lower * b + 1e-9)
    return out


def plain(name, x, frame):
    """One frame by the plainest code; of those without chance."""
    degrees = np.deg2rad(frame - 15)
    middle_x, middle_y = x.shape[1] / 2, x.shape[0] / 2
    if name == "rotate":
        cosine, sine = np.cos(degrees), np.sin(degrees)
        return bilinear(
            x,
            lambda u, v: (
                cosine * (u - middle_x) + sine * (v - middle_y) + middle_x,
                -sine * (u - middle_x) + cosine * (v - middle_y) + middle_y,
            ),
        )
    if name == "shear":
        return bilinear(x, lambda u, v: (u + np.tan(degrees) * (v - middle_y), v))
    first, step = PERTURBATIONS["scale"].values("32", 1)
    zoom = (first + step * frame) / 100
    return bilinear(x, lambda u, v: ((u - middle_x) / zoom + middle_x, (v - middle_y) / zoom + middle_y))


@pytest.mark.parametrize("name", ["rotate", "shear", "scale"])
def test_geometric_frames_equal_the_plain_version(name):
    x = picture(24, 30)
    for frame in (0, 7, 15, 29):
        off = np.abs(frames_of(name, "32", x, frames=[frame])[0] - plain(name, x, frame))
        assert off.max() <= 1
        assert (off > 0).mean() <= 0.005


def test_rotation_zoom_and_tilt_pass_through_the_picture_itself():
    x = picture(32, 32)
    for name in ("rotate", "shear", "tilt", "scale", "brightness"):
        out = frames_of(name, "32", x, frames=[15], corrected=True)[0]
        assert np.abs(out.astype(int) - x).max() <= 1, name
    assert (frames_of("translate", "32", x, frames=[7])[0] == x).all()


def test_tilt_is_published_a_pixel_too_far_away():
    x = np.full((32, 32, 3), 255, np.uint8)
    assert (frames_of("tilt", "32", x, frames=[15], corrected=True)[0] == 255).all()
    assert (frames_of("tilt", "32", x, frames=[15])[0][0] < 255).all()


def test_translation_moves_by_a_pixel_and_black_comes_in():
    x = picture(8, 40)
    frames = frames_of("translate", "32", x)
    assert len(frames) == 16
    assert (frames[0][:, :33] == x[:, 7:]).all()
    assert not frames[0][:, 33:].any()
    assert (frames[15][:, 8:] == x[:, :-8]).all()
    assert not frames[15][:, :8].any()


def test_blurs_equal_the_slow_versions_of_the_corruptions():
    x = picture(32, 32)
    for frame in (0, 20):
        radius, sigma, first, step = PERTURBATIONS["motion_blur"].values("32", 1)
        wanted = slow.motion_blur(x, (radius, sigma), {}, {"degrees": first + step * frame}, [])
        assert np.abs(frames_of("motion_blur", "32", x, frames=[frame])[0] - wanted.astype(int)).max() <= 1


def test_zoom_blur_is_the_mean_of_all_enlargements_so_far():
    x = picture(24, 24)
    total = x / 255.0
    for frame in range(1, 4):
        total += bilinear(x, lambda u, v, z=1 + 0.004 * frame: ((u - 12) / z + 12, (v - 12) / z + 12)) / 255
    off = np.abs(frames_of("zoom_blur", "32", x, frames=[3])[0] - np.floor(total / 4 * 255))
    assert off.max() <= 1


def test_drops_run_down_as_numpy_convolves_columns():
    layer = np.random.default_rng(0).random((9, 3))
    for weights in ((0.2, 0.8), (0.05, 0.1, 0.15, 0.7)):
        wanted = np.stack([np.convolve(layer[:, n], weights, mode="same") for n in range(3)], 1)
        assert run_down(layer, weights) == pytest.approx(wanted)
    assert run_down(np.ones((2, 2)), (0.05, 0.1, 0.15, 0.7)).shape == (2, 2)


@pytest.mark.parametrize("name", NOISE)
def test_noise_begins_clean_and_is_drawn_anew_in_each_frame(name):
    x = np.full((64, 64, 3), 128, np.uint8)
    frames = frames_of(name, "32", x, corrected=True)
    assert (frames[0] == x).all()
    noise = [frame.astype(float) - 128 for frame in frames[1:]]
    scale = PERTURBATIONS[name].values("32", 1)
    wanted = {"gaussian_noise": scale, "shot_noise": np.sqrt(128 / 255 / scale), "speckle_noise": scale * 128 / 255}
    assert np.std(noise) == pytest.approx(255 * wanted[name], rel=0.02)
    assert abs(stats.pearsonr(noise[0].ravel(), noise[1].ravel()).statistic) < 0.05


@pytest.mark.parametrize("name", NOISE)
def test_noise_is_stronger_with_the_difficulty(name):
    x = np.full((32, 32, 3), 128, np.uint8)
    spread = [np.std(frames_of(name, "224", x, frames=[4], difficulty=d)[0].astype(float)) for d in (1, 2, 3)]
    assert spread == sorted(spread)


@pytest.mark.parametrize("name", ["snow", "spatter"])
def test_weather_changes_slowly(name):
    frames = [frame.astype(float) for frame in frames_of(name, "32", picture(32, 32))]
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    assert max(steps) < np.abs(frames[0] - picture(32, 32)).mean() * 2 + 5
    assert np.abs(frames[-1] - frames[0]).max() > 0


@pytest.mark.parametrize("size", [(2, 2), (2, 9), (31, 7), (20, 64)])
@pytest.mark.parametrize("name", PERTURBATIONS)
def test_takes_every_size_and_leaves_its_input_alone(name, size):
    x = picture(*size)
    before = x.copy()
    for profile in SIZES:
        for corrected in (False, True):
            last = PERTURBATIONS[name].frames[profile] - 1
            frames = frames_of(name, profile, x, frames=[0, 1, last], corrected=corrected)
            for frame in frames:
                assert (frame.shape, frame.dtype) == (x.shape, np.uint8)
                assert not np.shares_memory(frame, x)
    assert (x == before).all()


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_frame_does_not_depend_on_which_others_are_made(name):
    x = picture(16, 20)
    every = frames_of(name, "224", x)
    for chosen in ([0], [5, 30], [17]):
        for number, frame in zip(chosen, frames_of(name, "224", x, frames=chosen), strict=True):
            assert (frame == every[number]).all()


def test_content_comes_in_at_the_edges_of_a_centre_crop():
    photo = np.full((90, 120, 3), 200, np.uint8)
    wide = with_surroundings(photo, 56)
    assert wide.shape == (64, 85, 3)
    for name in ("translate", "rotate", "tilt", "shear"):
        frames = frames_of(name, "64", wide, (56, 56), frames=[12, 18])
        assert all((frame == 200).all() for frame in frames), name
    assert (frames_of("translate", "64", wide, (56, 56), frames=[0])[0] == 200).all()


@pytest.mark.parametrize("shape", [(90, 120), (131, 77), (64, 64)])
def test_the_centre_of_the_surroundings_is_resize_and_centre_crop(shape):
    photo = picture(*shape)
    height, width = (64 * side // min(shape) for side in shape)
    resized = Image.fromarray(photo).resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - 56) / 2), round((height - 56) / 2)
    wanted = np.array(resized.crop((left, top, left + 56, top + 56)))
    assert np.abs(centre_of(with_surroundings(photo, 56), (56, 56)).astype(int) - wanted).max() <= 1


def test_plans_fill_out_in_the_order_of_the_variants():
    settings = TRANSFORM.settings_for(
        "test", (12, 12), {"perturbations": ("tilt", "shot_noise"), "difficulties": (1, 3)}
    )
    names = TRANSFORM.variants(settings, 0)
    assert (names[0], names[31], names[-1]) == ("tilt.frame00", "shot_noise.frame00", "shot_noise_3.frame30")
    x = picture(12, 12)[None]
    plans = TRANSFORM.plan(settings, (12, 12), 3, np.array([5]), len(names), NO_SHAPES)
    out = np.empty((1, len(names), 12, 12, 3), np.uint8)
    TRANSFORM.apply(x, plans, None, settings, out)
    assert (out[0, 31] == x[0]).all()
    for number in (0, 20, 40, 92):
        stages = TRANSFORM.stages(x[0], plans[0, number], None, settings)
        assert (stages["out"] == out[0, number]).all()
        chosen = TRANSFORM.plan_chosen(settings, (12, 12), 3, np.array([5]), np.array([[number]]), NO_SHAPES)
        assert (chosen[0, 0] == plans[0, number]).all()
    assert TRANSFORM.unchanged(plans)[0].sum() == 2
    assert TRANSFORM.operations(plans, settings) == {"tilt": 31, "shot_noise": 31, "shot_noise_3": 31}
    for plan in plans[0]:
        view = TRANSFORM.view(plan, settings)
        assert json.loads(json.dumps(view.to_dict()))["frames"] == 31
        assert view.describe()


def test_frames_stay_the_same_in_another_set():
    x, size = picture(12, 12)[None], (12, 12)
    found = []
    for names in (("snow",), ("tilt", "snow")):
        settings = SequenceSettings(perturbations=names, profile="32")
        plans = TRANSFORM.plan(settings, size, 0, np.array([2]), 31 * len(names), NO_SHAPES)[:, -31:]
        out = np.empty((1, 31, *size, 3), np.uint8)
        TRANSFORM.apply(x, plans, None, settings, out)
        found.append(out)
    assert (found[0] == found[1]).all()


def test_sets_are_those_of_the_benchmark():
    assert {name: len(names) for name, names in SETS.items()} == {"test": 10, "validation": 4, "all": 14}
    assert perturbations_named("test,shear") == (*SETS["test"], "shear")
    frames = {profile: sum(PERTURBATIONS[name].frames[profile] for name in SETS["test"]) for profile in SIZES}
    assert frames == {"32": 285, "64": 310, "224": 320, "299": 320}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"perturbations": ("tlit",)}, "tilt"),
        ({"perturbations": ()}, "at least one"),
        ({"perturbations": ("tilt", "tilt")}, "each once"),
        ({"perturbations": ("tilt",), "difficulties": (4,)}, "1 to 3"),
        ({"perturbations": ("tilt",), "difficulties": (2, 1)}, "rising"),
        ({"perturbations": ("tilt",), "profile": "100"}, "224"),
    ],
)
def test_settings_that_make_no_sense_are_refused(values, said):
    with pytest.raises(UsageError) as caught:
        SequenceSettings(**values)
    assert said in f"{caught.value.message} {caught.value.remedy}"


def test_pictures_of_many_sizes_need_a_profile():
    with pytest.raises(UsageError, match="differ in size"):
        TRANSFORM.settings_for("test", None, {})
    assert TRANSFORM.settings_for("test", None, {"profile": "64"}).profile == "64"
