"""Records hold bounded plain values, whoever wrote them."""

from __future__ import annotations

import pytest

from ipmix_cli.record import RecordError, decoded


@pytest.mark.parametrize("content", [b"9223372036854775808", b"-9223372036854775808", b'"a\\u0000b"', b"1e999", b"NaN"])
def test_numbers_beyond_64_bits_and_null_bytes_are_refused(content):
    with pytest.raises(RecordError):
        decoded(b'{"seed": [' + content + b"]}")


@pytest.mark.parametrize("content", [b"9223372036854775807", b"-9223372036854775807", b'"a b"', b"1e300"])
def test_what_a_record_can_hold_is_read(content):
    assert list(decoded(b'{"seed": ' + content + b"}")) == ["seed"]
