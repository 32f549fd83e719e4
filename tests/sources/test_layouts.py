"""Which folders are classes: splits never are, and what can be read in two ways is refused, and an option chooses."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ipmix_cli.errors import SourceError, UsageError

PICTURE = io.BytesIO()
Image.fromarray(np.full((4, 4, 3), 99, np.uint8)).save(PICTURE, "PNG")
PNG = PICTURE.getvalue()


@pytest.fixture
def tree(tmp_path):
    """Make a tree of pictures, and of files with text."""

    def make(*names, **files):
        root = tmp_path / "in"
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(PNG)
        for name, text in files.items():
            path = root / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return make


def found(source):
    part = source.part(0, len(source))
    return [(name, source.class_names[label]) for name, label in zip(part.names, part.labels.tolist(), strict=True)]


TRAIN = ["train/ice/1.png", "train/sea/1.png"]
SPLITS = {
    "flat test and val": [*TRAIN, "val/1.png", "test/2.png"],
    "flat test": [*TRAIN, "test/1.png"],
    "nested once more": [*TRAIN, "val/ice/1.png", "set/train/ice/1.png"],
    "capitals": ["Train/ice/1.png", "Train/sea/1.png", "Test/ice/1.png"],
    "with a word before": ["seg_train/ice/1.png", "seg_train/sea/1.png", "seg_test/sea/1.png", "seg_pred/1.png"],
    "with a word after": ["training_set/ice/1.png", "training_set/sea/1.png", "test_set/sea/1.png"],
    "training and validation": ["training/ice/1.png", "training/sea/1.png", "validation/sea/1.png"],
    "twice in itself": [
        "seg_train/seg_train/ice/1.png",
        "seg_train/seg_train/sea/1.png",
        "seg_test/seg_test/ice/1.png",
    ],
    "below one folder": [f"data/{name}" for name in [*TRAIN, "test/ice/1.png"]],
    "below two folders": [f"data/set/{name}" for name in [*TRAIN, "test/ice/1.png"]],
    "alone": TRAIN,
    "all pictures in one folder": ["train/images/ice/1.png", "train/images/sea/1.png", "test/images/sea/1.png"],
}


@pytest.mark.parametrize("name", SPLITS)
def test_splits_are_never_classes(name, tree, opened):
    source = opened(tree(*SPLITS[name]))
    assert source.class_names == ("ice", "sea")
    assert len(source) == 2


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_split_has_the_classes_of_the_training_split_in_their_order(split, tree, opened):
    root = tree("train/a/1.png", "train/b/1.png", "train/c/1.png", f"{split}/c/1.png", f"{split}/b/2.png")
    for source in (opened(root, split=split), opened(root / split)):
        assert source.class_names == ("a", "b", "c")
        assert source.labels.tolist() == [1, 2]


def test_a_class_that_the_training_split_lacks_is_refused(tree, opened):
    root = tree("train/a/1.png", "train/b/1.png", "test/a/1.png", "test/z/1.png")
    with pytest.raises(SourceError, match="class z") as caught:
        opened(root, split="test")
    assert "--classes-from" in caught.value.remedy
    assert opened(root, split="test", classes_from=str(root / "test")).class_names == ("a", "z")


def test_a_flat_split_without_labels_is_refused(tree, opened):
    root = tree(*TRAIN, "test/1.png")
    with pytest.raises(SourceError, match="no class folders") as caught:
        opened(root, split="test")
    assert "CSV" in caught.value.remedy


def test_tiny_imagenets_validation_split_is_read_with_its_annotations(tree, opened):
    text = "val_0.png\tn03\t0\t0\t9\t9\nval_1.png\tn01\t0\t0\t9\t9\n"
    names = [f"train/n0{number}/images/n0{number}_0.png" for number in (1, 2, 3)]
    root = tree(
        *names,
        "val/images/val_0.png",
        "val/images/val_1.png",
        "test/images/test_0.png",
        val__val_annotations_DOT_txt=text,
    )
    for source in (opened(root, split="val"), opened(root / "val")):
        assert found(source) == [("images/val_0.png", "n03"), ("images/val_1.png", "n01")]
        assert source.labels.tolist() == [2, 0]
    with pytest.raises(SourceError, match="two ways"):
        opened(root, split="test")


CLS_LOC = [
    f"ILSVRC/Data/CLS-LOC/{name}" for name in ("train/n01/a.JPEG", "train/n02/a.JPEG", "val/v_1.JPEG", "val/v_2.JPEG")
]


@pytest.mark.parametrize(
    "files",
    [
        {"LOC_val_solution_DOT_csv": "ImageId,PredictionString\nv_2,n01 1 2 3 4 n01 1 2 3 4\nv_1,n02 1 2 3 4\n"},
        {
            "ILSVRC__devkit__data__ILSVRC2012_validation_ground_truth_DOT_txt": "7\n3\n",
            "ILSVRC__devkit__data__map_clsloc_DOT_txt": "n02 7 hen\nn01 3 crane\n",
        },
        {
            f"ILSVRC__Annotations__CLS-LOC__val__v_{number}_DOT_xml": f"<a><object><name>{name}</name></object></a>"
            for number, name in ((1, "n02"), (2, "n01"))
        },
    ],
    ids=["solution", "ground truth", "annotations"],
)
def test_ilsvrcs_flat_validation_split_is_read_with_its_labels(files, tree, opened):
    root = tree(*CLS_LOC, **files) / "ILSVRC/Data/CLS-LOC"
    source = opened(root, split="val")
    assert (source.class_names, source.labels.tolist()) == (("n01", "n02"), [1, 0])
    assert opened(root).labels.tolist() == [0, 1]


@pytest.mark.parametrize("compressed", [True, False])
def test_ilsvrcs_numbers_are_understood_by_the_development_kits_meta_file(compressed, tree, opened):
    scipy = pytest.importorskip("scipy.io")
    root = tree(*CLS_LOC, ILSVRC__devkit__data__validation_ground_truth_DOT_txt="7\n3\n")
    kinds = [("ILSVRC2012_ID", object), ("WNID", object), ("words", object), ("num_children", object)]
    rows = [(3.0, "n01", "crane, bird", 0.0), (7.0, "n02", "hen", 0.0), (1001.0, "n09", "poultry", 2.0)]
    synsets = np.array(rows, dtype=kinds).reshape(-1, 1)
    place = root / "ILSVRC/devkit/data/meta.mat"
    scipy.savemat(place, {"other": np.eye(3), "synsets": synsets}, do_compression=compressed)
    source = opened(root / "ILSVRC/Data/CLS-LOC", split="val")
    assert (source.class_names, source.labels.tolist()) == (("n01", "n02"), [1, 0])
    place.write_bytes(place.read_bytes()[:-40])
    with pytest.raises(SourceError, match=r"meta\.mat is"):
        opened(root / "ILSVRC/Data/CLS-LOC", split="val")


def test_numbers_of_ilsvrc_without_their_meaning_are_refused(tree, opened):
    root = tree(*CLS_LOC, ILSVRC__devkit__data__validation_ground_truth_DOT_txt="2\n1\n") / "ILSVRC/Data/CLS-LOC"
    with pytest.raises(SourceError, match="ILSVRC's own numbers"):
        opened(root, split="val")


def test_ilsvrcs_pictures_of_objects_of_two_classes_have_no_label(tree, opened):
    names = ("n01", "n02")
    objects = "".join(f"<object><name>{name}</name></object>" for name in names)
    annotations = {f"ILSVRC__Annotations__CLS-LOC__val__v_{number}_DOT_xml": f"<a>{objects}</a>" for number in (1, 2)}
    root = tree(*CLS_LOC, **annotations) / "ILSVRC/Data/CLS-LOC"
    with pytest.raises(SourceError):
        opened(root, split="val")


def test_of_two_solutions_none_is_taken(tree, opened):
    text = "ImageId,PredictionString\nv_2,n01 1 2 3 4\nv_1,n02 1 2 3 4\n"
    truth = {f"ILSVRC__devkit__data__{name}_validation_ground_truth_DOT_txt": "7\n3\n" for name in ("old", "new")}
    meaning = {"ILSVRC__devkit__data__map_clsloc_DOT_txt": "n02 7 hen\nn01 3 crane\n"}
    root = tree(*CLS_LOC, **truth, **meaning) / "ILSVRC/Data/CLS-LOC"
    with pytest.raises(SourceError, match="no file of labels"):
        opened(root, split="val")
    solution = tree(*CLS_LOC, **truth, **meaning, LOC_val_solution_DOT_csv=text) / "ILSVRC/Data/CLS-LOC"
    assert opened(solution, split="val").labels.tolist() == [1, 0]


TWO_READINGS = {
    "one folder of pictures": ["images/1.png"],
    "pictures and masks": ["images/1.png", "masks/1.png"],
    "one folder of folders": ["things/cat/1.png", "things/dog/1.png"],
    "folds": ["fold1/cat/1.png", "fold1/dog/1.png", "fold2/cat/1.png", "fold2/dog/1.png"],
    "splits in classes": ["cat/train/1.png", "cat/test/1.png", "dog/train/1.png", "dog/test/1.png"],
    "a split and a class": ["train/cat/1.png", "train/dog/1.png", "hen/1.png"],
}


@pytest.mark.parametrize("name", TWO_READINGS)
def test_two_readings_are_shown_and_an_option_chooses(name, tree, opened):
    root = tree(*TWO_READINGS[name])
    with pytest.raises(SourceError, match=r"two ways: 1\. .*; 2\. ") as caught:
        opened(root)
    assert "--split-folder ." in caught.value.remedy
    names = sorted({entry.split("/")[0] for entry in TWO_READINGS[name]})
    assert opened(root, split_folder=".").class_names == tuple(names)


def test_the_folder_of_the_classes_can_be_named(tree, opened):
    root = tree("things/cat/1.png", "things/dog/1.png", "other/x/1.png")
    assert opened(root, split_folder="things").class_names == ("cat", "dog")
    with pytest.raises(UsageError, match="no such folder"):
        opened(root, split_folder="../in")


def test_what_systems_leave_behind_is_passed_over_and_told(tree, opened):
    root = tree("cat/1.png", "dog/1.png", "cat/@eaDir/1.png/thumb.png", "__MACOSX/cat/1.png", dog__notes_DOT_txt="x")
    (root / "lost+found").mkdir()
    source = opened(root)
    assert found(source) == [("cat/1.png", "cat"), ("dog/1.png", "dog")]
    assert "1 .txt" in source.notes[-1]
    assert "__MACOSX" in source.notes[-1]


def test_pictures_of_unknown_extensions_are_read(tree, opened):
    names = ["a/1.png", "a/2.PNG_large", "a/3", "a/4.jfif", "a/5.gif"]
    source = opened(tree(*names, a__6_DOT_dat="no picture"))
    assert [name for name, _ in found(source)] == names
    assert source.notes == ("passed over: 1 .dat",)


def test_a_data_set_of_ipmix_is_no_class(tree, opened):
    root = tree("cat/1.png", "dog/1.png", "copies/train/cat/1.png", copies___DOT_ipmix__job_DOT_json="{}")
    assert opened(root).class_names == ("cat", "dog")
    with pytest.raises(SourceError, match="copies"):
        opened(root / "copies")


def test_empty_class_folders_are_classes_or_none_as_the_user_says(tree, opened):
    root = tree("a/1.png", "c/1.png", b__x_DOT_txt="x")
    with pytest.raises(SourceError, match="holds no pictures"):
        opened(root)
    assert opened(root, empty_classes="keep").labels.tolist() == [0, 2]
    assert opened(root, empty_classes="skip").labels.tolist() == [0, 1]
