"""The benchmark of throughput plays the same thing in every way that it compares."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import count

import numpy as np
import pytest
from benchmarks.episodes import Episode, cut, random_episode, rate, record, steer
from benchmarks.learning_speed import Learner
from benchmarks.throughput_table import scaling_table, table
from benchmarks.turns import take_turns

from benchmarks import stock, throughput, turns
from tests.helpers.point import PointEnv
from zprl_env import ActionChunkWrapper, make_env
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.loading.resolve import resolve_policy

SIMULATORS = {"Lift": "robosuite", "box-close": "metaworld", "hammer": "gymnasium_robotics"}


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(throughput, "RESULTS", tmp_path)
    return tmp_path


def test_actions_are_cut_into_chunks_and_the_last_is_filled_up():
    first, last = cut(np.array([[1.0], [2.0], [3.0]]), 2)
    assert first.tolist() == [[1.0], [2.0]]
    assert last.tolist() == [[3.0], [3.0]]


def test_an_episode_that_does_not_repeat_itself_is_no_measurement():
    env = ActionChunkWrapper(PointEnv(), 2)
    episode = Episode(0, np.zeros((3, 2), np.float32))
    with pytest.raises(ZprlError, match=r"must repeat itself\. Got: 4 steps instead of 3"):
        rate(env, [episode], [list(cut(episode.actions, 2))])


def test_a_policy_takes_the_steps_that_were_recorded_of_it(point_task, point_policy):
    policy = resolve_policy(point_policy)
    episodes = record(make_env(point_task), policy, 2)
    assert [episode.seed for episode in episodes] == [0, 1]
    zeros = [[np.zeros(2)] * -(-len(episode.actions) // 2) for episode in episodes]
    assert rate(steer(make_env(point_task), policy), episodes, zeros) > 0


def simulation(env):
    """MuJoCo's data, whoever made the environment."""
    inner = env.unwrapped
    if hasattr(inner, "_simulation"):
        return inner._simulation()[1]
    return inner.env.sim.data if isinstance(inner, stock.OwnRobosuite) else inner.data


@pytest.mark.parametrize("task", SIMULATORS)
def test_physics_own_and_ours_simulate_the_same_time_with_the_same_actions(task):
    pytest.importorskip(SIMULATORS[task])
    with closing(make_env(task)) as ours, closing(stock.own(task)) as own:
        assert own.action_space.shape == ours.action_space.shape
        episode = random_episode(ours, 3)
        with closing(stock.Physics(task, episode)) as physics:
            lasted = []
            for env in (physics, own, ours):
                for _ in range(2):  # the second time is like the first
                    env.reset(seed=episode.seed)
                    env.step(episode.actions[0])
                start = simulation(env).time
                for action in episode.actions[1:]:
                    env.step(action)
                lasted.append(simulation(env).time - start)
            assert lasted[0] > 0
            assert lasted == pytest.approx([lasted[0]] * 3)


@pytest.mark.parametrize(
    ("task", "tolerance"),
    [("Lift", 0.1), ("box-close", 1e-6), ("hammer", 1e-6)],  # robosuite's torques do not hold
)
def test_physics_plays_our_episode(task, tolerance):
    pytest.importorskip(SIMULATORS[task])
    with closing(make_env(task)) as ours:
        episode = random_episode(ours, 20)
        with closing(stock.Physics(task, episode)) as physics:
            physics.reset()
            ours.reset(seed=episode.seed)
            for action in episode.actions:
                ours.step(action)
                physics.step(action)
                np.testing.assert_allclose(
                    physics.data.qpos, simulation(ours).qpos, rtol=0.0, atol=tolerance
                )


def test_a_task_is_played_in_every_way(monkeypatch):
    pytest.importorskip("gymnasium_robotics")
    monkeypatch.setattr(turns, "SECONDS", 0.0)
    rates = {way: play() for way, play in turns.ways("pen").items()}
    assert list(rates) == [*turns.SIMULATED, *turns.STEERED]
    assert all(0 < value < float("inf") for value in rates.values())


def test_turns_are_taken_equally_often_and_the_first_does_not_count():
    numbers = count(1.0)
    found = take_turns({"a": lambda: next(numbers), "b": lambda: next(numbers)}, 0.0)
    assert found == {"a": [3.0], "b": [4.0]}


