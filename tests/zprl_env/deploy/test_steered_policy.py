"""A steered policy as one object is the steered environment's play, without the environment."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from policies.checkpoints.files import arrays_hash
from tests.helpers.point import PointEnv
from zprl_env import ActionChunkWrapper, SteeredPolicy
from zprl_env.deploy.actor import Actor, Layer
from zprl_env.errors import (
    CheckpointError,
    PolicyMismatchError,
    SimulationError,
    ZprlError,
)
from zprl_env.loading.steered_files import read_steered, write_steered
from zprl_env.steering.table import STEERINGS
from zprl_env.testing import LinearPolicy

AGENT_DIM = {"latent": 2, "noise": 8, "joint": 4, "action": 4}


def actor(steer: str, size: int = 5) -> Actor:
    """An agent that pushes by what it sees."""
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(AGENT_DIM[steer], size)).astype(np.float32)
    return Actor([Layer("linear", {"weight": weight, "bias": weight[:, 0]}), Layer("tanh")])


def played(env, decide, seed: int) -> list[np.ndarray]:
    """Play an episode; where the point is after each decision."""
    observation, _ = env.reset(seed=seed)
    positions = []
    for _ in range(10):
        observation, _, terminated, _, _ = env.step(decide(observation))
        positions.append(env.unwrapped.position)
        if terminated:
            break
    return positions


@pytest.mark.parametrize("steer", AGENT_DIM)
@pytest.mark.parametrize("observation", ["features", "state", "both"])
@pytest.mark.parametrize(
    ("noise", "sample_latent"),
    [("zero", False), ("fresh", False), ("fresh:0.5", True), ("fixed:3", False)],
)
def test_it_plays_the_steered_environment_s_episode(steer, observation, noise, sample_latent):
    policy, agent = LinearPolicy(3, 2), actor(steer, 8 if observation == "both" else 5)
    options = {"scale": 0.7, "observation": observation}
    options |= {"noise": noise, "sample_latent": sample_latent}
    wrapper = STEERINGS[steer].wrapper(PointEnv(), policy, **options)
    steered = SteeredPolicy(policy, agent, 3, options, steer=steer, low=-1.0, high=1.0)
    bare = ActionChunkWrapper(PointEnv(), steered.n_action_steps)
    for seed in (3, 4):
        expected = played(wrapper, lambda seen: agent(seen[np.newaxis])[0], seed)
        steered.reset(seed)
        np.testing.assert_array_equal(played(bare, steered.predict, seed), expected)


@pytest.mark.parametrize(("before", "now"), [(0.0, "zero"), (1.0, "fresh"), (0.5, "fresh:0.5")])
def test_an_export_of_a_version_before_the_noises_is_read(before, now, folder):
    described = json.loads((folder / "steered.json").read_text())
    for name in ("options", "recipe"):
        del described[name]["noise"]
        edit(folder, **{name: described[name] | {"noise_scale": before}})
    assert SteeredPolicy.load(folder).steering.noise == now


def test_a_fixed_noise_is_the_export_s_own_vector(folder):
    metadata, arrays = read_steered(folder)
    vector = np.random.default_rng(0).standard_normal((4, 2)).astype(np.float32)
    fixed = {n: metadata[n] | {"noise": "fixed:3"} for n in ("options", "recipe")}
    write_steered(folder, metadata | fixed, arrays | {"noise": vector})
    steered = SteeredPolicy.load(folder)
    np.testing.assert_array_equal(steered.steering.start, vector)
    assert steered.steering.noise == "fixed:3"
    write_steered(folder, metadata | fixed, arrays | {"noise": vector[:2]})
    with pytest.raises(CheckpointError, match=r"\(horizon, action_dim\) = \(4, 2\)"):
        SteeredPolicy.load(folder)
    write_steered(folder, metadata | fixed, arrays)
    with pytest.raises(CheckpointError, match="must say how to steer its policy"):
        SteeredPolicy.load(folder)


def test_a_batch_is_each_alone_with_dice_of_its_own():
    options = {"scale": 0.5, "noise": "fresh"}
    steered = SteeredPolicy(LinearPolicy(3, 2), actor("latent"), 3, options)
    observations = np.random.default_rng(0).normal(size=(3, 3))
    steered.reset(seed=7)
    together = [steered.predict(observations) for _ in range(2)]
    assert together[0].shape == (3, 2, 2)
    for row in range(3):
        steered.reset(seed=7 + row)
        for chunks in together:
            np.testing.assert_allclose(steered.predict(observations[row]), chunks[row], rtol=1e-6)


def test_actions_stay_inside_the_bounds():
    steered = SteeredPolicy(
        LinearPolicy(3, 2), actor("latent"), 3, {"scale": 50.0}, low=np.array([-0.1, 0.0]), high=0.2
    )
    chunk = steered.predict(np.ones(3))
    assert chunk.dtype == np.float32
    assert (chunk >= np.array([-0.1, 0.0], np.float32)).all()
    assert chunk.max() == np.float32(0.2)


def test_an_observation_that_does_not_fit_is_refused():
    steered = SteeredPolicy(LinearPolicy(3, 2), actor("latent"), 3, {"scale": 0.5})
    with pytest.raises(PolicyMismatchError, match=r"shape \(3,\) or \(B, 3\)\. Got: \(4,\)"):
        steered.predict(np.zeros(4))
    with pytest.raises(SimulationError, match="finite"):
        steered.predict(np.array([0.0, np.nan, 0.0]))


@pytest.mark.parametrize(
    ("agent", "steer", "options", "message"),
    [
        (actor("noise"), "latent", {"scale": 1.0}, r"must give actions of size 2\. Got: \(8,\)"),
        (actor("latent", 6), "latent", {"scale": 1.0}, "must take observations of size 5"),
        (actor("latent"), "latent", {"scal": 1.0}, "options must be those of 'latent'"),
        (actor("latent"), "latent", {"scale": -1.0}, "scale must be finite and at least 0"),
        (actor("latent"), "mind", {"scale": 1.0}, "unknown way of steering 'mind'"),
    ],
)
def test_parts_that_do_not_fit_are_refused(agent, steer, options, message):
    with pytest.raises(ZprlError, match=message):
        SteeredPolicy(LinearPolicy(3, 2), agent, 3, options, steer=steer)


class Overflowing(LinearPolicy):
    """A policy of one's own that answers with infinity."""

    def decode(self, latents, noise):
        return np.full_like(super().decode(latents, noise), np.inf)


