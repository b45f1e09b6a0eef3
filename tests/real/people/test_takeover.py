"""The arms change hands without a jump, and silence gives them to nobody."""

from __future__ import annotations

from contextlib import nullcontext

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import SAC
from stable_baselines3.common.buffers import ReplayBuffer

from real.env import RealRobotEnv
from real.operators import ScriptedOperator
from real.people.scripted import ScriptedTeleoperator
from real.people.teleoperator import Input, TeleoperatorError
from real.tasks.coordinates import coordinates_of
from real.tasks.files import load_preset
from tests.helpers.robots.checks import Witness, violations
from zprl_env import ActionChunkWrapper, LatentSteeringWrapper
from zprl_env.envs.takeover import TAKEOVER
from zprl_env.errors import SimulationError
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.replay import ChunkReplayBuffer

PRESET = load_preset("place-orange")
GAMMA = {"gamma": 0.99}
AWAY = np.array([0.2, 0.3, -0.2, 0.0, 1.0, 0.1, 0.0, -1.0], np.float32)
MINE = Input(0.0, mine=True)
SIDEWAYS = MINE._replace(rate=np.array([[0.0, -1.0, 0.0, 0.0, 0.0, 0.0]]))


class Person(ScriptedTeleoperator):
    """Says what it is told to; `old` makes it older, and `fails` breaks the device."""

    old, fails = 0.0, None

    def read(self, now):
        if self.fails is not None:
            raise self.fails
        said = super().read(now)
        return said._replace(stamp=now - self.old)


@pytest.fixture
def robot():
    return Witness(PRESET)


@pytest.fixture
def person():
    return Person(PRESET)


@pytest.fixture
def env(robot, person):
    env = RealRobotEnv(PRESET, driver=robot, operator=ScriptedOperator(), teleoperator=person)
    env.reset(seed=0)
    for _ in range(10):
        env.step(AWAY)  # under way at its largest speed
    yield env
    env.close()
    for stretch in robot.stretches:
        assert violations(stretch, PRESET) == []


def by(info):
    return info[TAKEOVER]["by"]


def steps(env, count, action=AWAY):
    return [env.step(action)[-1] for _ in range(count)]


def sent(robot):
    return coordinates_of(PRESET).of(robot.stretches[-1][-1])


def test_taken_in_motion_the_arm_brakes_and_goes_back_nowhere(env, robot, person):
    person.says = MINE
    first = env.step(AWAY)[-1]
    assert by(first) == "policy"  # the step ends where the hand came
    begun = len(robot.stretches[-1])
    assert {by(info) for info in steps(env, 30)} == {"person"}
    way = np.array([command.position[0] for command in robot.stretches[-1][begun:]])
    ahead = np.diff(way @ (way[-1] - way[0]))
    assert (ahead > -1e-9).all()  # no way back
    assert np.abs(way[-1] - way[-2]).max() < 1e-6


def test_the_step_under_way_ends_where_the_hand_comes(env, robot, person):
    env.takeover._read_at = -1.0  # heard at this very moment as well
    person.says = MINE
    before = len(robot.stretches[-1])
    env.step(AWAY)
    assert len(robot.stretches[-1]) - before in (1, PRESET.ticks)


def test_it_is_given_back_where_the_person_left_it(env, robot, person):
    person.says = SIDEWAYS
    steps(env, 15)
    person.says = MINE
    steps(env, 20)
    at_rest = sent(robot)
    person.says = Input(0.0)
    epoch = env.epoch
    info = env.step(AWAY)[-1]
    assert (by(info), env.epoch - epoch) == ("person", 1)  # the chunk is dropped
    np.testing.assert_allclose(sent(robot), at_rest, atol=1e-6)
    assert by(env.step(AWAY)[-1]) == "policy"
    first = np.abs(sent(robot) - at_rest)[0, :3].max()
    assert first < 1e-3  # from rest, by the limits on jerk


