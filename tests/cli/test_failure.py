"""A command that was asked for JSON prints JSON when it fails, too, and nothing else on stdout."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        ("augment --in nowhere --out OUT --json", 3, "SourceError"),
        ("augment --in demo --out OUT --copies 0 --json", 2, "UsageError"),
        ("augment --in demo --out OUT --dry-run --preset cifr --json", 2, "UsageError"),
        ("corrupt --in nowhere --out OUT --json", 3, "SourceError"),
        ("extend OUT --in demo --json", 4, "UnfinishedError"),
        ("status OUT --json", 3, "SourceError"),
        ("validate OUT --json", 3, "SourceError"),
        ("merge OUT --json", 3, "SourceError"),
        ("generate-fractals --out OUT --family flam --json", 2, "UsageError"),
    ],
)
def test_a_failure_is_told_as_json_and_as_text(ipmix, tmp_path, words, code, kind):
    done = ipmix(*(str(tmp_path / "out") if word == "OUT" else word for word in words.split()), check=False)
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"] == code
    assert told["finished"] is False
    assert told["error"]["kind"] == kind
    assert told["error"]["message"] in done.stderr
    assert told["error"]["remedy"] in done.stderr


def test_a_run_that_was_terminated_says_so_as_json(bank, tmp_path):
    words = [
        "--in",
        "demo",
        "--out",
        tmp_path / "out",
        "--fractals",
        bank,
        "--copies",
        "1000",
        "--json",
        "--jobs",
        "1",
    ]
    command = [sys.executable, "-m", "ipmix_cli", "augment", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        while not (tmp_path / "out").exists():
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        told, _ = run.communicate(timeout=60)
    assert run.returncode == 143
    assert json.loads(told) == {
        "finished": False,
        "error": {
            "kind": "Interrupted",
            "message": "by SIGTERM",
            "remedy": "what was committed is kept: repeat the same command to resume",
        },
        "exit_code": 143,
    }


def test_long_commands_tell_their_result_as_json(ipmix, tmp_path):
    made = json.loads(
        ipmix(
            "generate-fractals",
            "--out",
            tmp_path / "bank.h5",
            "--count",
            3,
            "--size",
            32,
            "--family",
            "plasma",
            "--jobs",
            1,
            "--json",
        ).stdout
    )
    assert made["finished"]
    assert made["total"]["pictures"] == 3
    task = ("augment", "--in", "demo", "--limit", 30, "--fractals", tmp_path / "bank.h5", "--out", tmp_path / "shards")
    first = json.loads(ipmix(*task, "--jobs", 1, "--task-index", 0, "--task-count", 2, "--json").stdout)
    assert not first["finished"]
    unfinished = ipmix("merge", tmp_path / "shards", "--json", check=False)
    told = json.loads(unfinished.stdout)
    assert unfinished.returncode == 4
    assert told["missing_by_task"].keys() == {"1"}
    assert told["remedy"].startswith("ipmix augment --in demo")
