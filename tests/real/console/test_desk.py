"""A word said at the desk has its effect on arms that fly on in silence, and its end has none."""

from __future__ import annotations

import time

import h5py
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from real.console.desk import Desk, SaidNothingError
from real.console.line import Line, address
from real.env import RealRobotEnv
from real.network.lease import CommandRefusedError
from real.operators import Event, ScriptedOperator
from real.people.teleoperator import TeleoperatorError
from real.recording.writer import EpisodeRecorder
from real.tasks.layout import ActionLayout
from tests.real.console.conftest import PRESET, SLOW, LiveArm, Trainer
from zprl_env import ActionChunkWrapper
from zprl_env.errors import ConfigurationError
from zprl_env.training.agents.replay import ChunkReplayBuffer
from zprl_env.training.run.history import History

LAYOUT = ActionLayout(PRESET)
STILL = LAYOUT.action(LAYOUT.home, LAYOUT.home).astype(np.float32)


@pytest.fixture(scope="module")
def trainer(until):
    desk = Desk({"task": "place-orange"}).open()
    trainer = Trainer(desk, teleoperator="console")
    until(lambda: desk.shown()["phase"] == "waiting")
    yield trainer
    trainer.close()
    desk.close()


@pytest.fixture
def desk(trainer, until):
    """The desk, once an episode is under way and the arm moves."""
    desk = trainer.desk
    desk.lease.leave(desk.lease.holder or "")
    until(lambda: going_on(trainer))
    return desk


def going_on(trainer):
    """Answer what is asked, until an episode is under way and the arm moves."""
    words = trainer.desk.words
    if words.asked is not None:
        words.say(words.asked[0])
        time.sleep(0.05)
    return trainer.desk.shown()["phase"] == "running" and trainer.robot.speed > SLOW


def test_a_stop_is_in_force_before_it_is_answered_and_lasts(trainer, desk, until):
    answer = desk.stop()
    assert answer["latched"]
    assert answer["seconds"] < 0.5
    until(lambda: trainer.robot.speed == 0.0, 0.5)
    shown = desk.shown()
    assert shown["stop"] == {"source": "operator", "reason": "the operator stopped the arms"}
    number = len(trainer.robot.commands)
    time.sleep(0.2)
    assert len(trainer.robot.commands) == number
    assert desk.shown()["asked"]["word"] == "release"


def test_a_pause_holds_the_arm_and_going_on_does_not(trainer, desk, until):
    desk.say("pause", "a")
    until(lambda: trainer.robot.speed == 0.0)
    assert desk.shown()["phase"] == "paused"
    desk.say("resume", "a")
    until(lambda: trainer.robot.speed > SLOW)


@pytest.mark.parametrize("word", ["success", "failure", "abort"])
def test_a_verdict_ends_the_episode_and_may_be_changed_until_the_next(trainer, desk, until, word):
    ended = len(trainer.ends)
    desk.say(word, "a")
    until(lambda: len(trainer.ends) > ended)
    assert trainer.ends[-1]["outcome"]["outcome"] == word
    until(lambda: desk.changeable and desk.shown()["asked"])
    desk.say("failure", "a")
    until(lambda: trainer.ends[-1]["outcome"]["outcome"] == "failure")
    assert desk.shown()["episodes"][-1]["outcome"] == "failure"


def test_an_earlier_episode_can_be_judged_anew_while_another_one_is_under_way(trainer, desk, until):
    ended = len(trainer.ends)
    desk.say("success", "a")
    until(lambda: len(trainer.ends) > ended)
    number = desk.board.number
    until(lambda: going_on(trainer) and desk.board.number > number)
    desk.judge(number, "failure", "a")
    assert trainer.ends[ended]["outcome"] == {"outcome": "failure", "before": "success"}
    one = next(one for one in desk.shown()["episodes"] if one["number"] == number)
    assert (one["outcome"], one["before"]) == ("failure", "success")
    assert desk.board.running
    for wrong, word in ((number + 1, "success"), (number + 9, "success"), (number, "pause")):
        with pytest.raises(SaidNothingError, match="must be"):
            desk.judge(wrong, word, "a")
    with pytest.raises(CommandRefusedError):
        desk.judge(number, "success", "b")


