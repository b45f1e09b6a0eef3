"""Decisions of people enter a replay buffer as the perturbations that express them, or not."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import PPO, SAC

from zprl_env import LatentSteeringWrapper
from zprl_env.envs.outcomes import OUTCOME
from zprl_env.envs.takeover import TAKEOVER, Hands
from zprl_env.errors import ConfigurationError, ZprlError
from zprl_env.steering.action import ActionSteering
from zprl_env.steering.latent import LatentSteering
from zprl_env.steering.noise import NoiseSteering
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.replay import BY_PERSON, CUT, ChunkReplayBuffer
from zprl_env.training.agents.takeover import Corrections, learn_from_people
from zprl_env.training.run.replay_file import load_replay, save_replay

POLICY = LinearPolicy(observation_dim=3, action_dim=2)
STEERING = LatentSteering(POLICY, scale=1.0, observation_dim=3, noise="zero")
SIZE, N, GAMMA = 5, 2, 0.9
DZ = np.array([0.5, -0.25], np.float32)


def buffer(corrections=True, unexplained=0.05, steering=STEERING, size=20):
    space = steering.observation_space
    made = ChunkReplayBuffer(
        size, space, steering.action_space, device="cpu", n_envs=1, gamma=GAMMA, n_steps=3
    )
    if corrections:
        made.corrections = Corrections(steering, unexplained)
    return made


class Story:
    """An episode told decision by decision, each beginning where the last one ended."""

    def __init__(self, replay):
        self.replay, self.at = replay, 0

    def seen(self, at):
        latent = np.array([0.1 * at, -0.1])
        return np.concatenate([np.full(3, float(at)), latent])[None].astype(np.float32)

    def decide(self, who, *, taken=False, done=False, reward=0.0, off=0.0, dz=DZ, **info):
        before, after = self.seen(self.at), self.seen(self.at + 1)
        dz = np.array(dz, np.float32)[None] if who == "person" else np.zeros((1, 2), np.float32)
        noise = np.zeros((1, POLICY.horizon, 2), np.float32)
        chunk, _ = STEERING.decode(POLICY.decode, dz, before[:, -2:], noise)
        steps = info.pop("steps", N)
        by = {"person": [True] * steps, "policy": [False] * steps, "both": [False, True]}[who]
        hands = Hands(np.array(by), chunk[0, :steps] + off, taken, helped=True)
        told = {"env_steps": steps, TAKEOVER: hands, "is_success": reward > 0, **info}
        done = np.array([done])
        stored = np.full((1, 2), 0.7, np.float32)  # what Stable-Baselines3 believes was done
        self.replay.add(before, after, stored, np.array([reward]), done, [told])
        self.at += 1


def told(replay):
    size = replay.size()
    return [
        (int(m), bool(d), bool(t))
        for m, d, t in zip(
            replay.marks[:size, 0], replay.dones[:size, 0], replay.timeouts[:size, 0], strict=True
        )
    ]


def test_the_agents_trajectory_ends_where_the_hand_came_and_people_enter_at_the_end():
    replay = buffer()
    story = Story(replay)
    story.decide("policy")
    story.decide("policy", taken=True, steps=1)
    story.decide("person")
    story.decide("person", taken=True, steps=1)  # cut: not a whole chunk
    story.decide("policy")
    assert replay.size() == 3
    story.decide("person")
    story.decide("person", done=True, reward=1.0)
    assert told(replay) == [
        (0, False, False),
        (CUT, True, True),
        (CUT, True, True),  # the hand came while the next decision was made
        (BY_PERSON, True, True),
        (BY_PERSON, False, False),
        (BY_PERSON, True, False),
    ]
    np.testing.assert_allclose(replay.actions[3:6, 0], np.tile(DZ, (3, 1)), atol=1e-3)
    assert (replay.actions[:3, 0] == np.float32(0.7)).all()
    assert replay.rewards[:6, 0].tolist() == [0, 0, 0, 0, 0, 1]
    # Nothing of the agent's led to the success.
    assert replay.succeeded[:6, 0].tolist() == [False] * 4 + [True] * 2
    assert str(replay.corrections.expressed).startswith("3 of 4 decisions of people")


def test_n_step_targets_do_not_run_on_into_a_persons_rewards():
    replay = buffer()
    story = Story(replay)
    story.decide("policy", taken=True)
    story.decide("person", done=True, reward=1.0)
    sampled = replay._get_samples(np.array([0]))
    assert sampled.rewards.item() == 0.0
    assert sampled.dones.item() == 0.0  # it looks on from where the hand came
    assert sampled.discounts.item() == pytest.approx(GAMMA**N)
    np.testing.assert_array_equal(sampled.next_observations.numpy(), story.seen(1))


def test_what_no_perturbation_expresses_is_left_out_and_breaks_the_trajectory():
    replay = buffer()
    story = Story(replay)
    story.decide("person")
    story.decide("person", off=np.array([0.0, 3.0]))
    story.decide("person", done=True)
    assert told(replay) == [(BY_PERSON, True, True), (BY_PERSON, True, False)]
    assert replay.corrections.expressed.kept == 2
    assert max(replay.corrections.expressed.unexplained) > 0.5


def test_what_a_person_does_as_the_base_policy_would_is_no_great_perturbation():
    replay = buffer(unexplained=0.5)
    story = Story(replay)
    story.decide("person", dz=0.01 * DZ, off=np.array([0.0, 0.004]))
    story.decide("person", dz=0.0 * DZ, off=np.array([[0.05], [-0.05]]))
    story.decide("person", dz=0.0 * DZ, done=True)
    # A bound in action units would have taken the second for its nearest perturbation.
    assert replay.corrections.expressed.kept == 2
    assert np.abs(replay.actions[: replay.size()]).max() < 0.05


def test_a_decision_in_both_hands_teaches_nothing():
    replay = buffer()
    story = Story(replay)
    story.decide("policy")
    story.decide("both", taken=True)
    story.decide("policy", done=True, reward=1.0)
    assert told(replay) == [(CUT, True, True), (0, True, False)]
    assert replay.succeeded[:2, 0].tolist() == [False, True]  # which the agent did alone


def test_without_corrections_what_a_person_did_is_left_out():
    replay = buffer(corrections=False)
    story = Story(replay)
    story.decide("policy", taken=True)
    story.decide("person")
    story.decide("person", done=True, reward=1.0)
    assert told(replay) == [(CUT, True, True)]


@pytest.mark.parametrize("outcome", ["abort", "stop"])
def test_an_episode_that_is_discarded_leaves_nothing_and_a_stopped_one_what_is_true(outcome):
    replay = buffer()
    Story(replay).decide("policy", done=True)
    story = Story(replay)
    for who, taken in (("policy", True), ("person", False), ("person", True), ("policy", False)):
        story.decide(who, taken=taken)
    story.decide("policy", done=True, **{OUTCOME: {OUTCOME: outcome}})
    marks = [mark for mark, *_ in told(replay)]
    if outcome == "abort":
        assert marks == [0]
    else:
        assert sorted(marks) == [0, 0, CUT, BY_PERSON, BY_PERSON]
    Story(replay).decide("person", done=True)  # and nothing of it comes later
    assert replay.size() == len(marks) + 1


def test_after_the_end_of_an_episode_a_chunk_is_filled_up():
    replay = buffer(unexplained=9.0)
    Story(replay).decide("person", steps=1, done=True, reward=1.0)
    assert told(replay) == [(BY_PERSON, True, False)]
    assert replay.discounts[0, 0] == pytest.approx(GAMMA)


def test_marks_survive_a_checkpoint(tmp_path):
    replay, again = buffer(), buffer()
    story = Story(replay)
    story.decide("policy", taken=True)
    story.decide("person", done=True)
    save_replay(tmp_path / "replay", replay)
    load_replay(tmp_path / "replay", again)
    assert told(again) == told(replay)
    plain = buffer(corrections=False)
    Story(plain).decide("policy", done=True)
    save_replay(tmp_path / "plain", plain)  # as those of before
    load_replay(tmp_path / "plain", buffer())


def test_actions_can_be_steered_as_well():
    steering = ActionSteering(POLICY, scale=5.0, observation_dim=3, noise="zero")
    replay = buffer(steering=steering)
    hands = Hands(np.array([True, True]), np.full((2, 2), 2.5, np.float32), False)
    info = {"env_steps": 2, TAKEOVER: hands, "is_success": False}
    seen = np.zeros((1, *steering.observation_space.shape), np.float32)
    action = np.zeros((1, 4), np.float32)
    replay.add(seen, seen, action, np.zeros(1), np.array([True]), [info])
    np.testing.assert_allclose(replay.actions[0, 0], np.full(4, 0.5), atol=1e-6)


def test_several_arms_have_no_person():
    space = STEERING.observation_space
    replay = ChunkReplayBuffer(
        20, space, STEERING.action_space, device="cpu", n_envs=2, gamma=GAMMA
    )
    hands = Hands(np.array([True]), np.zeros((1, 2)), False)
    infos: list[dict[str, Any]] = [{"env_steps": 1}, {"env_steps": 1, TAKEOVER: hands}]
    seen, action = np.zeros((2, SIZE), np.float32), np.zeros((2, 2), np.float32)
    with pytest.raises(ConfigurationError, match=r"one robot alone\. Got: 2 environments"):
        replay.add(seen, seen, action, np.zeros(2), np.zeros(2, bool), infos)


def test_a_model_is_told_or_refused():
    env = LatentSteeringWrapper(gym.make("Pendulum-v1"), LinearPolicy(3, 1), scale=0.5)
    own = {"replay_buffer_class": ChunkReplayBuffer, "replay_buffer_kwargs": {"gamma": GAMMA}}
    model = SAC("MlpPolicy", env, buffer_size=10, **own)
    assert learn_from_people(model, env.steering, "demo", bootstrap=False) is None
    assert model.replay_buffer.takeover_bootstrap is False
    found = learn_from_people(model, env.steering, "both", unexplained=0.2)
    assert found is model.replay_buffer.corrections
    for other in (
        SAC("MlpPolicy", env, buffer_size=10),
        PPO("MlpPolicy", env, n_steps=4, batch_size=4),
    ):
        with pytest.raises(ConfigurationError, match="replay_buffer_class=ChunkReplayBuffer"):
            learn_from_people(other, env.steering, "prior")
    noise = NoiseSteering(POLICY, observation_dim=3)
    with pytest.raises(ZprlError, match="takeover prior must come with --steer latent"):
        learn_from_people(model, noise, "prior")
