"""Chance: random arrays follow their distributions, and from a key alone."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from ipmix_cli.corruptions.draws import Draws, field_key
from ipmix_cli.corruptions.noise import photon_counts, poisson_sums
from ipmix_cli.corruptions.plan import draw_plans
from ipmix_cli.corruptions.settings import CorruptionSettings
from ipmix_cli.randomness import stream_key, uniforms, uniforms_of

DRAWS = Draws(stream_key(0, "corruption", 3, 9), {})


def test_a_field_is_the_stream_of_its_key():
    assert DRAWS.uniform(2, 3, 4).reshape(-1).tolist() == uniforms_of(field_key(DRAWS.key, 2), 12)
    assert uniforms(0, "corruption", 3, 2, 9) == uniforms_of(DRAWS.key, 2)


def test_normals_are_quantiles_of_the_uniforms():
    quantile = NormalDist().inv_cdf
    own = [quantile(u) for u in DRAWS.uniform(0, 5000).tolist()]
    np.testing.assert_allclose(DRAWS.normal(0, 5000), own, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_fields_follow_their_laws(seed):
    draws = Draws(stream_key(seed, "corruption", 0, 0), {})
    assert stats.kstest(draws.normal(0, 200_000), "norm").pvalue > 1e-3
    assert stats.kstest(draws.uniform(1, 200_000), "uniform").pvalue > 1e-3
    counts = np.bincount(draws.steps(2, 3, 60_000) + 3, minlength=6)
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_neighbours_and_fields_are_independent():
    a, b = DRAWS.normal(0, 100_000), DRAWS.normal(1, 100_000)
    for one, other in ((a[1:], a[:-1]), (a, b), (a[:-300], a[300:])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.015


@pytest.mark.parametrize("photons", [500, 60, 3])
@pytest.mark.parametrize("level", [255, 130, 1])
def test_shot_noise_counts_photons(photons, level):
    counts = photon_counts(np.full((300, 300, 3), level, np.uint8), photons, DRAWS).reshape(-1)
    mean = level / 255 * photons
    edges = np.unique(stats.poisson.ppf(np.linspace(0.02, 0.98, 12), mean))
    seen = np.bincount(np.searchsorted(edges, counts), minlength=len(edges) + 1)
    expected = np.diff([0, *stats.poisson.cdf(edges, mean), 1]) * counts.size
    assert stats.chisquare(seen, expected).pvalue > 1e-3


@pytest.mark.parametrize("mean", [0.01, 2.5, 30.0, 500.0])
def test_cumulative_probabilities_are_those_of_poisson(mean):
    first, sums = poisson_sums(mean)
    np.testing.assert_allclose(sums, stats.poisson.cdf(np.arange(first, first + len(sums)), mean), atol=1e-13)


def test_black_stays_black_in_shot_noise():
    assert not photon_counts(np.zeros((9, 9, 3), np.uint8), 500, DRAWS).any()


def test_angles_cover_their_range():
    settings = CorruptionSettings(corruptions=("motion_blur",), severities=(1,))
    angles = draw_plans(settings, (32, 32), 0, np.arange(3000))["numbers"][:, 0, 0]
    assert stats.kstest((angles + 45) / 90, "uniform").pvalue > 1e-3


def test_a_plan_does_not_depend_on_what_is_drawn_beside_it():
    alone = CorruptionSettings(corruptions=("fog",), severities=(2,))
    among = CorruptionSettings(corruptions=("snow", "fog", "frost"))
    indices = np.array([4, 9])
    assert (draw_plans(alone, (32, 32), 1, indices)[:, 0] == draw_plans(among, (32, 32), 1, indices[:])[:, 6]).all()
    assert len(np.unique(draw_plans(among, (32, 32), 1, np.arange(20))["key"])) == 20 * 15
