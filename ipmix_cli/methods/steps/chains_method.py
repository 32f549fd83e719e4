"""Methods whose plans are chains: what is alike in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.methods.mixing_set import MixingSet
from ipmix_cli.methods.steps.chains import interest
from ipmix_cli.methods.steps.method import Method
from ipmix_cli.picture import Picture
from ipmix_cli.transform import MixingPictures, Plans, StageRow

if TYPE_CHECKING:
    from ipmix_cli.methods.steps.chains_view import Plan


class ChainsMethod(Method):
    """A method of chains.

    Attributes
    ----------
    overflow : str
        What becomes of mixed values outside [0, 1], as a plan's view says it; empty for operations alone.
    """

    overflow: ClassVar[str] = ""

    def view(self, plan: Any, settings: Any) -> Plan:
        """Return one plan as words and plain data."""
        del settings
        from ipmix_cli.methods.steps.chains_view import Plan

        return Plan.from_row(plan, self.overflow)

    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: Any
    ) -> dict[str, NDArray[Any]]:
        """Return the clean picture, each chain after each step, and the copy."""
        from ipmix_cli.methods.steps.chains_stages import stages_by

        def made(row: Plans) -> Picture:
            out = np.empty((1, 1, *picture.shape), np.uint8)
            self.apply(picture[None], row.reshape(1, 1), mixing, settings, out)
            made_copy: Picture = out[0, 0]
            return made_copy

        return stages_by(made, picture, plan, mixing if isinstance(mixing, MixingSet) else None)

    def stage_rows(self, plan: Any, settings: Any, stages: Mapping[str, NDArray[Any]]) -> list[StageRow]:
        """Return what goes in, each chain step by step, and what comes out."""
        del stages
        from ipmix_cli.methods.steps.chains_view import stage_rows

        return stage_rows(self.view(plan, settings))

    def interest(self, plans: Plans) -> NDArray[np.float64]:
        """Prefer plans with many steps that the blend lets through."""
        return interest(plans)

    def operations(self, plans: Plans, settings: Any) -> dict[str, int]:
        """Return how often each operation and each mixing is a step."""
        del settings
        from ipmix_cli.methods.steps.chains_view import count_steps

        return count_steps(plans)

    def make_one(self, pictures: Picture, settings: Any) -> None:
        """Make one copy, with a mixing picture where the method mixes any."""
        shape = (*pictures.shape[1:3], 3)
        mixing = MixingSet(np.zeros(shape, np.uint8).ravel(), np.zeros(1, np.int64), np.array([shape[:2]], np.int32))
        plans = self.plan(settings, (shape[0], shape[1]), 0, np.zeros(1, np.int64), 1, mixing.shapes)
        self.apply(pictures, plans, mixing, settings, np.empty((1, 1, *shape), np.uint8))
