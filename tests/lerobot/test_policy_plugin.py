"""A steered policy is a policy of LeRobot's: found, loaded and run by LeRobot itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from lerobot.configs.policies import PreTrainedConfig
from lerobot.policies.factory import get_policy_class, make_pre_post_processors
from lerobot.utils.import_utils import register_third_party_plugins
from lerobot_policy_zprl.__main__ import main, write

from policies.foreign.lerobot import load
from policies.foreign.policy import ForeignPolicy
from tests.lerobot.policies import Reference, as_lerobot, observations
from zprl_env.deploy.actor import Actor, Layer
from zprl_env.deploy.steered_policy import SteeredPolicy
from zprl_env.loading.steered_files import OWN_POLICY, write_steered

ROOT = Path(__file__).parents[2]


def export(folder, policy, steer="latent", push=0.5):
    """An export of an agent that always pushes alike, onto a base policy that stays where it is."""
    seen = policy.feature_dim + policy.latent_dim
    moved = policy.latent_dim if steer == "latent" else int(np.prod(policy.noise_shape))
    layer = Layer("linear", {"weight": np.zeros((moved, seen)), "bias": np.full(moved, push)})
    actor = Actor([layer])
    bounds = {
        f"action_{end}": np.full(policy.action_dim, v) for end, v in (("low", -512), ("high", 512))
    }
    folder.mkdir()
    options = {"n_action_steps": policy.n_action_steps, "sample_latent": False, "noise": "fixed:3"}
    metadata = {
        "steer": steer,
        "observation_dim": policy.observation_dim,
        "options": options | {"scale": 1.0, "observation": "features"},
        "actor": actor.kinds,
        OWN_POLICY: "a policy of LeRobot's",
    }
    noise = np.random.default_rng(0).standard_normal(policy.noise_shape).astype(np.float32)
    write_steered(folder, metadata, actor.to_arrays() | bounds | {"noise": noise})
    return folder


@pytest.fixture(scope="module")
def steered(saved, tmp_path_factory):
    """A LeRobot checkpoint of a steered ACT."""
    address = f"lerobot:{saved('act')}"
    folder = tmp_path_factory.mktemp("plugin")
    return write(export(folder / "export", ForeignPolicy(load(address))), folder / "out", address)


def test_lerobot_finds_it_by_itself(steered):
    register_third_party_plugins()
    config = PreTrainedConfig.from_pretrained(steered)
    assert config.type == "zprl"
    assert get_policy_class("zprl").__name__ == "ZprlPolicy"


def test_it_decides_as_the_steered_policy_does(steered):
    policy = get_policy_class("zprl").from_pretrained(steered)
    before, after = make_pre_post_processors(policy.config, str(steered))
    reference = SteeredPolicy.load(steered / "steered", policy=policy.config.base)
    shown = [observations("act", 3, seed) for seed in range(7)]
    chunks = [reference.predict(shown[0]), reference.predict(shown[5])]
    for step, seen in enumerate(shown):
        batch = {
            "observation.state": torch.from_numpy(seen[:, :3]),
            "observation.environment_state": torch.from_numpy(seen[:, 3:]),
        }
        action = after(policy.select_action(before(batch)))
        np.testing.assert_array_equal(action.numpy(), chunks[step // 5][:, step % 5])


def test_an_episode_begins_with_a_new_chunk(steered):
    policy = get_policy_class("zprl").from_pretrained(steered)
    one, other = (
        {
            "observation.state": torch.from_numpy(seen[:, :3]),
            "observation.environment_state": torch.from_numpy(seen[:, 3:]),
        }
        for seen in (observations("act", 1, 0), observations("act", 1, 1))
    )
    first = policy.select_action(one)
    policy.select_action(other)
    policy.reset()
    assert torch.equal(policy.select_action(one), first)


def test_what_is_missing_is_named(steered):
    policy = get_policy_class("zprl").from_pretrained(steered)
    with pytest.raises(ValueError, match=r"Got none for observation\.environment_state"):
        policy.select_action({"observation.state": torch.zeros(1, 3)})


def test_an_export_that_holds_its_base_policy_is_divided_by_what_it_observes(tmp_path):
    shipped = ROOT / "zprl_env" / "deploy" / "shipped" / "lift"
    config = PreTrainedConfig.from_pretrained(write(shipped, tmp_path / "out"))
    assert {name: f.shape for name, f in config.input_features.items()} == {
        "observation.state": (9,),
        "observation.environment_state": (10,),
    }


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--steered", str(tmp_path), "--out", str(tmp_path / "out")])
    assert "a steered policy must be a folder with" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["diffusion", "diffusion_of_three"])
def test_a_history_is_kept_and_an_agent_that_does_nothing_is_lerobots_own_policy(
    saved, tmp_path, kind
):
    address = f"lerobot:{saved(kind)}"
    base = ForeignPolicy(load(address))
    out = write(export(tmp_path / "export", base, "noise", 0.0), tmp_path / "out", address)
    policy, reference = get_policy_class("zprl").from_pretrained(out), Reference(saved(kind))
    noise = np.random.default_rng(0).standard_normal(base.noise_shape).astype(np.float32)
    low, high = policy._steered.bounds
    for seed in range(9):
        seen = observations(kind, 1, seed)
        action = policy.select_action(as_lerobot(seen)).numpy()
        theirs = reference.act(seen, noise=torch.from_numpy(noise[np.newaxis].copy()))
        np.testing.assert_array_equal(action, np.clip(theirs, low, high))


def test_lerobot_eval_runs_it(saved, tmp_path):
    address = f"lerobot:{saved('act_pusht')}"
    out = write(
        export(tmp_path / "export", ForeignPolicy(load(address))), tmp_path / "out", address
    )
    program = Path(sys.executable).with_name("lerobot-eval")
    done = subprocess.run(
        [
            program,
            f"--policy.path={out}",
            "--env.type=pusht",
            "--env.obs_type=environment_state_agent_pos",
            "--env.episode_length=12",
            "--eval.n_episodes=2",
            "--eval.batch_size=2",
            # Its processes do not import gym_pusht, and LeRobot 0.6 starts them by default.
            "--eval.use_async_envs=false",
            f"--output_dir={tmp_path / 'eval'}",
        ],
        env={**os.environ, "SDL_VIDEODRIVER": "dummy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "eval" / "eval_info.json").read_text())
    assert found["overall"]["n_episodes"] == 2
