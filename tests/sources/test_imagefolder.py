"""Class folders are listed as torchvision lists them, and odd folders have an end."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.folders import entries, holds_own_output, list_pictures
from ipmix_cli.sources.picture_names import EXTENSIONS
from ipmix_cli.sources.source import BadSample


def torchvision_listing(root: Path) -> list[tuple[str, int]]:
    """List as torchvision.datasets.ImageFolder does, link loops and hidden files aside."""
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    found = []
    for label, name in enumerate(classes):
        for folder, _, files in sorted(os.walk(root / name, followlinks=True)):
            found += [
                (str(Path(folder, file).relative_to(root)), label)
                for file in sorted(files)
                if file.lower().endswith(EXTENSIONS)
            ]
    return found


def listed(source):
    part = source.part(0, len(source))
    return list(zip(part.names, part.labels.tolist(), strict=True))


def make(root: Path, *names: str, content: bytes = b"x") -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_pictures_and_labels_come_in_order(class_folder, pictures, opened, read):
    source = opened(class_folder)
    samples = read(source)
    order = np.argsort(pictures[1], kind="stable")
    assert source.format == "imagefolder"
    assert source.class_names[:2] == ("class 0", "class 1")
    assert [sample.label for sample in samples] == pictures[1][order].tolist()
    assert np.array_equal(np.stack([sample.picture for sample in samples]), pictures[0][order])
    assert samples[0].key == "class 0/000 [ü].png"


def test_the_listing_is_torchvisions(tmp_path, opened):
    names = ["b/2.PNG", "b/10.jpg", "b/sub/deep/1.webp", "b/sub-1/1.tif", "b/sub/2.bmp", "B/ä.jpeg", "a b/[1].ppm"]
    root = make(tmp_path / "set", *names, "b/readme.txt", "a b/x.pgm", "a b/y.tiff", "a b/z.npy")
    assert listed(opened(root)) == torchvision_listing(root)
    assert [name for name, _ in listed(opened(root))][:3] == ["B/ä.jpeg", "a b/[1].ppm", "a b/x.pgm"]


def test_hidden_files_and_folders_are_passed_over(tmp_path, opened):
    root = make(tmp_path / "set", "a/1.png", "a/._1.png", "a/.cache/2.png", ".git/3.png")
    assert [name for name, _ in listed(opened(root))] == ["a/1.png"]
    assert opened(root).class_names == ("a",)


def test_names_that_are_not_unicode_are_read(tmp_path, png, opened, read):
    root = make(tmp_path / "set", "a/" + os.fsdecode(b"\xff\xfe.png"), content=png(np.zeros((2, 2, 3), np.uint8)))
    assert read(opened(root))[0].picture.shape == (2, 2, 3)


def test_link_loops_have_an_end(tmp_path, opened):
    root = make(tmp_path / "set", "a/1.png", "b/2.png", "b/deep/3.png")
    (root / "a" / "up").symlink_to(root)
    (root / "b" / "deep" / "self").symlink_to(root / "b")
    assert [name for name, _ in listed(opened(root))] == ["a/1.png", "b/2.png", "b/deep/3.png"]


def test_class_folders_that_link_to_each_other_have_an_end(tmp_path, opened):
    root = make(tmp_path / "set", *(f"{number}/x.png" for number in range(6)))
    for one in range(6):
        for other in range(6):
            (root / str(one) / f"to{other}").symlink_to(root / str(other))
    assert len(opened(root)) == 36


def test_a_linked_class_folder_is_followed(tmp_path, opened):
    root = make(tmp_path / "set", "a/1.png")
    make(tmp_path / "elsewhere", "2.png")
    (root / "b").symlink_to(tmp_path / "elsewhere")
    assert [name for name, _ in listed(opened(root))] == ["a/1.png", "b/2.png"]


def test_an_empty_class_folder_is_named_with_a_remedy(tmp_path, opened):
    root = make(tmp_path / "set", "a/1.png", "b/readme.txt")
    with pytest.raises(SourceError, match="set/b holds no pictures") as caught:
        opened(root)
    assert "--empty-classes" in caught.value.remedy


def test_a_folder_without_class_folders_is_refused(tmp_path, opened):
    root = make(tmp_path / "set", "1.png")
    with pytest.raises(SourceError, match="no class folders"):
        opened(root)


@pytest.mark.parametrize("above", ["", "only-child/"])
@pytest.mark.parametrize("test_name", ["test", "val", "validation"])
def test_folders_of_splits_are_chosen_by_the_split(above, test_name, tmp_path, opened):
    root = make(tmp_path / "set", f"{above}train/a/1.png", f"{above}train/b/2.png", f"{above}{test_name}/a/3.png")
    assert [name for name, _ in listed(opened(root))] == ["a/1.png", "b/2.png"]
    assert [name for name, _ in listed(opened(root, split="test"))] == ["a/3.png"]


def test_classes_called_train_and_car_are_classes(tmp_path, opened):
    root = make(tmp_path / "set", "train/1.png", "car/2.png")
    assert opened(root).class_names == ("car", "train")


def test_a_split_that_is_not_there_is_refused(tmp_path, opened):
    root = make(tmp_path / "set", "a/1.png", "b/1.png")
    with pytest.raises(SourceError, match="no test split"):
        opened(root, split="test")
    with pytest.raises(SourceError, match="no test split, only train"):
        opened(make(tmp_path / "other", "train/a/1.png"), split="test")


def test_unreadable_pictures_are_bad_samples_in_their_place(tmp_path, png, opened, read):
    good = png(np.zeros((4, 4, 3), np.uint8))
    root = make(tmp_path / "set", "a/0.png", "a/4.png", "b/5.png", content=good)
    make(root, "a/1.png", content=b"")
    make(root, "a/2.jpg", content=b"a text file named .jpg")
    make(root, "a/3.png", content=good[:40])
    (root / "a" / "4.png").unlink()
    (root / "a" / "4.png").symlink_to("../.git/annex/objects/4.png")
    samples = read(opened(root))
    assert [isinstance(sample, BadSample) for sample in samples] == [False, True, True, True, True, False]
    assert [sample.index for sample in samples] == list(range(6))
    assert samples[1].reason == "the file is empty"
    assert "No such file" in samples[4].reason
    assert samples[5].label == 1


def test_a_pipe_with_a_pictures_name_blocks_nothing(tmp_path, opened):
    root = make(tmp_path / "set", "a/1.png")
    os.mkfifo(root / "a" / "2.png")
    assert len(opened(root)) == 1


@pytest.mark.parametrize("become", [lambda path: None, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_file_that_goes_or_becomes_a_pipe_or_a_device_after_it_was_listed_is_told(tmp_path, opened, read, become):
    root = make(tmp_path / "set", "a/1.png", "a/2.png")
    source = opened(root)
    (root / "a" / "2.png").unlink()
    become(root / "a" / "2.png")
    with pytest.raises(SourceError, match=r"2\.png changed while the job ran"):
        read(source)


def test_links_that_lead_nowhere_are_listed_or_told(tmp_path, opened, read):
    root = make(tmp_path / "set", "a/1.png")
    (root / "a" / "2.png").symlink_to("2.png")  # to itself
    (root / "a" / "notes").symlink_to("nowhere")
    os.mkfifo(root / "a" / "3.png")
    source = opened(root)
    assert len(source) == 2
    assert "1 links that lead nowhere" in " ".join(source.notes)
    assert "1 pipes, sockets and devices" in " ".join(source.notes)
    (root / "b").symlink_to("nowhere")
    with pytest.raises(SourceError, match="broken link"):
        opened(root)


def test_a_folder_that_goes_while_it_is_listed_is_a_source_error(tmp_path, opened, monkeypatch):
    root = make(tmp_path / "set", "a/1.png", "a/deep/2.png")
    listed: list[str] = []

    def entries_that_go(place: str, last: int = 0) -> list[os.DirEntry[str]]:
        found = entries(place)
        listed.append(place)
        if len(listed) == last:
            shutil.rmtree(root / "a" / "deep")
        return found

    monkeypatch.setattr("ipmix_cli.sources.folders.entries", entries_that_go)
    opened(root)
    last = max(at for at, place in enumerate(listed, 1) if Path(place).name == "a")
    listed.clear()
    monkeypatch.setattr("ipmix_cli.sources.folders.entries", lambda place: entries_that_go(place, last))
    with pytest.raises(SourceError, match=r"cannot list .*deep: No such file"):
        opened(root)


def test_a_folder_that_may_not_be_entered_is_listed_as_no_data_set_of_ours(tmp_path, monkeypatch):
    def denied(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_file", denied)
    assert not holds_own_output(tmp_path)


def test_a_folder_that_is_gone_is_a_source_error(class_folder, opened, read):
    source = opened(class_folder)
    shutil.rmtree(class_folder)
    with pytest.raises(SourceError, match="is gone"):
        read(source)


def test_the_digest_is_of_the_content_and_not_of_the_place(class_folder, opened, tmp_path):
    digest = opened(class_folder).digest
    copy = shutil.copytree(class_folder, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert opened(copy).digest == digest
    assert opened(copy).settings["digest"] == "content"
    one = next(copy.rglob("*.png"))
    one.write_bytes(one.read_bytes()[:-1] + b"\0")
    assert opened(copy).digest != digest
    one.write_bytes((class_folder / one.relative_to(copy)).read_bytes())
    assert opened(copy).digest == digest
    one.rename(one.with_name("another.png"))
    assert opened(copy).digest != digest


def test_above_the_limit_the_digest_is_of_names_and_sizes(class_folder, opened, monkeypatch):
    monkeypatch.setattr("ipmix_cli.storage.source_digest.CONTENT_LIMIT", 1000)
    source = opened(class_folder)
    assert source.settings["digest"] == "listing"
    one = next(class_folder.rglob("*.png"))
    data = one.read_bytes()
    one.write_bytes(data[:-1] + b"\0")
    assert opened(class_folder).digest == source.digest
    one.write_bytes(data + b"\0")
    assert opened(class_folder).digest != source.digest


def test_pictures_of_any_folder_are_listed_without_classes(tmp_path):
    root = make(tmp_path / "bank", "2.png", "1.png", "deep/3.jpg", "notes.txt")
    assert list(list_pictures(root)) == ["1.png", "2.png", "deep/3.jpg"]
