"""Numba's compiler, with vectors as wide as the processor has them.

LLVM takes 256 bits on Intel's processors that have 512, since the first of those slowed down; kernels here gain a tenth
by 512. The preference is an attribute of each compiled function, as numba's own setting, ``NUMBA_CPU_FEATURES``, would
change all that a program compiles. Where a user sets that, it wins.
"""

from __future__ import annotations

from typing import Any

from numba.core import compiler, compiler_machinery, config, lowering, typed_passes

PREFERENCE = '"prefer-vector-width"="512"'

# Numba states few types
compiler_of: Any = compiler
machinery: Any = compiler_machinery
passes: Any = typed_passes
lower: Any = lowering
settings: Any = config


class _WideLower(lower.Lower):  # type: ignore[misc]
    """Makes LLVM's code of a function, with the preference."""

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        set.add(self.function.attributes, PREFERENCE)  # past llvmlite's list of attributes without a value


@machinery.register_pass(mutates_CFG=True, analysis_only=False)
class _WideLowering(passes.BaseNativeLowering):  # type: ignore[misc]
    """The step that calls it."""

    _name = "ipmix_wide_lowering"

    @property
    def lowering_class(self) -> Any:
        return _WideLower


class _WideCompiler(compiler_of.CompilerBase):  # type: ignore[misc]
    """Numba's steps for compiled code, with that one in place of numba's own."""

    def define_pipelines(self) -> list[Any]:
        steps = machinery.PassManager("ipmix")
        for step, text in compiler_of.DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            steps.add_pass(_WideLowering if step is passes.NativeLowering else step, text)
        steps.finalize()
        return [steps]


def options() -> dict[str, Any]:
    """Return what to give to numba's ``njit``."""
    return {} if settings.CPU_FEATURES is not None else {"pipeline_class": _WideCompiler}
