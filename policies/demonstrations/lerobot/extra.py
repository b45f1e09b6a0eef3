"""Packages that LeRobotDatasets are read and written with, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from policies.errors import MissingExtraError

EXTRA = "lerobot"
"""Extra of this project that brings them."""


def arrow() -> Any:
    """Import pyarrow.

    Raises:
        MissingExtraError: It is not installed.
    """
    return _needed("pyarrow", "pyarrow")


def parquet() -> Any:
    """Import pyarrow's parquet files.

    Raises:
        MissingExtraError: It is not installed.
    """
    return _needed("pyarrow.parquet", "pyarrow")


def video() -> Any:
    """Import PyAV, whose wheel has FFmpeg's codecs in it.

    Raises:
        MissingExtraError: It is not installed.
    """
    return _needed("av", "av")


def _needed(module: str, package: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(package, EXTRA) from error
