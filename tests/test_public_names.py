"""Nothing that was documented before the rooms is lost: names, commands and files' own words."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.helpers.warm import run_warm
from zprl_env.loading.named import load_object
from zprl_env.training.settings.hyperparameters import REPLAY, WRAPPER

NAMES = """
policies: CheckpointError DemonstrationError MissingExtraError PolicyMismatchError ZprlError
policies: Encoding ConfigurationError ChunkDataset chunk_windows Demonstrations DemonstrationWriter
policies: Trajectory FrozenPolicy NumpyPolicy PretrainConfig VibFlow VibFlowConfig vib_loss
policies.demonstrations: Demonstrations DemonstrationWriter Trajectory content_hash verify_content
policies.inspect: print_summary
policies.pretrain: pretrain
policies.summary: summarise
zprl_env: ActionChunkWrapper ActionSteeringWrapper CheckpointError ConfigurationError Encoding
zprl_env: InvalidActionError JointSteeringWrapper LatentSteeringWrapper NoiseSteeringWrapper
zprl_env: PolicyMismatchError SimulationError SteerablePolicy SteeredPolicy SteeringVecEnv
zprl_env: ZprlError make_env
zprl_env.envs: TASKS Task make_env register_envs
zprl_env.evaluation: TEST_SEED VALIDATION_SEED evaluate
zprl_env.experts: SKILLS Expert Operator Quality make_expert sample_quality
zprl_env.experts.record: Recording record
zprl_env.steering: ActionSteering JointSteering LatentSteering NoiseSteering ObservationKind
zprl_env.steering: Steering auto_scale
zprl_env.tasks: TASKS task_name
zprl_env.testing: LinearPolicy check_env_fits check_policy
zprl_env.training.actors: ActorCriticPolicy CrossQPolicy LstmPolicy SACPolicy TD3Policy TQCPolicy
zprl_env.training.replay: ChunkReplayBuffer
zprl_env.training.telemetry: SteeringTelemetry
zprl_env.training.warmup: WarmUp
zprl_env.training.zoo: steered
real.env: RealRobotEnv
real.recording: EpisodeRecorder
real.testing: check_robot
"""
COMMANDS = """
policies: convert fit_bottleneck inspect pretrain
real: play replay server testing
zprl_env: calibrate check doctor envs evaluate experts.record export hub hyperparams make_policy
"""


def listed(text: str) -> list[tuple[str, str]]:
    """The names behind each module, one by one."""
    rows = [line.split(": ") for line in text.strip().splitlines()]
    return [(module, name) for module, names in rows for name in names.split()]


@pytest.mark.parametrize(("module", "name"), listed(NAMES))
def test_a_documented_name_is_where_it_was(module, name):
    assert getattr(import_module(module), name) is not None


@pytest.mark.slow
@pytest.mark.parametrize(("package", "command"), listed(COMMANDS))
def test_a_documented_command_explains_itself(package, command):
    done = run_warm("-m", f"{package}.{command}", "--help")
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout


def test_what_hyperparameter_files_name_is_there():
    for path in (WRAPPER, REPLAY["callback"], REPLAY["replay_buffer_class"].split('"')[1]):
        module, _, name = path.rpartition(".")
        assert load_object(f"{module}:{name}", "name").__name__ == name
