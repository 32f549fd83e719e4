"""Numba's steps from a Python function to machine code, without those that find nothing to do in kernels.

After each step that may change the flow of control, numba analyses the function again. That, and comparing the flags of
each function that is being compiled with those of all others, took a fifth of the time that compiling takes.
"""

from __future__ import annotations

from typing import Any

from numba.core import compiler, compiler_machinery, typed_passes

# Numba states few types
compiler_of: Any = compiler
machinery: Any = compiler_machinery
passes: Any = typed_passes

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


class KernelFlags(compiler_of.Flags):  # type: ignore[misc]
    """How one function is compiled."""

    def values(self) -> dict[str, Any]:
        """Return all flags: as numba does, without asking for each of them."""
        return {**_DEFAULTS, **self._values}

    def copy(self) -> KernelFlags:
        """Return the flags that numba hands on to what the function calls: whether it is inlined is its own matter.

        So the same helper of numba's is compiled once for all of them.
        """
        handed_on = KernelFlags(self)
        for own in ("forceinline", "no_cpython_wrapper", "no_cfunc_wrapper", "no_compile"):
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

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self.state.flags = KernelFlags(self.state.flags)

    def define_pipelines(self) -> list[Any]:
        """Return the one list of steps."""
        ours = {passes.NativeLowering: self.lowering, passes.NoPythonBackend: Backend}
        steps = machinery.PassManager(self.lowering.name())
        for step, text in compiler_of.DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            if step.__name__ not in LEFT_OUT:
                steps.add_pass(ours.get(step, step), text)
        steps.finalize()
        return [steps]
