"""A wish to end is taken down; the second one is obeyed at once."""

from __future__ import annotations

import os
import signal
import time

import pytest

from policies.commands.signals import ECHO
from zprl_env.training.run.interruption import Interrupted, Interruption


@pytest.mark.usefixtures("_as_in_a_terminal")
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
        if number != signal.SIGINT:
            os.kill(os.getpid(), number)  # an echo, as of a terminal that goes away
            time.sleep(ECHO)
        with pytest.raises(KeyboardInterrupt) as info:
            os.kill(os.getpid(), number)
        assert not isinstance(info.value, Interrupted)
    assert signal.getsignal(number) == before
