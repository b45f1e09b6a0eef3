"""Compile functions for this machine with numba, and keep what comes of it where that is sound."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

_DIGEST = hashlib.sha256().digest_size
_told: set[str] = set()


def compiled(function: Callable[..., Any], *, rounded: bool = False) -> Callable[..., Any]:
    """Compile a function at its first call.

    What comes of it is kept beside the package or in the user's folder; where neither can be
    written to, every process compiles for itself. What is kept there and damaged is compiled anew.

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
    dispatcher: Any = numba.njit(fastmath=allowed, error_model="numpy")(function)
    with suppress(RuntimeError):  # there is no place to keep it
        dispatcher._cache = SoundCache(dispatcher.py_func)
    return dispatcher


class SoundCache(FunctionCache):
    """numba's cache of a compiled function, of which damage is noticed and costs a compilation.

    numba's own raises whatever unpickling half a file does, at every start until somebody deletes
    it, and runs machine code in which a bit has changed.
    """

    def __init__(self, py_func: Any) -> None:
        super().__init__(py_func)
        self._cache_file = SealedFile(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load what was compiled for a signature; None if there is nothing sound."""
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # what unpickling damaged bytes raises has no common kind
            self._tell(f"is damaged and compiled anew ({type(error).__name__})")
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, if that is possible."""
        for _ in range(2):
            try:
                super().save_overload(sig, data)
            except OSError as error:  # read-only or full
                self._tell(f"cannot be written ({error.strerror}): every process compiles anew")
                return
            except Exception:  # an index that cannot be read
                with suppress(OSError):
                    Path(self._cache_file._index_path).unlink(missing_ok=True)
            else:
                return

    def _tell(self, what: str) -> None:
        if self._cache_path not in _told:
            _told.add(self._cache_path)
            print(f"note: compiled code kept in {self._cache_path} {what}", file=sys.stderr)


class SealedFile(IndexDataCacheFile):
    """Files of the cache whose every load is checked by a hash."""

    def _load_index(self) -> Any:
        # numba's own file, where this user's processes keep compiled code; numba unpickles it too.
        with suppress(FileNotFoundError), open(self._index_path, "rb") as file:
            if pickle.load(file) == self._version:
                _check(file.read())
        return super()._load_index()

    def _load_data(self, name: str) -> Any:
        _check(Path(self._data_path(name)).read_bytes())
        return super()._load_data(name)  # pickle stops before the hash

    def _dump(self, obj: Any) -> bytes:
        content: bytes = super()._dump(obj)
        return content + hashlib.sha256(content).digest()


def _check(content: bytes) -> None:
    if hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
        raise ValueError("it is not what was written")
