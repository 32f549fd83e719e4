"""Whatever rots in a finished folder is found, named with a fitting code, and repaired to the byte."""

from __future__ import annotations

import dataclasses
import json
import random  # noqa: TID251 - places for damage, no pictures
import shutil
import tarfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipmix_cli.errors import IpmixError, SourceError
from ipmix_cli.pipeline.output.dataset import open_dataset
from ipmix_cli.pipeline.verify.repair import repair
from ipmix_cli.pipeline.verify.validate import Checks, validate
from ipmix_cli.record import json_digest
from ipmix_cli.shards.writers import WRITERS

KINDS = ("hdf5", "hdf5-png", "webdataset", "parquet", "mds", "cifar", "files")


def problems_of(folder: Path, level: str = "standard") -> set[tuple[str, str]]:
    """Return the code and the file of every problem."""
    return {(problem.code, problem.shard) for problem in validate(open_dataset(folder), Checks(level=level)).problems}


def shard_of(kind: str, number: int) -> str:
    """Return the name of a shard's file."""
    return WRITERS[kind.partition("-")[0]].shard_name(f"train-{number:06d}")


def flip(path: Path, bit: int) -> None:
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def regions(path: Path) -> dict[str, tuple[int, int]]:
    """Return where each class of bytes lies in a shard."""
    size = path.stat().st_size
    found = {"anywhere": (0, size), "beginning": (0, min(size, 512)), "end": (size - 64, size)}
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            for name, array in file.items():
                if array.id.get_offset():
                    found[name] = (array.id.get_offset(), array.id.get_offset() + array.id.get_storage_size())
    if path.suffix == ".tar":
        with tarfile.open(path) as tar:
            for member in tar.getmembers()[:9]:
                what = member.name.split(".", 1)[1]
                found[f"{what} header"] = (member.offset, member.offset_data)
                found[what] = (member.offset_data, member.offset_data + member.size)
                found[f"{what} padding"] = (
                    member.offset_data + member.size,
                    member.offset_data + 512 * (-(-member.size // 512)),
                )
    return {name: span for name, span in found.items() if span[0] < span[1]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_found_in_every_class_of_bytes_and_repaired(kind, made, tmp_path, digests):
    stream = random.Random(kind)
    folder = made(kind).copy(tmp_path / "rotten")
    whole = tmp_path / "whole"
    for name in made(kind).digests:
        (whole / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / name, whole / name)
    tried = 0
    for name in made(kind).digests:
        for what, (start, stop) in regions(folder / name).items():
            bit = stream.randrange(start * 8, stop * 8)
            flip(folder / name, bit)
            found = problems_of(folder)
            places = {place for _, place in found}  # of a picture that is a file, its shard is told, and its sample
            assert name in places or (kind == "files" and places), f"bit {bit} of {name}, {what}: {found}"
            shutil.copy(whole / name, folder / name)
            tried += 1
    assert tried > 20
    for name in made(kind).digests:
        if name != ".ipmix/manifest.json":  # one copy of the manifest has to be whole
            flip(folder / name, stream.randrange((folder / name).stat().st_size * 8))
    done = repair(open_dataset(folder))
    assert done.problems == []
    assert digests(folder) == made(kind).digests


@pytest.mark.parametrize("kind", ["hdf5", "hdf5-png", "webdataset"])
def test_rot_in_one_sample_names_the_sample(kind, made, tmp_path):
    folder = made(kind).copy(tmp_path / "out")
    path = folder / shard_of(kind, 1)
    with open_dataset(folder).view(open_dataset(folder).manifest.shards[1]) as view:
        picture = bytes(view.stored(3, 1))
    content = path.read_bytes()
    place = content.index(picture) + len(picture) // 2
    path.write_bytes(content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :])
    found = validate(open_dataset(folder)).problems
    assert {(problem.code, problem.key) for problem in found} == {("shard-damaged", ""), ("sample-damaged", "00000013")}


def cut(path: Path) -> None:
    """Cut a file where a sample ends."""
    content = path.read_bytes()
    if path.suffix == ".tar":
        with tarfile.open(path) as tar:
            end = next(member.offset for member in tar.getmembers() if member.name.startswith("00000015"))
        path.write_bytes(content[:end] + bytes(1024))
    else:
        path.write_bytes(content[: len(content) // 2])


def zero(path: Path, start: int, stop: int | None) -> None:
    """Put zeros into a file."""
    content = bytearray(path.read_bytes())
    content[start:stop] = bytes(len(content[start:stop]))
    path.write_bytes(content)


DAMAGE = {
    "cut at a sample's end": (cut, "shard-size"),
    "a zeroed tail": (lambda path: zero(path, path.stat().st_size // 2, None), "shard-damaged"),
    "a zeroed header": (lambda path: zero(path, 0, 512), "shard-damaged"),
    "missing": (lambda path: path.unlink(), "shard-missing"),
    "empty": (lambda path: path.write_bytes(b""), "shard-size"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "shard-missing"),
}


@pytest.mark.parametrize("kind", ["hdf5", "webdataset"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_shard_is_found_and_rebuilt(kind, damage, made, tmp_path, digests):
    folder = made(kind).copy(tmp_path / "out")
    harm, code = DAMAGE[damage]
    harm(folder / shard_of(kind, 1))
    assert (code, shard_of(kind, 1)) in problems_of(folder)
    if code in ("shard-size", "shard-missing"):
        assert (code, shard_of(kind, 1)) in problems_of(folder, "quick")
    if damage == "a folder":
        (folder / shard_of(kind, 1)).rmdir()
    repair(open_dataset(folder))
    assert digests(folder) == made(kind).digests


@pytest.mark.parametrize("kind", KINDS)
def test_missing_renamed_swapped_and_extra_shards_are_told_apart(kind, made, tmp_path, digests):
    folder = made(kind).copy(tmp_path / "out")
    one, two, three = (folder / shard_of(kind, number) for number in range(3))
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)
    three.rename(folder / "renamed")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "notes.txt").write_text("mine")
    found = problems_of(folder)
    names = [path.relative_to(folder).as_posix() for path in (one, two, three)]
    expected = {("shard-swapped", names[0]), ("shard-swapped", names[1]), ("shard-missing", names[2])}
    expected |= {("shard-extra", "renamed"), ("shard-extra", ".hidden/notes.txt")}
    assert expected <= found
    if kind != "files":
        assert expected == found
    left = repair(open_dataset(folder)).problems
    assert {(problem.code, problem.shard) for problem in left} == {
        ("shard-extra", "renamed"),
        ("shard-extra", ".hidden/notes.txt"),
    }
    assert (folder / "renamed").exists()
    assert made(kind).digests.items() <= digests(folder).items()


def test_two_labels_exchanged_and_a_sample_twice_name_the_samples(made, tmp_path):
    folder = made("hdf5").copy(tmp_path / "out")
    with h5py.File(folder / "train-000000.h5", "r+") as file:
        labels = file["label"][:]
        first, second = 0, int(np.flatnonzero(labels != labels[0])[0])
        labels[[first, second]] = labels[[second, first]]
        file["label"][:] = labels
    with h5py.File(folder / "train-000001.h5", "r+") as file:
        for name in file:
            file[name][5] = file[name][4]
    found = {(problem.code, problem.key) for problem in validate(open_dataset(folder)).problems if problem.key}
    assert {("sample-damaged", "00000000"), ("sample-damaged", f"{second:08d}")} <= found
    assert {("sample-missing", "00000015"), ("sample-duplicate", "00000014")} <= found


def test_both_manifests_rotten_is_said_clearly_and_the_same_command_mends_it(made, tmp_path, digests):
    from ipmix_cli.pipeline.run.augment import augment

    folder = made("hdf5").copy(tmp_path / "out")
    for name in ("manifest.json", ".ipmix/manifest.json"):
        flip(folder / name, 8 * 700)
    with pytest.raises(IpmixError, match="damaged") as caught:
        open_dataset(folder)
    assert caught.value.exit_code == 4
    assert "ipmix augment" in caught.value.remedy
    augment(made("hdf5").request, str(folder))
    assert digests(folder) == made("hdf5").digests


def test_a_repair_from_another_source_is_refused_and_fixes_what_needs_none(made, tmp_path, digests, cifar):
    from ipmix_cli.pipeline.verify.repair import RepairSource
    from ipmix_cli.sources.source import SourceSpec

    folder = made("hdf5").copy(tmp_path / "out")
    flip(folder / "train-000002.h5", 9999)
    flip(folder / "README.md", 99)
    other = RepairSource(source=SourceSpec(input="cifar10", data_dir=str(cifar), split="test"))
    with pytest.raises(IpmixError, match=r"train-000002\.h5.*digest differs") as caught:
        repair(open_dataset(folder), other)
    assert "--source" in caught.value.remedy
    assert {place for _, place in problems_of(folder)} == {"train-000002.h5"}
    repair(open_dataset(folder))
    assert digests(folder) == made("hdf5").digests


def test_a_shard_that_comes_out_otherwise_is_left_alone_and_said(made, tmp_path, monkeypatch):
    from ipmix_cli.methods.ipmix.transform import IPMixTransform

    folder = made("hdf5").copy(tmp_path / "out")
    flip(folder / "train-000002.h5", 9999)
    rotten = (folder / "train-000002.h5").read_bytes()
    apply = IPMixTransform.apply

    def other_libraries(self, pictures, plans, mixing, settings, out, *more):
        apply(self, pictures, plans, mixing, settings, out, *more)
        out[0, 0, 0, 0, 0] ^= 1

    monkeypatch.setattr(IPMixTransform, "apply", other_libraries)
    left = repair(open_dataset(folder)).problems
    assert [(problem.code, problem.shard) for problem in left] == [("shard-damaged", "train-000002.h5")]
    assert "another sha256" in left[0].message
    assert (folder / "train-000002.h5").read_bytes() == rotten


def forged(folder: Path, change) -> None:
    """Change a manifest and seal it again, as a forger would."""

    values = json.loads((folder / "manifest.json").read_text())
    del values["seal"]
    change(values)
    values["seal"] = json_digest(values)
    lines = ",\n  ".join(json.dumps(shard) for shard in values.pop("shards"))
    content = f'{json.dumps(values, indent=1)[:-2]},\n "shards": [\n  {lines}\n ]\n}}\n'
    for name in ("manifest.json", ".ipmix/manifest.json"):
        (folder / name).write_text(content)


FORGERIES = {
    "a name that leaves": lambda values: values["shards"][0].update(name="../../secret.h5"),
    "an absolute name": lambda values: values["shards"][0].update(name="/etc/passwd"),
    "a small file that leaves": lambda values: values["files"][0].update(name="../README.md"),
    "a split that leaves": lambda values: values["job"]["source"]["settings"].update(split="../x"),
    "endless pictures": lambda values: (
        values["job"].update(limit=None, samples_per_shard=10**15),
        values["job"]["source"].update(pictures=10**15),
        values.update(shards=[{**values["shards"][0], "first": 0, "stop": 10**15, "samples": 10**15}]),
    ),
    "endless shards": lambda values: (
        values["job"].update(limit=None, samples_per_shard=1),
        values["job"]["source"].update(pictures=10**15),
    ),
    "a number beyond numbers": lambda values: values["shards"][0].update(samples=10**400),
    "words for numbers": lambda values: values["shards"][0].update(bytes="many"),
    "a format that does not exist": lambda values: values["job"]["output"].update(format="exe"),
    "no shards": lambda values: values.update(shards=[]),
    "a shard twice": lambda values: values["shards"].append(values["shards"][0]),
    "nested without end": lambda values: values["job"]["source"].update(settings=nested(500)),
}


def nested(depth: int) -> dict[str, object]:
    """Return a dictionary in a dictionary in a dictionary."""
    value: dict[str, object] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_manifest_is_refused(forgery, made, tmp_path):
    folder = made("hdf5").copy(tmp_path / "out")
    (tmp_path / "secret.h5").write_text("secret")
    forged(folder, lambda values: None)
    assert problems_of(folder) == set()
    forged(folder, FORGERIES[forgery])
    with pytest.raises(IpmixError, match="damaged"):
        open_dataset(folder)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_makes_validate_crash_or_pass(kind, made, tmp_path, data):
    folder = made(kind).copy(tmp_path / "fuzzed")
    name = data.draw(st.sampled_from(sorted(made(kind).digests)))
    content = bytearray((folder / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        new = data.draw(st.binary(max_size=24))
        removed = data.draw(st.sampled_from([0, len(new), 8, 4096]))
        content[start : start + removed] = new
    changed = bytes(content) != (folder / name).read_bytes()
    (folder / name).write_bytes(content)
    try:
        report = validate(open_dataset(folder), Checks(level="full"))
    except IpmixError:
        return
    assert report.passed != changed


def test_a_shard_with_fewer_samples_than_the_manifest_says_is_named(made, tmp_path):
    dataset = open_dataset(made("hdf5").copy(tmp_path / "set"))
    first = dataset.manifest.shards[0]
    more = dataclasses.replace(first, samples=first.samples + 2)
    manifest = dataclasses.replace(dataset.manifest, shards=(more, *dataset.manifest.shards[1:]))
    with pytest.raises(SourceError, match=f"{first.name} holds 10 samples, not the 12"):
        dataclasses.replace(dataset, manifest=manifest).at(11)
