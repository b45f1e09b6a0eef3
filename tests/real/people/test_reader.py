"""A device that blocks keeps nobody waiting; one that hangs grows silent."""

from __future__ import annotations

import threading
import time

import pytest

from real.people.reader import ThreadedTeleoperator
from real.people.scripted import ScriptedTeleoperator
from real.people.teleoperator import Input
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")


class Slow(ScriptedTeleoperator):
    """Takes its time, hangs or fails."""

    hangs = False
    error: Exception | None = None
    begun = 0

    def __init__(self, preset):
        super().__init__(preset)
        self.go_on = threading.Event()

    def begin(self, preset):
        self.begun += 1

    def read(self, now):
        if self.hangs:
            self.go_on.wait(30.0)
        if self.error is not None:
            raise self.error
        time.sleep(0.02)
        return super().read(now)


@pytest.fixture
def device():
    device = Slow(PRESET)
    yield device
    device.go_on.set()


def test_the_newest_word_is_at_hand_at_once(device, until):
    threaded = ThreadedTeleoperator(device)
    assert threaded.read(0.0).stamp == float("-inf")
    threaded.connect()
    device.says = Input(0.0, mine=True)
    until(lambda: threaded.read(0.0).mine)
    assert time.monotonic() - threaded.read(0.0).stamp < 5.0
    threaded.begin(PRESET)
    assert device.begun == 1
    threaded.close()
    assert not device.connected


def test_one_that_hangs_says_nothing_new(device, until):
    threaded = ThreadedTeleoperator(device)
    threaded.connect()
    until(lambda: threaded.read(0.0).stamp > 0.0)
    device.hangs = True
    time.sleep(0.1)
    stamp = threaded.read(0.0).stamp
    time.sleep(0.1)
    assert threaded.read(0.0).stamp == stamp
    device.go_on.set()
    threaded.close()


def test_its_error_is_told_until_it_answers_again(device, until):
    threaded = ThreadedTeleoperator(device)
    threaded.connect()
    device.error = OSError("unplugged")

    def told():
        try:
            threaded.read(0.0)
        except OSError as error:
            return str(error)

    assert until(told) == "unplugged"
    device.error = None
    until(lambda: told() is None)
    threaded.close()
