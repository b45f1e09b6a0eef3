"""Files and folders that appear whole or not at all, whatever ends the process that writes them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policies.checkpoints.output import (
    LOCK_FILE,
    OverwriteError,
    locked_folder,
    refuse_overwriting,
)

PARTIAL = ".partial"
"""Ending of what is not finished."""


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file: readers see the old one or the new one, even if the power fails.

    Args:
        path: The file, in a folder that exists.
        content: Its content.

    Raises:
        OSError: It cannot be written, and names it; what was there is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:  # which a full disk's does not
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def beside(out: Path, ending: str, start: str = "") -> Path:
    """Return a place beside a folder, in which it is made before it takes its own place.

    Args:
        out: The folder to be.
        ending: End of the other one's name.
        start: Beginning of that.

    Raises:
        OverwriteError: It is the folder that one is in, or above: a shell in there would lose it.

    >>> beside(Path("policies/lift"), PARTIAL).as_posix()
    'policies/lift.partial'
    """
    here = Path.cwd()
    if here.is_relative_to(out.resolve()):
        raise OverwriteError(
            f"out must be a folder that can be put in place as a whole, and none that you are in. "
            f"Got: {out}. Try {(Path(os.path.relpath(out)) / 'NEW').as_posix()}."
        )
    return out.with_name(f"{start}{out.name}{ending}")


@contextmanager
def whole_folder(out: Path, overwrite: bool = False, *, by: str = "--out") -> Iterator[Path]:
    """Make a folder that appears when all that is to be in it has been written.

    Until then it is ``OUT.partial``, beside its place. What a killed process has left there is
    deleted, and nobody else can write to it meanwhile.

    Args:
        out: The folder to make.
        overwrite: Whether one that is there is replaced, with everything in it.
        by: What it is chosen with, for the error.

    Yields:
        The folder to write to.

    Raises:
        OverwriteError: There is something already, or it is the folder that one is in.
        FolderInUseError: Another process is making it.
    """
    refuse_overwriting(out, overwrite, by=by)
    partial, old = (beside(out, end) for end in (PARTIAL, ".replaced"))
    with locked_folder(partial):
        try:
            if old.exists() and not os.path.lexists(out):
                old.rename(out)  # killed between the two renamings below
            _empty(partial)
            yield partial
            refuse_overwriting(out, overwrite, by=by)
            for lock in partial.glob(f"{LOCK_FILE}*"):
                lock.unlink()
            if os.path.lexists(out):
                shutil.rmtree(old, ignore_errors=True)
                out.rename(old)
            partial.rename(out)
            shutil.rmtree(old, ignore_errors=True)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _empty(folder: Path) -> None:
    """Delete everything in a folder but its lock."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif not entry.name.startswith(LOCK_FILE):
            entry.unlink()
