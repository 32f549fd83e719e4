"""An encoded picture of a source as a sample, or as a bad one with the reason."""

from __future__ import annotations

from ipmix_cli.codecs.decode import decode_picture
from ipmix_cli.errors import BadSampleError
from ipmix_cli.sources.source import BadSample, Sample


def decoded_sample(position: tuple[int, str], data: bytes, label: int, alpha: str) -> Sample | BadSample:
    """Return an encoded picture as a sample, or as a bad one with the reason.

    Parameters
    ----------
    position : (int, str)
        Its index and key in the source.
    """
    try:
        return Sample(*position, decode_picture(data, alpha), label)
    except BadSampleError as error:
        return BadSample(*position, error.message)
