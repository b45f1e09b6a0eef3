"""200 takeovers at random: limits kept, no jump, and a replay that holds what really happened."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from real.operators import ScriptedOperator
from real.people.scripted import ScriptedTeleoperator
from real.people.teleoperator import Input
from real.recording import EpisodeRecorder
from real.recording.reader import read_recorded
from real.tasks.files import load_preset
from tests.helpers.robots.checks import Witness, violations
from zprl_env.envs.takeover import TAKEOVER, Hands
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.replay import BY_PERSON, CUT, ChunkReplayBuffer
from zprl_env.training.agents.takeover import Corrections
from zprl_env.training.environment import make_training_envs
from zprl_env.training.settings.recipe import Recipe

N, TAKEOVERS, RESIDUAL, GAMMA = 5, 200, 0.8, 0.99
SHIPPED = load_preset("place-orange")
PRESET = SHIPPED.model_copy(update={"episode_steps": 200, "reward": "per-step"})


class Restless:
    """Somebody who takes the arm at random moments, moves it at random, and is silent at times."""

    def __init__(self, preset, seed=0):
        self.rng = np.random.default_rng(seed)
        self.takeovers, self.until = 0, 0.0
        self.said = Input(0.0)
        self.silent = False

    def __call__(self, now):
        if now >= self.until:
            rng = self.rng
            mine = not self.said.mine if rng.random() < 0.7 else self.said.mine
            self.takeovers += mine and not self.said.mine
            self.until = now + rng.uniform(0.01, 0.6 if mine else 0.35)
            still = rng.random() < 0.2
            rate = np.zeros((1, 6)) if still else rng.uniform(-1.5, 1.5, (1, 6))
            gripper = np.array([rng.choice([0.0, 0.4, 1.0, np.nan])])
            self.silent = bool(rng.random() < 0.1)
            self.said = Input(now, mine, rate, gripper)
        return self.said._replace(stamp=now - 5.0 * self.silent)


def play(tmp_path, takeovers, ahead=False, corrections=True):
    """Play until there were enough takeovers; return everything that was told and stored."""
    robot, person = Witness(PRESET), Restless(PRESET)
    recorder = EpisodeRecorder(tmp_path / "people.hdf5")
    policy = LinearPolicy(19, 8, latent_dim=3, horizon=16, n_action_steps=N)
    recipe = Recipe(n_action_steps=N, gamma=GAMMA, scale=1.0, noise="zero")
    kwargs: dict[str, Any] = {"inference": "ahead", "delay": 2} if ahead else {}
    envs = make_training_envs(
        "Real",
        policy,
        "latent",
        recipe,
        num_envs=1,
        seed=3,
        env_kwargs={
            "task": PRESET,
            "driver": robot,
            "operator": ScriptedOperator(),
            "recorder": recorder,
            "teleoperator": ScriptedTeleoperator(PRESET, script=person),
            **kwargs,
        },
    )
    steering = envs.venv.steering
    buffer = ChunkReplayBuffer(
        4000, envs.observation_space, envs.action_space, device="cpu", n_envs=1, gamma=GAMMA
    )
    if corrections:
        buffer.corrections = Corrections(steering, RESIDUAL)
    rng, told, episode = np.random.default_rng(0), [], 0
    observations = envs.reset()
    dones = np.array([False])
    while person.takeovers < takeovers or not dones[0]:
        actions = rng.uniform(-1, 1, (1, 3)).astype(np.float32)
        following, rewards, dones, infos = envs.step(actions)
        stored = infos[0]["terminal_observation"][None] if dones[0] else following
        buffer.add(observations, stored, actions, rewards, dones, infos)
        told.append((episode, observations[0], stored[0], actions[0], rewards[0], infos[0]))
        observations, episode = following, episode + dones[0]
    envs.close()
    return robot, told, buffer, steering, recorder


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    return play(tmp_path_factory.mktemp("people"), TAKEOVERS)


@pytest.mark.slow
def test_the_limits_are_kept_by_everybody(played):
    robot, told, *_ = played
    assert sum(len(stretch) for stretch in robot.stretches) > 4000
    for stretch in robot.stretches:
        assert violations(stretch, PRESET) == []
    assert sum(info[TAKEOVER].taken for *_, info in told) > TAKEOVERS


@pytest.mark.slow
def test_chunks_are_told_through_every_wrapper(played):
    _, told, *_ = played
    hands = [info[TAKEOVER] for *_, info in told]
    assert all(isinstance(one, Hands) for one in hands)
    assert {one.whose for one in hands} >= {"policy", "person"}
    for one, info in zip(hands, [info for *_, info in told], strict=True):
        assert len(one.actions) == len(one.by_person) == info["env_steps"] <= N
        # A chunk is whole, or cut where the arms changed hands, or over.
        assert info["env_steps"] == N or one.taken or "terminal_observation" in info


@pytest.mark.slow
def test_the_recording_says_who_acted_and_what_was_asked(played):
    _, told, _, _, recorder = played
    for number, entry in enumerate(recorder.entries):
        hands = [info[TAKEOVER] for episode, *_, info in told if episode == number]
        by_person = np.concatenate([one.by_person for one in hands])
        actions = np.concatenate([one.actions for one in hands])
        shown = Demonstrations.load(entry.file).trajectories[0]
        assert shown.by_person is not None
        np.testing.assert_allclose(shown.actions, actions, atol=1e-6)
        recorded, *_ = read_recorded(entry.file)
        by = [info["takeover"]["by"] == "person" for info in recorded.infos]
        assert by == by_person.tolist()
        assert entry.by_person == by_person.sum()


@pytest.mark.slow
def test_a_replay_of_the_recording_finds_every_transition(played):
    _, told, buffer, steering, recorder = played
    of_steps = _transitions_in(recorder, steering.policy, told)
    stored = {buffer.observations[row, 0].tobytes(): row for row in range(buffer.size())}
    found = 0
    for (_, seen, after, *_), recorded in zip(told, of_steps, strict=True):
        first, last, reward, by_person, over = recorded
        size = len(first)
        np.testing.assert_allclose(seen[:size], first, atol=1e-6)
        if last is not None:  # what is seen after the last step is not recorded
            np.testing.assert_allclose(after[:size], last, atol=1e-6)
        row = stored.get(seen.tobytes())
        if by_person.any() and not by_person.all():
            assert row is None  # both had a hand in it
        elif not by_person.any():
            assert buffer.marks[row, 0] != BY_PERSON
        elif row is not None:
            assert buffer.marks[row, 0] == BY_PERSON
        if row is None:
            continue
        found += 1
        assert buffer.rewards[row, 0] == pytest.approx(reward, rel=1e-5)
        assert buffer.discounts[row, 0] == pytest.approx(GAMMA ** len(by_person))
        assert bool(buffer.dones[row, 0]) >= over
    assert found == buffer.size() > TAKEOVERS


def _transitions_in(recorder, policy, told):
    """Yield of each decision what the recording says: features, reward, hands, and its end."""
    lengths: list[list[int]] = [[] for _ in recorder.entries]
    for episode, *_, info in told:
        lengths[episode].append(info["env_steps"])
    for entry, chunks in zip(recorder.entries, lengths, strict=True):
        shown = Demonstrations.load(entry.file).trajectories[0]
        assert shown.by_person is not None
        features = policy.encode(shown.flat_observations(list(shown.observations))).features
        at = 0
        assert sum(chunks) == len(shown)
        for steps in chunks:
            end = at + steps
            rewards = shown.rewards[at:end] @ GAMMA ** np.arange(steps)
            last = features[end] if end < len(shown) else None
            yield features[at], last, rewards, shown.by_person[at:end], end == len(shown)
            at = end


@pytest.mark.slow
def test_every_stored_transition_is_one_that_happened(played):
    _, told, buffer, *_ = played
    rows = buffer.size()
    assert not buffer.full
    agents = [at for at in range(rows) if buffer.marks[at, 0] != BY_PERSON]
    happened = [entry for entry in told if entry[-1][TAKEOVER].whose == "policy"]
    # All of the agent's own, in their order, and no other.
    assert len(agents) == len(happened)
    for row, (_, seen, after, action, reward, info) in zip(agents, happened, strict=True):
        np.testing.assert_array_equal(buffer.observations[row, 0], seen)
        np.testing.assert_array_equal(buffer.next_observations[row, 0], after)
        np.testing.assert_array_equal(buffer.actions[row, 0], action)
        assert buffer.rewards[row, 0] == pytest.approx(reward, rel=1e-6)
        assert buffer.discounts[row, 0] == pytest.approx(GAMMA ** info["env_steps"])
        over = "terminal_observation" in info
        # It ends where the hand came, looks on from there, and says so.
        taken = info[TAKEOVER].taken and not over
        cut = bool(buffer.marks[row, 0] == CUT)
        assert taken <= cut
        assert bool(buffer.dones[row, 0]) is (over or cut)
        assert bool(buffer.timeouts[row, 0]) is (over or cut)
        if cut and not taken:  # the hand came while the next decision was made
            follower = next(one for one in told if np.array_equal(one[1], after))
            assert follower[-1][TAKEOVER].by_person.any()


@pytest.mark.slow
def test_what_people_did_enters_as_the_perturbation_that_expresses_it(played):
    _, told, buffer, steering, _ = played
    rows = [row for row in range(buffer.size()) if buffer.marks[row, 0] == BY_PERSON]
    whole = {
        seen.tobytes(): (after, reward, info)
        for _, seen, after, _, reward, info in told
        if info[TAKEOVER].whose == "person"
    }
    assert 20 < len(rows) < len(whole)
    assert buffer.corrections.expressed.kept == len(rows)
    rms: dict[str, float] = {}
    for row in rows:
        after, reward, info = whole[buffer.observations[row, 0].tobytes()]
        chunk = info[TAKEOVER].actions
        latents = buffer.observations[row : row + 1, 0, -3:]
        noise = np.zeros((1, 16, 8), np.float32)
        policy = steering.policy
        for own, it in ((0.0, "away"), (buffer.actions[row], "left")):
            decoded = policy.decode(latents + own, noise)[0, : len(chunk)]
            rms[it] = np.sqrt(np.mean((decoded - chunk) ** 2))
        assert rms["left"] <= RESIDUAL * rms["away"] + 1e-5
        assert np.abs(buffer.actions[row]).max() <= 1.0
        np.testing.assert_array_equal(buffer.next_observations[row, 0], after)
        assert buffer.rewards[row, 0] == pytest.approx(reward, rel=1e-6)
        goes_on = not buffer.dones[row, 0]
        if goes_on:
            np.testing.assert_array_equal(buffer.observations[row + 1, 0], after)


@pytest.mark.slow
def test_a_policy_decides_anew_when_it_gets_the_arm_back(played):
    _, told, *_ = played
    returned = 0
    for before, after in pairwise(told):
        hands, next_hands = before[-1][TAKEOVER], after[-1][TAKEOVER]
        if before[0] == after[0] and hands.whose == "person" and next_hands.whose == "policy":
            np.testing.assert_array_equal(before[2], after[1])  # from where the person left it
            returned += 1
    assert returned > 50


def test_decided_ahead_no_action_of_the_old_chunk_is_carried_out(tmp_path):
    robot, told, buffer, _, _ = play(tmp_path, 40, ahead=True, corrections=False)
    for stretch in robot.stretches:
        assert violations(stretch, PRESET) == []
    mixed = 0
    for before, after in pairwise(told):
        hands, next_hands = before[-1][TAKEOVER], after[-1][TAKEOVER]
        if before[0] != after[0]:
            continue
        if hands.by_person[-1] and hands.taken:  # it was given back
            assert next_hands.by_person[0] or before[-1]["ahead"]["committed"] == 0
        mixed += hands.whose == "both"
    assert mixed > 5
    stored = sum(info[TAKEOVER].whose == "policy" for *_, info in told)
    assert buffer.size() == stored
    assert (buffer.marks == CUT).any()


def test_without_bootstrap_a_takeover_is_the_end():
    box, act = gym.spaces.Box(-1, 1, (4,)), gym.spaces.Box(-1, 1, (2,))
    buffer = ChunkReplayBuffer(10, box, act, device="cpu", n_envs=1, gamma=0.9)
    buffer.takeover_bootstrap = False
    seen, action = np.zeros((1, 4), np.float32), np.zeros((1, 2), np.float32)
    hands = Hands(np.array([False]), np.zeros((1, 2)), taken=True)
    info = {"env_steps": 1, TAKEOVER: hands}
    buffer.add(seen, seen, action, np.zeros(1), np.array([False]), [info])
    assert (buffer.dones[0, 0], buffer.timeouts[0, 0]) == (1.0, 0.0)
