"""What the tests of sources share: their own place to unpack to, and CIFAR sets in all published forms."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is unpacked away from the user's cache."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("ipmix_cli.sources.unpack_cache.unpack_root", lambda: cache)
    return cache


@pytest.fixture(scope="session")
def cifar(cifar_forms: Path) -> Path:
    """Return the small sets, instead of the archive that whole commands read."""
    return cifar_forms
