"""How every command line of this project ends."""

from __future__ import annotations

import sys
from collections.abc import Callable

from policies.errors import ZprlError


def run(main: Callable[[], object]) -> None:
    """Call ``main``; tell an error that the user can act on in one line and exit with 2.

    Any other exception is a defect of ours and keeps its traceback. An interruption exits with
    130, as shells expect of a program stopped by Ctrl-C.

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