def test_what_is_judged_anew_is_so_in_recording_replay_and_history(tmp_path):
    desk, operator = Desk(), ScriptedOperator()
    recorder, history = EpisodeRecorder(tmp_path / "day.hdf5"), History()
    env = RealRobotEnv(PRESET, driver="ideal", operator=operator, recorder=recorder, console=desk)
    envs = DummyVecEnv([lambda: ActionChunkWrapper(env, n_action_steps=2)])
    spaces = envs.observation_space, envs.action_space
    buffer = ChunkReplayBuffer(20, *spaces, "cpu", gamma=0.9)

    def decide(seen):
        """Take a decision, and store what Stable-Baselines3 hands on: copies."""
        action = np.zeros((1, *spaces[1].shape), np.float32)
        after, reward, done, infos = envs.step(action)
        buffer.add(seen, after, action, reward, done, infos)
        history.env_steps += 2
        if done[0]:
            history.note_end(infos[0])
        return after

    seen = envs.reset()
    for word in (Event.SUCCESS, Event.FAILURE, Event.SUCCESS):
        seen = decide(seen)
        operator.say(word)
        seen = decide(seen)
    seen = decide(seen)
    desk.judge(1, "failure", "a")
    desk.judge(2, "success", "a")
    desk.judge(3, "take back", "a")
    decide(seen)
    envs.close()

    ends = buffer.dones[:, 0] > 0
    assert buffer.rewards[ends, 0].tolist() == pytest.approx([0.0, 1.0, 0.0], abs=1e-6)
    assert buffer.timeouts[ends, 0].tolist() == [0.0, 0.0, 1.0]
    history.follow_verdicts()
    assert history.episode_successes == [False, True]
    assert history.not_counted == {"abort": 1}
    assert desk.shown()["outcomes"] == {"failure": 1, "success": 1, "abort": 2}
    with h5py.File(recorder.path) as file:
        masks = {name: [one.decode() for one in rows[()]] for name, rows in file["mask"].items()}
        assert file["data/demo_0"].attrs["outcome_before"] == "success"
    assert (masks["failure"], masks["success"]) == (["demo_0"], ["demo_1"])
    assert masks["abort"] == ["demo_2", "demo_3"]


def test_a_repeated_scene_comes_again(trainer, desk, until):
    seed, ended = trainer.seeds[-1], len(trainer.ends)
    desk.say("repeat", "a")
    until(lambda: len(trainer.ends) > ended and desk.words.asked)
    desk.say("ready", "a")
    until(lambda: desk.board.running)
    assert trainer.seeds[-1] == seed


def test_the_stick_moves_the_arm_and_its_end_holds_it(trainer, desk, until):
    desk.take(True, "a")
    until(lambda: trainer.infos[-1]["takeover"]["by"] == "person")
    until(lambda: trainer.robot.speed == 0.0)
    before, sent = trainer.robot.here.copy(), 0.0
    while trainer.robot.here[2] - before[2] < 0.02:
        desk.hands.move("a", sent := sent + 0.02, 0, [0.0, 0.0, 1.0, 0.0, 0.0, 0.0], 0.0)
        time.sleep(0.02)
    assert np.abs((trainer.robot.here - before)[:2]).max() < 1e-3
    assert trainer.robot.opening < 1.0
    until(lambda: trainer.robot.speed == 0.0)  # nobody's hand is heard any more
    time.sleep(0.3)
    assert (
        trainer.infos[-1]["takeover"] | {"by": "person", "silent": True}
        == trainer.infos[-1]["takeover"]
    )
    desk.take(False, "a")
    until(lambda: trainer.infos[-1]["takeover"]["by"] == "policy")


def test_words_are_of_one_page_and_a_stop_of_all(desk):
    desk.say("pause", "a")
    with pytest.raises(CommandRefusedError, match="are of a"):
        desk.say("resume", "b")
    with pytest.raises(CommandRefusedError):
        desk.take(True, "b")
    assert desk.stop()["latched"]


def test_words_that_are_none_or_mean_nothing_now_are_refused(desk):
    with pytest.raises(SaidNothingError, match="must be one of"):
        desk.say("faster", "a")
    with pytest.raises(SaidNothingError, match="not stopped"):
        desk.say("release", "a")


def test_a_line_is_answered_and_its_end_changes_nothing(trainer, desk, until):
    line = Line(address())
    shown, _ = line.ask(ask="shown")
    assert (shown["phase"], len(shown["arms"]), len(shown["plan"][0][0])) == ("running", 1, 4)
    line.ask(ask="pictures")
    until(lambda: line.ask(ask="pictures")[1])
    assert "refused" in line.ask(ask="everything")[0]
    assert "refused" in line.ask(ask="stick", page="a", arm=0)[0]
    assert line.ask(ask="alive", page="b")[0]["holder"] != "b"
    assert line.ask(ask="claim", page="b")[0] == {"holder": "b"}
    steps = len(trainer.infos)
    line.close()
    until(lambda: len(trainer.infos) > steps + 10)
    assert desk.shown()["phase"] == "running"


def test_without_a_console_its_operator_and_stick_are_refused():
    with pytest.raises(ConfigurationError, match="Give --console"):
        RealRobotEnv(PRESET, driver="ideal", operator="console")
    with pytest.raises(TeleoperatorError, match="Give --console"):
        RealRobotEnv(PRESET, driver="ideal", teleoperator="console")


def test_two_environments_of_one_arm_share_a_desk_and_a_word_is_of_the_one_that_acts():
    desk, robot = Desk(), LiveArm(PRESET)
    envs = [
        RealRobotEnv(PRESET, driver=robot, operator=ScriptedOperator(), console=desk)
        for _ in range(2)
    ]
    try:
        for env in (*envs, envs[0]):
            env.reset(seed=0)
        envs[0].step(STILL)
        desk.words.say(Event.FAILURE)
        time.sleep(0.1)  # in which a thread beside the idle one might have heard it
        *_, ended, _, info = envs[0].step(STILL)
        assert (ended, info["outcome"]["outcome"]) == (True, "failure")
    finally:
        for env in envs:
            env.close()
