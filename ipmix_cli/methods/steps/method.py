"""What all methods with presets for small and for large pictures have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ipmix_cli.errors import check_name
from ipmix_cli.numba_cache.kernel_set import KernelSet
from ipmix_cli.transform import MixingPictures, Plans, Size, Transform

if TYPE_CHECKING:
    from ipmix_cli.picture import Picture

AUTO = "auto"
AUTO_LIMIT = 64  # px: pictures up to this side are taken as CIFAR's are
PHOTOGRAPH = (2 * AUTO_LIMIT, 2 * AUTO_LIMIT)  # what pictures of many sizes are taken for
SMALL_SIZE = (8, 8)  # px, of the copy that compiles a method's kernels


class Method(Transform):
    """A method that makes copies.

    Attributes
    ----------
    small, large : str
        The presets that ``auto`` takes for pictures of up to 64 px, and for larger ones.
    kernels : str
        What the cache calls the kernels that the method calls; methods that call the same ones share the name.
    """

    small: ClassVar[str] = "cifar"
    large: ClassVar[str] = "imagenet"
    kernels: ClassVar[str]

    def settings_for(self, preset: str, size: Size | None, changes: Mapping[str, Any]) -> Any:
        """Return a preset with some fields replaced; ``auto`` takes pictures of many sizes for photographs."""
        check_name("preset", preset, [AUTO, *self.presets])
        for name in changes:
            check_name("setting", name, [field.name for field in dataclasses.fields(self.settings_type)])
        if preset == AUTO:
            preset = self.small if max(size or PHOTOGRAPH) <= AUTO_LIMIT else self.large
        settings = dataclasses.replace(self.presets[preset], **changes) if changes else self.presets[preset]
        if size is not None:
            self.check_size(settings, size)
        return settings

    def check_size(self, settings: Any, size: Size) -> None:
        """Raise UsageError if the settings do not fit pictures of a size; by default all do."""
        del settings, size

    def copy_of(self, picture: Picture, plans: Plans, mixing: MixingPictures | None, settings: Any) -> Picture:
        """Return the copy that a plan array of one element makes of a picture, (H, W, 3)."""
        import numpy as np

        out = np.empty((1, 1, *picture.shape), np.uint8)
        self.apply(picture[None], plans.reshape(1, 1), mixing, settings, out)
        copy: Picture = out[0, 0]
        return copy

    def kernel_set(self) -> KernelSet:
        """Return the kernels that the method calls."""
        from ipmix_cli import kernels

        return KernelSet(Path(kernels.__file__).parent, self.call_kernels, self.kernels)

    def call_kernels(self) -> None:
        """Call each kernel of the method once: those that draw, and those that make one small copy."""
        from ipmix_cli.methods.steps.draws import compile_draws

        compile_draws()
        self.make_small_copy()

    def make_small_copy(self) -> None:
        """Make one copy of a black picture, mixed with another one if the method mixes."""
        import numpy as np

        from ipmix_cli.methods.mixing_set import MixingSet

        black = np.zeros((*SMALL_SIZE, 3), np.uint8)
        mixing = MixingSet(black.ravel(), np.zeros(1, np.int64), np.array([SMALL_SIZE], np.int32))
        settings = self.settings_for(AUTO, None, {})
        plans = self.plan(settings, SMALL_SIZE, 0, np.zeros(1, np.int64), 1, mixing.shapes)
        self.copy_of(black, plans, mixing, settings)
