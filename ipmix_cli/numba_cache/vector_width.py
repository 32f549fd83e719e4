"""Numba's compiler, with vectors as wide as the processor has them.

LLVM takes 256 bits on Intel's processors that have 512, since the first of those slowed down; kernels here gain a tenth
by 512. The preference is an attribute of each compiled function, as numba's own setting, ``NUMBA_CPU_FEATURES``, would
change all that a program compiles. Where a user sets that, it wins.
"""

from __future__ import annotations

import functools
from typing import Any

from numba.core import compiler_machinery, config, lowering

from ipmix_cli.numba_cache.linking import PartLowering, WholeLowering
from ipmix_cli.numba_cache.steps import KernelCompiler, compile_helpers_as_parts

PREFERENCE = '"prefer-vector-width"="512"'

# Numba states few types
machinery: Any = compiler_machinery
lower: Any = lowering
settings: Any = config


class _WideLower(lower.Lower):  # type: ignore[misc]
    """Makes LLVM's code of a function, with the preference."""

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        set.add(self.function.attributes, PREFERENCE)  # past llvmlite's list of attributes without a value


class _WideWhole(WholeLowering):
    _name = "ipmix_wide_whole_lowering"
    lowering_class = _WideLower


class _WidePart(PartLowering):
    _name = "ipmix_wide_part_lowering"
    lowering_class = _WideLower


for _step in (WholeLowering, PartLowering, _WideWhole, _WidePart):
    machinery.register_pass(mutates_CFG=False, analysis_only=False)(_step)  # none of numba's analyses comes after it


@functools.cache
def compiler_class(part: bool = False, wide: bool = True) -> type:
    """Return numba's compiler for functions that Python calls, or for parts of those.

    Parameters
    ----------
    part : bool
        Whether only compiled functions call it.
    wide : bool
        Whether the function gains by wide vectors.
    """
    compile_helpers_as_parts()
    narrow, widened = (PartLowering, _WidePart) if part else (WholeLowering, _WideWhole)
    return type(
        "Compiler", (KernelCompiler,), {"lowering": widened if wide and settings.CPU_FEATURES is None else narrow}
    )
