"""PNG from pictures in the cache: filter, count, choose a code, emit, seal.

All is whole numbers, so the bytes are the same on every machine. The picture is one stream of rows, each with
the number of its filter before it, as PNG has them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.codecs.png.tables import Tables
from ipmix_cli.numba_cache.jit import inlined, kernel, part

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint32]
Scalar = Any  # a whole number of a width that numba knows and mypy need not

PAETH = 4
END = 256  # deflate's symbol for the end of a block
ADLER_MODULUS = 65521
ADLER_RUN = 4096  # bytes whose weighted sum stays below 2**32
LENGTH_PLACE = 33  # of IDAT's length in the file
LANE = 32  # words, as in the tables
BYTE = np.uint32(255)


class PngWorkspace(NamedTuple):
    """Memory that is used again for every picture.

    Parameters
    ----------
    rows : uint8 ((H + 1) * (C * W + 1),)
        The picture's rows below a row of zeros, each after one byte; C channels.
    filtered : uint8 (H * (C * W + 1),)
    counts : uint32 (4, 256)
    words : uint32
        The compressed stream, first bit lowest.
    """

    rows: Bytes
    filtered: Bytes
    counts: Words
    words: Words


class Frame(NamedTuple):
    """What the files of pictures of one size share.

    Parameters
    ----------
    before, after : uint8
        The file up to the compressed stream, and after the stream's checksum.
    state : uint32
        Of the checksum where the stream begins.
    """

    before: Bytes
    after: Bytes
    state: Scalar


@kernel
def encode_pictures(  # noqa: PLR0913, PLR0917 -- kernels take arrays and scalars
    pictures: Bytes,
    channels: int,
    tables: Tables,
    work: PngWorkspace,
    frame: Frame,
    out: Bytes,
    ends: NDArray[np.int64],
) -> None:
    """Write pictures (M, H, C * W) of C channels as PNG files into `out`, and into `ends` where each ends."""
    place = 0
    for number in range(len(pictures)):
        filter_picture(pictures[number], channels, work.rows, work.filtered)
        code = cheapest_code(work.filtered, work.counts, tables.lengths, tables.header_bits)
        length = emit(work.filtered, tables.entries[code], tables.headers[code], tables.header_bits[code], work.words)
        stream = work.words.view(np.uint8)[:length]
        place = write_file(stream, adler32(work.filtered), tables, frame, out, place)
        ends[number] = place


@part
def filter_picture(picture: Bytes, channels: int, rows: Bytes, filtered: Bytes) -> None:
    """Write what Paeth's predictor leaves of a picture (H, C * W) of C channels.

    All rows are one run for the compiler's sake; the first pixels, which have no left neighbour, are done
    again.
    """
    height, width = picture.shape
    stride = width + 1
    for y in range(height):
        rows[(y + 1) * stride + 1 : (y + 2) * stride] = picture[y]
    reach = stride + channels
    value, left = rows[reach:], rows[stride : len(rows) - channels]
    above, corner = rows[channels : len(rows) - stride], rows[: len(rows) - reach]
    rest = filtered[channels:]
    for i in range(len(value)):
        rest[i] = np.uint8(value[i] - paeth(left[i], above[i], corner[i]))
    for y in range(height):
        filtered[y * stride] = PAETH
        for x in range(1, channels + 1):
            filtered[y * stride + x] = np.uint8(rows[(y + 1) * stride + x] - rows[y * stride + x])


@inlined
def paeth(left: Scalar, above: Scalar, corner: Scalar) -> Scalar:
    """Return the neighbour nearest to ``left + above - corner``, in 8-bit arithmetic.

    With the corner between its neighbours, the sum's distance from it is the difference of the other two;
    outside, it is their sum, and the corner is never nearest.
    """
    to_left = np.uint8(max(above, corner) - min(above, corner))
    to_above = np.uint8(max(left, corner) - min(left, corner))
    difference = np.uint8(max(to_left, to_above) - min(to_left, to_above))
    to_corner = difference if (left < corner) != (above < corner) else np.uint8(255)
    nearest = above if to_above <= to_corner else corner
    return left if to_left <= min(to_above, to_corner) else nearest


@part
def cheapest_code(filtered: Bytes, counts: Words, lengths: NDArray[np.int32], header_bits: NDArray[np.int64]) -> int:
    """Return the number of the code that makes the shortest stream, or nearly so; the first of equals."""
    counts[:] = 0
    eights = len(filtered) // 8 * 8
    for i in range(0, eights, 8):  # every other four bytes tell enough
        counts[0, filtered[i]] += 2  # four tables: a byte seen twice in a row need not wait for itself
        counts[1, filtered[i + 1]] += 2
        counts[2, filtered[i + 2]] += 2
        counts[3, filtered[i + 3]] += 2
    for i in range(eights, len(filtered)):
        counts[0, filtered[i]] += 1
    for byte in range(256):
        counts[0, byte] += counts[1, byte] + counts[2, byte] + counts[3, byte]
    best, fewest = 0, np.int64(1) << 62
    for code in range(len(lengths)):
        bits = np.uint32(0)
        for byte in range(256):
            bits = np.uint32(bits + np.uint32(counts[0, byte] * np.uint32(lengths[code, byte])))
        if bits + header_bits[code] < fewest:
            best, fewest = code, bits + header_bits[code]
    return best


@part
def emit(filtered: Bytes, entries: Words, header: Words, header_bits: Scalar, words: Words) -> Scalar:
    """Write the one block of the stream; return its length in bytes.

    `pending` holds the bits that do not fill a word yet, `count` says how many. Two codes at a time, without
    a branch.
    """
    place = header_bits >> 5
    words[:place] = header[:place]
    pending, count = np.uint64(header[place]), np.uint64(header_bits & 31)
    pairs = len(filtered) // 2 * 2
    for i in range(0, pairs, 2):
        first, second = np.uint64(entries[filtered[i]]), np.uint64(entries[filtered[i + 1]])
        length = first >> np.uint64(16)
        both = first & np.uint64(65535) | (second & np.uint64(65535)) << length
        pending |= both << count
        count += length + (second >> np.uint64(16))
        words[place] = np.uint32(pending)
        full = count >> np.uint64(5)
        place += np.int64(full)
        pending >>= full << np.uint64(5)
        count &= np.uint64(31)
    for i in range(pairs, len(filtered) + 1):
        last = np.uint64(entries[filtered[i]] if i < len(filtered) else entries[END])
        pending |= (last & np.uint64(65535)) << count
        count += last >> np.uint64(16)
        words[place] = np.uint32(pending)
        full = count >> np.uint64(5)
        place += np.int64(full)
        pending >>= full << np.uint64(5)
        count &= np.uint64(31)
    words[place] = np.uint32(pending)
    return place * 4 + (np.int64(count) + 7 >> 3)


@part
def adler32(data: Bytes) -> Scalar:
    """Return zlib's checksum."""
    low, high = np.uint64(1), np.uint64(0)
    for start in range(0, len(data), ADLER_RUN):
        run = data[start : start + ADLER_RUN]
        plain, weighted = np.uint32(0), np.uint32(0)
        for i in range(len(run)):
            plain = np.uint32(plain + run[i])
            weighted = np.uint32(weighted + np.uint32(np.uint32(run[i]) * np.uint32(len(run) - i)))
        high = (high + low * np.uint64(len(run)) + weighted) % np.uint64(ADLER_MODULUS)
        low = (low + plain) % np.uint64(ADLER_MODULUS)
    return np.int64(high << np.uint64(16) | low)


