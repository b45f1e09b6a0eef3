"""Progress bar for long work: a bar for a terminal, a line now and then for a log."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress_bar(iterable: Iterable[Any] | None = None, **options: Any) -> tqdm:
    """Make a progress bar on stderr.

    Args:
        iterable: What to go through, if not updated by hand.
        **options: tqdm's.

    Returns:
        The bar, which writes twice a minute where nobody watches it move.
    """
    pace = {} if sys.stderr.isatty() else {"mininterval": 30.0, "maxinterval": 60.0}
    return tqdm(iterable, **{"dynamic_ncols": True, **pace, **options})
