"""The beat goes on beside whoever decides, and ends when it should."""

from __future__ import annotations

import threading
import time

import gymnasium as gym
import pytest

from zprl_env.ahead.beat import Beat

LONG = 5.0
"""Time after which a test has failed [s]."""


class Timed(gym.Env):
    """An environment whose time passes by itself, and that can be held."""

    in_real_time = True
    metadata = {"render_fps": 20}  # noqa: RUF012

    def __init__(self):
        self.turn, self.epoch = threading.RLock(), 0
        self.executed, self.holds = [], 0
        self.held = threading.Event()

    def hold(self):
        time.sleep(0.005)
        self.holds += 1
        self.held.set()
        return True


def executing(env, *actions, gate=None):
    """Work that executes actions, each in its turn, and waits for a gate within the first."""

    def work(turn):
        for action in actions:
            with turn() as mine:
                if not mine:
                    return
                if gate is not None:
                    assert gate.wait(LONG)
                env.executed.append((action, threading.current_thread().name))

    return work


def test_in_simulated_time_nothing_is_executed_before_the_next_decision_is_there():
    env = Timed()
    env.in_real_time = False
    beat = Beat(env, ahead=True)
    beat.begin(executing(env, 1, 2))
    time.sleep(0.05)
    assert env.executed == []
    beat.finish()
    main = threading.current_thread().name
    assert env.executed == [(1, main), (2, main)]
    assert (beat.held, env.holds) == (0, 0)


def test_in_real_time_it_is_executed_meanwhile_and_then_held():
    env = Timed()
    beat = Beat(env, ahead=True)
    with beat.spent.by("policy"):
        pass
    before = time.monotonic()
    beat.begin(executing(env, 1, 2))
    began = time.monotonic() - before  # on a busy machine longer than the policy would take
    with beat.spent.by("policy"):
        assert env.held.wait(LONG)
        time.sleep(0.1 + 2.0 * began)
    beat.finish()
    assert [action for action, _ in env.executed] == [1, 2]
    assert {name for _, name in env.executed} == {"beat"}
    assert beat.held >= 1
    assert 0.0 < beat.late < LONG
    assert beat.spent.most[0] == "policy"
    before = env.holds
    time.sleep(0.03)
    assert env.holds == before  # nothing goes on after the decision


def test_time_that_no_policy_took_is_the_learner_s():
    env = Timed()
    beat = Beat(env, ahead=True)
    beat.begin(executing(env, 1))
    assert env.held.wait(LONG)
    beat.finish()
    assert beat.spent.most[0] == "learner"


def test_a_decision_that_is_in_time_is_not_held_for():
    env, gate = Timed(), threading.Event()
    beat = Beat(env, ahead=True)
    beat.begin(executing(env, 1, gate=gate))
    threading.Timer(0.05, gate.set).start()
    beat.finish()  # waits for the action
    assert (len(env.executed), beat.held, beat.late) == (1, 0, 0.0)


def test_what_is_dropped_is_not_executed_any_more():
    env, gate = Timed(), threading.Event()
    beat = Beat(env, ahead=True)
    beat.begin(executing(env, 1, 2, gate=gate))
    threading.Timer(0.05, gate.set).start()
    beat.drop()  # waits for the action that is under way
    assert len(env.executed) <= 1
    assert env.holds == 0
    beat.begin(None)
    beat.finish()


@pytest.mark.parametrize("in_real_time", [True, False])
def test_another_epoch_makes_the_rest_stale(in_real_time):
    env, gate = Timed(), threading.Event()
    env.in_real_time = in_real_time
    beat = Beat(env, ahead=True)
    beat.begin(executing(env, 1, 2, 3, gate=gate))
    env.epoch += 1  # a stop, a takeover
    gate.set()
    beat.finish()
    assert len(env.executed) <= (1 if in_real_time else 0)
    assert beat.is_stale
    assert env.holds == 0
    beat.begin(executing(env, 4))
    assert not beat.is_stale
    beat.drop()


def test_what_fails_meanwhile_is_raised_where_the_next_decision_arrives():
    def work(turn):
        raise ValueError("a driver's defect")

    beat = Beat(Timed(), ahead=True)
    beat.begin(work)
    with pytest.raises(ValueError, match="a driver's defect"):
        beat.finish()
    beat.begin(None)
    beat.finish()


def test_nothing_is_stale_where_all_stand_still_for_a_decision():
    env = Timed()
    beat = Beat(env, ahead=False)
    beat.begin(None)
    env.epoch += 1
    beat.finish()
    assert not beat.is_stale
