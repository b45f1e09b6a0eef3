"""A run that ends early is saved, and goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.recording_env import RecordingEnv
from tests.helpers.small_model import make_small_model
from zprl_env.errors import SimulationError
from zprl_env.files import RunFolderError
from zprl_env.training.agents.divergence import DivergedError
from zprl_env.training.learning import learn, rescued
from zprl_env.training.run.history import History
from zprl_env.training.run.interruption import Interrupted
from zprl_env.training.watch.callbacks import ProgressCallback


def run(model, warmup: int, budget: int, history: History) -> None:
    learn(model, warmup, budget, history, ProgressCallback(history, budget, show=False))


def test_warm_up_comes_first_and_counts():
    model, _ = make_small_model(RecordingEnv(truncate_at=5))
    history = History()
    run(model, 6, 24, history)
    assert (history.env_steps, history.decisions) == (24, 14)
    assert not model.replay_buffer.actions[:6].any()
    assert model.replay_buffer.actions[6:13].all()


def test_an_interrupted_warm_up_is_taken_up_again():
    model, _ = make_small_model(RecordingEnv(truncate_at=5))
    history = History()
    run(model, 10, 5, history)
    run(model, 10, 30, history)
    decided = model.replay_buffer.actions[: model.replay_buffer.size()].any(axis=(1, 2))
    assert decided.tolist() == [False] * 10 + [True] * (len(decided) - 10)


def test_a_spent_budget_is_not_exceeded_by_a_single_step():
    env = RecordingEnv(truncate_at=5)
    model, _ = make_small_model(env)
    history = History()
    run(model, 10, 10, history)
    run(model, 10, 10, history)
    assert (history.env_steps, history.decisions) == (10, 6)


def test_an_on_policy_agent_needs_no_warm_up():
    model, _ = make_small_model(RecordingEnv(truncate_at=5), "ppo")
    history = History()
    run(model, 10, 20, history)
    assert history.env_steps == 20


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (SimulationError("diverged"), SimulationError),
        (EOFError(), SimulationError),
        (ConnectionResetError(), SimulationError),
    ],
)
def test_what_was_learned_is_kept_when_a_simulation_fails(raised, seen):
    said: list[str] = []
    with pytest.raises(seen), rescued(Path("my run"), lambda: said.append("saving"), said.append):
        raise raised
    message = "Saved. Go on with: python train_sb3.py --resume-from 'my run'"
    assert said == ["saving", message]


@pytest.mark.parametrize(
    ("raised", "begins"),
    [(Interrupted(), "Saved. Go on"), (KeyboardInterrupt(), "What came after the last checkpoint")],
)
def test_nothing_half_done_is_saved_over_what_is_whole(raised, begins):
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), rescued(Path("run"), pytest.fail, said.append):
        raise raised
    (line,) = said
    assert line.startswith(begins)
    assert line.endswith("python train_sb3.py --resume-from run")


def test_a_defect_saves_nothing():
    with pytest.raises(ZeroDivisionError), rescued(Path("run"), pytest.fail, pytest.fail):
        raise ZeroDivisionError


@pytest.mark.parametrize("algo", ["sac", "td3", "crossq", "ppo"])
def test_an_agent_that_diverges_is_told_as_that_whatever_it_leads_to(algo, tmp_path):
    model, _ = make_small_model(RecordingEnv(truncate_at=5), algo)
    history = History()

    class Diverging(ProgressCallback):
        def _on_step(self) -> bool:
            if self.history.env_steps == 24:
                for weight in self.model.policy.parameters():
                    weight.data.fill_(float("nan"))
            return super()._on_step()

    (tmp_path / "checkpoints" / "000000019").mkdir(parents=True)
    said: list[str] = []
    with pytest.raises(DivergedError), rescued(tmp_path, pytest.fail, said.append):
        learn(model, 4, 60, history, Diverging(history, 60, show=False))
    (line,) = said
    assert "NaN or infinity in " in line
    assert " env steps. The last good checkpoint is that of 19 env steps. Its results" in line
    assert f"--resume-from {tmp_path} --total-env-steps 19. To learn on, begin a new run" in line


def test_a_rescue_that_finds_no_room_says_that_as_well():
    said: list[str] = []

    def save() -> None:
        raise RunFolderError("Expected to write. Got: OSError. Make room.")

    with pytest.raises(RunFolderError), rescued(Path("run"), save, said.append):
        raise SimulationError("diverged")
    assert said[0].startswith("Not saved. Expected to write. Got: OSError. Make room. Go on with: ")
