"""--classes-from is used or refused, and never ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipmix_cli.errors import SourceError


def test_classes_that_a_source_names_itself_must_be_the_given_ones(tmp_path: Path, opened: Any) -> None:
    path, listed = tmp_path / "a.npz", tmp_path / "classes.txt"
    pictures = np.zeros((3, 4, 4, 3), np.uint8)
    np.savez(path, images=pictures, labels=np.array([0, 1, 1]), class_names=np.array(["cat", "dog"]))
    listed.write_text("cat\ndog\n")
    assert opened(path, classes_from=str(listed)).class_names == ("cat", "dog")
    for names in ("dog\ncat\n", "cat\ndog\nowl\n"):
        listed.write_text(names)
        with pytest.raises(SourceError, match="names its own classes"):
            opened(path, classes_from=str(listed))
