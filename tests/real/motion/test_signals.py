"""A signal becomes an exception, once the command that is being made has been sent."""

from __future__ import annotations

import os
import signal

import pytest

from policies.commands.signals import undivided
from real.motion.signals import stopping_on_signals


@pytest.mark.usefixtures("_as_in_a_terminal")
@pytest.mark.parametrize(
    ("number", "error"),
    [
        (signal.SIGINT, KeyboardInterrupt),
        (signal.SIGTERM, SystemExit),
        (signal.SIGHUP, SystemExit),
    ],
)
def test_a_signal_waits_for_what_is_undivided_and_a_second_one_does_not(number, error):
    before, done = signal.getsignal(number), []

    def send(times, what):
        with undivided():
            for _ in range(times):
                os.kill(os.getpid(), number)
            done.append(what)

    with stopping_on_signals():
        with pytest.raises(error):
            send(1, "one")
        with pytest.raises(error):
            send(2, "never")
        with pytest.raises(error):
            os.kill(os.getpid(), number)
    assert done == ["one"]
    assert signal.getsignal(number) == before


def test_handlers_that_somebody_has_put_there_are_left_alone():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("theirs"))
    try:
        with stopping_on_signals():
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard == ["theirs"]
    finally:
        signal.signal(signal.SIGTERM, before)
