"""Samples with their encoded pictures, as formats that hold rows collect them before a shard is laid out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.codecs import CODECS
from ipmix_cli.shards.checksum import sample_checksum
from ipmix_cli.shards.shard import ShardSample, ShardSettings


@dataclass(frozen=True)
class Row:
    """One sample on its way into a shard, its pictures encoded; `clean` is None if clean pictures are not stored."""

    sample: ShardSample
    clean: bytes | None
    copies: tuple[bytes, ...]
    checksum: int

    @property
    def pictures(self) -> tuple[bytes, ...]:
        """The clean picture, if there is one, and the copies."""
        return self.copies if self.clean is None else (self.clean, *self.copies)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.sample.picture.shape[:2]
        return height, width


class RowBuilder:
    """Collects the rows of a shard: all of :class:`ipmix_cli.shards.shard.ShardBuilder` but ``finish``."""

    def __init__(
        self, name: str, samples: Sequence[ShardSample], settings: ShardSettings, attributes: dict[str, Any]
    ) -> None:
        self._name, self._samples, self._settings, self._attributes = name, samples, settings, attributes
        self._encode = CODECS[settings.encoding].batch_encoder(settings.quality)
        self._rows: list[Row] = []

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return an array (n, K, H, W, 3) for the copies of samples start..stop."""
        return np.empty((stop - start, self._settings.stored_copies, *self._samples[start].picture.shape), np.uint8)

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Encode samples start.. with their copies; samples come in order."""
        assert start == len(self._rows), "samples are added in order"
        for sample, own in zip(self._samples[start:], copies, strict=False):
            clean = bytes(self._encode(sample.picture)[0]) if self._settings.clean else None
            encoded = tuple(bytes(copy) for copy in self._encode(own)) if len(own) else ()
            height, width = own.shape[1:3]
            self._rows.append(Row(sample, clean, encoded, sample_checksum(sample, (height, width), clean, encoded)))


def picture_columns(settings: ShardSettings) -> list[str]:
    """Return the names of the columns of pictures.

    >>> picture_columns(ShardSettings(copies=2))
    ['clean', 'aug0', 'aug1']
    """
    return [*(["clean"] if settings.clean else []), *(f"aug{number}" for number in range(settings.stored_copies))]


def portable(text: str) -> str:
    r"""Return a source's own name for a picture as text that is UTF-8: as JSON where its bytes were not.

    >>> portable("a/b.png"), portable("b\udcff.png")
    ('a/b.png', '"b\\udcff.png"')
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text) if text.startswith('"') else text


def own_text(text: str) -> str:
    r"""Return what :func:`portable` was given; raises ValueError if it is damaged.

    >>> own_text(portable("b\udcff.png")) == "b\udcff.png"
    True
    """
    found = json.loads(text) if text.startswith('"') else text
    if not isinstance(found, str):
        raise ValueError("JSON that is no text")  # noqa: TRY004 - it is damage, as any other
    return found
