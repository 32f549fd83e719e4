"""The code with which other readers load data sets with mixed labels: a copy has two labels and a weight."""

from __future__ import annotations

from ipmix_cli.shards.shard import ShardSettings


def mixed_reading_code(output: ShardSettings) -> dict[str, str]:
    """Return the code of other readers by its title, in place of the code that shows one label."""
    raw = output.encoding == "raw"
    mds = MDS_WEBP_CODE if output.encoding == "webp" else MDS_CODE
    return {
        "hdf5": {"h5py alone": RAW_CODE if raw else ENCODED_CODE},
        "webdataset": {"webdataset": GROUPED_CODE if output.layout == "grouped" else FLAT_CODE},
        "parquet": {"pyarrow alone": PARQUET_CODE},
        "mds": {"MosaicML's StreamingDataset": mds},
    }.get(output.format, {})


GROUPED_CODE = """
import glob
import webdataset

shards = sorted(glob.glob("<FOLDER>/<SPLIT>-*.tar"))
data = webdataset.WebDataset(shards, shardshuffle=16).shuffle(1000).decode("<DECODER>")
for copy, label, facts in data.to_tuple("aug0.<SUFFIX>", "cls", "json"):
    second, weight = facts["second_labels"][0], facts["label_weights"][0]
    ...                                                     # the copy is weight of label, and 1 - weight of second
"""

FLAT_CODE = """
import glob
import webdataset

shards = sorted(glob.glob("<FOLDER>/<SPLIT>-*.tar"))
data = webdataset.WebDataset(shards, shardshuffle=16).shuffle(1000).decode("<DECODER>")
for picture, label, facts in data.to_tuple("<SUFFIX>", "cls", "json"):
    second, weight = label, 1.0                             # of a clean picture, which is copy -1
    if facts["copy"] >= 0:
        second, weight = facts["second_labels"][facts["copy"]], facts["label_weights"][facts["copy"]]
    ...                                                     # it is weight of label, and 1 - weight of second
"""

RAW_CODE = """
import h5py

with h5py.File("<FOLDER>/<SPLIT>-000000.h5") as shard:
    copies, label = shard["aug"][0], shard["label"][0]      # (K, H, W, <C>) uint8
    seconds, weights = shard["second_label"][0], shard["label_weight"][0]   # (K,): of each copy
    print(shard.attrs["class_names"][label], seconds, weights)      # a copy is weight of label, the rest of its second
"""

ENCODED_CODE = """
import io
import h5py
from PIL import Image

with h5py.File("<FOLDER>/<SPLIT>-000000.h5") as shard:
    copy = Image.open(io.BytesIO(shard["aug0"][0].tobytes()))
    label, second, weight = shard["label"][0], shard["second_label"][0, 0], shard["label_weight"][0, 0]
    print(copy.size, label, second, weight)                 # the copy is weight of label, and 1 - weight of second
"""

PARQUET_CODE = """
import io
import pyarrow.parquet as pq
from PIL import Image

shard = pq.ParquetFile("<FOLDER>/<SPLIT>-000000.parquet")
for batch in shard.iter_batches(columns=["aug0", "label", "second_label", "label_weight"]):
    for sample in batch.to_pylist():
        copy = Image.open(io.BytesIO(sample["aug0"]["bytes"]))
        second, weight = sample["second_label"][0], sample["label_weight"][0]
        ...                                                 # the copy is weight of label, and 1 - weight of second
"""

MDS_CODE = """
from streaming import StreamingDataset

data = StreamingDataset(local="<FOLDER>", batch_size=1)    # remote="s3://..." streams into local=
copy, label = data[0]["aug0"], data[0]["label"]
second, weight = data[0]["second_label"][0], data[0]["label_weight"][0]
print(data.num_samples, label, second, weight)              # the copy is weight of label, and 1 - weight of second
"""

MDS_WEBP_CODE = """
import io
from PIL import Image
from streaming import StreamingDataset

data = StreamingDataset(local="<FOLDER>", batch_size=1)    # MDS knows no WebP: pictures come as bytes
copy, label = Image.open(io.BytesIO(data[0]["aug0"])), data[0]["label"]
second, weight = data[0]["second_label"][0], data[0]["label_weight"][0]
print(data.num_samples, label, second, weight)              # the copy is weight of label, and 1 - weight of second
"""
