"""Output folder: written by one process at a time, and never overwritten unasked."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock, Timeout

from policies.errors import ZprlError

LOCK_FILE = ".lock"
"""File in a folder that whoever writes to the folder holds locked."""

_OWNER_FILE = ".lock.json"


class FolderInUseError(ZprlError):
    """A folder is being written by another process."""


class OverwriteError(ZprlError):
    """A finished result stands where another one would be written."""


WRITER = "zprl_env_version"
"""Key of the version of this package that wrote a file."""


def package_version() -> str:
    """Return this package's version, which every written file names.

    >>> package_version().count(".") >= 1
    True
    """
    try:
        return version("zprl-env")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0.0.0+uninstalled"


def picture_facts() -> dict[str, str]:
    """Return the text that a PNG carries: which version of this package has drawn it.

    >>> picture_facts()["Software"].split()[0]
    'zprl-env'
    """
    return {"Software": f"zprl-env {package_version()}"}


@contextmanager
def locked_folder(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Lock a folder against other processes that would write to it.

    The operating system releases the lock when the process ends, however it ends, so that a killed
    process blocks nobody.

    Args:
        folder: Made if it does not exist.

    Yields:
        The folder.

    Raises:
        FolderInUseError: Another process, or another place of this one, holds it. The error names
            its process and machine.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock, owner = FileLock(folder / LOCK_FILE), folder / _OWNER_FILE
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderInUseError(
            f"Expected a folder that no other process is writing to. Got: {folder}, in use by "
            f"{_owner(owner)}. Wait until it has ended, stop it, or choose another folder."
        ) from None
    try:
        with suppress(OSError):  # a full disk's, which says more when it matters
            owner.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        yield folder
    finally:
        with suppress(OSError):
            owner.unlink(missing_ok=True)
        lock.release()


def _owner(file: Path) -> str:
    """Name the process that holds a lock, as far as it said."""
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        said = json.loads(file.read_text())
        return f"process {int(said['pid'])} on {str(said['host'])[:64]}"
    return "another process"


def refuse_overwriting(
    path: str | os.PathLike[str], overwrite: bool = False, *, by: str = "--out", hint: str = ""
) -> None:
    """Refuse to write where a finished result stands.

    Args:
        path: The result's file, whose existence means that it is finished.
        overwrite: Whether the user asked for that.
        by: What the place is chosen with: a flag, or a word that has its place.
        hint: What else can be done.

    Raises:
        OverwriteError: It exists and may not be overwritten.
    """
    if not overwrite and os.path.lexists(path):
        choose = f"Choose another with {by}" if by.startswith("--") else f"Choose another {by}"
        raise OverwriteError(
            f"Expected a place where nothing finished stands. Got: {Path(path)}. {choose}, or give "
            f"--overwrite{hint and f', {hint}'}."
        )
