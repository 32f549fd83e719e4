"""The contract of a transform: all that the pipeline knows of a method that makes copies, or of corruptions.

A transform turns one clean picture into several pictures, its *variants*: copies 0 .. K-1 of a method, or one picture
for each corruption and severity. It goes in four steps, and only the second draws random numbers::

    settings  (frozen, checked, digested into the job)
    -> plans  (a structured array: everything random, as data)
    -> pixels (nothing random, no disk)
    -> words and stages (for explain and reports)

A new transform is one file with a subclass of :class:`Transform`, and one line in :mod:`ipmix_cli.methods`. Importing
that file must be cheap (settings and presets alone): kernels are imported by the methods that use them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

if TYPE_CHECKING:  # help pages need settings, and no numpy
    import numpy as np
    from numpy.typing import NDArray

    from ipmix_cli.numba_cache.kernel_set import KernelSet
    from ipmix_cli.picture import Picture

    Plans = NDArray[Any]
    """A structured array (N, V): one plan for each variant of each of N pictures."""
else:
    Plans = Any

Size = tuple[int, int]
"""Height and width in pixels."""

NATIVE = 0.0
"""The ratio of mixing pictures that a transform takes at their own size."""


class MixingPictures(Protocol):
    """Mixing pictures in memory, resized already; see :class:`ipmix_cli.methods.mixing_set.MixingSet`."""

    @property
    def shapes(self) -> NDArray[np.int32]:
        """Height and width of each, (M, 2)."""
        ...

    def picture(self, index: int) -> Picture:
        """Return one mixing picture, (h, w, 3)."""
        ...


class PlanView(Protocol):
    """One plan as a person, or a program in another language, reads it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data that JSON can hold."""
        ...

    def describe(self) -> list[str]:
        """Return the plan in words, one line for each thing that happens."""
        ...


class Box(NamedTuple):
    """A part of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class StageFigure:
    """One stage as it is shown: its name in :meth:`Transform.stages`, a caption, a detail, and the part it changed."""

    stage: str
    caption: str
    detail: str = ""
    box: Box | None = None


@dataclass(frozen=True)
class StageRow:
    """Stages that follow each other, with a name and a detail of the row."""

    name: str
    detail: str
    figures: tuple[StageFigure, ...]


class Shortcut(NamedTuple):
    """An option without a value that stands for some settings, with its help."""

    help: str
    changes: Mapping[str, Any]


