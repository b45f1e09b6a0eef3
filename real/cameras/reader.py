"""Reader of one camera: a thread of its own that keeps the newest picture."""

from __future__ import annotations

import threading
import time
import warnings

import numpy as np

from real.cameras.camera import Camera, CameraError, Frame, PictureWatch, check_picture
from real.cameras.fitting import Fitting
from zprl_env.errors import ZprlError

PATIENCE = 10.0
"""Time that a camera may take to its first picture [s]."""
FAREWELL = 3.0
"""Time after which a camera that does not come back is left behind [s]."""
FUTURE = 0.02
"""Seconds that a time stamp may be ahead, for clocks that are read one after the other."""


class CameraWarning(UserWarning):
    """Warning of a camera that blocks its thread for ever."""


class CameraReader:
    """Reader that keeps the newest picture of one camera, however slow that is.

    A thread opens the camera, reads picture after picture and closes it. A picture that is black,
    or whose stamp is not newer, does not count as one: the newest grows old, and that is a fault.

    Args:
        name: The camera's.
        camera: What is read.
        fitting: How its pictures are made what is observed.
        patience: Time that it may take to its first picture [s].

    Attributes:
        count: Pictures that came since it was connected.
    """

    def __init__(
        self, name: str, camera: Camera, fitting: Fitting | None = None, patience: float = PATIENCE
    ) -> None:
        self.name, self.camera = name, camera
        self.count = 0
        self._fitting = fitting or Fitting()
        self._patience = patience
        self._noiseless = bool(getattr(camera, "noiseless", False))
        self._watch = PictureWatch(name)
        self._news = threading.Condition()
        self._newest: Frame | None = None
        self._whole: np.ndarray | None = None
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._end = threading.Event()

    @property
    def newest(self) -> Frame | None:
        """The newest picture as it is observed; None before the first."""
        return self._newest

    @property
    def whole(self) -> np.ndarray | None:
        """The same picture as the camera gave it. Shape ``(H, W, 3)``, uint8."""
        return self._whole

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to read, unless that is so; a camera that failed is opened again.

        Raises:
            CameraError: It still blocks the thread that it had.
        """
        if self.alive and not self._end.is_set():
            return
        if self.alive:
            raise CameraError(f"The camera {self.name} must have come back. Got: it still blocks.")
        self._end = threading.Event()
        self._watch = PictureWatch(self.name)
        self._newest = self._whole = self._failure = None
        self.count = 0
        self._thread = threading.Thread(
            target=self._run, args=(self._end,), name=f"camera {self.name}", daemon=True
        )
        self._thread.start()

    def wait(self) -> Frame:
        """Return a picture that was taken after now.

        Raises:
            CameraError: None came in time; the reason is told.
        """
        since = time.monotonic()

        def there() -> bool:
            newest = self._newest
            new = newest is not None and newest.stamp >= since
            return new or self._failure is not None or not self.alive

        with self._news:
            self._news.wait_for(there, self._patience)
        newest = self._newest
        if newest is None or newest.stamp < since:
            raise CameraError(self.fault(0.0) or f"the camera {self.name} was closed")
        return newest

    def fault(
        self, max_age: float, most_same: int = 2**31, moving: bool = True, now: float | None = None
    ) -> str | None:
        """Describe what is wrong with the camera; None if nothing is.

        Args:
            max_age: Age at which a picture is stale [s].
            most_same: Equal pictures in a row that are believed.
            moving: Whether the arms move; a simulated camera's pictures are equal if not.
            now: The time, by ``time.monotonic()`` [s].
        """
        failure, newest = self._failure, self._newest
        if failure is not None:
            said = str(failure) if isinstance(failure, ZprlError) else ""
            return (
                f"the camera {self.name} failed: {said or f'{type(failure).__name__}: {failure}'}"
            )
        if self._noiseless and not moving:
            self._watch.rest()
        black = self._watch.black
        dark = f"; the last {black} were black or of one colour" if black else ""
        if newest is None:
            return f"the camera {self.name} must give pictures; got none yet{dark}"
        age = (time.monotonic() if now is None else now) - newest.stamp
        if age > max_age:
            return (
                f"the camera {self.name}'s newest picture must be at most {max_age:g} s old; got "
                f"{age:.3f} s{dark}"
            )
        return self._watch.fault(most_same)

    def end(self) -> None:
        """Let the thread come to its end, and do not wait for it."""
        self._end.set()

    def close(self, patience: float = FAREWELL) -> None:
        """End the thread and wait for it, which closes the camera; a second call does nothing.

        One that blocks for longer than ``patience`` [s] is left behind, with a `CameraWarning`.
        """
        self.end()
        if self._thread is None or self._thread is threading.current_thread():
            return
        self._thread.join(patience)
        if self._thread.is_alive():
            warnings.warn(
                f"the camera {self.name} must come back when it is closed. Got: nothing within "
                f"{patience:g} s; its thread is left behind",
                CameraWarning,
                stacklevel=2,
            )
        else:
            self._thread = None

    def _run(self, end: threading.Event) -> None:
        """Open, read, close: the thread's work."""
        try:
            try:
                self.camera.connect()
                while not end.is_set():
                    self._take(self.camera.frame())
            finally:
                self.camera.close()
        except BaseException as error:  # it ends the episode, wherever it came from
            if not end.is_set():
                self._failure = error
        finally:
            with self._news:
                self._news.notify_all()

    def _take(self, frame: Frame) -> None:
        picture = check_picture(self.name, frame.picture)
        if frame.stamp > time.monotonic() + FUTURE:
            raise CameraError(
                f"The camera {self.name} must stamp pictures by time.monotonic(). Got: "
                f"{frame.stamp:.3f} at {time.monotonic():.3f}."
            )
        before = self._whole
        if before is not None and before.shape != picture.shape:
            raise CameraError(
                f"The camera {self.name} must keep its size. Got: {picture.shape} after "
                f"{before.shape}."
            )
        shown = self._watch.see(picture)
        newest = self._newest
        if not shown or (newest is not None and frame.stamp <= newest.stamp):
            return
        fitted = self._fitting(picture)
        with self._news:
            self._newest, self._whole = Frame(fitted, frame.stamp), picture
            self.count += 1
            self._news.notify_all()
