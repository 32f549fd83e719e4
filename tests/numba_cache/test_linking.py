"""A part is compiled within the functions that call it: once for each of them, and whatever else it calls."""

import numba
import numpy as np
import pytest

from ipmix_cli.numba_cache import linking
from ipmix_cli.numba_cache.vector_width import compiler_class


def part(function):
    return numba.njit(function, no_cpython_wrapper=True, pipeline_class=compiler_class(part=True))


def whole(function):
    return numba.njit(function, pipeline_class=compiler_class())


@part
def deepest(value):
    if value < 0:
        raise ValueError("below zero")
    return value + np.arange(3).sum()


@part
def middle(value):
    return 2 * deepest(value)


@whole
def one(value):
    return middle(value) + deepest(value)


@whole
def other(value):
    return one(value) - middle(value)


def library(function):
    return next(iter(function.overloads.values())).library


def test_functions_that_share_parts_give_what_python_gives():
    assert one(4) == 21
    assert other(4) == 7


def test_an_error_raised_in_a_part_is_raised():
    for function in (one, other):
        with pytest.raises(ValueError, match="below zero"):
            function(-1)


def test_parts_have_no_machine_code_and_the_functions_that_python_calls_have():
    one(4)
    assert [type(library(function)) for function in (deepest, middle, one)] == [
        linking.PartLibrary,
        linking.PartLibrary,
        linking.WholeLibrary,
    ]
    assert library(one).get_pointer_to_function(next(iter(one.overloads.values())).fndesc.llvm_func_name)
    for function in (deepest, middle):
        assert library(function)._compiled_object is None
