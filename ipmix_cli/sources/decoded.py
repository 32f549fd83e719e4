"""Encoded pictures of a source as samples, or as bad ones with the reason."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ipmix_cli.codecs.decode import decode_picture
from ipmix_cli.errors import BadSampleError
from ipmix_cli.sources.source import BadSample, Sample

if TYPE_CHECKING:
    from ipmix_cli.annotations import Annotation
    from ipmix_cli.sources.annotated import Annotated
    from ipmix_cli.stages import StageClock


class EncodedPictures(ABC):
    """A part of a source whose pictures are encoded; see :class:`ipmix_cli.sources.source.Part`.

    Attributes
    ----------
    start : int
        The index of its first sample.
    labels : Annotated
        Their labels, and the fields that are kept.
    alpha : str
        What becomes of transparent pictures.
    """

    start: int
    labels: Annotated
    alpha: str

    @abstractmethod
    def encoded(self) -> Iterator[bytes]:
        """Yield the encoded pictures in order."""

    def key(self, position: int) -> str:
        """Return the name of the sample at a position: its number, if it has no other."""
        return str(self.start + position)

    def samples(self, clock: StageClock) -> Iterator[Sample | BadSample]:
        """Yield the samples in order."""
        for position, data in enumerate(self.encoded()):
            clock.lap("read")
            place = (self.start + position, self.key(position))
            yield decoded_sample(place, data, self.labels.at(position), self.alpha)
            clock.lap("decode")


def decoded_sample(position: tuple[int, str], data: bytes, annotation: Annotation, alpha: str) -> Sample | BadSample:
    """Return an encoded picture as a sample, or as a bad one with the reason.

    Parameters
    ----------
    position : (int, str)
        Its index and key in the source.
    """
    try:
        return Sample(*position, decode_picture(data, alpha), *annotation)
    except BadSampleError as error:
        return BadSample(*position, error.message)
