"""Minari's datasets are read in the order of their spaces, by every command."""

import gc
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, Tuple

from policies.demonstrations import Demonstrations, content_hash
from policies.demonstrations.summary import summarise
from policies.errors import DemonstrationError
from tests.helpers.warm import run_warm

minari = pytest.importorskip("minari", reason="needs the minari extra")
pytest.importorskip("jax", reason="Minari's collector needs jax: pip install 'minari[create]'")


def box(size):
    return Box(-9.0, 9.0, (size,), np.float32)


SPACES = {
    "goal": (Dict(state=box(3), goal=box(2)), ("state", "goal")),
    "plain": (Dict({"b": box(1), "a": box(2)}), ("a", "b")),
    "nested": (
        Dict([("z", Dict([("y", box(1)), ("x", box(2))])), ("a", box(1)), ("a-b", box(1))]),
        ("z.y", "z.x", "a", "a-b"),
    ),
    "dots": (
        Dict([("a", Dict([("b", box(1))])), ("a-c", box(2))]),
        ("a.b", "a-c"),
    ),
    "tuple": (Tuple((box(2), Dict(q=box(1), p=box(3)))), ("0", "1.q", "1.p")),
    "bits": (Dict(on=MultiBinary(2), at=box(1)), ("on", "at")),
}


class Sampling(gym.Env):
    """An environment that observes samples of its space."""

    action_space = Box(-2.0, 2.0, (2,), np.float32)

    def __init__(self, space):
        self.observation_space = space
        self.steps = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.steps = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        self.steps += 1
        return self.observation_space.sample(), 0.0, self.steps == 4, False, {}


@pytest.fixture(autouse=True)
def _datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))


def collect(space, dataset_id="toy/parts-v0", episodes=2, scale=1.0):
    """Record an environment by Minari's own collector; return its flat observations."""
    collector = minari.DataCollector(Sampling(space))
    seen = []
    with warnings.catch_warnings():
        # It wants actions within their space, an author, and somebody to delete its folder.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        for seed in range(episodes):
            observation, _ = collector.reset(seed=seed)
            for _ in range(4):
                seen.append(gym.spaces.flatten(space, observation))
                observation, *_ = collector.step(scale * collector.action_space.sample())
        collector.create_dataset(dataset_id, algorithm_name="random")
        collector.close()
        del collector
        gc.collect()
    return np.array(seen)


@pytest.mark.parametrize("name", SPACES)
def test_the_order_is_the_spaces_as_flatten_observation_has_it(name, tmp_path):
    space, keys = SPACES[name]
    seen = collect(space)
    read = Demonstrations.load("minari:toy/parts-v0")
    assert read.observation_keys == keys
    flat = np.concatenate([t.flat_observations(keys) for t in read.trajectories])
    np.testing.assert_array_equal(flat, seen)
    read.save(tmp_path / "copy.hdf5")
    assert Demonstrations.load(tmp_path / "copy.hdf5").observation_keys == keys


def test_what_is_no_vector_is_left_out_with_a_word():
    space = Dict(state=box(3), side=Discrete(3), pose=Box(-1, 1, (4, 4), np.float32))
    collect(space)
    read = Demonstrations.load("minari:toy/parts-v0")
    assert read.observation_keys == ("state",)
    assert read.left_out == {
        "side": "Discrete, which is no vector of numbers",
        "pose": "4 x 4 values; name it to take them in a row",
    }


def test_actions_are_compared_with_the_datasets_own_space():
    collect(box(3), scale=25.0)
    (note,) = summarise("minari:toy/parts-v0").notes
    assert "and the dataset takes [-2, 2]" in note


@pytest.mark.slow
def test_every_command_that_reads_demonstrations_reads_it(tmp_path):
    collect(SPACES["goal"][0])
    out = tmp_path / "policy"
    tiny = ["--steps", "2", "--hidden-dim", "16", "--feature-dim", "8"]
    for module, *rest in (
        ["inspect", "minari:toy/parts-v0", "--out", str(tmp_path / "x.png")],
        ["pretrain", "--demonstrations", "minari:toy/parts-v0", "--out", str(out), *tiny],
    ):
        done = run_warm("-m", f"policies.{module}", *rest)
        assert done.returncode == 0, done.stderr
        assert "state (3), goal (2)" in done.stdout
    assert len(content_hash("minari:toy/parts-v0")) == 64


def test_a_dataset_that_is_not_there_has_no_hash():
    with pytest.raises(DemonstrationError, match="must be a local Minari dataset"):
        content_hash("minari:toy/none-v0")
