"""Problems that a check finds: each with a code, a place and a remedy."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ipmix_cli.printable import printable

CODES = {
    "manifest-damaged": "the manifest, or its second copy, is not what was written",
    "file-missing": "a small file that the manifest lists is not there",
    "file-damaged": "a small file (the card, the list of errors) has another content",
    "shard-missing": "a shard is not there",
    "shard-size": "a shard has another length than when it was written",
    "shard-damaged": "a shard has another sha256 than when it was written",
    "shard-unreadable": "a shard cannot be opened",
    "shard-swapped": "a shard stands under another shard's name",
    "shard-extra": "a file is there that the manifest does not list",
    "count": "a shard holds another number of samples than recorded",
    "shape": "pictures have another size, or copies another number, than the job says",
    "sample-damaged": "a sample does not fit its own checksum",
    "sample-missing": "a sample that belongs in a shard is not in it",
    "sample-duplicate": "a sample is in a shard twice, or does not belong in it",
    "label-range": "a label is not a class of the data set",
    "other-readers": "torchvision or Hugging Face would refuse it, or read other labels than the manifest means",
    "picture-undecodable": "a stored picture cannot be decoded",
    "plan-mismatch": "copies differ from their clean pictures more, or less, often than their plans say",
    "plan-version": "its plans are of a version that this ipmix does not draw, so that no copy can be compared",
    "source-mismatch": "a clean picture or a label is not the source's",
    "source-changed": "the source is another one than that the data set was made from",
    "bank-changed": "the mixing pictures are others than those the data set was made with",
    "replay-mismatch": "a copy is not what its plan makes of the source and the mixing picture",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    code : str
        A key of CODES.
    message : str
        What, expected and found.
    remedy : str
        What to type.
    shard, key : str
        Where: the file, and the sample's key; empty where the problem is wider.
    """

    code: str
    message: str
    remedy: str
    shard: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        assert self.code in CODES, self.code
        for name in ("message", "remedy", "shard", "key"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return dataclasses.asdict(self)