def test_an_answer_that_is_not_finite_is_not_given():
    steered = SteeredPolicy(
        Overflowing(3, 2), actor("latent"), 3, {"scale": 0.5}, low=-1.0, high=1.0
    )
    with pytest.raises(PolicyMismatchError, match=r"must return finite actions\. Got: NaN"):
        steered.predict(np.zeros(3))


@pytest.mark.parametrize(
    ("low", "high"), [(np.nan, 1.0), (1.0, -1.0), (np.zeros(3), 1.0), (-1.0, np.ones((2, 2)))]
)
def test_bounds_that_are_none_are_refused(low, high):
    with pytest.raises(CheckpointError, match="bounds must be smallest and largest actions of s"):
        SteeredPolicy(LinearPolicy(3, 2), actor("latent"), 3, {"scale": 1.0}, low=low, high=high)


@pytest.fixture
def folder(steered_folder, tmp_path) -> Path:
    return Path(shutil.copytree(steered_folder, tmp_path / "copy"))


def edit(folder: Path, **changes: object) -> None:
    path = folder / "steered.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def refused(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        SteeredPolicy.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_damaged_or_foreign_folder_is_refused(folder, point_policy):
    assert "must be a folder with steered.json" in refused(point_policy)
    edit(folder, version=2)
    assert "'zprl-steered', version 1. Got: 'zprl-steered', 2" in refused(folder)
    edit(folder, version=1, steer="mind")
    assert "must be steered at one of latent, noise, joint, action. Got: 'mind'" in refused(folder)
    edit(folder, version=1, steer="os:abort")
    assert "Got: 'os:abort'. If that is code of yours, give it as steer=" in refused(folder)
    edit(folder, steer="latent", options={"scale": 1.0})
    assert "must be an object of numbers, texts or lists of numbers, with n_a" in refused(folder)
    (folder / "steered.json").write_text("[]")
    assert "Got: None, None" in refused(folder)