class Transform(ABC):
    """One kind of variants, without state: the same arguments give the same bytes.

    Attributes
    ----------
    name : str
        What users and records call it.
    summary : str
        One line for help pages.
    title, credit : str
        The name in headings, such as ``IPMix``, and with its source, such as ``IPMix (Huang et al., NeurIPS 2023)``.
    made, purpose : str
        What it does to pictures, ``augmented`` or ``corrupted``, and what for: ``training data`` or ``test data``.
    command : str
        The command of ipmix that makes its data sets.
    plan_version : int
        Raised whenever a distribution, or the order of draws, changes.
    settings_type : type
        A frozen, keyword-only dataclass with ``to_dict()`` and a classmethod ``from_dict(values)``; checks itself and
        raises UsageError. Every field is an option of the command line (``max_steps`` is ``--max-steps``); its
        metadata may have "help", "low", "high" and "choices", and its type is bool, int, float, str or a tuple. A field
        that is added after a release is declared with :func:`ipmix_cli.record.added`.
    presets : mapping of str to settings
        Named settings, each with its source in a comment. May be empty for a transform without presets.
    shortcuts : mapping of str to Shortcut
        Further options of the command line, each a flag that stands for some settings (``all_ops``).
    mixing_option, split : str
        The option that names the mixing pictures, and the split of the source that its command takes by default.
    mixes_labels : bool
        Whether a plan names a second sample, whose label the variant gets a part of: see :meth:`partners`.
    needs_surroundings : bool
        Whether variants show what lies beyond the border of a centre crop, where there is one.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    title: ClassVar[str]
    credit: ClassVar[str]
    made: ClassVar[str] = "augmented"
    purpose: ClassVar[str] = "training data"
    command: ClassVar[str] = "augment"
    plan_version: ClassVar[int] = 1
    settings_type: ClassVar[type[Any]]
    presets: ClassVar[Mapping[str, Any]]
    shortcuts: ClassVar[Mapping[str, Shortcut]] = {}
    mixing_option: ClassVar[str] = "fractals"
    split: ClassVar[str] = "train"
    mixes_labels: ClassVar[bool] = False
    needs_surroundings: ClassVar[bool] = False

    def plan_version_of(self, settings: Any) -> int:  # noqa: ARG002 - a method may depend on them
        """Return the plan version that a job with these settings records."""
        return self.plan_version

    @abstractmethod
    def settings_for(self, preset: str, size: Size | None, changes: Mapping[str, Any]) -> Any:
        """Return the settings of a preset (``auto`` chooses by size), with some fields replaced.

        `size` is None where pictures differ in size.

        Raises
        ------
        UsageError
            For a preset or a field that does not exist, a value out of range, and a size that does not fit.
        """

    def options(self, settings: Any) -> dict[str, Any]:
        """Return settings as the options of the command, by name: what a recorded job is written down as."""
        values: dict[str, Any] = settings.to_dict()
        return values

    def variants(self, settings: Any, copies: int) -> Sequence[str]:
        """Return the names of what one picture becomes: ``copy0`` .., or names such as ``gaussian_noise.3``."""
        del settings
        return [f"copy{number}" for number in range(copies)]

    def partners(self, plans: Plans, indices: NDArray[np.int64], samples: int) -> NDArray[np.int64]:
        """Return (N, V): the index of the second sample that each plan mixes in, for transforms with `mixes_labels`.

        Any of the data set's `samples` samples can be one, in any shard; if a plan mixes none it is
        the sample's own index. A sample that is drawn as its own second one gives back the clean picture. Indices
        follow from the plan and these numbers alone: the plan holds what was drawn.
        """
        raise NotImplementedError

    def label_weights(self, plans: Plans) -> NDArray[np.float64]:
        """Return (N, V): the weight of each sample's own label, 0 to 1; the second sample's label has the rest.

        For transforms with `mixes_labels`.
        """
        raise NotImplementedError

    def stores_soft_labels(self, settings: Any) -> bool:
        """Return whether shards store the weights of all classes of each copy, for transforms with `mixes_labels`."""
        del settings
        return False

    def moving(self, settings: Any) -> Sequence[str]:
        """Return what of a method moves pixels, by name; boxes and masks hold for its variants only if it is empty.

        A method that does not say is taken to move them.
        """
        del settings
        return (self.name,)

    def credit_of(self, settings: Any) -> str:
        """Return the credit of what these settings make."""
        del settings
        return self.credit

    def remark(self, settings: Any) -> str:
        """Return what every record and table of such a data set must say, or nothing."""
        del settings
        return ""

    def mixing_ratio(self, settings: Any) -> float | None:
        """Return the side of a resized mixing picture over the picture's side; None if none are needed.

        :data:`NATIVE` leaves them at their own size.
        """
        del settings
        return None

    def mixing_used(self, plans: Plans) -> NDArray[np.int64]:
        """Return the indices of the mixing pictures that some plans use, in any order, repeated or not."""
        import numpy as np

        del plans
        return np.zeros(0, np.int64)

    @abstractmethod
    def plan(
        self,
        settings: Any,
        size: Size,
        seed: int,
        indices: NDArray[np.int64],
        copies: int,
        mixing_shapes: NDArray[np.int32],
    ) -> Plans:
        """Draw the plans (N, V) of all variants of the samples with these indices.

        A plan depends on settings, size, seed, the sample's index, the variant and the mixing pictures' shapes alone.
        `copies` is V; `mixing_shapes` is (M, 2), and (0, 2) for a transform without mixing pictures.
        """

    def plan_chosen(
        self,
        settings: Any,
        size: Size,
        seed: int,
        indices: NDArray[np.int64],
        copies: NDArray[np.int64],
        mixing_shapes: NDArray[np.int32],
    ) -> Plans:
        """Draw the plans (N, V) of the variants whose numbers are `copies` (N, V), as :meth:`plan` draws them.

        Here all variants up to the last one are drawn; a transform that can draw single variants overrides it.
        """
        import numpy as np

        drawn = [
            self.plan(settings, size, seed, indices[n : n + 1], int(row.max(initial=-1)) + 1, mixing_shapes)[0, row]
            for n, row in enumerate(copies)
        ]
        return np.stack(drawn)

    @abstractmethod
    def apply(
        self,
        pictures: Picture,
        plans: Plans,
        mixing: MixingPictures | None,
        settings: Any,
        out: Picture,
        workspace: Any = None,
    ) -> None:
        """Fill `out` (N, V, H, W, 3) with what the plans make of `pictures` (N, H, W, 3); inputs are not modified.

        A transform with `mixes_labels` is given the second samples as `mixing`: picture number n * V + v is that of
        plan (n, v), of the size of `pictures`; for :meth:`stages` it is picture 0.

        A transform with `needs_surroundings` is given pictures larger than (H, W) if the samples are the centres of
        larger ones, here and for :meth:`stages`; its plans say (H, W).
        """

    def workspace(self, size: Size, settings: Any) -> Any:
        """Return memory for :meth:`apply`, for one thread at a time; None if none is needed."""
        del size, settings

    @abstractmethod
    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return (N, V): which plans give back the clean picture, byte for byte; what `validate` compares with.

        It must not depend on the shapes of the mixing pictures that the plans were drawn for.
        """

    @abstractmethod
    def view(self, plan: Any, settings: Any) -> PlanView:
        """Return one element of a plan array as words and plain data."""

    @abstractmethod
    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: Any
    ) -> dict[str, NDArray[Any]]:
        """Return every stage of one variant by its name, from ``clean`` to ``out``."""

    def stage_rows(self, plan: Any, settings: Any, stages: Mapping[str, NDArray[Any]]) -> list[StageRow]:
        """Return how the stages of a plan are shown: by default all pictures among them, in one row."""
        del plan, settings
        shape = stages["clean"].shape
        pictures = [name for name, stage in stages.items() if stage.shape == shape and stage.dtype == "uint8"]
        return [StageRow("stages", "", tuple(StageFigure(name, name.replace("_", " ")) for name in pictures))]

    def interest(self, plans: Plans) -> NDArray[np.float64]:
        """Return (N, V): how much there is to see in each plan, for the one that a report shows."""
        import numpy as np

        return np.zeros(plans.shape, np.float64)

    def operations(self, plans: Plans, settings: Any) -> dict[str, int]:
        """Return how often each operation, mixing or corruption occurs in some plans, for reports."""
        del plans, settings
        return {}

    def facets(self, plans: Plans, settings: Any) -> dict[str, tuple[str, ...]]:
        """Return what a gallery can filter a variant by, for plans (1, 1): values by the name of what they are.

        By default the names of its operations.
        """
        return {"operation": tuple(name for name, times in self.operations(plans, settings).items() if times)}

    @abstractmethod
    def kernel_set(self) -> KernelSet:
        """Return the compiled kernels that it calls, to be compiled before workers start."""
