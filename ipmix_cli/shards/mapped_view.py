"""What all shards do alike whose whole file is mapped into memory and read by our own code: opening and closing."""

from __future__ import annotations

import struct
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from ipmix_cli.codecs.codecs import REMEDY
from ipmix_cli.errors import SourceError
from ipmix_cli.picture import Bytes
from ipmix_cli.shards.shard import ShardView
from ipmix_cli.storage.memory_map import Sliceable, mapped

DAMAGE = (ValueError, KeyError, IndexError, TypeError, struct.error, OverflowError, AttributeError, RecursionError)


class MappedView(ShardView):
    """A shard that ipmix laid out, mapped into memory and opened for reading at any sample.

    Parameters
    ----------
    content : Path or bytes
        The file, or what is in it.
    location : str
        What errors call it.

    Attributes
    ----------
    kind : str
        What errors call a sound one, such as ``an MDS shard``.

    Raises
    ------
    SourceError
        If it is damaged, or laid out otherwise than ipmix does.
    """

    kind: ClassVar[str]
    attributes: dict[str, Any]

    def __init__(self, content: Path | Bytes, location: str) -> None:
        self._location = location
        self.attributes = {}
        self._data: Sliceable = mapped(content, location)
        try:
            self._read()
        except DAMAGE as error:
            raise SourceError(f"{location} is not {self.kind} of ipmix: {error}", REMEDY) from error

    @abstractmethod
    def _read(self) -> None:
        """Read where everything is; one of `DAMAGE` means that the shard is no such one."""

    def close(self) -> None:
        """Let go of the file."""
        self._data = b""
