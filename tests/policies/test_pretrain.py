import contextlib
import dataclasses
import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
import tyro

from policies.checkpoints.output import FolderInUseError, OverwriteError, package_version
from policies.compiled_policy import CompiledPolicy
from policies.demonstrations import Demonstrations
from policies.errors import ConfigurationError, PolicyMismatchError
from policies.frozen import FrozenPolicy
from policies.imitation.config import PretrainConfig
from policies.imitation.device import resolve_device
from policies.imitation.unfinished import unfinished_fit
from policies.pretrain import Arguments, pretrain, run
from tests.helpers.warm import run_warm
from tests.policies.conftest import dot_demonstrations, dots

TINY = PretrainConfig(
    horizon=4,
    n_action_steps=2,
    latent_dim=4,
    feature_dim=16,
    hidden_dim=64,
    encoder_hidden_dims=(32,),
    bottleneck_hidden_dims=(32,),
    batch_size=64,
    steps=20,
    log_every=10,
    eval_every=10,
    ema_decay=0.99,
)


def tiny(demonstrations, evaluate=None, **changes):
    return pretrain(
        demonstrations, dataclasses.replace(TINY, **changes), evaluate=evaluate, progress=False
    )


def test_a_known_map_is_learned_through_the_bottleneck(linear_demonstrations):
    policy = tiny(linear_demonstrations, steps=800, learning_rate=3e-3, log_every=800)
    keys = linear_demonstrations.observation_keys
    episodes = linear_demonstrations.trajectories
    observations = np.stack([t.flat_observations(keys)[0] for t in episodes])
    truth = np.stack([t.actions[:4] for t in episodes])
    noise = np.random.default_rng(0).normal(size=truth.shape)
    actions = policy.decode(policy.encode(observations).mean, noise)
    explained = 1 - np.mean((actions - truth) ** 2) / truth.var()
    assert explained > 0.9
    losses = policy.metadata["training"]["losses"][-1]
    assert losses["val_flow"] < 1.0
    assert losses["vib_flow"] < 1.5 * losses["flow"] + 0.1


def test_a_seed_decides_everything_and_no_global_one_is_touched(linear_demonstrations):
    before = torch.random.get_rng_state()
    first, again, other = (tiny(linear_demonstrations, seed=seed) for seed in (0, 0, 1))
    assert first.weights_hash == again.weights_hash != other.weights_hash
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_bottleneck_costs_encoder_and_head_nothing(linear_demonstrations):
    def acting(**changes):
        policy = tiny(linear_demonstrations, **changes)
        observations = np.random.default_rng(0).normal(size=(3, 5))
        return policy.encode(observations).features

    heavy = {"beta": 1.0, "w_rec": 1.0}
    np.testing.assert_array_equal(acting(), acting(**heavy))
    assert (acting(stop_gradients=False) != acting(stop_gradients=False, **heavy)).any()
    assert (acting() != acting(stop_gradients=False)).any()


def test_evaluation_does_not_change_what_is_learned(linear_demonstrations):
    def evaluate(policy):
        torch.default_generator.manual_seed(7)
        return 0.5

    with torch.random.fork_rng(devices=[]):
        watched = tiny(linear_demonstrations, evaluate)
    assert watched.weights_hash == tiny(linear_demonstrations).weights_hash
    assert watched.metadata["training"]["success_rates"] == [
        {"step": 10, "success_rate": 0.5},
        {"step": 20, "success_rate": 0.5},
    ]


def test_the_evaluated_policy_is_usable_and_frozen(linear_demonstrations):
    hashes = []

    def evaluate(policy):
        assert policy.encode(np.zeros((1, 5))).mean.shape == (1, 4)
        hashes.append(policy.weights_hash)
        return 0.0

    final = tiny(linear_demonstrations, evaluate)
    assert len(set(hashes)) == 2
    assert hashes[-1] == final.weights_hash


def test_the_weights_are_a_moving_average(linear_demonstrations):
    averaged, latest = (
        tiny(linear_demonstrations, ema_decay=decay).weights_hash for decay in (0.9, 0.0)
    )
    assert averaged != latest


