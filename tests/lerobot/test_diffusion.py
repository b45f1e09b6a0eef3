"""LeRobot's Diffusion policy: what it does without an agent is what LeRobot does, to the bit."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from policies.errors import CheckpointError
from policies.foreign.lerobot import load
from policies.foreign.lerobot.checkpoint import LeRobotWarning
from policies.foreign.policy import ForeignPolicy
from tests.lerobot.policies import Reference, history, noises, observations, spied

KINDS = ["diffusion", "diffusion_of_one", "diffusion_of_three"]
SEES = ["diffusion_sees", "diffusion_sees_resized"]


def opened(address):
    return ForeignPolicy(load(str(address)))


@pytest.fixture
def copied(saved, tmp_path):
    """A checkpoint that a test may change."""
    return shutil.copytree(saved("diffusion"), tmp_path / "policy")


@pytest.mark.parametrize("kind", KINDS + SEES)
def test_a_rollout_is_lerobots_own_to_the_bit(saved, kind):
    reference, policy = Reference(saved(kind)), opened(saved(kind))
    steps = policy.n_action_steps
    shown = [observations(kind, 3, seed) for seed in range(2 * steps)]
    own, theirs = [], []
    for decision, noise in enumerate(noises(policy, 3, 2)):
        now = decision * steps
        encoding = policy.encode(history(shown[: now + 1], policy.n_obs_steps))
        own += [*policy.decode(encoding.mean, noise)[:, :steps].swapaxes(0, 1)]
        for step in range(steps):
            theirs.append(reference.act(shown[now + step], noise=torch.from_numpy(noise.copy())))
    np.testing.assert_array_equal(np.stack(own), np.stack(theirs))


def test_a_chunk_begins_at_the_last_observation(saved):
    policy = opened(saved("diffusion_of_three"))
    assert (policy.horizon, policy.noise_shape) == (6, (8, 2))
    assert policy.generator.past_actions == 2


@pytest.mark.parametrize("kind", ["diffusion", "diffusion_sees"])
def test_a_row_alone_is_what_it_is_in_a_batch(saved, kind):
    policy = opened(saved(kind))
    seen, noise = history([observations(kind, 3)], 2), noises(policy, 3)[0]
    whole = policy.decode(policy.encode(seen).mean, noise)
    one = {n: v[2:] for n, v in seen.items()} if isinstance(seen, dict) else seen[2:]
    alone = policy.decode(policy.encode(one).mean, noise[2:])
    np.testing.assert_allclose(alone, whole[2:], atol=2e-5)


def test_one_decision_is_one_call_and_leaves_the_noise_alone(saved, monkeypatch):
    policy = opened(saved("diffusion"))
    calls = spied(monkeypatch, policy.generator.module.diffusion, "conditional_sample")
    noise = noises(policy, 1)[0]
    before = noise.copy()
    policy.decode(policy.encode(history([observations("diffusion", 1)], 2)).mean, noise)
    assert len(calls) == 1
    np.testing.assert_array_equal(noise, before)


def test_it_remembers_nothing_of_an_episode(saved):
    policy = opened(saved("diffusion"))
    one, other = (history([observations("diffusion", 2, seed)], 2) for seed in (0, 1))
    noise = noises(policy, 2)[0]
    first = policy.decode(policy.encode(one).mean, noise)
    policy.decode(policy.encode(other).mean, noise)
    np.testing.assert_array_equal(policy.decode(policy.encode(one).mean, noise), first)


def test_its_loss_is_lerobots(saved):
    generator, reference = load(str(saved("diffusion"))), Reference(saved("diffusion"))
    shown, actions = observations("diffusion", 5)[:, None].repeat(2, 1), torch.rand(5, 8, 2)
    batch = {
        "observation.state": torch.from_numpy(shown[..., :3]),
        "observation.environment_state": torch.from_numpy(shown[..., 3:]),
        "action": actions,
    }
    normal = reference.before(batch) | {"action_is_pad": torch.zeros(5, 8, dtype=torch.bool)}
    torch.manual_seed(5)
    theirs, _ = reference.policy.forward(normal)
    torch.manual_seed(5)
    condition = generator.embed(torch.from_numpy(shown)).requires_grad_()
    loss = generator.loss(condition, actions)
    assert loss.item() == pytest.approx(theirs.item(), rel=1e-6)
    loss.backward()
    assert condition.grad.abs().sum() > 0


def test_ddpm_is_made_certain_and_said(saved):
    with pytest.warns(LeRobotWarning, match=r"DDPM, which draws at every step\. DDIM is used"):
        policy = opened(saved("diffusion_ddpm"))
    assert policy.metadata["sampler"] == "DDIM"
    assert len(policy.metadata["notes"]) == 1
    same = opened(saved("diffusion"))  # of the same weights
    latents, noise = np.zeros((2, same.latent_dim), np.float32), noises(same, 2)[0]
    np.testing.assert_array_equal(policy.decode(latents, noise), same.decode(latents, noise))


def test_ddpm_that_is_kept_draws_from_its_noise_alone(saved):
    policy = opened(f"{saved('diffusion_ddpm')}?sampler=DDPM")
    latents, noise = np.zeros((3, policy.latent_dim), np.float32), noises(policy, 3)[0]
    first = policy.decode(latents, noise)
    torch.manual_seed(99)
    np.testing.assert_array_equal(policy.decode(latents, noise), first)
    np.testing.assert_allclose(policy.decode(latents[2:], noise[2:]), first[2:], atol=2e-5)
    with torch.no_grad():
        sample = Reference(saved("diffusion_ddpm")).policy.diffusion.conditional_sample(
            3,
            global_cond=torch.from_numpy(latents),
            noise=torch.from_numpy(noise),
            generator=policy.generator._generators(torch.from_numpy(noise)),
        )
    np.testing.assert_array_equal(first, policy.generator._in_units(sample[:, 1:]).numpy())


def test_fewer_steps_are_taken_where_they_are_asked_for(saved):
    module = load(f"{saved('diffusion')}?steps=2").module
    assert module.get_submodule("diffusion").num_inference_steps == 2
    with pytest.raises(CheckpointError, match="at most num_train_timesteps, 20"):
        load(f"{saved('diffusion')}?steps=21")


def test_a_policy_that_sees_says_its_cameras_and_their_size(saved):
    policy = opened(saved("diffusion_sees"))
    assert policy.generator.cameras == ("top", "wrist_cam")
    assert policy.picture_settings.image_size == (48, 64)
    assert policy.observation_dim == 2 * 3


def test_an_old_checkpoint_with_statistics_as_buffers_acts_alike(copied):
    policy = opened(copied)
    weights = load_file(copied / "model.safetensors")
    known = load_file(copied / "policy_preprocessor_step_3_normalizer_processor.safetensors")
    for name in ("observation.state", "action"):
        for end in ("min", "max"):
            place = "unnormalize_outputs" if name == "action" else "normalize_inputs"
            weights[f"{place}.buffer_{name.replace('.', '_')}.{end}"] = known[f"{name}.{end}"]
    save_file(weights, copied / "model.safetensors")
    for path in copied.glob("policy_*"):
        path.unlink()
    seen, noise = history([observations("diffusion", 2)], 2), noises(policy, 2)[0]
    answers = [p.decode(p.encode(seen).mean, noise) for p in (policy, opened(copied))]
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize("changes", [{"use_group_norm": None}, {"attention_sinks": 4}])
def test_a_configuration_of_another_version_is_refused_not_guessed(copied, changes):
    values = json.loads((copied / "config.json").read_text()) | changes
    kept = {name: value for name, value in values.items() if name not in changes or value}
    (copied / "config.json").write_text(json.dumps(kept))
    with pytest.raises(CheckpointError, match=f"(unknown|without) {next(iter(changes))}"):
        load(str(copied))


def test_weights_of_another_network_are_refused(copied):
    weights = load_file(copied / "model.safetensors")
    name = next(iter(weights))
    weights[f"{name}_renamed"] = weights.pop(name)
    save_file(weights, copied / "model.safetensors")
    with pytest.raises(CheckpointError, match=f"Missing: {name}. Unknown: {name}_renamed"):
        load(str(copied))


def test_nothing_thaws_it(saved):
    module = load(str(saved("diffusion"))).module
    assert not any(part.training for part in module.modules())
    assert not any(parameter.requires_grad for parameter in module.parameters())
