"""An exported agent steers the policy that it was exported with, and no other."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from tests.helpers import point
from zprl_env.deploy.exported import exported_agent, exported_config
from zprl_env.errors import CheckpointError, ConfigurationError, PolicyMismatchError
from zprl_env.loading.resolve import resolve_policy
from zprl_env.loading.steered_files import read_steered, write_steered


@pytest.fixture
def own(steered_folder, tmp_path):
    """An export whose base policy is code."""
    folder = tmp_path / "own"
    shutil.copytree(steered_folder, folder)
    metadata, arrays = read_steered(folder)
    shutil.rmtree(folder / "policy")
    write_steered(folder, metadata | {"own_policy": "my_lab:make"}, arrays)
    return folder


def test_an_export_names_its_own_policy_and_settings(point_task, steered_folder, tmp_path):
    config = exported_config(steered_folder, trust=False)
    assert (config.env, config.algo, config.recipe.noise) == ("Point", "sac", "zero")
    assert config.policy == str(steered_folder / "policy")
    policy = resolve_policy(config.policy)
    agent = exported_agent(steered_folder, policy, config.policy)
    assert agent(np.zeros(10, np.float32)).shape == (2,)
    other = resolve_policy(point.save_policy(tmp_path / "other", seed=1))
    with pytest.raises(PolicyMismatchError, match=r"Got other, of other weights"):
        exported_agent(steered_folder, other, "other")


def test_an_export_of_code_takes_the_policy_that_is_given(point_task, own, point_policy):
    with pytest.raises(CheckpointError, match=r"my_lab:make\. If you have it, give it with --po"):
        exported_config(own, trust=True)
    config = exported_config(own, trust=True, policy=str(point_policy))
    assert config.policy == str(point_policy)
    agent = exported_agent(own, resolve_policy(point_policy), "mine")
    assert agent(np.zeros(10, np.float32)).shape == (2,)


def test_settings_that_name_code_are_not_followed_unless_trusted(steered_folder, tmp_path):
    folder = tmp_path / "sent"
    shutil.copytree(steered_folder, folder)
    metadata, arrays = read_steered(folder)
    write_steered(folder, metadata | {"env": "my_lab:make_env"}, arrays)
    with pytest.raises(ConfigurationError, match="my_lab:make_env"):
        exported_config(folder, trust=False)
