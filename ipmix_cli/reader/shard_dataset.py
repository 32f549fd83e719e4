"""The reader of data sets in training: pictures by index, as numpy arrays, from shards of any format.

>>> from torch.utils.data import DataLoader                                       # doctest: +SKIP
>>> data = ShardDataset("shards", view="triplet", seed=0)                         # doctest: +SKIP
>>> for epoch in range(90):                                                       # doctest: +SKIP
...     data.set_epoch(epoch)
...     for pictures, labels in DataLoader(data, batch_size=128, shuffle=True, num_workers=4):
...         ...

torch is not imported here. Where it is imported already, a ShardDataset is a ``torch.utils.data.Dataset``, too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.context import get_spawning_popen
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ipmix_cli.annotations import Label
from ipmix_cli.errors import UsageError, check_name
from ipmix_cli.reader.annotations import fields_of, labels_of
from ipmix_cli.reader.batch import Batch
from ipmix_cli.reader.chosen import Choice
from ipmix_cli.reader.contents import read_contents
from ipmix_cli.reader.mixed_copies import mixed_copies
from ipmix_cli.reader.picture_types import PICTURE_TYPES
from ipmix_cli.reader.renderer import Renderer, open_renderer, rendered
from ipmix_cli.reader.shard_cache import CACHE_GB, ShardCache
from ipmix_cli.reader.shard_files import Read, ShardFiles
from ipmix_cli.reader.torch_dataset import as_torch_dataset, rebuilt
from ipmix_cli.shards.places import CLEAN
from ipmix_cli.storage.folder import LocalFolder, open_folder

if TYPE_CHECKING:
    from torch.utils.data import Dataset
    from typing_extensions import Self  # in typing from 3.11 on

    class Base(Dataset[tuple[Any, ...]]):
        """What type checkers take a ShardDataset for."""
else:
    Base = object

MOST_OPEN = 128  # a process may have 1024 files open, and the trainer needs some
LAST_EPOCH = 2**63 - 1


class ShardDataset(Base):
    """The samples of a finished data set, as (pictures, label).

    Parameters
    ----------
    folder : str or Path
        A data set that `ipmix augment` finished: a folder, or a URL such as ``s3://bucket/shards`` or
        ``https://host/shards``, whose shards are fetched into a cache when they are first read.
    view : {"random", "fixed", "all", "clean", "triplet"}
        What of a sample is read: one copy, another one in each epoch; the copy number `copy`; all copies; the clean
        picture; or the clean picture and two different copies, which the consistency loss needs.
    copy : int
        Of the view "fixed".
    copies : sequence of int, optional
        Of the view "all": only these copies, in this order, such as the frames of one sequence.
    seed : int
        Which copies "random" and "triplet" choose: they follow from seed, epoch and the sample's number alone.
    transform : callable, optional
        Gets the pictures of one sample, all at once: what it draws (a crop, a flip) it applies to all views alike.
        Must be picklable for workers that are not forked. May be set later, as ``data.transform``.
    picture_type : {"numpy", "torch", "pil"}
        What the transform gets, or a sample is: uint8 arrays (H, W, 3); uint8 tensors (3, H, W), as torchvision's v2
        transforms take them; or Pillow's images, a list of them in the views "all" and "triplet". Of a data set with
        one channel: (H, W, 1), (1, H, W), or images of mode L.
    return_key : bool
        Whether a sample is (pictures, label, key).
    return_fields : bool
        Whether a dict of the kept fields (``ipmix augment --keep``) comes last.
    fresh : bool
        Whether copies are made when they are read, other ones in every epoch, instead of the data set's own: the views
        "random", "fixed" and "triplet" then never repeat a copy, and "all" has K of them.
    fractals : str, optional
        Where the data set's bank of mixing pictures is now; by default where it was.
    cache_dir : str or Path, optional
        Where fetched shards are kept; ``shards`` in the user's cache by default. Processes may share it.
    cache_gb : float
        Most gigabytes of fetched shards; those unused for longest are removed first.
    most_open : int
        Files open at once in each process; the one unused for longest is closed first.

    Attributes
    ----------
    classes : list of str
        The classes' names, by label.
    class_to_idx : dict of str to int
    transform : callable or None

    Raises
    ------
    SourceError
        If there is no finished data set; if copies are to be rendered and the bank is missing, or another one; if a
        shard is damaged (when it is first read).
    UsageError
        If the data set does not hold what the view needs.

    Notes
    -----
    ``data[i]`` is ``(pictures, label)``: uint8 RGB (H, W, 3), for "all" (K, H, W, 3) and for "triplet" (3, H, W, 3), in
    memory of its own; label is an int. Of a data set with mixed labels (mixup, cutmix) it is the weight of each class,
    float32 (C,), and (V, C) for views with several pictures: what a cross entropy takes as soft targets. Several labels
    are float32 (C,) with a 1 for each class that applies, targets a float32 or float32 (D,), captions a str; without
    labels a sample is (pictures,). Grey pictures (``ipmix augment --channels 1``) have 1 channel in place of 3.

    Any integer type is an index, negative ones count from the end, and a slice gives a sequence of samples. A
    DataLoader asks for whole batches, which are read shard by shard. Call :meth:`set_epoch` before the loader's
    iterator is made; workers of any start method hear of it, those that persist over epochs too. A pickled
    ShardDataset has nothing open.
    """

    plain_type: type[Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make it a torch Dataset where torch is imported."""
        del args, kwargs
        made: Self = object.__new__(as_torch_dataset(cls))
        return made

    def __init__(  # noqa: PLR0913 -- as many arguments as there are choices
        self,
        folder: str | Path,
        *,
        view: str = "random",
        copy: int = 0,
        copies: Sequence[int] = (),
        seed: int = 0,
        transform: Callable[[Any], Any] | None = None,
        picture_type: str = "numpy",
        return_key: bool = False,
        return_fields: bool = False,
        fresh: bool = False,
        fractals: str | None = None,
        cache_dir: str | Path | None = None,
        cache_gb: float = CACHE_GB,
        most_open: int = MOST_OPEN,
    ) -> None:
        check_name("picture type", picture_type, PICTURE_TYPES)
        place = open_folder(str(folder))
        self._location = place.location
        self._contents = read_contents(place)
        remote = place.path("manifest.json") is None
        self._cache = ShardCache(place.location, cache_dir, cache_gb) if remote else None
        self.settings, self.class_names = self._contents.settings, self._contents.class_names
        self._choice = Choice(view, copy, seed, self.settings.copies, fresh, tuple(copies))
        self._choice.check(self._location, self.settings.clean)
        self._renderer: Renderer | None = None
        if self._choice.renders and (fresh or self.settings.store == "plans"):
            self._renderer = open_renderer(self._contents, fractals, fresh, seed)
        self.transform = transform
        self._picture_type, self._return_key, self._most_open = picture_type, return_key, most_open
        self._return_fields = return_fields
        self._epoch = RawValue("Q", 0)
        self._files = self._new_files()
        self._targets: list[Label] | None = None

    def _new_files(self) -> ShardFiles:
        return ShardFiles(self._contents, self._path, self._most_open)

    def _path(self, shard: int) -> Path:
        entry = self._contents.shards[shard]
        return LocalFolder(self._location).path(entry.name) if self._cache is None else self._cache.path(entry)

    @property
    def classes(self) -> list[str]:
        """The classes' names, by label."""
        return list(self.class_names)

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class's name; of a name that is there twice, the first one."""
        return {name: label for label, name in reversed(list(enumerate(self.class_names)))}

    @property
    def targets(self) -> list[Any]:
        """The labels of all samples, in order; reads a little of every shard when first asked for."""
        if self._targets is None and self.settings.annotations.labels == "class":
            shards = range(len(self._contents.shards))
            self._targets = [label for shard in shards for label in self._files.labels(shard)]
        elif self._targets is None:
            self._targets = [one.label for one in self._files.annotations(range(len(self)))]
        return self._targets

    @property
    def shard_lengths(self) -> list[int]:
        """How many samples each shard holds, in order."""
        return [shard.samples for shard in self._contents.shards]

    def __len__(self) -> int:
        return len(self._contents)

    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[Any, ...]]: ...

    @overload
    def __getitem__(self, index: Any) -> tuple[Any, ...]: ...

    def __getitem__(self, index: Any) -> tuple[Any, ...] | Sequence[tuple[Any, ...]]:
        """Return one sample by its number, or a sequence of samples for a slice."""
        if isinstance(index, slice):
            return self.__getitems__(range(*index.indices(len(self))))
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[Any]) -> Batch:
        """Return several samples, read shard by shard in the order of their bytes; torch's loaders call it."""
        numbers = self._numbers(indices)
        epoch = self._epoch.value
        read: Read
        if self._renderer is not None and self.settings.mixed:
            chosen = self._choice.of_all(numbers, epoch)
            read = mixed_copies(self._renderer, self._files, numbers, chosen, epoch, len(self.class_names))
        elif self._renderer is not None:
            read = self._files.read(numbers, np.full((len(numbers), 1), CLEAN), lasting=False)
            chosen = self._choice.of_all(numbers, epoch)
            read = read._replace(pictures=rendered(self._renderer, read, chosen, epoch))
        elif len(numbers) == 1:
            read = self._files.read_one(numbers[0], self._choice.of(numbers[0], epoch))
        else:
            read = self._files.read(numbers, self._choice.of_all(numbers, epoch))
        return self._batch(read, numbers, epoch)

    def _batch(self, read: Read, numbers: list[int], epoch: int) -> Batch:
        """Return samples as they are handed over: in the picture type asked for, and after the transform."""
        pictures: Any = read.pictures
        if not self._choice.stacked:
            pictures = pictures[:, 0] if isinstance(pictures, np.ndarray) else [views[0] for views in pictures]
        if self._picture_type != "numpy" or self.transform is not None:
            convert, transform = PICTURE_TYPES[self._picture_type], self.transform
            pictures = [convert(views) if transform is None else transform(convert(views)) for views in pictures]
        keys = [f"{index:08d}" for index in read.indices] if self._return_key else None
        spec = self.settings.annotations
        if spec.plain or (spec.labels == "class" and not self._return_fields):
            return Batch(pictures, self._labels(numbers, read, epoch), keys, self._no_fields(numbers))
        beside = list(self._files.annotations(numbers))
        labels = self._labels(numbers, read, epoch) if spec.labels == "class" else labels_of(beside, spec)
        return Batch(pictures, labels, keys, [fields_of(one, spec) for one in beside] if self._return_fields else None)

    def _no_fields(self, numbers: Sequence[int]) -> list[dict[str, Any]] | None:
        return [{} for _ in numbers] if self._return_fields else None

    def _labels(self, numbers: Sequence[int], read: Read, epoch: int) -> Any:
        """Return the labels of samples: numbers, or the weights of the classes where the data set has mixed labels."""
        if not self.settings.mixed:
            return read.labels
        weights = read.weights
        if weights is None:
            chosen = self._choice.of_all(numbers, epoch)
            weights = self._files.mixed_labels(numbers, chosen, len(self.class_names))
        return weights if self._choice.stacked else weights[:, 0]

    def _numbers(self, indices: Sequence[Any]) -> list[int]:
        """Return indices as numbers from 0, all at once if they are plain numbers."""
        if len(indices) > 1 and set(map(type, indices)) == {int}:
            samples = len(self._contents)
            if min(indices) >= 0 and max(indices) < samples:
                return list(indices)
        return [self._number(index) for index in indices]

    def _number(self, index: Any) -> int:
        """Return an index as a number from 0; raises TypeError and IndexError as sequences do."""
        number, samples = operator.index(index), self._contents.ends[-1] if self._contents.ends else 0
        if -samples <= number < samples:
            return number % samples
        raise IndexError(f"sample {number} of {samples}")

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        settings, choice = self.settings, self._choice
        copy = f", copy={choice.copy}" if choice.view == "fixed" else ""
        kind = "fresh copies" if choice.fresh else f"{settings.copies} copies each"
        copies = f"{kind}, rendered" if self._renderer is not None else kind
        return (
            f"ShardDataset({self._location!r}, view={choice.view!r}{copy}, seed={choice.seed}): "
            f"{len(self):,} samples, {copies}, {len(self.class_names)} classes, "
            f"{len(self._contents.shards):,} shards ({settings.format}, {settings.encoding}), epoch {self._epoch.value}"
        )

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, 0 .. 2**63 - 1; each epoch draws other copies, reproducibly.

        Raises
        ------
        UsageError
            For an epoch out of range.
        """
        number = operator.index(epoch)
        if not 0 <= number <= LAST_EPOCH:
            raise UsageError(f"there is no epoch {number}", "give one from 0 to 2**63 - 1")
        self._epoch.value = number

    def close(self) -> None:
        """Close this process's files; they are opened again when they are needed."""
        self._files.close()

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name != "_files"}
        if get_spawning_popen() is None:  # shared memory goes only to a child that is being started
            state["_epoch"] = self._epoch.value
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if isinstance(self._epoch, int):
            self._epoch = RawValue("Q", self._epoch)
        self._files = self._new_files()

    def __reduce__(self) -> tuple[Any, ...]:
        own = getattr(type(self), "plain_type", type(self))
        return rebuilt, (own, self.__getstate__())
