"""What numba hands on from a function to what it calls, and the steps that it takes."""

import numba
import numpy as np
from numba.core.targetconfig import ConfigStack

from ipmix_cli.numba_cache.jit import inlined, part
from ipmix_cli.numba_cache.steps import LEFT_OUT, HelperCompiler, KernelFlags, compiler_of
from ipmix_cli.numba_cache.vector_width import compiler_class


def attributes(function, name):
    """Return the line of LLVM's code that defines a function, and those of all groups of attributes."""
    library = next(iter(function.overloads.values())).library
    lines = str(library._final_module).splitlines()
    head = next(line for line in lines if line.startswith("define") and name in line)
    groups = [line for line in lines if line.startswith("attributes") and line.split()[1] in head.split()]
    return head + " ".join(groups)


def test_what_an_inlined_function_calls_is_not_inlined_for_that():
    @part
    def called_by_inlined(value):
        return value + 1

    @inlined
    def calling(value):
        return called_by_inlined(value) * 2

    @numba.njit(pipeline_class=compiler_class())
    def from_python(value):
        return calling(value)

    assert from_python(3) == 8
    assert "alwaysinline" in attributes(calling, "calling")
    assert "alwaysinline" not in attributes(called_by_inlined, "called_by_inlined")


def test_a_helper_of_numbas_is_compiled_once_for_inlined_and_other_functions(monkeypatch):
    compiled = []
    compile_extra = HelperCompiler.compile_extra

    def noted(self, function):
        compiled.append(function.__qualname__)
        return compile_extra(self, function)

    monkeypatch.setattr(HelperCompiler, "compile_extra", noted)

    @part
    def plain(values):
        return np.diff(values)

    @inlined
    def other(values):
        return np.diff(values)

    @numba.njit(pipeline_class=compiler_class())
    def both(values):
        return plain(values).size + other(values).size

    assert both(np.arange(4, dtype=np.int16)) == 6
    assert sum("diff" in name for name in compiled) == 1


def test_flags_are_what_numba_says_they_are():
    flags = KernelFlags()
    flags.nrt = True
    flags.forceinline = True
    assert flags.values() == {name: getattr(flags, name) for name in flags.options}
    handed_on = flags.copy()
    assert (handed_on.nrt, handed_on.is_set("forceinline")) == (True, False)
    assert handed_on != flags
    assert handed_on == handed_on.copy()
    assert hash(handed_on) == hash(handed_on.copy())
    with ConfigStack().enter(flags.copy()):
        below = KernelFlags()
        below.inherit_if_not_set("forceinline")
        assert not below.forceinline


def test_every_step_that_is_left_out_is_one_of_numbas():
    names = {step.__name__ for step in vars(compiler_of).values() if isinstance(step, type)}
    assert names >= LEFT_OUT


def test_other_functions_of_a_program_call_numbas_helpers_as_ever():
    @numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True)
    def plain(values):
        return np.roll(values, 1).sum() + np.flip(values)[0]

    @numba.njit(pipeline_class=compiler_class(), nogil=True, error_model="numpy", no_cfunc_wrapper=True)
    def kernel(values):
        return np.roll(values, 1).sum() + np.flip(values)[0]

    values = np.arange(5.0)
    assert kernel(values) == plain(values) == 14
    assert plain(values.astype(np.float32)) == kernel(values.astype(np.float32)) == 14
