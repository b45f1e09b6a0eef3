"""A run that ends early is saved, and goes on where it was."""

from __future__ import annotations

import pytest

from tests.zprl_env.recording_env import RecordingEnv
from tests.zprl_env.training.small_model import make_small_model
from zprl_env.errors import SimulationError
from zprl_env.training.callbacks import History, ProgressCallback
from zprl_env.training.checkpoint import load_history
from zprl_env.training.learning import learn, rescued, training_seed


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


def test_a_resumed_run_plays_other_episodes_than_it_began_with():
    assert training_seed(3, History()) == 3
    later = {training_seed(3, History(decisions=n)) for n in range(1, 50)}
    assert len(later) == 49
    assert later == {training_seed(3, History(decisions=n)) for n in range(1, 50)}
    assert max(later) < 1_000_000  # where evaluation's episodes begin


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (SimulationError("diverged"), SimulationError),
        (EOFError(), SimulationError),
        (ConnectionResetError(), SimulationError),
    ],
)
def test_what_was_learned_is_kept(raised, seen, tmp_path, capsys):
    model, _ = make_small_model(RecordingEnv())
    with pytest.raises(seen), rescued(tmp_path, model, History(env_steps=7)):
        raise raised
    assert load_history(tmp_path).env_steps == 7
    assert (tmp_path / "model.zip").exists()
    assert (tmp_path / "replay.safetensors").exists()
    message = f"Saved. Go on with: python train_sb3.py --resume-from {tmp_path}\n"
    assert capsys.readouterr().out == message


def test_a_defect_does_not_overwrite_what_was_saved(tmp_path):
    model, _ = make_small_model(RecordingEnv())
    with pytest.raises(ZeroDivisionError), rescued(tmp_path, model, History()):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
