"""The code with which each reader loads a data set, as the card and ``ipmix info`` print it; tests run all of it."""

from __future__ import annotations

import json

from ipmix_cli.annotations import AnnotationSpec
from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.frames import sequences_in
from ipmix_cli.shards.mixed_reading_code import mixed_reading_code
from ipmix_cli.shards.shard import ShardSettings

FOLDER = "THIS_FOLDER"
"""What stands for the data set's folder if it is not known, as in the card."""

OWN_READER = "PyTorch, with ipmix's own reader"

NO_NAMES = {
    '    names = shard.attrs["class_names"]\n': "",
    "print(names[label], ": "print(label, ",
    'print(shard.attrs["class_names"][shard["label"][0]], ': 'print(shard["label"][0], ',
}
IN_JSON = {
    ', label in data.to_tuple(<PAIR>, "cls")': ', facts in data.to_tuple(<PAIR>, "json")',
    ', label in data.to_tuple("<SUFFIX>", "cls")': ', facts in data.to_tuple("<SUFFIX>", "json")',
    "    ...                                                     # uint8 <DECODED>": (
        '    label = facts["label"]                                  # uint8 <DECODED>'
    ),
}
REPLACED = {
    "multilabel": NO_NAMES | IN_JSON,
    "real": NO_NAMES | IN_JSON,
    "text": NO_NAMES | {'"cls")': '"txt")', 'shard["label"][0]': 'shard["label"].asstr()[0]'},
    "none": {
        "for pictures, labels in": "for (pictures,) in",
        " and <LABELS>": "",
        'copies, label = shard["aug"][0], shard["label"][0]      #': (
            'copies = shard["aug"][0]                                #'
        ),
        'clean, label = shard["clean"][0], shard["label"][0]     #': (
            'clean = shard["clean"][0]                               #'
        ),
        '    names = shard.attrs["class_names"]\n': "",
        "print(names[label], ": "print(",
        'print(shard.attrs["class_names"][shard["label"][0]], ': "print(",
        'for <PICTURES>, label in data.to_tuple(<PAIR>, "cls")': "for (<PICTURES>,) in data.to_tuple(<PAIR>)",
        'for picture, label in data.to_tuple("<SUFFIX>", "cls")': 'for (picture,) in data.to_tuple("<SUFFIX>")',
        'columns=["<COLUMN>", "label"]': 'columns=["<COLUMN>"]',
        'picture, label = data[0]["<COLUMN>"], data[0]["label"]': 'picture = data[0]["<COLUMN>"]',
        'picture, label = Image.open(io.BytesIO(data[0]["<COLUMN>"])), data[0]["label"]': (
            'picture = Image.open(io.BytesIO(data[0]["<COLUMN>"]))'
        ),
        "print(data.num_samples, picture, label)": "print(data.num_samples, picture)",
        'print(data[0]["<COLUMN>"], data[0]["label"])': 'print(data[0]["<COLUMN>"])',
    },
}
"""What of the code for one class a picture stands otherwise, by the kind of labels."""


def reading_code(output: ShardSettings, split: str, folder: str) -> dict[str, str]:
    """Return the code with which each reader loads a data set from a folder or a URL, by its title.

    Only what works for that place, that format and that encoding is there: other readers than ipmix's own take no URL.
    """
    remote = "://" in folder
    own = VARIANTS_CODE if output.variants else READER_CODE
    sections = {} if output.format in ("files", "folders", "npy") else {OWN_READER: own}
    if not remote:
        sections |= _others(output)
        sections |= mixed_reading_code(output) if output.mixed and output.stored_copies else {}
    suffix = CODECS[output.encoding].suffix
    first = f"clean.{suffix}" if output.clean else f"aug0.{suffix}"
    column = "clean" if output.clean else "aug0"
    pair = f'"{first}", "aug0.{suffix}"' if output.stored_copies else f'"{first}"'
    names = "picture, copy" if output.stored_copies else "picture"
    words = {"SPLIT": split, "SUFFIX": suffix, "PAIR": pair, "PICTURES": names, "COLUMN": column}
    variant = output.variant(0)
    words |= {"VARIANT": variant.replace(".", "/"), "ARRAY": variant.partition(".")[0], "NAME": variant}
    words["LABELS"] = "float32 (B, C), the weights of the classes" if output.mixed else _labels(output.annotations)
    rows = "is followed by its copies" if output.clean else "is there as its copies alone"
    words |= {"ROWS": rows, "BATCH": "data_batch_1" if split == "train" else f"{split}_batch"}
    grey = output.channels == 1
    words |= {"C": str(output.channels), "DECODER": "l8" if grey else "rgb8"}
    words["DECODED"] = "(H, W)" if grey else "(H, W, 3)"
    words["FOLDER"] = folder if folder == FOLDER else json.dumps(folder, ensure_ascii=False)[1:-1]
    kind = output.annotations.labels
    return {title: _filled(_for_labels(code, kind), words) for title, code in sections.items()}


