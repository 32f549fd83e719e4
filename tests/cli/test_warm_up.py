"""The command warm-up, as it is typed."""

from __future__ import annotations

from ipmix_cli.cli.progress import pace
from ipmix_cli.cli.warm_up import summary
from ipmix_cli.pipeline.run.builtin_bank import Preparation
from ipmix_cli.pipeline.run.warm_machine import WarmMachine


def test_an_unknown_method_is_refused_with_a_suggestion(ipmix):
    done = ipmix("warm-up", "--method", "augmixx", check=False)
    assert done.returncode == 2
    assert "augmix" in done.stderr


def test_the_summary_names_kernels_banks_and_the_cache(monkeypatch):
    monkeypatch.setenv("IPMIX_CACHE_DIR", "/somewhere")
    text = summary(WarmMachine(("method ipmix", "resize"), {64: 4096}, Preparation(compiling=12.0)))
    assert text.splitlines() == [
        "compiled in 12.0 s: method ipmix, resize",
        "drawn: a bank of 4,096 mixing pictures of 64 px",
        "cache: /somewhere",
    ]
    assert summary(WarmMachine((), {}, Preparation())).startswith("everything was there already")


def test_a_slow_pace_is_told_in_seconds_each():
    assert pace(0.5) == "2/s"
    assert pace(40.0) == "40 s each"