def test_relative_actions_go_on_from_where_the_person_left_the_arm(robot, person):
    delta = PRESET.model_copy(
        update={
            "action": ("position_delta", "rotation_delta", "gripper"),
            "action_scale": PRESET.action_scale.model_copy(update={"position": 0.02}),
        }
    )
    env = RealRobotEnv(delta, driver=robot, operator=ScriptedOperator(), teleoperator=person)
    env.reset(seed=0)
    onwards = np.array([0.0, 0.4, 0, 0, 0, 0, 1], np.float32)
    steps(env, 10, onwards)
    person.says = SIDEWAYS
    asked = [info[TAKEOVER]["action"] for info in steps(env, 20, onwards)[1:]]
    assert max(np.abs(action[:3]).max() for action in asked) <= 0.6  # not a jump among them
    person.says = MINE
    steps(env, 20, onwards)
    here = sent(robot)
    person.says = Input(0.0)
    steps(env, 2, np.zeros(7, np.float32))
    steps(env, 30, np.array([0, 0, 0, 0, 0, 0, 1], np.float32))
    np.testing.assert_allclose(sent(robot)[:, :6], here[:, :6], atol=1e-6)
    env.close()


@pytest.mark.parametrize(
    ("old", "fails"),
    [(0.3, None), (0.0, RuntimeError("unplugged")), (np.nan, None), (-1.7e9, None)],
)
def test_a_silent_device_holds_the_arm_and_never_gives_it_back(
    env, robot, person, old, fails, capsys
):
    person.says = SIDEWAYS
    steps(env, 10)
    person.old, person.fails = old, fails
    person.says = Input(0.0)  # which nobody hears
    infos = steps(env, 60)
    assert {by(info) for info in infos} == {"person"}
    assert all(info[TAKEOVER]["silent"] for info in infos)
    said = capsys.readouterr().err
    assert said.count("fails: RuntimeError: unplugged") == (fails is not None)  # once
    if fails is not None:
        assert infos[-1][TAKEOVER]["device"] == "RuntimeError: unplugged"
    held = sent(robot)
    steps(env, 5)
    np.testing.assert_array_equal(sent(robot), held)
    person.old, person.fails, person.says = 0.0, None, SIDEWAYS
    steps(env, 5)
    assert sent(robot)[0, 1] < held[0, 1]
    person.says = Input(0.0)
    assert by(steps(env, 3)[-1]) == "policy"


def test_a_silent_device_takes_nothing(env, person):
    person.says, person.old = SIDEWAYS, 0.3
    assert {by(info) for info in steps(env, 10)} == {"policy"}


@pytest.mark.parametrize("wrong", [np.full((1, 6), np.nan), np.zeros((2, 6)), "left"])
def test_an_input_that_is_none_is_silence(env, person, wrong):
    person.says = MINE._replace(rate=wrong)
    assert {by(info) for info in steps(env, 3)} == {"policy"}


def test_an_episode_begins_with_the_policy_and_buttons_are_words(env, person):
    person.says = MINE
    steps(env, 5)
    person.says = Input(0.0, buttons=frozenset({"success", "nonsense"}))
    env.step(AWAY)
    *_, terminated, _, info = env.step(AWAY)
    assert (terminated, info["outcome"]["outcome"]) == (True, "success")
    person.says = Input(0.0)
    env.reset(seed=1)
    info = env.step(AWAY)[-1]
    assert (by(info), info[TAKEOVER]["helped"]) == ("policy", False)


def test_a_button_that_is_held_is_one_word(env, person):
    person.says = Input(0.0, buttons=frozenset({"ready"}))
    said = [word for info in steps(env, 4) for word in info["operator"]]
    person.says = Input(0.0)
    steps(env, 2)
    person.says = Input(0.0, buttons=frozenset({"ready"}))
    said += [word for info in steps(env, 4) for word in info["operator"]]
    assert said == ["ready", "ready"]


