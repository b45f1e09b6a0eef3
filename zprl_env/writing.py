"""Writing of a run's files on a disk that may be full: said, tried again, and the run goes on."""

from __future__ import annotations

from collections.abc import Callable

from zprl_env.files import RunFolderError


class Writing:
    """Writer of a run's files: what could not be written is kept and tried again later.

    A run of hours does not end because a disk was full for a minute.

    Example:
        >>> from pathlib import Path
        >>> from zprl_env.files import write_json
        >>> writing = Writing(print)
        >>> writing("curve", lambda: write_json(Path("/proc/none/curve.json"), {}))
        curve is not written yet and tried again later. Expected to write /proc/none/curve.json...
        False
        >>> writing.left
        ['curve']
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        """Write; ``say`` is told of what could not be written."""
        self.say = say
        self._left: dict[str, Callable[[], object]] = {}

    @property
    def left(self) -> list[str]:
        """Names of what is not written yet."""
        return [*self._left]

    def __call__(self, name: str, write: Callable[[], object]) -> bool:
        """Write something, in place of what had this name and was not written.

        Args:
            name: What it is.
            write: Writes it; raises a ``RunFolderError`` if it cannot.

        Returns:
            Whether it is written.
        """
        try:
            write()
        except RunFolderError as error:
            if self._left.get(name) is not write:  # which was said already
                self.say(f"{name} is not written yet and tried again later. {error}")
            self._left[name] = write
            return False
        self._left.pop(name, None)
        return True

    def again(self) -> None:
        """Try again to write what is left."""
        for name, write in [*self._left.items()]:
            self(name, write)

    def check(self, again: str = "give the same command again.") -> None:
        """Try a last time.

        Args:
            again: What to do once there is room.

        Raises:
            RunFolderError: Something cannot be written.
        """
        self.again()
        if self._left:
            raise RunFolderError(
                f"Expected to write everything. Got no room for: {', '.join(self._left)}. Make "
                f"room, and {again}"
            )