def _labels(spec: AnnotationSpec) -> str:
    """Return what the labels of a batch are."""
    real = "float32 (B,)" if spec.length is None else f"float32 (B, {spec.length})"
    several = f"float32 (B, {spec.length}), a 1 for each class that applies"
    return {"class": "int64 (B,)", "multilabel": several, "real": real, "text": "a list of B texts", "none": ""}[
        spec.labels
    ]


def _for_labels(code: str, kind: str) -> str:
    """Return the code for one class a picture as it is for labels of another kind, or for none."""
    for old, new in REPLACED.get(kind, {}).items():
        code = code.replace(old, new)
    return code


def _filled(code: str, words: dict[str, str]) -> str:
    for word, text in words.items():
        code = code.replace(f"<{word}>", text)
    return code.strip()


def _others(output: ShardSettings) -> dict[str, str]:
    """Return the code of other readers."""
    hugging_face = {"Hugging Face datasets": HUGGING_FACE_CODE}
    frames = bool(sequences_in(output.variants))
    own_folders = {} if frames else hugging_face
    return {
        "hdf5": _hdf5(output),
        "webdataset": {"webdataset": GROUPED_CODE if output.layout == "grouped" else FLAT_CODE, **hugging_face},
        "parquet": {**hugging_face, "pyarrow alone": PARQUET_CODE},
        "mds": {"MosaicML's StreamingDataset": MDS_WEBP_CODE if output.encoding == "webp" else MDS_CODE},
        "cifar": {"torchvision": CIFAR_CODE, "Python alone": CIFAR_PICKLE_CODE},
        "npy": {"numpy": NPY_SEQUENCE_CODE if frames else NPY_CODE},
        "folders": {"torchvision": FRAME_FOLDER_CODE if frames else CORRUPTION_FOLDER_CODE, **own_folders},
        "files": {"torchvision": FOLDER_CODE, **hugging_face},
    }.get(output.format, {})


def _hdf5(output: ShardSettings) -> dict[str, str]:
    if output.encoding != "raw":
        return {"h5py alone": ENCODED_CODE, "Hugging Face datasets": HUGGING_FACE_ENCODED_CODE}
    raw = RAW_CODE if output.stored_copies else CLEAN_CODE
    return {"h5py alone": raw, "Hugging Face datasets": HUGGING_FACE_RAW_CODE}


READER_CODE = """
from torch.utils.data import DataLoader
from ipmix_cli.reader import ShardDataset

data = ShardDataset("<FOLDER>", view="random", seed=0)   # "triplet" for the consistency loss
for epoch in range(90):
    data.set_epoch(epoch)                                   # before the loader's iterator is made
    for pictures, labels in DataLoader(data, batch_size=128, shuffle=True, num_workers=4):
        ...                                                 # uint8 (B, H, W, <C>) and <LABELS>
"""

VARIANTS_CODE = """
from torch.utils.data import DataLoader
from ipmix_cli.reader import ShardDataset

data = ShardDataset("<FOLDER>", view="all")
for pictures, labels in DataLoader(data, batch_size=100, num_workers=4):
    for name, batch in zip(data.settings.variants, pictures.unbind(1)):
        ...                                                 # "<NAME>", ..; uint8 (B, H, W, <C>), of the same pictures
"""

HUGGING_FACE_CODE = """
from datasets import load_dataset

data = load_dataset("<FOLDER>", split="<SPLIT>")           # streaming=True reads without a copy
print(data.features, data[0])
"""

HUGGING_FACE_RAW_CODE = """
from datasets import load_dataset

data = load_dataset("<FOLDER>", split="<SPLIT>")           # streaming=True reads without a copy
data = data.with_format("numpy")                            # 20 times as fast as lists of numbers
print(data.features, data[0])
"""

HUGGING_FACE_ENCODED_CODE = """
from datasets import Features, Image, load_dataset

def images(sample):
    return {name: {"bytes": sample[name].astype("uint8").tobytes(), "path": None} for name in pictures}

data = load_dataset("<FOLDER>", split="<SPLIT>").with_format("numpy")   # 20 times as fast as lists of numbers
pictures = [name for name in data.features if name == "clean" or name.startswith("aug")]
features = Features({**data.features, **{name: Image() for name in pictures}})
data = data.map(images, features=features).with_format(None)             # once: the bytes stay as they are
print(data[0]["<COLUMN>"], data[0]["label"])
"""

RAW_CODE = """
import h5py

with h5py.File("<FOLDER>/<SPLIT>-000000.h5") as shard:
    names = shard.attrs["class_names"]
    copies, label = shard["aug"][0], shard["label"][0]      # (K, H, W, <C>) uint8
    print(names[label], shard["key"].asstr()[0], copies.shape)
"""

