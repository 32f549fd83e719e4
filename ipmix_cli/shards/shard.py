"""What a shard is: built in memory from samples and copies, read back sample by sample.

A format of the output is one file with two things: a builder (``ShardBuilder``) and a view (``ShardView``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.annotations import PLAIN, AnnotationSpec, Label, Value
from ipmix_cli.errors import UsageError
from ipmix_cli.picture import Bytes, Picture
from ipmix_cli.record import added

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing from 3.11 on


@dataclass(frozen=True, kw_only=True)
class ShardSettings:
    """What decides the layout of a shard.

    Parameters
    ----------
    format : str
        A name of the table :data:`ipmix_cli.shards.writers.WRITERS`: ``hdf5``, ``webdataset``, ``parquet`` ..
    layout : {"grouped", "flat"}
        WebDataset only: one sample a picture with its copies, or one sample a copy.
    encoding : {"raw", "png", "webp", "jpeg"}
        How each picture is stored; all but jpeg are lossless.
    quality : int
        1..100, of jpeg.
    compression : {"none", "lzf", "gzip"}
        HDF5 with raw pictures only: of each sample on its own.
    clean : bool
        Whether the clean picture is stored beside its copies.
    copies : int
        Copies of each picture, K.
    seed : int
        The job's seed, stored with each sample as provenance.
    variants : tuple of str
        The names of the copies, such as ``gaussian_noise.3``; empty where they are but numbered.
    store : {"pixels", "plans"}
        Whether copies are stored, or only the clean pictures, from which readers make the copies by their plans.
    mixed : bool
        Whether each copy has a second label, and a weight of its sample's own.
    soft_labels : bool
        Whether it has the weights of all classes, too.
    annotations : AnnotationSpec
        Of which kind labels are, and which fields of the source are kept.
    names : {"bytes", "strings"}
        HDF5 only: what h5py reads the classes' names as; earlier versions wrote text of fixed length, which are bytes.
    channels : {3, 1}
        Of each stored picture: RGB, or grey.
    """

    format: str = "hdf5"
    layout: str = "grouped"
    encoding: str = "raw"
    quality: int = 95
    compression: str = "none"
    clean: bool = True
    copies: int = 4
    seed: int = 0
    variants: tuple[str, ...] = added(())
    store: str = added("pixels")
    mixed: bool = added(False)
    soft_labels: bool = added(False)
    annotations: AnnotationSpec = added(PLAIN)  # noqa: RUF009 - an immutable value
    names: str = added("bytes")
    channels: int = added(3)

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", tuple(self.variants))  # JSON has lists
        object.__setattr__(self, "annotations", AnnotationSpec.of(self.annotations))

    @property
    def stored_copies(self) -> int:
        """How many copies of a sample are stored as pictures."""
        return 0 if self.store == "plans" else self.copies

    def variant(self, number: int) -> str:
        """Return what people call a copy: its name, or ``copy 3``."""
        return self.variants[number] if self.variants else f"copy {number}"

    def numbers_of(self, text: str) -> list[int]:
        """Return the copies that a list with commas means: numbers, names, or the first parts of names.

        Raises
        ------
        UsageError
            For what is none of them.

        Examples
        --------
        >>> ShardSettings(copies=3, variants=("fog.1", "fog.2", "snow.1")).numbers_of("snow.1,fog")
        [2, 0, 1]
        """
        found: dict[int, None] = {}
        for word in text.replace(",", " ").split():
            named = [at for at, name in enumerate(self.variants) if word in (name, name.rpartition(".")[0])]
            if not named and not (word.isdigit() and int(word) < self.copies):
                known = ", ".join(self.variants[:5]) + " .." if self.variants else f"0 to {self.copies - 1}"
                raise UsageError(f"there is no copy {word!r}", f"choose from {known}")
            found |= dict.fromkeys(named or [int(word)])
        if not found:
            raise UsageError("no copy is named", f"give numbers from 0 to {self.copies - 1}, or names")
        return list(found)


class MixedLabel(NamedTuple):
    """What a copy has beside its sample's label: a second label, and the weight of the sample's own, 0 to 1."""

    label: int
    weight: float


@dataclass(frozen=True)
class ShardSample:
    """One sample on its way into a shard: the clean picture and where it came from.

    `key` is the sample's own (ASCII letters, digits and dashes, at most 40 characters, unique in the data
    set); `index` its number in the data set; `source_index`, `source_key` and `crop` say which view of which
    picture it is; `mixed` has the second label of each copy, for methods that mix labels; `fields` are the values of
    the source's fields that are kept, in the order of the settings' annotations; `surroundings` is the larger picture
    that `picture` is the centre of, for methods that show what lies around it. Pictures have the channels that are
    stored, (H, W, 3) or (H, W, 1).
    """

    key: str
    index: int
    label: Label
    source_index: int
    source_key: str
    crop: int
    picture: Picture
    mixed: tuple[MixedLabel, ...] = ()
    fields: tuple[Value, ...] = ()
    surroundings: Picture | None = None


@dataclass(frozen=True)
class StoredSample:
    """One sample as a shard holds it: pictures still encoded (raw ones as C-order bytes of `size` (H, W)).

    `checksum` is what the shard says, `expected` what its content gives; they differ in a rotten sample.
    """

    key: str
    index: int
    label: Label
    source_index: int
    source_key: str
    crop: int
    clean: bytes | None
    copies: tuple[bytes, ...]
    size: tuple[int, int]
    checksum: int
    expected: int
    mixed: tuple[MixedLabel, ...] = ()
    fields: tuple[Value, ...] = ()


class ShardBuilder(Protocol):
    """Builds one shard in memory; ``WRITERS[format].builder(name, samples, settings, attributes)``.

    `samples` (a sequence of ShardSample) is known beforehand, so that arrays get their final shape at once.
    """

    def out(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the array (n, K, H, W, 3) that the copies of samples start..stop are to be written into.

        Grey ones are (n, K, H, W, 1). Those samples have one size. The content is undefined; it may be a view of the
        shard itself.
        """
        ...

    def add(self, start: int, copies: NDArray[np.uint8]) -> None:
        """Encode samples start.. with their copies (n, K, H, W, 3): what `out` returned, now filled."""
        ...

    def finish(self) -> Sequence[tuple[str, Bytes]]:
        """Return the files of the shard, as (name relative to the data set's folder, content).

        The last one is the shard itself: the one that the manifest lists; other ones are named by it.
        """
        ...