def test_latent_statistics_are_those_of_the_demonstrations(linear_demonstrations):
    policy = tiny(linear_demonstrations)
    keys = linear_demonstrations.observation_keys
    flat = [t.flat_observations(keys) for t in linear_demonstrations.trajectories]
    mean = policy.encode(np.concatenate(flat)).mean.astype(np.float64)
    np.testing.assert_allclose(policy.latent_mean, mean.mean(0), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(policy.latent_std, mean.std(0), rtol=1e-3)
    np.testing.assert_allclose(policy.latent_rms, np.sqrt((mean**2).mean(0)), rtol=1e-3)


def test_the_summary_says_what_was_done(linear_demonstrations):
    training = tiny(linear_demonstrations).metadata["training"]
    assert training["demonstrations"] == 60
    assert training["samples"] == 300
    assert training["seed"] == 0
    assert [row["step"] for row in training["losses"]] == [10, 20]
    assert {"loss", "flow", "vib_flow", "kl", "val_flow"} <= set(training["losses"][0])
    assert "torch" in training["versions"]


def test_no_validation_uses_all_episodes(linear_demonstrations):
    losses = tiny(linear_demonstrations, val_fraction=0.0).metadata["training"]["losses"]
    assert not any(name.startswith("val_") for name in losses[0])


def test_the_unet_trains(linear_demonstrations):
    policy = tiny(linear_demonstrations, head="unet", unet_channels=(8, 16), steps=2)
    assert policy.decode(np.zeros((1, 4)), np.zeros((1, 4, 2))).shape == (1, 4, 2)


def command(*arguments):
    return run_warm("-m", "policies.pretrain", *arguments)


def test_the_command_line_writes_a_checkpoint(linear_demonstrations, tmp_path):
    linear_demonstrations.save(tmp_path / "demo.hdf5")
    done = command(
        "--demonstrations", tmp_path / "demo.hdf5", "--out", tmp_path / "out", "--steps", 5
    )
    assert done.returncode == 0, done.stderr
    policy = FrozenPolicy.load(tmp_path / "out")
    training = policy.metadata["training"]
    assert policy.metadata["zprl_env_version"] == package_version()
    assert training["command"].startswith("python -m policies.pretrain --demonstrations")
    assert len(training["demonstrations_sha256"]) == 64
    assert json.dumps(policy.metadata["env_args"]) == '{"env_name": "Toy"}'


def test_a_finished_policy_is_overwritten_only_when_asked(linear_demonstrations, tmp_path):
    linear_demonstrations.save(tmp_path / "demo.hdf5")
    flags = ["--demonstrations", str(tmp_path / "demo.hdf5"), "--out", str(tmp_path / "out")]
    settings = ["--steps", "3", "--hidden-dim", "8", "--head", "mlp"]

    def train(*more):
        run(tyro.cli(Arguments, args=[*flags, *settings, *more]))
        return FrozenPolicy.load(tmp_path / "out").weights_hash

    first = train()
    (tmp_path / "out" / "README.md").write_text("the first one's card")
    with pytest.raises(OverwriteError, match=r"policy\.json. Choose another with --out, or give"):
        train("--seed", "1")
    assert FrozenPolicy.load(tmp_path / "out").weights_hash == first
    assert train("--seed", "1", "--overwrite") != first
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"README.md.old", "policy.json", "policy.safetensors"}
    assert {path.name for path in tmp_path.iterdir()} == {"demo.hdf5", "out"}


