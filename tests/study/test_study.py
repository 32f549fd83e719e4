"""The study's intervals against textbook figures, and its tables and curves from results made up here."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from benchmarks.study.arms import ARMS, chosen
from benchmarks.study.intervals import Spread
from ipmix_cli.cli.choosing_k import FRESH, GAINS, worth_of

for package in ("torch", "matplotlib"):  # the study's; the lowest versions are tested without them
    pytest.importorskip(package)
from benchmarks.study import run, table  # noqa: E402

RUNS = {"none": {0: 40.0, 1: 41.0, 2: 42.5}, "ipmix-k8": {0: 33.0, 1: 33.5, 2: 36.0}}


def test_differences_of_two_arms_have_the_interval_of_the_paired_t_test():
    found = Spread(RUNS).difference("ipmix-k8", "none")
    paired = stats.ttest_rel([33.0, 33.5, 36.0], [40.0, 41.0, 42.5]).confidence_interval(0.95)
    assert found is not None
    assert found.value - found.half == pytest.approx(paired.low)
    assert found.value + found.half == pytest.approx(paired.high)


def test_means_share_the_spread_of_all_arms():
    within = np.mean([np.var(list(seeds.values()), ddof=1) for seeds in RUNS.values()])
    half = stats.t.ppf(0.975, 4) * np.sqrt(within / 3)
    assert Spread(RUNS).mean("none") == pytest.approx((np.mean([40.0, 41.0, 42.5]), half))


@pytest.mark.parametrize("seed", range(3))
def test_intervals_hold_the_truth_19_times_of_20(seed):
    chance = np.random.default_rng(seed)
    held, rounds = 0, 400
    for _ in range(rounds):
        seeds = chance.normal(0, 2, 3)  # runs with one seed are alike
        runs = {arm: dict(enumerate(level + seeds + chance.normal(0, 1, 3))) for arm, level in (("a", 5), ("b", 7))}
        runs |= {"c": dict(enumerate(seeds + chance.normal(0, 1, 3)))}
        found = Spread(runs).difference("b", "a")
        held += abs(found.value - 2) <= found.half
    assert stats.binomtest(held, rounds, 0.95).pvalue > 1e-3


def test_an_arm_that_lacks_a_seed_counts_in_the_spread_of_differences():
    lacking = {"a": {0: 5.0, 1: 6.5, 2: 7.0}, "b": {0: 3.0, 1: 4.0, 2: 6.0}, "c": {1: 1.0, 2: 2.5}}
    found = Spread(lacking).difference("a", "b")
    # the residuals' sum of squares of the additive model by hand: 8 runs, 3 arms, 3 seeds, so 3 degrees of freedom
    design = [[arm == "a", arm == "b", arm == "c", seed == 1, seed == 2] for arm in lacking for seed in lacking[arm]]
    values = [value for seeds in lacking.values() for value in seeds.values()]
    inverse = np.linalg.pinv(np.array(design, float))
    squares = np.sum((values - np.array(design, float) @ (inverse @ values)) ** 2)
    assert found == pytest.approx((5.5 / 3, stats.t.ppf(0.975, 3) * np.sqrt(squares / 3 * 2 / 3)))


def test_one_run_has_no_interval():
    spread = Spread({"none": {0: 40.0}, "ipmix-k8": {0: 33.0}})
    assert spread.mean("none") == (40.0, float("inf"))
    assert spread.difference("ipmix-k8", "none") == (-7.0, float("inf"))


def test_the_table_tells_every_arm_that_has_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "RESULTS", tmp_path)
    monkeypatch.setattr(table, "IMAGES", tmp_path)
    (tmp_path / "small").mkdir()
    for arm, seeds in RUNS.items():
        for seed, error in seeds.items():
            figures = {"clean.error": error / 200, "corrupted.mce": error / 100}
            result = {"arm": arm, "seed": seed, "figures": figures, "stored_bytes": 5_000_000}
            (tmp_path / "small" / f"{arm}-{seed}.json").write_text(json.dumps(result))
    table.write_tables("small")
    rows = (tmp_path / "small.md").read_text().splitlines()
    assert rows[0].startswith("| arm | runs | clean error | corruption error |")
    assert rows[3].startswith("| ipmix-k8 | 3 | 17.08 ± ")
    assert "| -7.00 ± " in rows[3]
    assert "</svg>" in (tmp_path / "study-small.svg").read_text()


def test_a_table_of_single_runs_has_no_intervals():
    found = {"none": {0: {"figures": {"clean.error": 0.25}, "stored_bytes": 1}}}
    rows = table.table(found, {"clean error": Spread(table.runs_of(found, "clean.error"))})
    assert [row.split(" | ")[:3] for row in rows[2:]] == [["| none", "1", "25.00"]]


def test_a_run_that_is_there_is_not_repeated(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    study = run.Study("small", tmp_path / "no data", tmp_path / "work")
    study.result("none", 0).parent.mkdir(parents=True)
    for kept in ("{}", json.dumps({"test_sets": {"clean": "", "corrupted": "", "sequences": ""}})):
        study.result("none", 0).write_text(kept)
        run.run(study, "none", 0)
        assert study.result("none", 0).read_text() == kept


def test_arms_are_named_or_refused():
    assert list(chosen(["ipmix-k8", "none"])) == ["none", "ipmix-k8"]
    assert chosen([]) == ARMS
    with pytest.raises(SystemExit, match="no arm 'ipmix'"):
        chosen(["ipmix"])


def test_what_the_program_says_of_k_is_what_the_study_found():
    spread = Spread(table.runs_of(table.results_of("small"), "corrupted.mce"))
    for method, gains in GAINS.items():
        for copies, gain in gains.items():
            arm = f"{method}-fresh" if copies == FRESH else f"{method}-k{copies}"
            found = spread.difference(arm, "none")
            assert gain == (round(-found.value, 1), round(found.half, 1)), arm


@pytest.mark.parametrize("profile", ["small", "small-60-epochs"])
def test_docs_show_the_table_of_the_study(profile):
    rows = (table.RESULTS / f"{profile}.md").read_text().splitlines()
    page = (table.RESULTS.parents[2] / "docs" / "choosing-k.md").read_text().splitlines()
    assert [row for row in rows if row not in page] == []


def test_a_number_of_copies_between_those_studied_is_worth_what_fewer_copies_are():
    assert worth_of("ipmix", 7).startswith("K = 4 lowered")
    assert worth_of("ipmix", 10_000).startswith("K = 16 lowered")
    assert worth_of("prime", 4) == ""
    assert worth_of("pixmix", 1) == "", "only eight copies were studied"
