"""The digest of a source: the same wherever a copy of it lies, another as soon as a sample changes."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from ipmix_cli.storage.digest_cache import cached_sha256

CONTENT_LIMIT = 2**30
"""Bytes of pictures up to which the digest covers their content; hashing 1 GiB takes about a second."""


class Labels(Protocol):
    """The labels of samples, and what else stands beside them."""

    def __len__(self) -> int: ...

    def description(self) -> dict[str, Any]:
        """Return what says of which form they are, as JSON; nothing for one class a sample."""
        ...

    def content(self) -> Iterable[bytes]:
        """Return them as bytes; one class a sample as little-endian int64."""
        ...


def digest_kind(total_bytes: int) -> str:
    """Return "content" for a source whose every byte is digested, "listing" for one of more than 1 GiB.

    A listing's digest covers names, sizes, labels and class names, but not the pictures themselves.
    """
    return "content" if total_bytes <= CONTENT_LIMIT else "listing"


def source_digest(
    description: dict[str, Any], class_names: Sequence[str], labels: Labels, content: Iterable[bytes]
) -> str:
    """Return the sha256 of a source, in hexadecimal.

    Parameters
    ----------
    description : dict
        What else decides the samples (a shape, a kind ...), as JSON; nothing of where or when.
    class_names : sequence of str
    labels : Labels
    content : iterable of bytes
        The pictures, or their listing, each piece of unambiguous length; see :func:`framed`.
    """
    digest = hashlib.sha256()
    for piece in itertools.chain(_head(description, class_names, labels), content):
        digest.update(piece)
    return digest.hexdigest()


def array_digest(
    description: dict[str, Any],
    class_names: Sequence[str],
    labels: Labels,
    content: Callable[[], Iterable[bytes | memoryview]],
) -> str:
    """Return what :func:`source_digest` does, for content at hand that can be gone through again: it is remembered."""
    head = _head(description, class_names, labels)
    return cached_sha256(lambda: itertools.chain(head, content()))


def _head(description: dict[str, Any], class_names: Sequence[str], labels: Labels) -> tuple[bytes, ...]:
    header = json.dumps([{**description, **labels.description()}, list(class_names), len(labels)], sort_keys=True)
    return framed(header.encode("utf-8", "surrogatepass")), *labels.content()


def framed(data: bytes) -> bytes:
    """Return bytes with their length before them, so that neighbours cannot trade bytes unnoticed."""
    return len(data).to_bytes(8, "little") + data
