"""Compile functions for this machine with numba."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numba


def compiled(function: Callable[..., Any], *, rounded: bool = False) -> Callable[..., Any]:
    """Compile a function at its first call.

    What comes of it is kept beside the package or in the user's folder; where neither can be
    written to, every process compiles for itself.

    Args:
        function: In the subset of Python and numpy that numba knows.
        rounded: Whether sums may be fused and reordered, as every library's are. NaN and infinity
            stay what they are.

    Example:
        >>> @compiled
        ... def double(x):
        ...     return 2 * x
        >>> double(3)
        6
    """
    allowed = {"contract", "reassoc"} if rounded else False
    compile_ = partial(numba.njit, fastmath=allowed, error_model="numpy")
    try:
        return compile_(cache=True)(function)
    except RuntimeError:  # there is no place to keep it
        return compile_()(function)
