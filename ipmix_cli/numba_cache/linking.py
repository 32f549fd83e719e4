"""How the code of compiled functions is linked: that of a part only where a function that Python calls contains it.

Numba optimises each function together with copies of all that it calls, and makes machine code of them, though each
caller does both again: the deepest functions are compiled as often as there are layers above them. A part is therefore
left as it is until a function that Python calls is made, which takes in each of its parts once.
"""

from __future__ import annotations

from typing import Any

from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core import codegen, environment, typed_passes

ENVIRONMENT = "_ZN08NumbaEnv"  # how names of the variables begin that point to a function's constants

library_of: Any = codegen  # Numba states few types
make_function: Any = _dynfunc.make_function
passes: Any = typed_passes
lookup_environment: Any = environment.lookup_environment


class PartLibrary(library_of.JITCodeLibrary):  # type: ignore[misc]
    """The code of a part; what it calls is linked where it is linked itself."""

    def finalize(self) -> None:
        """Do nothing: there is nothing to run."""
        self._finalized = True


class WholeLibrary(library_of.JITCodeLibrary):  # type: ignore[misc]
    """The code of a function that Python calls, with that of all its parts."""

    _linking_libraries: list[Any]

    def finalize(self) -> None:
        """Link, optimise and assemble the function with its parts, and point each to its constants."""
        self._linking_libraries = _with_parts(self._linking_libraries)
        super().finalize()
        for variable in self._final_module.global_variables:
            found = lookup_environment(variable.name) if variable.name.startswith(ENVIRONMENT) else None
            if found is not None:
                self._codegen.set_env(variable.name, found)


def _with_parts(libraries: list[Any]) -> list[Any]:
    """Return libraries with those that their parts call, each once and after its callers: LLVM links what is called."""
    seen: set[Any] = set()
    left: list[Any] = []

    def visit(library: Any) -> None:
        if library not in seen:
            seen.add(library)
            for called in library._linking_libraries if isinstance(library, PartLibrary) else ():  # noqa: SLF001
                visit(called)
            left.append(library)

    for library in libraries:
        visit(library)
    return left[::-1]


class WholeLowering(passes.NativeLowering):  # type: ignore[misc]
    """Numba's step that makes LLVM's code of a function, for one that Python calls."""

    _name = "ipmix_whole_lowering"

    def run_pass(self, state: Any) -> bool:
        """Make the code, and machine code of it."""
        _set_library(state, WholeLibrary)
        return bool(super().run_pass(state))


class PartLowering(passes.NativeLowering):  # type: ignore[misc]
    """The same for a part."""

    _name = "ipmix_part_lowering"

    def run_pass(self, state: Any) -> bool:
        """Make the code, and nothing that could be run: Python finds no address, and callers the code."""
        _set_library(state, PartLibrary)
        state.flags.no_compile = True
        super().run_pass(state)
        made = state["cr"]
        about = made.fndesc
        function = make_function(about.lookup_module(), about.qualname, "a part", 0, made.env, (state.library,))
        state.targetctx.insert_user_function(function, about, [state.library])
        state.reload_init.extend(getattr(state.library, "_reload_init", ()))  # older versions of numba have none
        state["cr"] = made._replace(cfunc=function)
        return True


def _set_library(state: Any, kind: Any) -> None:
    state.library = kind(state.targetctx.codegen(), state.func_id.func_qualname)
    state.library.enable_object_caching()
