"""A wish to end is taken down; the second one is obeyed at once."""

from __future__ import annotations

import os
import signal

import pytest

from zprl_env.training.run.interruption import Interrupted, Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_is_a_wish_and_the_second_an_order(number):
    said: list[str] = []
    before = signal.getsignal(number)
    with Interruption(said.append) as interruption:
        interruption.check()
        os.kill(os.getpid(), number)
        assert interruption.requested
        assert said == ["Ending as soon as nothing is half done; once more ends at once."]
        with pytest.raises(Interrupted):
            interruption.check()
        with pytest.raises(KeyboardInterrupt) as info:
            os.kill(os.getpid(), number)
        assert not isinstance(info.value, Interrupted)
    assert signal.getsignal(number) == before