def test_of_the_buttons_that_are_down_when_it_is_heard_again_a_stop_alone_is_a_word(env, person):
    person.old = 0.3
    steps(env, 3)
    person.says, person.old = Input(0.0, buttons=frozenset({"success", "ready"})), 0.0
    assert not any(info["operator"] for info in steps(env, 3))
    person.old = 0.3
    steps(env, 3)
    person.says, person.old = Input(0.0, buttons=frozenset({"success", "stop"})), 0.0
    *_, terminated, truncated, info = env.step(AWAY)
    assert (terminated, truncated) == (False, True)
    assert info["safety"]["stop_source"] == "operator"


def test_a_stop_holds_whoever_has_the_arms(env, robot, person):
    person.says = SIDEWAYS
    steps(env, 5)
    person.says = SIDEWAYS._replace(buttons=frozenset({"stop"}))
    *_, truncated, info = env.step(AWAY)
    assert truncated
    assert info["safety"]["stop_source"] == "operator"


def test_without_a_policy_nothing_but_the_person_moves_the_arm(robot, person):
    env = RealRobotEnv(
        PRESET,
        driver=robot,
        operator=ScriptedOperator(patience=5.0),
        teleoperator=person,
        teleoperator_alone=True,
    )
    env.reset(seed=0)
    home = sent(robot)
    steps(env, 5)
    np.testing.assert_array_equal(sent(robot), home)
    person.says = SIDEWAYS._replace(mine=False)  # a rate needs no clutch here
    assert by(steps(env, 5)[-1]) == "person"
    assert sent(robot)[0, 1] < home[0, 1]
    env.close()


def test_an_episode_begins_when_the_person_moves(robot, person):
    env = RealRobotEnv(
        PRESET,
        driver=robot,
        operator=ScriptedOperator(patience=5.0),
        teleoperator=person,
        teleoperator_alone=True,
    )
    env.reset(seed=0)
    began = robot.clock.now()
    env.await_motion()
    assert robot.clock.now() - began == pytest.approx(5.0, abs=0.1)  # nobody did
    person.says = SIDEWAYS
    began = robot.clock.now()
    env.await_motion()
    assert robot.clock.now() - began < 0.05
    env.close()


def test_a_device_that_is_not_there_is_told_before_anything_moves(robot):
    class Missing(Person):
        def connect(self):
            raise TeleoperatorError("It must be there. Got: nothing.")

    with pytest.raises(TeleoperatorError, match="must be there"):
        RealRobotEnv(PRESET, driver=robot, operator=ScriptedOperator(), teleoperator=Missing)
    assert not robot.stamps


def test_a_person_is_no_replay(env):
    assert not env.replayable


def test_a_wrapper_that_loses_who_acted_is_told_before_anything_is_learned_from_it(env):
    class Loses(gym.Wrapper):
        def step(self, action):
            *row, info = self.env.step(action)
            return *row, {"is_success": info["is_success"]}

    twice = np.tile(AWAY, (2, 1))
    lost, whole = ActionChunkWrapper(Loses(env), 2), ActionChunkWrapper(env, 2)
    lost.reset(seed=0)
    with pytest.raises(SimulationError, match="Got: 2 of 2 steps that do not"):
        lost.step(twice)
    whole.reset(seed=0)
    assert whole.step(twice)[-1][TAKEOVER].whose == "policy"


@pytest.mark.parametrize(("buffer", "kwargs"), [(ReplayBuffer, {}), (ChunkReplayBuffer, GAMMA)])
def test_a_replay_buffer_that_would_store_a_person_s_doing_as_the_agent_s_is_warned_of(
    buffer, kwargs
):
    robot = RealRobotEnv("place-orange", driver="ideal", teleoperator="expert")
    env = LatentSteeringWrapper(robot, LinearPolicy(19, 8, horizon=16), scale=0.5)
    memory = {"replay_buffer_class": buffer, "replay_buffer_kwargs": kwargs, "buffer_size": 100}
    model = SAC("MlpPolicy", env, learning_starts=100, **memory)
    told = pytest.warns(UserWarning, match="nobody asked whose they were")
    with told if buffer is ReplayBuffer else nullcontext():
        model.learn(60)
    env.close()