def test_parts_of_two_exports_are_refused(folder):
    arrays = load_file(folder / "actor.safetensors")
    save_file({name: array + 1 for name, array in arrays.items()}, folder / "actor.safetensors")
    assert "actor_sha256" in refused(folder)
    arrays = {name: array for name, array in arrays.items() if name != "action_low"}
    save_file(arrays, folder / "actor.safetensors")
    edit(folder, actor_sha256=arrays_hash(arrays))
    assert "KeyError: 'action_low'" in refused(folder)


WRONG = [None, True, -1, 0, 1e308, 10**400, "x", "3", "y" * 10**5, [], {}, [None], {"a": 1}, 2.5]


def test_every_entry_of_every_wrong_kind_is_refused_or_harmless(folder):
    path = folder / "steered.json"
    sound = json.loads(path.read_text())
    places = [(name,) for name in sound] + [("options", name) for name in sound["options"]]
    places += [("actor", number) for number in range(len(sound["actor"]))]
    refused = 0
    for name, *inner in places:
        for wrong in WRONG:
            value = wrong
            if inner:
                value = sound[name].copy()
                value[inner[0]] = wrong
            path.write_text(json.dumps(sound | {name: value}))
            try:
                chunk = SteeredPolicy.load(folder).predict(np.zeros(3))
                assert np.isfinite(chunk).all()
            except CheckpointError as error:
                assert "\n" not in str(error)  # noqa: PT017
                assert len(str(error)) < 1500  # noqa: PT017
                refused += 1
    assert refused > 150


@pytest.mark.parametrize("name", ["n_action_steps", "sample_latent", "noise", "observation"])
@pytest.mark.parametrize("wrong", [None, "x", 1.5, [1], {}, "left out"])
def test_an_option_is_there_and_of_its_type_and_nothing_is_guessed(folder, name, wrong):
    options = json.loads((folder / "steered.json").read_text())["options"]
    edit(folder, options={n: v for n, v in options.items() if n != name})
    if wrong != "left out":
        edit(folder, options=options | {name: wrong})
    if (name, wrong) == ("observation", "x"):
        assert "must be one thing. Got: 'x' among its options, 'features' in its" in refused(folder)
    else:
        assert "with n_action_steps (an integer), sample_latent (true or false)" in refused(folder)


def test_options_and_recipe_that_contradict_each_other_are_damaged(folder):
    described = json.loads((folder / "steered.json").read_text())
    edit(folder, recipe=described["recipe"] | {"scale": 0.25})
    edit(folder, options=described["options"] | {"scale": 0.125})
    said = "scale in .*steered.json must be one thing. Got: 0.125 among its options, "
    assert re.search(said, refused(folder))


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ("backend", "tensorflow"),
        ("env_steps", -1),
        ("seconds", -0.5),
        ("paired_difference", {"difference": 2, "gained": 1, "lost": 0, "p_value": 0.1}),
        ("paired_difference", {"difference": 0.1, "gained": 1.5, "lost": 0, "p_value": 0.1}),
        ("results", {"base": {"success_rate": 1.5}}),
    ],
)
def test_numbers_that_cannot_be_are_refused(folder, entry, wrong):
    edit(folder, **{entry: wrong})
    assert f"{entry} in {folder / 'steered.json'} must be " in refused(folder)


def test_a_robot_s_computer_needs_neither_torch_nor_stable_baselines(steered_folder):
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(['torch', 'stable_baselines3', 'sb3_contrib', 'mujoco'])\n"
        "from zprl_env import SteeredPolicy\n"
        f"policy = SteeredPolicy.load({str(steered_folder)!r})\n"
        "policy.reset(seed=0)\n"
        "print(policy.predict([0.1, 0.2, 0.0]).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    expected = SteeredPolicy.load(steered_folder).predict(np.array([0.1, 0.2, 0.0]))
    np.testing.assert_array_equal(np.array(json.loads(done.stdout), np.float32), expected)
