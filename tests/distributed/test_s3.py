"""A real S3 server on this machine: the same bytes, also where it fails one request in ten."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.forks import Forks

pytest.importorskip("s3fs")
pytest.importorskip("moto")

SERVER = Path(__file__).with_name("failing_s3.py")
COPY = """
import sys, s3fs
files = s3fs.S3FileSystem(use_listings_cache=False)
what, here, there = sys.argv[1:]
if what == "make":
    files.mkdir(there)
else:
    (files.get if what == "get" else files.put)(*((there, here) if what == "get" else (here, there)), recursive=True)
"""

READ = """
import hashlib, sys
from ipmix_cli import ShardDataset
data = ShardDataset(sys.argv[1], view="all", cache_dir=sys.argv[2])
order = list(range(0, len(data), 7)) + [len(data) - 1, 0]
print(len(data), hashlib.sha256(b"".join(data[n][0].tobytes() + bytes([data[n][1]]) for n in order)).hexdigest())
"""


class Server:
    """A server that fails one request in so many, and a bucket in it."""

    def __init__(self, every: int, forks: Forks) -> None:
        self._forks = forks
        command = [sys.executable, str(SERVER), "0", str(every)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline().split()[-1])
        secrets = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
        self.environment = {**os.environ, **secrets, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}
        self.copy("make", "-", "bucket")

    def copy(self, what, here, there):
        done = self._forks.run(["-c", COPY, what, str(here), there], env=self.environment, timeout=120)
        assert done.returncode == 0, done.stderr

    def failures(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/asked")
        asked = connection.getresponse().read()
        connection.close()
        return int(asked.split()[1])


@pytest.fixture(scope="module")
def sound(forks):
    yield from running(Server(0, forks))


@pytest.fixture(scope="module")
def failing(forks):
    yield from running(Server(10, forks))


def running(server):
    yield server
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()


def test_a_bucket_holds_the_bytes_of_a_local_folder(sound, options, ipmix, plain, tmp_path, digests):
    url, there = "s3://bucket/plain/run", {"env": sound.environment}
    ipmix(*options, "--out", url, **there)
    sound.copy("get", f"{tmp_path}/", "bucket/plain/run/")
    assert digests(tmp_path) == digests(plain), "nothing else is left in the bucket, not hidden either"
    told = [word for word in options if word != "--quiet"]
    assert "complete already: 140 pictures, 280 copies in 7 shards" in ipmix(*told, "--out", url, **there).stdout
    assert "PASS" in ipmix("validate", url, "--level", "full", **there).stdout
    assert "8 samples" in ipmix("preview", url, "--out", tmp_path / "sheet.png", **there).stdout
    assert sound.failures() == 0


def test_tasks_share_a_bucket_that_fails_one_request_in_ten(failing, options, ipmix, plain, tmp_path, digests):
    url, there = "s3://bucket/shared", {"env": failing.environment}
    task = [*options, "--out", url, "--task-count", "2", "--task-index"]
    ipmix(*task, "0", **there)
    early = ipmix("merge", url, check=False, **there)
    assert early.returncode == 4
    assert "--task-index 1 --task-count 2   3 shards" in early.stdout
    ipmix(*task, "1", **there)
    assert "finished" in ipmix("merge", url, **there).stdout
    failing.copy("get", f"{tmp_path}/", "bucket/shared/")
    assert digests(tmp_path) == digests(plain)
    assert failing.failures() > 10


def test_a_damaged_shard_in_a_bucket_is_found_and_made_again(failing, options, ipmix, plain, digests, tmp_path):
    url, there = "s3://bucket/damaged", {"env": failing.environment}
    failing.copy("put", f"{plain}/", url)
    failing.copy("put", plain / "README.md", "bucket/damaged/train-000003.h5")
    assert "shard-size" in ipmix("validate", url, "--quiet", check=False, **there).stdout
    ipmix(*options, "--out", url, **there)
    failing.copy("get", f"{tmp_path}/", "bucket/damaged/")
    assert digests(tmp_path) == digests(plain)


def test_a_trainer_reads_a_bucket_as_it_reads_a_folder(failing, plain, forks, tmp_path):
    failing.copy("put", f"{plain}/", "bucket/read")

    def found(location, **options):
        done = forks.run(["-c", READ, location, str(tmp_path / "cache")], **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert found("s3://bucket/read", env=failing.environment) == found(str(plain))
    cached = sorted((tmp_path / "cache").rglob("train-*"))
    assert [path.read_bytes() for path in cached] == [path.read_bytes() for path in sorted(plain.glob("train-*"))]


def test_tars_are_read_from_a_bucket(failing, options, bank, ipmix, tmp_path, digests):
    tars = tmp_path / "tars"
    ipmix(*options, "--format", "webdataset", "--out", tars)
    failing.copy("put", f"{tars}/", "bucket/tars")
    job = ["augment", "--copies", "1", "--fractals", bank, "--input-format", "webdataset", "--quiet", "--jobs", "1"]
    ipmix(*job, "--in", tars, "--out", tmp_path / "here")
    ipmix(*job, "--in", "s3://bucket/tars", "--out", tmp_path / "there", env=failing.environment)
    here, fetched = digests(tmp_path / "here"), digests(tmp_path / "there")
    shards = [name for name in here if name.endswith(".h5")]
    assert len(shards) == 16
    assert {name: here[name] for name in shards} == {name: fetched.get(name) for name in shards}


def test_a_list_and_its_pictures_are_read_from_a_bucket(failing, bank, ipmix, photographs, tmp_path, digests):
    folder = tmp_path / "list"
    pictures = sorted(photographs.rglob("*.JPEG"))[:6]
    for path in pictures:
        (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.parent.name / path.name)
    lines = "".join(f"{path.parent.name}/{path.name},{number}\n" for number, path in enumerate(pictures))
    (folder / "list.csv").write_text(f"{lines}gone.JPEG,0\n")
    failing.copy("put", f"{folder}/", "bucket/list")
    job = [
        "augment",
        "--copies",
        "1",
        "--fractals",
        bank,
        "--size",
        "32",
        "--max-errors",
        "1",
        "--quiet",
        "--jobs",
        "1",
    ]
    ipmix(*job, "--in", folder / "list.csv", "--out", tmp_path / "here")
    ipmix(*job, "--in", "s3://bucket/list/list.csv", "--out", tmp_path / "there", env=failing.environment)
    here, fetched = digests(tmp_path / "here"), digests(tmp_path / "there")
    shards = [name for name in here if name.endswith(".h5")]
    assert len(shards) == 7
    assert {name: here[name] for name in shards} == {name: fetched.get(name) for name in shards}
    assert "gone.JPEG" in (tmp_path / "there" / "errors.jsonl").read_text()


def test_a_bucket_that_is_not_there_is_an_error_with_what_to_do(sound, options, ipmix):
    failed = ipmix(*options, "--out", "s3://nobody-has-made-it/x", check=False, env=sound.environment)
    assert failed.returncode != 0
    assert "nobody-has-made-it" in failed.stderr
    assert "check the network, the credentials and the bucket" in failed.stderr
    assert "Traceback" not in failed.stderr
