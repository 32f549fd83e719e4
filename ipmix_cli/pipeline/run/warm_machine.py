"""Make in advance what the first job on a machine would make: compiled kernels and built-in banks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipmix_cli.methods import transform_named
from ipmix_cli.pipeline.banks.bank import builtin_settings
from ipmix_cli.pipeline.banks.mixing import cached_builtin
from ipmix_cli.pipeline.listener import Listener
from ipmix_cli.pipeline.run.builtin_bank import Preparation, builtin_bank, builtin_side, names_of
from ipmix_cli.pipeline.run.warmup import METHOD, cold_of, compile_named


@dataclass(frozen=True)
class WarmMachine:
    """What was made: kernels by name, the pictures of each bank by its side, and the seconds of both."""

    kernels: tuple[str, ...]
    banks: dict[int, int]
    spent: Preparation


def warm_machine(
    methods: Sequence[str],
    sizes: Sequence[int] = (),
    png: bool = False,
    listener: Listener | None = None,
    jobs: int = 1,
) -> WarmMachine:
    """Compile the kernels of methods, and draw the whole built-in bank for samples of each size, unless cached.

    Parameters
    ----------
    methods : sequence of str
        Names of the table TRANSFORMS.
    sizes : sequence of int
        Sides of samples, in pixels; without any, no bank is drawn.
    png : bool
        Whether PNG files are to be written too.
    """
    from ipmix_cli.pipeline.banks.drawing import cold_families, families_compiled  # and with them all that draws

    listener, spent = listener or Listener(), Preparation()
    sides = _sides(methods, sizes)
    families = cold_families(builtin_settings(sides[0])) if sides else []
    names = cold_of([*(f"{METHOD}{name}" for name in methods), "resize", *(["png"] if png else [])])
    with spent.timed("compiling"):
        compile_named([*names, *names_of(families)], listener, jobs)
        families_compiled(families)
    banks = {}
    for side in sides:
        settings = builtin_settings(side)
        if cached_builtin(settings) is None:
            builtin_bank(side, None, listener, jobs, spent=spent)
            banks[settings.size] = settings.count
    return WarmMachine((*names, *names_of(families)), banks, spent)


def _sides(methods: Sequence[str], sizes: Sequence[int]) -> list[int]:
    """Return the short sides of the mixing pictures that these methods use for samples of these sizes."""
    found = set()
    for name in methods:
        transform = transform_named(name)
        for size in sizes:
            ratio = transform.mixing_ratio(transform.settings_for("auto", (size, size), {}))
            if ratio is not None:
                found.add(builtin_side((size, size), ratio))
    return sorted(found)
