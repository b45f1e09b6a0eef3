"""Run a command: errors in one line, exit codes, Ctrl-C, and a stdout that goes away (pipes)."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from policies.commands.page import at_terminal
from policies.commands.signals import ending_as_by_ctrl_c
from policies.errors import ZprlError

USER_ERROR, INTERRUPTED = 2, 130
"""Exit codes of an error that the user can act on, and of Ctrl-C, as shells have them."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Errors of a disk that takes no more."""


def run(main: Callable[[], object]) -> None:
    """Call ``main``; tell an error that the user can act on in one line and exit with 2.

    Any other exception is a defect of ours and keeps its traceback. An interruption exits with
    130, as shells expect of a program stopped by Ctrl-C; SIGTERM and SIGHUP do the same. A reader
    that goes away, as in ``| head``, is no error: what is left of the output is dropped, and the
    command finishes its work.

    Args:
        main: The command, taking its arguments from the command line.

    Raises:
        SystemExit: With code 2 after a ``ZprlError`` or where the output could not be written, with
            130 after an interruption.
    """
    outlive_readers()
    try:
        with ending_as_by_ctrl_c():
            main()
        if _disk_is_full(sys.stdout):
            raise SystemExit(USER_ERROR)
    except ZprlError as error:
        print(at_terminal(f"error: {error}", sys.stderr), file=sys.stderr)
        raise SystemExit(USER_ERROR) from None
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = error.filename or "a file"
        print(
            f"error: Expected to write {where}. Got: {error.strerror}. Make room there "
            "and give the same command again.",
            file=sys.stderr,
        )
        raise SystemExit(USER_ERROR) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def outlive_readers() -> None:
    """Make this process's stdout and stderr survive their readers' end, and exist if closed.

    Streams that somebody has put into their place, as tests do, are left alone.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started this: nothing else may get its number
            _open_nothing(number)
            mode = "w" if number else "r"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif number and stream is getattr(sys, f"__{name}__") and not _outlives(stream):
            setattr(sys, name, _outliving(stream))


class _Pipe(io.FileIO):
    """A file that drops what is written to it once that has failed."""

    gone = full = False

    def write(self, data: Any) -> int:
        if not self.gone:
            try:
                return super().write(data)
            except OSError as error:
                self.gone = True
                self.full = error.errno not in (errno.EPIPE, errno.EIO)  # a reader, a terminal
                if self.full and self.fileno() == 1:
                    _complain(error)
        return memoryview(data).nbytes


def _complain(error: OSError) -> None:
    """Say on stderr that stdout cannot be written, such as to a full disk."""
    text = f"error: cannot write to stdout: {error.strerror}; the rest of it is dropped\n"
    with contextlib.suppress(OSError):
        os.write(2, text.encode())


def _disk_is_full(stream: Any) -> bool:
    """Write out what is left, and tell whether that failed for another reason than a reader's."""
    if stream is not None and not stream.closed:
        stream.flush()
    return _outlives(stream) and stream.buffer.raw.full


def _outlives(stream: Any) -> bool:
    return isinstance(getattr(getattr(stream, "buffer", None), "raw", None), _Pipe)


def _outliving(stream: Any) -> Any:
    """Make the same stream on a file that cannot fail."""
    try:
        stream.flush()
        file = _Pipe(stream.fileno(), "w", closefd=False)
    except (OSError, ValueError):  # no file of the system's
        return stream
    made = io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering or stream.write_through,  # as -u has it
        write_through=stream.write_through,
    )
    made.mode = "w"  # type: ignore[misc]
    return made


def _open_nothing(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