@part
def write_file(stream: Bytes, adler: Scalar, tables: Tables, frame: Frame, out: Bytes, place: int) -> int:
    """Write one PNG file around a compressed stream; return where it ends."""
    length = len(stream)
    out[place : place + len(frame.before)] = frame.before
    put_uint32(out, place + LENGTH_PLACE, length + 6)  # two bytes of zlib before the stream, four after it
    place += len(frame.before)
    out[place : place + length] = stream
    put_uint32(out, place + length, adler)
    words = length // 4 * 4
    crc = crc_of_words(stream[:words].view(np.uint32), tables.crc_word, tables.crc_lane, frame.state)
    for i in range(place + words, place + length + 4):
        crc = np.uint32(crc >> np.uint32(8) ^ tables.crc_word[3, (crc ^ out[i]) & BYTE])
    place += length + 4
    put_uint32(out, place, np.int64(~crc))
    out[place + 4 : place + 4 + len(frame.after)] = frame.after
    return place + 4 + len(frame.after)


@part
def crc_of_words(words: Words, one: Words, lane: Words, state: Scalar) -> Scalar:
    """Return the state of PNG's checksum after some words, four lanes at a time."""
    a = state
    whole = len(words) // (4 * LANE) * (4 * LANE)
    for start in range(0, whole, 4 * LANE):
        b, c, d = np.uint32(0), np.uint32(0), np.uint32(0)
        for i in range(start, start + LANE):
            a = advanced(one, a ^ words[i])
            b = advanced(one, b ^ words[i + LANE])
            c = advanced(one, c ^ words[i + 2 * LANE])
            d = advanced(one, d ^ words[i + 3 * LANE])
        a = advanced(lane, advanced(lane, advanced(lane, a) ^ b) ^ c) ^ d
    for i in range(whole, len(words)):
        a = advanced(one, a ^ words[i])
    return a


@inlined
def advanced(table: Words, state: Scalar) -> Scalar:
    """Return a state of the checksum after as many zeros as a table stands for."""
    low = table[0, state & BYTE] ^ table[1, state >> np.uint32(8) & BYTE]
    high = table[2, state >> np.uint32(16) & BYTE] ^ table[3, state >> np.uint32(24)]
    return np.uint32(low ^ high)


@inlined
def put_uint32(out: Bytes, place: int, value: Scalar) -> None:
    """Write a number, highest byte first."""
    for i in range(4):
        out[place + i] = np.uint8(value >> (24 - 8 * i) & 255)
