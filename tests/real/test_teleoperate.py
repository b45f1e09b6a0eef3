"""Demonstrations by a person are a recording as any other, with what was discarded apart."""

from __future__ import annotations

import pytest

from policies.demonstrations import Demonstrations
from real.operators import Event, ScriptedOperator
from real.teleoperate import Teleoperate, teleoperate
from zprl_env.errors import ZprlError


def settings(tmp_path, **changes):
    usual = {"teleoperator": "expert", "teleoperator_kwargs": ("skill=1.0",), "episodes": 1}
    return Teleoperate(out=tmp_path / "people.hdf5", **{**usual, **changes})


def test_a_scripted_person_records_demonstrations(tmp_path):
    told = settings(tmp_path)
    assert teleoperate(told) == {"success": 1}
    shown = Demonstrations.load(told.out, mask="by_person")
    assert [t.success for t in shown.trajectories] == [True]
    assert shown.trajectories[0].actions.shape[1] == 8
    assert not (shown.trajectories[0].actions == 0.0).all(axis=1).any()


def test_what_is_discarded_does_not_count_and_is_repeated(tmp_path, monkeypatch):
    operator = ScriptedOperator()
    words = iter([Event.REPEAT, Event.SUCCESS, Event.ABORT, Event.FAILURE])

    def poll(clock=[0]):  # noqa: B006
        clock[0] += 1
        said = ScriptedOperator.poll(operator)
        return [*said, *([next(words)] if clock[0] % 150 == 0 else [])]

    operator.poll = poll  # type: ignore[method-assign]
    monkeypatch.setattr("real.env.make_operator", lambda *_: operator)
    kwargs = ("realtime=false",)
    told = settings(tmp_path, driver="ideal", driver_kwargs=kwargs, episodes=2)
    assert teleoperate(told) == {"success": 1, "failure": 1, "discarded": 2}
    shown = Demonstrations.load(told.out, mask="judged")
    assert [t.success for t in shown.trajectories] == [True, False]


def test_a_person_at_a_simulated_arm_has_real_time(tmp_path):
    told = settings(tmp_path, teleoperator="keyboard", teleoperator_kwargs=())
    assert told.settings() == {"realtime": True}
    assert settings(tmp_path).settings() == {}
    assert settings(tmp_path, driver="serl", url="http://a", teleoperator="gamepad").settings() == {
        "url": "http://a"
    }


@pytest.mark.parametrize("wrong", [{"episodes": 0}, {"episode_steps": 0}])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(ZprlError, match="must be at least 1"):
        settings(tmp_path, **wrong)
