"""Numba's steps from a Python function to machine code, without those that find nothing to do in kernels.

Comparing the flags of each function that is being compiled with those of others is made faster, too. And functions of
numba's own, such as that of ``np.empty``, become parts of the kernels that call them (see ``linking.py``), where numba
would optimise and assemble them first.
"""

from __future__ import annotations

import functools
from typing import Any

from numba.core import compiler, compiler_machinery, typed_passes
from numba.core.targetconfig import ConfigStack
from numba.core.typing import templates

from ipmix_cli.numba_cache.linking import PartLowering

# Numba states few types
compiler_of: Any = compiler
machinery: Any = compiler_machinery
passes: Any = typed_passes
stack_of_flags: Any = ConfigStack
templates_of: Any = templates

LEFT_OUT = frozenset(
    {
        "WithLifting",  # blocks of "with"
        "InlineClosureLikes",  # functions within functions, and comprehensions
        "MakeFunctionToJitFunction",
        "RewriteDynamicRaises",  # errors whose text is made at run time
        "InlineInlinables",  # numba's own inlining; that of LLVM does without
        "FindLiterallyCalls",  # numba.literally, numba.literal_unroll
        "LiteralUnroll",
        "LiteralPropagationSubPipelinePass",  # isinstance, hasattr
        "DumpParforDiagnostics",
    }
)


OWN = ("forceinline", "no_cpython_wrapper", "no_cfunc_wrapper", "no_compile", "release_gil")


class KernelFlags(compiler_of.Flags):  # type: ignore[misc]
    """How one function is compiled; never the same as for a function that is no kernel."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KernelFlags) and self.values() == other.values()

    __hash__ = compiler_of.Flags.__hash__

    def values(self) -> dict[str, Any]:
        """Return all flags: as numba does, without asking for each of them."""
        return {**_DEFAULTS, **self._values}

    def copy(self) -> KernelFlags:
        """Return the flags that numba hands on to what the function calls: whether it is inlined is its own matter.

        So the same helper of numba's is compiled once for all of them.
        """
        handed_on = KernelFlags(self)
        for own in OWN:
            handed_on.discard(own)
        return handed_on


_DEFAULTS: dict[str, Any] = {name: option.default for name, option in compiler_of.Flags.options.items()}


class Backend(passes.NoPythonBackend):  # type: ignore[misc]
    """Numba's last step, which collects what was made."""

    _name = "ipmix_backend"


machinery.register_pass(mutates_CFG=False, analysis_only=False)(Backend)


class KernelCompiler(compiler_of.CompilerBase):  # type: ignore[misc]
    """Numba's steps for compiled code, with a step in place of numba's own that makes LLVM's code.

    That step comes as an attribute of a subclass.
    """

    lowering: Any
    left_out = LEFT_OUT

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self.state.flags = KernelFlags(self.state.flags)

    def define_pipelines(self) -> list[Any]:
        """Return the one list of steps."""
        ours = {passes.NativeLowering: self.lowering, passes.NoPythonBackend: Backend}
        steps = machinery.PassManager(self.lowering.name())
        for step, text in compiler_of.DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            if step.__name__ not in self.left_out:
                steps.add_pass(ours.get(step, step), text)
        steps.finalize()
        return [steps]


class HelperCompiler(KernelCompiler):
    """All of numba's steps, for a function of numba's own that becomes part of kernels."""

    lowering = PartLowering
    left_out = frozenset()

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self.state.flags.no_cfunc_wrapper = True


@functools.cache
def compile_helpers_as_parts() -> None:
    """Have numba compile functions of its own with a :class:`HelperCompiler` where kernels call them, only there."""
    decorator_of = templates_of._OverloadFunctionTemplate._get_jit_decorator  # noqa: SLF001 - it offers no other way

    def decorator(template: Any) -> Any:
        found = decorator_of(template)
        in_kernel = isinstance(stack_of_flags.top_or_none(), KernelFlags)
        return functools.partial(found, pipeline_class=HelperCompiler) if in_kernel else found

    templates_of._OverloadFunctionTemplate._get_jit_decorator = decorator  # noqa: SLF001
