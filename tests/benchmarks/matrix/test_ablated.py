"""Ablated base policies are made by make_policy, and the one without a bottleneck is steered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.bottleneck import DirectPolicy
from benchmarks.matrix import ablated
from benchmarks.matrix.cell import Cell
from policies.checkpoints import model as checkpoint
from policies.demonstrations import Demonstrations
from policies.pretrain import pretrain
from tests.helpers.demonstrations import env_args, write_robomimic
from tests.helpers.tiny import TINY
from zprl_env import SteerablePolicy
from zprl_env.base_policies.make import parse
from zprl_env.base_policies.recipes import imitation_recipe
from zprl_env.errors import UnknownNameError
from zprl_env.loading.resolve import resolve_policy


@pytest.mark.parametrize("name", ablated.IMITATIONS)
def test_its_command_changes_the_recipe_in_one_thing(name, tmp_path):
    words = ablated.making("Lift", name, tmp_path)
    assert words is not None
    made, usual = parse(words[2:]), imitation_recipe("Lift")
    factor, _, value = name.partition("-")
    if factor == "shown":
        changed = replace(usual, episodes=int(value))
    elif factor == "dim":
        changed = replace(usual, pretrain=replace(usual.pretrain, latent_dim=int(value)))
    elif factor == "beta":
        changed = replace(usual, pretrain=replace(usual.pretrain, beta=float(value)))
    else:
        changed = usual
    assert made.recipe == changed
    assert made.out == ablated.folder("Lift", name)
    assert made.recording.out == ablated.recording("Lift", name)
    assert (made.recipe == usual) == (name == ablated.AS_IT_COMES)


def test_demonstrations_of_another_number_are_another_file():
    assert ablated.recording("box-close", "dim-4").as_posix() == "demos/box-close.hdf5"
    assert ablated.recording("box-close", "shown-25").as_posix() == "demos/box-close-25.hdf5"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A checkout in which Lift's policy by its recipe has been made, as small as it can be."""
    root = tmp_path_factory.mktemp("checkout")
    file, out = (root / path("Lift", "recipe") for path in (ablated.recording, ablated.folder))
    file.parent.mkdir()
    write_robomimic(file, env_args())
    policy = pretrain(
        Demonstrations.load(file),
        replace(TINY, steps=2),
        progress=False,
        provenance={"demonstrations_sha256": "abc"},
    )
    policy.save(out)
    (out / "evaluation.json").write_text(f'{{"weights_sha256": "{policy.weights_hash}"}}')
    (out / "README.md").touch()
    return root


@pytest.mark.slow
def test_what_is_made_is_not_made_again_and_says_what_it_was_made_of(root):
    assert ablated.making("Lift", "recipe", root) is None
    assert ablated.making("Lift", "none", root) is None
    assert ablated.making("Lift", "dim-4", root) is not None
    assert Cell("ablations", "Lift", "no-bottleneck", 0).making(root) is None
    assert Cell("mismatch", "Lift", "heavy", 0).making(root) is None
    said = ablated.provenance("Lift", "none", root)
    hashed = checkpoint.weights_hash(checkpoint.load(root / ablated.folder("Lift", "recipe")).model)
    assert said == {
        "imitation": "none",
        "weights_sha256": hashed,
        "demonstrations_sha256": "abc",
    }


@pytest.mark.slow
def test_without_a_bottleneck_the_latent_is_the_embedding_in_the_bottleneck_s_units(
    root, monkeypatch
):
    monkeypatch.chdir(root)
    policy = resolve_policy(ablated.policy_name("Lift", "none"))
    assert isinstance(policy, SteerablePolicy)
    loaded = checkpoint.load(ablated.folder("Lift", "recipe"))
    shown = Demonstrations.load(ablated.recording("Lift", "recipe"))
    keys = tuple(loaded.metadata["observation_keys"])
    seen = np.concatenate([one.flat_observations(keys) for one in shown.trajectories])
    latent = policy.encode(seen).mean
    rms = np.sqrt(np.mean(np.square(loaded.metadata["latent"]["rms"])))
    used = latent.any(axis=0)
    np.testing.assert_allclose(np.sqrt((latent[:, used] ** 2).mean(axis=0)), rms, rtol=1e-4)
    noise = np.random.default_rng(0).normal(size=(len(seen), 4, 7)).astype(np.float32)
    direct = DirectPolicy(loaded.model)
    expected = direct.decode(direct.encode(seen).mean, noise)
    np.testing.assert_allclose(policy.decode(latent, noise), expected, atol=1e-5)


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="unknown imitation 'dim-5'; did you mean 'dim-4'"):
        ablated.policy_name("Lift", "dim-5")
    with pytest.raises(AttributeError, match="nothing"):
        ablated.nothing  # noqa: B018
