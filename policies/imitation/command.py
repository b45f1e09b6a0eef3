"""Run a command of this package: errors in one line, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable

from policies.errors import ZprlError


def run_command(main: Callable[[], object]) -> None:
    """Call ``main``; tell an error that the user can act on in one line and exit with 2.

    Any other exception is a defect of ours and keeps its traceback.

    Args:
        main: The command, taking its arguments from the command line.

    Raises:
        SystemExit: With code 2 after a ``ZprlError``, 130 after an interruption.
    """
    try:
        main()
    except ZprlError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
