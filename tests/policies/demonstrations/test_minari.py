import gc
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest

from policies.checkpoints.output import package_version
from policies.convert import Conversion, convert
from policies.demonstrations import Demonstrations
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import toy_demonstrations

minari = pytest.importorskip("minari", reason="needs the minari extra")
from policies.demonstrations.minari import write_minari  # noqa: E402


@pytest.fixture(autouse=True)
def datasets(tmp_path, monkeypatch):
    """Minari's folder, for one test."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    return tmp_path / "datasets"


def assert_equal(left, right):
    assert left.env_args == right.env_args
    assert left.observation_keys == right.observation_keys
    assert len(left.trajectories) == len(right.trajectories)
    for a, b in zip(left.trajectories, right.trajectories, strict=True):
        for key in left.observation_keys:
            np.testing.assert_array_equal(a.observations[key], b.observations[key])
        for name in ("actions", "rewards", "dones"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert a.success == b.success


@pytest.mark.parametrize("keys", [("b", "a"), ("observation",)])
def test_what_is_written_is_read_again(keys):
    written = toy_demonstrations(keys)
    write_minari(written, "toy/scripted-v0")
    assert_equal(Demonstrations.load("minari:toy/scripted-v0"), written)


def test_minari_itself_reads_what_we_write():
    write_minari(toy_demonstrations(("observation",)), "toy/scripted-v0", author="somebody")
    dataset = minari.load_dataset("toy/scripted-v0")
    assert dataset.total_episodes == 3
    assert dataset.total_steps == 12
    facts = dataset.storage.read_raw_metadata(dataset.storage.data_path)
    assert facts["zprl_env_version"] == package_version()
    first, second, _ = dataset
    assert first.observations.shape == (4, 2)
    np.testing.assert_array_equal(first.observations[-1], first.observations[-2])
    assert first.terminations.tolist() == [False, False, True]
    assert not first.truncations.any()
    assert second.truncations.tolist() == [False, False, False, True]
    assert not second.terminations.any()


def test_nothing_is_lost_on_the_way_there_and_back(tmp_path):
    toy_demonstrations().save(tmp_path / "toy.hdf5")
    convert(Conversion(str(tmp_path / "toy.hdf5"), "minari:toy/scripted-v0"))
    convert(Conversion("minari:toy/scripted-v0", str(tmp_path / "again.hdf5")))
    assert_equal(Demonstrations.load(tmp_path / "again.hdf5"), toy_demonstrations())


class DictPendulum(gym.ObservationWrapper):
    """Pendulum seen in parts, one of them nested, one no vector."""

    def __init__(self, env):
        super().__init__(env)
        angle = gym.spaces.Dict({"direction": gym.spaces.Box(-1, 1, (2,), np.float32)})
        speed = gym.spaces.Box(-8, 8, (1,), np.float64)
        self.observation_space = gym.spaces.Dict(
            {"angle": angle, "speed": speed, "side": gym.spaces.Discrete(2)}
        )

    def observation(self, observation):
        return {
            "angle": {"direction": observation[:2]},
            "speed": observation[2:].astype(np.float64),
            "side": int(observation[1] > 0),
        }


def collect(env, dataset_id, episodes=2):
    """Random actions, recorded by Minari's own collector."""
    pytest.importorskip("jax", reason="Minari's collector needs jax: pip install 'minari[create]'")
    collector = minari.DataCollector(env)
    seen, done = [], []
    collector.action_space.seed(0)
    for seed in range(episodes):
        observation, _ = collector.reset(seed=seed)
        ended = False
        while not ended:
            action = collector.action_space.sample()
            seen.append(observation)
            done.append(action)
            observation, _, terminated, truncated, _ = collector.step(action)
            ended = terminated or truncated
    with warnings.catch_warnings():
        # It asks for an author, and leaves its temporary folder to the garbage collector.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        collector.create_dataset(dataset_id, algorithm_name="random")
        collector.close()
        del collector
        gc.collect()
    return seen, np.array(done)


def test_a_dataset_of_minaris_own_collector_is_read():
    env = gym.make("Pendulum-v1", max_episode_steps=7)
    observations, actions = collect(env, "pendulum/random-v0")
    read = Demonstrations.load("minari:pendulum/random-v0")
    assert read.observation_keys == ("observation",)
    assert read.env_args["env_name"] == "Pendulum-v1"
    assert [len(t) for t in read.trajectories] == [7, 7]
    assert read.trajectories[0].dones.tolist() == [False] * 6 + [True]
    assert [t.success for t in read.trajectories] == [None, None]
    flat = np.concatenate([t.flat_observations(("observation",)) for t in read.trajectories])
    np.testing.assert_array_equal(flat, np.array(observations))
    np.testing.assert_array_equal(np.concatenate([t.actions for t in read.trajectories]), actions)


def test_the_vectors_of_a_dict_observation_are_read_by_dotted_keys():
    env = DictPendulum(gym.make("Pendulum-v1", max_episode_steps=5))
    observations, _ = collect(env, "pendulum/parts-v0", episodes=1)
    read = Demonstrations.load("minari:pendulum/parts-v0")
    assert read.observation_dims == {"angle.direction": 2, "speed": 1}
    expected = [[*seen["angle"]["direction"], *seen["speed"]] for seen in observations]
    flat = read.trajectories[0].flat_observations(read.observation_keys)
    np.testing.assert_array_equal(flat, np.array(expected, dtype=np.float32))
    chosen = Demonstrations.load("minari:pendulum/parts-v0", ("speed",))
    assert chosen.observation_dims == {"speed": 1}


def test_unknown_keys_are_refused_with_those_there_are():
    write_minari(toy_demonstrations(), "toy/scripted-v0")
    with pytest.raises(DemonstrationError, match=r"episode 0: .* keys \['c'\]\. Got: \['a', 'b'\]"):
        Demonstrations.load("minari:toy/scripted-v0", ("c",))


def test_a_dataset_that_is_not_there_is_named_with_how_to_get_it():
    with pytest.raises(DemonstrationError, match="fetch it: minari download D4RL/door/human-v2"):
        Demonstrations.load("minari:D4RL/door/human-v2")


def test_a_dataset_is_not_replaced():
    write_minari(toy_demonstrations(), "toy/scripted-v0")
    with pytest.raises(DemonstrationError, match="already exists"):
        write_minari(toy_demonstrations(), "toy/scripted-v0")


def test_a_name_that_minari_does_not_take_is_refused():
    with pytest.raises(DemonstrationError, match=r"A name looks like lift/scripted-v0"):
        write_minari(toy_demonstrations(), "toy scripted")


def test_masks_are_robomimics():
    with pytest.raises(DemonstrationError, match="has no masks"):
        Demonstrations.load("minari:toy/scripted-v0", mask="train")


def test_without_minari_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(DemonstrationError, match=r'pip install "zprl-env\[minari\]"'):
        Demonstrations.load("minari:toy/scripted-v0")
