"""What a folder says of its job is read once."""

from __future__ import annotations

from collections import Counter

import pytest

from ipmix_cli import Execution, Request, ShardSettings, SourceSpec, augment, status
from ipmix_cli.pipeline.run.merge import merge
from ipmix_cli.storage.folder import LocalFolder

SMALL = ("README.md", ".ipmix/manifest.json", "manifest.json", ".ipmix/job.json", ".ipmix/owner.json")


@pytest.fixture
def wanted(bank) -> Request:
    output = ShardSettings(copies=1, encoding="auto")
    return Request(source=SourceSpec(input="demo"), fractals=str(bank), output=output, limit=6, samples_per_shard=2)


@pytest.fixture
def reads(monkeypatch) -> Counter[str]:
    counts: Counter[str] = Counter()
    read = LocalFolder.read

    def counting(self, name, *arguments, **options):
        counts[name] += 1
        return read(self, name, *arguments, **options)

    monkeypatch.setattr(LocalFolder, "read", counting)
    return counts


@pytest.mark.parametrize(
    "again",
    [
        augment,
        lambda wanted, out: augment(wanted, out, Execution(task_index=0, task_count=2)),
        lambda wanted, out: merge(out),
        lambda wanted, out: status(out),
    ],
)
def test_a_finished_folder_is_read_once(wanted, tmp_path, reads, again):
    augment(wanted, str(tmp_path))
    reads.clear()
    again(wanted, str(tmp_path))
    assert {name for name, count in reads.items() if count > 1} == set()
    assert reads["manifest.json"] == 1
    assert {name for name in reads if not name.startswith(".ipmix/shards/")} <= set(SMALL)


def test_nothing_is_written_into_a_finished_folder(wanted, tmp_path, monkeypatch):
    augment(wanted, str(tmp_path))
    written = []
    monkeypatch.setattr(LocalFolder, "write", lambda self, name, data: written.append(name))
    monkeypatch.setattr(LocalFolder, "remove", lambda self, *names: written.extend(names))
    augment(wanted, str(tmp_path))
    assert set(written) <= {"errors.jsonl"}  # removing what is not there costs nothing
