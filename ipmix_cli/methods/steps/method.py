"""What is alike in all methods whose settings are :class:`ipmix_cli.methods.steps.settings.Settings`."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ipmix_cli.errors import check_name
from ipmix_cli.transform import Size, Transform

AUTO = "auto"
AUTO_LIMIT = 64  # px: pictures up to this side are taken as CIFAR's are
PHOTOGRAPH = (2 * AUTO_LIMIT, 2 * AUTO_LIMIT)  # what pictures of many sizes are taken for


class Method(Transform):
    """A method that makes copies.

    Attributes
    ----------
    small, large : str
        The presets that ``auto`` takes for pictures of up to 64 px, and for larger ones.
    kernels : str
        What the cache calls the kernels that the method calls; methods that call the same ones share the name.
    """

    small: ClassVar[str]
    large: ClassVar[str]
    kernels: ClassVar[str]

    def settings_for(self, preset: str, size: Size | None, changes: Mapping[str, Any]) -> Any:
        """Return a preset with some fields replaced; ``auto`` takes pictures of many sizes for photographs."""
        check_name("preset", preset, [AUTO, *self.presets])
        for name in changes:
            check_name("setting", name, [field.name for field in dataclasses.fields(self.settings_type)])
        if preset == AUTO:
            preset = self.small if max(size or PHOTOGRAPH) <= AUTO_LIMIT else self.large
        settings = dataclasses.replace(self.presets[preset], **changes)
        if size is not None:
            self.check_size(settings, size)
        return settings

    def check_size(self, settings: Any, size: Size) -> None:
        """Raise UsageError if the settings do not fit pictures of a size; by default all do."""
        del settings, size

    def is_warm(self) -> bool:
        """Whether this machine's cache holds the kernels that the method calls."""
        from ipmix_cli.numba_cache.jit import is_compiled

        return is_compiled(_kernels(), self.kernels)

    def warm_up(self) -> None:
        """Compile the kernels into the cache, or load them from it, by making one small copy."""
        from ipmix_cli.methods.steps.draws import compile_draws
        from ipmix_cli.numba_cache.jit import mark_compiled

        compile_draws()
        settings = self.settings_for(AUTO, None, {})
        self.make_one(np.zeros((1, 8, 8, 3), np.uint8), settings)
        mark_compiled(_kernels(), self.kernels)

    @abstractmethod
    def make_one(self, pictures: Any, settings: Any) -> None:
        """Make one copy of pictures (1, 8, 8, 3), so that every kernel of the method is compiled."""


def _kernels() -> Path:
    from ipmix_cli import kernels

    return Path(kernels.__file__).parent
