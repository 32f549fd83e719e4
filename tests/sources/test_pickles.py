"""Pickles: arrays of numbers come through, and nothing that a pickle asks for is ever run."""

from __future__ import annotations

import contextlib
import os
import pickle
import pickletools
import struct
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipmix_cli.errors import SourceError
from ipmix_cli.sources.cifar.pickles import read_pickle


def test_a_published_file_gives_its_arrays_and_lists(write_pickle):
    data = np.arange(6, dtype=np.uint8).reshape(2, 3)
    found = read_pickle(write_pickle({"data": data, "labels": [3, -4], "name": b"x" * 300}), "f")
    assert np.array_equal(found["data"], data)
    assert found["labels"] == [3, -4]
    assert found["name"] == b"x" * 300


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("kind", ["u1", "i2", ">i4", "<u8"])
def test_what_python3_pickles_is_read(protocol, kind):
    data = np.arange(12).astype(kind).reshape(3, 4)
    found = read_pickle(pickle.dumps({"data": data, b"labels": [1, 2, 2**40, None, True, 1.5]}, protocol), "f")
    assert np.array_equal(found["data"], data)
    assert found["labels"] == [1, 2, 2**40, None, True, 1.5]


def test_the_old_and_the_new_name_of_numpys_core_are_known():
    new = pickle.dumps({"data": np.ones(3, np.uint8)}, 2)
    for name in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        data = new.replace(b"numpy._core.multiarray", name).replace(b"numpy.core.multiarray", name)
        assert read_pickle(data, "f")["data"].tolist() == [1, 1, 1]


class Runs:
    """Pickles to something that runs a command."""

    def __init__(self, called, *arguments):
        self.reduced = (called, arguments)

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("inside", [lambda evil: evil, lambda evil: {"data": evil}, lambda evil: {"labels": [evil]}])
def test_a_pickle_that_runs_code_is_refused_and_runs_nothing(protocol, inside, tmp_path):
    target = tmp_path / "ran"
    data = pickle.dumps(inside(Runs(os.mkdir, str(target))), protocol)
    pickle.loads(data)
    assert target.exists()  # it would have
    target.rmdir()
    with pytest.raises(SourceError, match="refused") as caught:
        read_pickle(data, "the/file")
    assert not target.exists()
    assert caught.value.message.startswith("the/file is refused")


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "numpy.load", "numpy.ndarray.tofile", "_codecs.decode"])
@pytest.mark.parametrize("how", ["global", "stack", "inst"])
def test_any_other_name_is_refused_by_name(name, how):
    module, _, attribute = name.partition(".")
    two = (module.encode(), attribute.encode())
    data = {
        "global": b"\x80\x02c%s\n%s\n." % two,
        "stack": b"\x80\x04\x8c%c%s\x8c%c%s\x93." % (len(two[0]), two[0], len(two[1]), two[1]),
        "inst": b"(i%s\n%s\n." % two,
    }[how]
    with pytest.raises(SourceError, match=f"asks for '{name}'"):
        read_pickle(data, "f")


@pytest.mark.parametrize("kind", ["O", "U4", "S4", "V8", "M8[s]", "f4", "c8", "u1,O"])
def test_arrays_of_anything_but_whole_numbers_are_refused(kind):
    with pytest.raises(SourceError):
        read_pickle(pickle.dumps({"data": np.zeros(2, np.dtype(kind))}, 2), "f")


def test_numpys_constructors_do_not_reach_numpy():
    huge = b"\x80\x02cnumpy\nndarray\n(J\xff\xff\xff\x7f\x85cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R\x86R."
    for data in (huge, huge.replace(b"ndarray", b"dtype")):
        with pytest.raises(SourceError):
            read_pickle(data, "f")


BOMBS = {
    "memo": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "bytearray": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",
    "bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b".",
    "text": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b".",
    "frame": b"\x80\x04\x95" + struct.pack("<Q", 2**63 - 1) + b".",
    "long": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "shape": b"\x80\x02}U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R\x89U\x01xtbs.",
    "laughs": b"\x80\x02]" + b"q\x00h\x00\x86" * 60 + b".",
    "key": b"\x80\x02}N" + b"2\x86" * 60 + b"Ns.",
    "hashed": b"\x80\x02)q\x00" + b"h\x00h\x00\x86q\x00" * 60 + b"}h\x00Ns.",
    "marks": b"\x80\x02" + b"(" * 10**5,
    "nested": b"\x80\x02" + b"]" * 10**5 + b"a" * (10**5 - 1) + b".",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_takes_neither_memory_nor_time(name):
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(SourceError):
        read_pickle(BOMBS[name], "f")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * 2**20
    assert time.process_time() - started < 60


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data):
    with pytest.raises(SourceError):
        read_pickle(b"\x80\x02" + data, "f")


VALID = pickle.dumps({"data": np.arange(8, dtype=np.uint8), "labels": [1, 2, 3], "x": ("a", b"b")}, 2)
OPCODES = [code.code.encode("latin-1") for code in pickletools.opcodes]


@given(st.integers(0, len(VALID) - 1), st.sampled_from(OPCODES) | st.binary(max_size=9), st.integers(0, 9))
def test_mutated_pickles_are_refused_or_read(at, inserted, removed):
    data = VALID[:at] + inserted + VALID[at + removed :]
    with contextlib.suppress(SourceError):
        assert isinstance(read_pickle(data, "f"), dict)


@given(st.lists(st.sampled_from(OPCODES) | st.binary(max_size=4), max_size=40).map(b"".join))
def test_random_programs_are_refused_or_read(data):
    with contextlib.suppress(SourceError):
        read_pickle(data, "f")