def test_ctrl_c_is_a_line_and_the_same_command_goes_on(linear_demonstrations, tmp_path):
    linear_demonstrations.save(tmp_path / "demo.hdf5")
    flags = ["--demonstrations", tmp_path / "demo.hdf5", "--out", tmp_path / "out"]
    words = [sys.executable, "-m", "policies.pretrain", *flags, "--steps", "1000000"]
    with subprocess.Popen([*map(str, words)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while "step/s" not in said:  # the bar moves: it is training
            said += process.stderr.read(1)
        with pytest.raises(FolderInUseError, match=f"process {process.pid}"):
            run(tyro.cli(Arguments, args=[*map(str, flags)]))
        process.send_signal(signal.SIGTERM)
        said += process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "the same command goes on from" in said
    assert list((tmp_path / "out.partial").glob("*.safetensors"))


def test_the_command_line_says_an_error_in_one_line(tmp_path):
    done = command("--demonstrations", tmp_path / "absent.hdf5", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith("error: demonstrations must be an HDF5 file.")
    assert done.stderr.count("\n") == 1


SEEING = dataclasses.replace(
    TINY, encoder="small", crop=32, latent_dim=2, batch_size=32, threads=1, learning_rate=3e-3
)


@pytest.mark.slow
def test_a_policy_reaches_a_goal_that_only_its_camera_sees():
    config = dataclasses.replace(SEEING, steps=450, log_every=450, encoder_hidden_dims=(64,))
    policy = pretrain(dot_demonstrations(150), config, progress=False)
    rng = np.random.default_rng(0)
    hands, goals = rng.uniform(-1, 1, (2, 60, 2))
    began = np.linalg.norm(goals - hands, axis=1).mean()
    for _ in range(6):
        seen = {"state": hands, "top": dots(hands, goals)}
        chunks = policy.decode(policy.encode(seen).mean, rng.normal(size=(60, 4, 2)))
        hands = hands + chunks[:, :2].sum(1)
    assert np.linalg.norm(goals - hands, axis=1).mean() < 0.5 * began


def test_a_seeing_policy_keeps_what_it_saw_and_is_the_same_without_torch(dots_seen, tmp_path):
    policy = pretrain(dots_seen, SEEING, progress=False)
    policy.save(tmp_path)
    loaded, bare = FrozenPolicy.load(tmp_path), CompiledPolicy.load(tmp_path)
    seen = {"state": np.zeros((2, 2)), "top": dots(np.zeros((2, 2)), np.ones((2, 2)))}
    for other in (loaded, bare):
        assert other.cameras == ("top",)
        assert other.picture_settings == dots_seen.picture_settings
        assert other.weights_hash == policy.weights_hash
        assert np.array_equal(other.encode(seen).mean, policy.encode(seen).mean)
        reference = other.reference_frames()["top"]
        assert np.array_equal(reference, dots_seen.trajectories[0].frames["top"][0])
    training = policy.metadata["training"]
    assert (training["device"], training["draws"]) == (resolve_device("auto", True), 4)
    with pytest.raises(PolicyMismatchError, match="this policy sees"):
        loaded.encode(np.zeros((1, 2)))


def test_a_seeing_training_that_was_interrupted_ends_as_one_that_was_not(dots_seen, tmp_path):
    whole = pretrain(dots_seen, SEEING, progress=False)

    def stop(policy):
        raise KeyboardInterrupt

    for evaluate in (stop, None):
        with contextlib.suppress(KeyboardInterrupt), unfinished_fit(tmp_path / "out") as unfinished:
            resumed = pretrain(
                dots_seen, SEEING, evaluate=evaluate, progress=False, unfinished=unfinished
            )
    assert resumed.weights_hash == whole.weights_hash


def test_a_policy_may_see_and_feel_nothing(dots_file):
    blind = Demonstrations.load(dots_file, [], cameras=())
    policy = pretrain(blind, SEEING, progress=False)
    assert policy.observation_dim == 0
    assert policy.encode({"top": dots(np.zeros((3, 2)), np.ones((3, 2)))}).mean.shape == (3, 2)


def test_the_command_learns_from_a_file_with_cameras(dots_file, tmp_path, capsys):
    settings = {f.name: getattr(SEEING, f.name) for f in dataclasses.fields(PretrainConfig)}
    run(Arguments(**settings, demonstrations=(dots_file,), out=tmp_path / "policy"))
    assert "cameras: top; 36 x 36 pixels, 0 MiB in memory" in capsys.readouterr().out
    assert FrozenPolicy.load(tmp_path / "policy").cameras == ("top",)


def test_cameras_without_an_encoder_for_them_are_refused():
    with pytest.raises(ConfigurationError, match="such as --encoder small"):
        PretrainConfig(cameras=("top",))
    with pytest.raises(ConfigurationError, match="encoder must be one of small, resnet18"):
        PretrainConfig(encoder="vgg")
