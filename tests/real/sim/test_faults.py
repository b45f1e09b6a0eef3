"""What goes wrong in an episode begins, lasts and happens as often as it was said to."""

from __future__ import annotations

import math

import numpy as np
import pytest

from real.sim.faults import Fault, FaultSchedule
from zprl_env.errors import ConfigurationError, UnknownNameError


def drawn(*faults, seed=0, now=10.0):
    schedule = FaultSchedule(faults)
    schedule.draw(np.random.default_rng(seed), now)
    return schedule


def test_a_fault_counts_from_the_laying_out_and_ends_with_its_duration():
    schedule = drawn(Fault("reject", after=1.0, duration=0.5))
    times = (10.0, 10.999, 11.0, 11.499, 11.5, 20.0)
    assert [schedule.active("reject", t) for t in times] == [False, False, True, True, False, False]


def test_without_a_duration_it_lasts_and_other_kinds_are_not_there():
    schedule = drawn(Fault("stale"))
    assert schedule.active("stale", 1e9)
    assert not any(schedule.active(kind, 11.0) for kind in ("freeze", "disconnect", "reject"))


def test_before_the_first_episode_nothing_goes_wrong():
    assert not FaultSchedule([Fault("freeze")]).active("freeze", 0.0)


def test_each_of_several_faults_of_a_kind_counts():
    schedule = drawn(Fault("freeze", after=1.0, duration=1.0), Fault("freeze", after=3.0))
    assert [schedule.active("freeze", t) for t in (11.5, 12.5, 13.5)] == [True, False, True]


def test_the_next_episode_draws_anew_and_forgets_what_was_injected():
    schedule = drawn(Fault("freeze", duration=1.0))
    schedule.begin("reject", now=10.2, duration=math.inf)
    assert schedule.active("reject", 10.3)
    schedule.draw(np.random.default_rng(0), now=50.0)
    assert not schedule.active("reject", 50.5)
    assert not schedule.active("freeze", 10.5)
    assert schedule.active("freeze", 50.5)


def test_it_happens_in_its_share_of_the_episodes():
    rng, schedule = np.random.default_rng(0), FaultSchedule([Fault("stale", probability=0.3)])
    happened = 0
    for _ in range(2000):
        schedule.draw(rng, now=0.0)
        happened += schedule.active("stale", 0.0)
    assert happened / 2000 == pytest.approx(0.3, abs=3 * math.sqrt(0.3 * 0.7 / 2000))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"after": -0.1}, "after must be at least 0. Got: -0.1"),
        ({"after": math.nan}, "after must be at least 0. Got: nan"),
        ({"duration": 0.0}, "duration must be above 0. Got: 0.0"),
        ({"probability": 1.1}, "probability must lie in .0, 1.. Got: 1.1"),
    ],
)
def test_what_cannot_be_is_refused(settings, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        Fault("freeze", **settings)


def test_a_kind_that_is_none_is_named():
    with pytest.raises(UnknownNameError, match="unknown fault 'freze'; did you mean 'freeze'"):
        Fault("freze")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="unknown fault 'explode'"):
        FaultSchedule().begin("explode", 0.0, 1.0)  # type: ignore[arg-type]
