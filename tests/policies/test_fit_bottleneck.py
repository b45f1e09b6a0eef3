import dataclasses

import numpy as np
import pytest
import torch
import tyro

from policies import foreign
from policies.checkpoints.output import OverwriteError
from policies.demonstrations import Demonstrations, DemonstrationWriter
from policies.errors import PolicyMismatchError
from policies.fit_bottleneck import Arguments, fit_bottleneck, run
from policies.foreign.testing import LineGenerator
from policies.frozen import FrozenPolicy
from policies.imitation.config import BottleneckConfig, PretrainConfig
from policies.model.vib_flow import VibFlow
from policies.pretrain import pretrain
from tests.helpers.warm import run_warm
from zprl_env.testing import reach_demonstrations

SETTINGS = BottleneckConfig(
    latent_dim=4,
    bottleneck_hidden_dims=(32,),
    batch_size=64,
    steps=20,
    log_every=10,
    learning_rate=3e-3,
    ema_decay=0.99,
)


def fit(policy, demonstrations, **changes):
    settings = dataclasses.replace(SETTINGS, **changes)
    return fit_bottleneck(policy, demonstrations, settings, progress=False)


@pytest.fixture
def observations(linear_demonstrations):
    keys = linear_demonstrations.observation_keys
    episodes = linear_demonstrations.trajectories
    return np.concatenate([episode.flat_observations(keys) for episode in episodes])


def test_what_a_finished_policy_does_passes_through_its_new_bottleneck(
    linear_demonstrations, observations
):
    config = PretrainConfig(
        **{**dataclasses.asdict(SETTINGS), "steps": 400, "log_every": 400},
        horizon=4,
        n_action_steps=2,
        feature_dim=16,
        hidden_dim=64,
        encoder_hidden_dims=(32,),
    )
    finished = pretrain(linear_demonstrations, config, progress=False)
    # The map needs two dimensions; the fitted latent may have another size than the joint one.
    fitted = fit(finished, linear_demonstrations, steps=400, log_every=400, latent_dim=6)
    truth = np.stack([t.actions[:4] for t in linear_demonstrations.trajectories]).repeat(5, axis=0)
    noise = np.random.default_rng(0).normal(size=truth.shape)
    actions = fitted.decode(fitted.encode(observations).mean, noise)
    assert 1 - np.mean((actions - truth) ** 2) / truth.var() > 0.9
    assert fitted.latent_dim == 6


def test_encoder_head_and_normalisation_stay_as_they_were(policy, linear_demonstrations):
    before = policy.weights_hash
    fitted = fit(policy, linear_demonstrations)
    old, new = policy._model.state_dict(), fitted._model.state_dict()
    acting = {name for name in old if not name.startswith("bottleneck.")}
    assert acting == {name for name in new if not name.startswith("bottleneck.")}
    assert all(torch.equal(old[name], new[name]) for name in acting)
    assert policy.weights_hash == before != fitted.weights_hash


def test_a_model_will_do_and_is_not_changed(model, policy, linear_demonstrations):
    weights = [weight.clone() for weight in model.parameters()]
    fitted = fit(model, linear_demonstrations)
    assert fitted.weights_hash == fit(policy, linear_demonstrations).weights_hash
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))
    assert all(weight.requires_grad and weight.grad is None for weight in model.parameters())


def test_a_seed_decides_everything_and_no_global_one_is_touched(policy, linear_demonstrations):
    before = torch.random.get_rng_state()
    first, again, other = (fit(policy, linear_demonstrations, seed=seed) for seed in (0, 0, 1))
    assert first.weights_hash == again.weights_hash != other.weights_hash
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_larger_beta_packs_the_latent_tighter(policy, linear_demonstrations):
    loose, tight = (
        fit(policy, linear_demonstrations, beta=beta, steps=200, log_every=200)
        for beta in (1e-6, 1.0)
    )
    assert np.mean(tight.latent_rms**2) < np.mean(loose.latent_rms**2)
    kl = [p.metadata["training"]["losses"][-1]["kl"] for p in (loose, tight)]
    assert kl[1] < 0.1 * kl[0]


