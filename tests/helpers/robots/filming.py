"""Cameras that are as slow, as dead or as dark as a test wants them."""

from __future__ import annotations

import threading
import time

import numpy as np

from real.cameras.camera import Frame


class FakeDevice:
    """A camera of noise whose pictures take their time, until something becomes of it.

    Args:
        delay: Time that a picture takes [s].
        size: Height and width [pixels].

    Attributes:
        broken: What the next picture raises, if anything.
        dark: Whether pictures are black.
        frozen: Whether they are all the same.
        stuck: Set, a picture never comes.
        spoil: What becomes of every picture, if anything.
        opened: How often it was opened, less how often it was closed.
    """

    noiseless = False

    def __init__(self, delay=0.002, size=(24, 32)):
        self.delay, self.size = delay, size
        self.broken = None
        self.dark = self.frozen = False
        self.stuck = threading.Event()
        self.spoil = None
        self.opened = self.asked = 0
        self._rng = np.random.default_rng(0)
        self._picture = self._rng.integers(0, 255, (*size, 3), dtype=np.uint8)

    def connect(self):
        self.opened += 1

    def frame(self):
        self.asked += 1
        stamp = time.monotonic()
        time.sleep(self.delay)
        while self.stuck.is_set():
            time.sleep(0.005)
        if self.broken is not None:
            raise self.broken
        if not self.frozen:
            self._picture = self._rng.integers(0, 255, (*self.size, 3), dtype=np.uint8)
        picture = np.zeros_like(self._picture) if self.dark else self._picture
        return Frame(picture if self.spoil is None else self.spoil(picture), stamp)

    def close(self):
        self.opened -= 1
