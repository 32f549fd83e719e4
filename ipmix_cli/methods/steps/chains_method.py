"""What all methods whose plans are chains have in common; importing it needs no numpy, so that help pages are quick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ipmix_cli.methods.operations import moving_operations
from ipmix_cli.methods.steps.method import Method
from ipmix_cli.transform import MixingPictures, Plans, StageRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ipmix_cli.methods.steps.chains_view import Plan
    from ipmix_cli.picture import Picture


class ChainsMethod(Method):
    """A method of chains."""

    def overflow_of(self, settings: Any) -> str:
        """Return what becomes of mixed values outside [0, 1], as views say it; empty for operations alone."""
        del settings
        return ""

    def unchanged(self, plans: Plans) -> NDArray[np.bool_]:
        """Return which plans have no step that changes anything."""
        from ipmix_cli.methods.steps.chains import unchanged_plans

        return unchanged_plans(plans)

    def moving(self, settings: Any) -> Sequence[str]:
        """Return the operations among those to be drawn that move pixels."""
        return moving_operations(settings.operations)

    def view(self, plan: Any, settings: Any) -> Plan:
        """Return one plan as words and plain data."""
        from ipmix_cli.methods.steps.chains_view import Plan

        return Plan.from_row(plan, self.overflow_of(settings))

    def stages(
        self, picture: Picture, plan: Any, mixing: MixingPictures | None, settings: Any
    ) -> dict[str, NDArray[Any]]:
        """Return the clean and the mixing picture, each chain after each step, masks, partners, and the copy."""
        from ipmix_cli.methods.mixing_set import MixingSet
        from ipmix_cli.methods.steps.chains_stages import chain_stages

        def made(plans: Plans) -> Picture:
            return self.copy_of(picture, plans, mixing, settings)

        return chain_stages(made, picture, plan, mixing if isinstance(mixing, MixingSet) else None)

    def stage_rows(self, plan: Any, settings: Any, stages: Mapping[str, NDArray[Any]]) -> list[StageRow]:
        """Return what goes in, each chain step by step, and what comes out."""
        del stages
        from ipmix_cli.methods.steps.chains_view import stage_rows

        return stage_rows(self.view(plan, settings))

    def interest(self, plans: Plans) -> NDArray[np.float64]:
        """Prefer plans with many steps of both kinds that the blend lets through."""
        from ipmix_cli.methods.steps.chains import interest

        return interest(plans)

    def operations(self, plans: Plans, settings: Any) -> dict[str, int]:
        """Return how often each operation and each mixing is a step."""
        del settings
        from ipmix_cli.methods.steps.chains_view import count_steps

        return count_steps(plans)

    def facets(self, plans: Plans, settings: Any) -> dict[str, tuple[str, ...]]:
        """Return the operations, and for a method with mixing pictures the mixings, of the steps."""
        from ipmix_cli.methods.mixings import MIXERS

        steps = self.operations(plans, settings)
        found = {"operation": tuple(name for name in steps if name not in MIXERS)}
        if self.overflow_of(settings):
            found["mixing"] = tuple(name for name in steps if name in MIXERS)
        return found