def test_latent_statistics_are_the_new_bottlenecks(policy, linear_demonstrations, observations):
    fitted = fit(policy, linear_demonstrations)
    mean = fitted.encode(observations).mean.astype(np.float64)
    np.testing.assert_allclose(fitted.latent_mean, mean.mean(0), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(fitted.latent_rms, np.sqrt((mean**2).mean(0)), rtol=1e-3)


def test_the_summary_says_what_was_done_and_to_which_policy(policy, linear_demonstrations):
    training = fit(policy, linear_demonstrations).metadata["training"]
    assert training["base"] == {
        "weights_sha256": policy.weights_hash,
        "training": policy.metadata["training"],
    }
    assert [row["step"] for row in training["losses"]] == [10, 20]
    assert {"loss", "vib_flow", "kl", "val_reconstruction"} <= set(training["losses"][0])
    assert training["latent_dim"] == 4
    assert training["samples"] == 300


def test_another_tasks_demonstrations_are_refused(small_config, linear_demonstrations):
    other = VibFlow(dataclasses.replace(small_config, observation_dim=6))
    message = r"must have the policy's sizes \(6, 2\). Got: \(5, 2\). Use demonstrations"
    with pytest.raises(PolicyMismatchError, match=message):
        fit(other, linear_demonstrations)


def test_observations_in_another_order_are_refused(policy, linear_demonstrations):
    swapped = Demonstrations(linear_demonstrations.trajectories, {}, ("object", "arm"))
    with pytest.raises(PolicyMismatchError, match=r"Load them with keys=\['arm', 'object'\]"):
        fit(policy, swapped)


def command(*arguments):
    return run_warm("-m", "policies.fit_bottleneck", *arguments)


def test_the_command_line_writes_a_checkpoint(policy, linear_demonstrations, tmp_path):
    policy.save(tmp_path / "base")
    linear_demonstrations.save(tmp_path / "demo.hdf5")
    done = command(
        *("--policy", tmp_path / "base", "--demonstrations", tmp_path / "demo.hdf5"),
        *("--out", tmp_path / "out", "--steps", 5, "--latent-dim", 2),
    )
    assert done.returncode == 0, done.stderr
    asked = ["--policy", tmp_path / "base", "--demonstrations", tmp_path / "demo.hdf5"]
    again = tyro.cli(Arguments, args=[*map(str, asked), "--out", str(tmp_path / "out")])
    with pytest.raises(OverwriteError, match=r"out/policy\.json.*give --overwrite"):
        run(again)
    fitted = FrozenPolicy.load(tmp_path / "out")
    assert fitted.latent_dim == 2
    assert fitted.metadata["training"]["base"]["weights_sha256"] == policy.weights_hash
    assert len(fitted.metadata["training"]["demonstrations_sha256"]) == 64


def test_the_command_line_says_an_error_in_one_line(tmp_path):
    done = command(
        *("--policy", tmp_path / "absent", "--demonstrations", tmp_path / "demo.hdf5"),
        *("--out", tmp_path / "out"),
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: a checkpoint must be a folder. Got:")
    assert done.stderr.count("\n") == 1


def test_a_bottleneck_is_fitted_onto_a_policy_that_sees(dots_seen):
    seeing = PretrainConfig(
        horizon=4,
        n_action_steps=2,
        steps=5,
        batch_size=16,
        encoder="small",
        crop=32,
        threads=1,
        hidden_dim=16,
        bottleneck_hidden_dims=(16,),
    )
    base = pretrain(dots_seen, seeing, progress=False)
    settings = dataclasses.replace(SETTINGS, latent_dim=3, steps=20, log_every=20)
    policy = fit_bottleneck(base, dots_seen, settings, progress=False)
    assert (policy.latent_dim, policy.cameras) == (3, ("top",))
    seen = {"state": np.zeros((2, 2)), "top": dots_seen.trajectories[0].frames["top"][:2]}
    assert np.array_equal(policy.encode(seen).features, base.encode(seen).features)
    assert policy.reference_frames()["top"].shape == (36, 36, 3)
    blind = dataclasses.replace(
        dots_seen,
        trajectories=tuple(dataclasses.replace(t, frames={}) for t in dots_seen.trajectories),
        picture_settings=None,
    )
    with pytest.raises(PolicyMismatchError, match=r"frames must be the policy's, .*Got: none"):
        fit_bottleneck(base, blind, settings, progress=False)


def test_the_command_fits_onto_a_policy_from_elsewhere(tmp_path, monkeypatch, capsys):
    (tmp_path / "lab.py").write_text(
        "from policies.foreign.testing import LineGenerator\n"
        "def make():\n    return LineGenerator(2, 2)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with DemonstrationWriter(tmp_path / "demos.hdf5", {}, ["way"]) as writer:
        for episode in reach_demonstrations(3).trajectories:
            writer.append(episode)
    out = tmp_path / "fitted"
    settings = {f.name: getattr(SETTINGS, f.name) for f in dataclasses.fields(SETTINGS)}
    run(Arguments(policy="lab:make", demonstrations=tmp_path / "demos.hdf5", out=out, **settings))
    assert "a bottleneck for lab:make, which stays where it is" in capsys.readouterr().out
    assert foreign.load(out, LineGenerator(2, 2)).latent_dim == 4
