"""The one size that all pictures of a source have, if they have one, seen in passing while they are digested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ipmix_cli.codecs.decode import decoded_shape
from ipmix_cli.errors import BadSampleError


class CommonSize:
    """Looks at the headers of encoded pictures, until two sizes have been seen.

    A picture whose header cannot be read has no say: it becomes a BadSample later.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()

    def passing(self, pictures: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pictures as they are, having looked at each."""
        for data in pictures:
            if len(self._seen) < 2:
                self._look(data)
            yield data

    def _look(self, data: bytes) -> None:
        try:
            self._seen.add(decoded_shape(data))
        except BadSampleError:
            return

    @property
    def value(self) -> tuple[int, int] | None:
        """(H, W) of all that passed, or None if none passed."""
        return next(iter(self._seen)) if len(self._seen) == 1 else None