CLEAN_CODE = """
import h5py

with h5py.File("<FOLDER>/<SPLIT>-000000.h5") as shard:
    names = shard.attrs["class_names"]
    clean, label = shard["clean"][0], shard["label"][0]     # (H, W, <C>) uint8
    print(names[label], shard["key"].asstr()[0], clean.shape)
"""

ENCODED_CODE = """
import io
import h5py
from PIL import Image

with h5py.File("<FOLDER>/<SPLIT>-000000.h5") as shard:
    picture = Image.open(io.BytesIO(shard["<COLUMN>"][0].tobytes()))
    print(shard.attrs["class_names"][shard["label"][0]], picture.size)
"""

GROUPED_CODE = """
import glob
import webdataset

shards = sorted(glob.glob("<FOLDER>/<SPLIT>-*.tar"))
data = webdataset.WebDataset(shards, shardshuffle=16).shuffle(1000).decode("<DECODER>")
for <PICTURES>, label in data.to_tuple(<PAIR>, "cls"):
    ...                                                     # uint8 <DECODED>; no more loader workers than shards
"""

FLAT_CODE = """
import glob
import webdataset

shards = sorted(glob.glob("<FOLDER>/<SPLIT>-*.tar"))
data = webdataset.WebDataset(shards, shardshuffle=16).shuffle(1000).decode("<DECODER>")
for picture, label in data.to_tuple("<SUFFIX>", "cls"):
    ...                                                     # uint8 <DECODED>; no more loader workers than shards
"""

PARQUET_CODE = """
import io
import pyarrow.parquet as pq
from PIL import Image

shard = pq.ParquetFile("<FOLDER>/<SPLIT>-000000.parquet")
for batch in shard.iter_batches(columns=["<COLUMN>", "label"]):
    for sample in batch.to_pylist():
        picture = Image.open(io.BytesIO(sample["<COLUMN>"]["bytes"]))
        ...
"""

MDS_CODE = """
from streaming import StreamingDataset

data = StreamingDataset(local="<FOLDER>", batch_size=1)    # remote="s3://..." streams into local=
picture, label = data[0]["<COLUMN>"], data[0]["label"]
print(data.num_samples, picture, label)
"""

MDS_WEBP_CODE = """
import io
from PIL import Image
from streaming import StreamingDataset

data = StreamingDataset(local="<FOLDER>", batch_size=1)    # MDS knows no WebP: pictures come as bytes
picture, label = Image.open(io.BytesIO(data[0]["<COLUMN>"])), data[0]["label"]
print(data.num_samples, picture, label)
"""

CIFAR_CODE = """
from pathlib import Path
from torchvision.datasets import CIFAR10

class Copies(CIFAR10):                                      # its own list has the checksums of the published files
    train_list = [(path.name, None) for path in sorted(Path("<FOLDER>").glob("cifar-10-batches-py/*_batch*"))]
    test_list, meta = [], {**CIFAR10.meta, "md5": None}

data = Copies("<FOLDER>")                                  # each picture <ROWS>
picture, label = data[0]
"""

CIFAR_PICKLE_CODE = """
import pickle

with open("<FOLDER>/cifar-10-batches-py/<BATCH>", "rb") as file:
    batch = pickle.load(file, encoding="latin1")
pictures = batch["data"].reshape(-1, 3, 32, 32)             # uint8; each picture <ROWS>
print(pictures.shape, batch["labels"][0], batch["filenames"][0])
"""

FOLDER_CODE = """
from torchvision.datasets import ImageFolder

data = ImageFolder("<FOLDER>/<SPLIT>")                     # KEY_clean.<SUFFIX>, KEY_aug0.<SUFFIX> .. in class folders
picture, label = data[0]
"""

CORRUPTION_FOLDER_CODE = """
from torchvision.datasets import ImageFolder

data = ImageFolder("<FOLDER>/<VARIANT>")                    # CORRUPTION/SEVERITY, with class folders in it
picture, label = data[0]
"""

NPY_CODE = """
import numpy as np

pictures = np.load("<FOLDER>/<ARRAY>.npy", mmap_mode="r")   # (severities * N, H, W, 3) uint8, the lowest severity first
labels = np.load("<FOLDER>/labels.npy")                     # (severities * N,)
"""

NPY_SEQUENCE_CODE = """
import numpy as np

frames = np.load("<FOLDER>/<ARRAY>.npy", mmap_mode="r")     # (N, frames, H, W, 3) uint8
labels = np.load("<FOLDER>/labels.npy")                     # (N,)
"""

FRAME_FOLDER_CODE = """
from torchvision.datasets import ImageFolder

data = ImageFolder("<FOLDER>/<ARRAY>")                      # CLASS/SEQUENCE/frameNN.<SUFFIX>: frames follow one another
frame, label = data[0]
"""
