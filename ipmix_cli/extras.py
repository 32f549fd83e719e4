"""Packages that are installed only on request: one error, one exit code and one remedy for any that is missing."""

from __future__ import annotations

import importlib
from typing import Any

from ipmix_cli.errors import MissingPackageError


def imported(module: str, extra: str) -> Any:
    """Import a module of a package that an extra of ipmix installs.

    Parameters
    ----------
    module : str
        Such as ``"pyarrow.parquet"``.
    extra : str
        The extra, such as ``"parquet"``.

    Raises
    ------
    MissingPackageError
        If the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing(module.partition(".")[0], extra, error) from error


def missing(package: str, extra: str, error: ImportError) -> MissingPackageError:
    """Return the error for a package that could not be imported: what is missing, and what to type.

    Examples
    --------
    >>> missing("pyarrow", "parquet", ImportError("No module named 'pyarrow'")).remedy
    'type: pip install "ipmix-cli[parquet]"'
    """
    return MissingPackageError(f"{package} is not installed: {error}", f'type: pip install "ipmix-cli[{extra}]"')