def test_learning_is_measured_without_its_warm_up(shipped_point, monkeypatch):
    with closing(Learner(shipped_point, 1)) as learner:
        assert learner.rate(3, 0.1) > 0
        warmup, decisions = learner.recipe.warmup_decisions, learner.model.num_timesteps
        assert decisions > warmup
        # The last decision is not learned from, which is why the clock starts behind the first.
        assert learner.model._n_updates == 3 * (decisions - warmup - 1)
        assert learner.rate(1, 0.1) > 0
        assert learner.model._n_updates > 3 * (decisions - warmup - 1)


def test_a_learner_can_be_given_the_package_s_own_control_step():
    pytest.importorskip("metaworld")
    for fast in (True, False):
        with closing(Learner("box-close", 1, fast=fast)) as learner:
            (env,) = learner.envs.get_attr("unwrapped")
            assert env.fast == fast


def test_sbx_learns_where_it_is_installed(monkeypatch):
    monkeypatch.setattr(throughput, "find_spec", lambda _: None)
    assert [*throughput.learners(2)] == [("torch", False), ("torch", True)]
    monkeypatch.setattr(throughput, "find_spec", lambda _: "sbx")
    assert [*throughput.learners(1)] == [("torch", False), ("sbx", False)]


def test_a_task_without_a_policy_is_measured_as_far_as_it_goes(results, monkeypatch, capsys):
    pytest.importorskip("metaworld")
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    throughput.main(["run", "reach", "--seconds", "0"])
    content = json.loads((results / "reach.json").read_text())
    assert list(content["steps_per_second"]) == ["1"]
    assert list(content["steps_per_second"]["1"]) == ["physics", "own", "ours"]
    assert len(content["reset_ms"]) == turns.RESETS
    assert content["memory_mib"] > 50
    assert content["policy_us"] is None
    assert content["machine"]["python"]
    throughput.main(["summary"])
    assert "| reach |" in capsys.readouterr().out
    assert "| reach |" in (results / "table.md").read_text()


def test_scaling_is_measured(shipped_point, monkeypatch):
    monkeypatch.setattr(throughput, "WORKERS", (1,))
    monkeypatch.setattr(throughput, "LEARNING_SECONDS", 0.0)
    assert throughput.scale(shipped_point, 0.0)["steps_per_second"][1][0] > 0


def test_the_tables_hold_medians_and_leave_out_what_was_not_measured():
    rates = {
        "physics": [100, 300, 200],
        "own": [50, 30, 40],
        "ours": [100, 90, 110],
        "replayed": [80, 90, 100],
        "steered": [40, 45, 50],
        "sac-1": [30],
        "sac-1-overlap": [35],
        "sac": [20],
        "sbx-1": [60],
    }
    measured = {
        "task": "Lift",
        "steps_per_second": {"1": rates},
        "reset_ms": [1.0, 3.0],
        "memory_mib": 99.6,
        "policy_us": {"1": 1500.0},
    }
    rest = {"1": {way: rates[way] for way in turns.SIMULATED}}
    other = {**measured, "task": "Transport", "steps_per_second": rest, "policy_us": None}
    text = table([measured, other])
    assert "| Lift | 200 | 40 | 100 | 2.75 | 0.55 | 45 | 0.50 |" in text
    assert "| Transport | 200 | 40 | 100 | 2.75 | 0.55 |  |  |" in text
    assert "| Lift | 30 | 35 | 20 |  |  | 60 |  |  |  |" in text
    assert "| Lift | 2.0 | 100 | 1,500 |" in text
    assert "| Transport | 2.0 | 100 |  |" in text
    scaled = {"task": "Lift", "steps_per_second": {"1": [10], "2": [15]}}
    assert "| 2 | 15 | 0.75 |" in scaling_table(scaled)


def test_mistakes_are_told(results):
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        throughput.main(["run", "Lfit"])
    with pytest.raises(ZprlError, match=r"Expected results in .* Got: none"):
        throughput.main(["summary"])
    with pytest.raises(ZprlError, match=r"seconds must be a number of at least 0. Got: nan"):
        throughput.main(["run", "--seconds", "nan"])