class ShardView(ABC):
    """A shard opened for reading, as a context manager. ``open_shard(format, path or bytes)`` makes one.

    `copies` is K; `attributes` are those of an HDF5 file but for text of variable length, and of Parquet the classes'
    names; other formats have none.
    """

    attributes: dict[str, Any]
    copies: int

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def keys(self) -> Sequence[str]:
        """Return the samples' keys in order."""

    def files(self) -> Sequence[str]:
        """Return the names of the files beside the shard that belong to it, relative to the data set's folder."""
        return ()

    @abstractmethod
    def label(self, position: int) -> Label:
        """Return the label of one sample: the number of its class, in most data sets."""

    def fields(self, position: int) -> tuple[Value, ...]:
        """Return the kept fields of one sample, in the order of the settings' annotations."""
        del position
        return ()

    def mixed(self, position: int) -> tuple[MixedLabel, ...]:
        """Return the mixed label of each copy of one sample; nothing if labels are not mixed."""
        del position
        return ()

    def soft_labels(self, position: int) -> NDArray[np.float32] | None:
        """Return the weights of all classes, (K, C), of the copies of one sample; None if they are not stored."""
        del position
        return None

    @abstractmethod
    def size(self, position: int) -> tuple[int, int]:
        """Return the (height, width) of one sample's pictures."""

    @abstractmethod
    def stored(self, position: int, copy: int) -> Bytes:
        """Return one picture as it is stored: a copy by its number, the clean picture by -1.

        Raises BadSampleError if there is no such picture, or it cannot be read.
        """

    @abstractmethod
    def sample(self, position: int) -> StoredSample:
        """Return one sample with both its checksums; raises BadSampleError if its structure is broken."""

    def close(self) -> None:  # noqa: B027 - some formats hold nothing open
        """Let go of the files."""

    def __iter__(self) -> Iterator[StoredSample]:
        return (self.sample(position) for position in range(len(self)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
