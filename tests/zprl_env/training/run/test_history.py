"""What happened is written down whole."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.envs.outcomes import Verdict
from zprl_env.evaluation import EvaluationResult
from zprl_env.files import RunFolderError, write_json
from zprl_env.training.run.history import History, load_history


def result(*successes: bool) -> EvaluationResult:
    count = len(successes)
    return EvaluationResult(np.arange(count), np.array(successes), np.full(count, 3))


def test_it_comes_back_whole(tmp_path):
    history = History(40, 21, [3, 40], [True, False], [(0, result(True)), (40, result(False))], 1.5)
    write_json(tmp_path / "history.json", history.to_dict())
    loaded = load_history(tmp_path)
    assert loaded.to_dict() == history.to_dict()
    assert loaded.evaluations[1][1].successes.dtype == bool


def test_an_episode_that_is_judged_anew_is_counted_where_it_was():
    history, verdicts = History(), []
    for at, outcome in ((10, "success"), (20, "stop"), (30, "failure"), (40, "success")):
        history.env_steps = at
        verdicts.append(Verdict.of(outcome))
        history.note_end({"outcome": verdicts[-1]})
    first, _, third, last = verdicts
    first.change("abort")
    third.change("success")
    last.change("failure")
    history.follow_verdicts()
    assert (history.episode_ends, history.episode_successes) == ([30, 40], [True, False])
    assert history.not_counted == {"stop": 1, "abort": 1}
    first.change("failure")
    history.env_steps = 50
    history.note_end({"outcome": Verdict.of("time limit")})
    assert history.episode_ends == [10, 30, 40, 50]
    assert history.episode_successes == [False, True, False, False]
    assert history.not_counted == {"stop": 1}
    assert History.from_dict(history.to_dict()) == history


def test_the_best_agent_is_the_latest_of_the_best_and_never_the_base_policy():
    history = History(evaluations=[(0, result(True, True))])
    assert history.best is None
    for at, successes in ((10, (True, False)), (20, (False, True)), (30, (False, False))):
        history.evaluations.append((at, result(*successes)))
    assert history.best == 20


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"evaluations": [[1, {}]]}', '{"evaluations": [], "x": 1}']
)
def test_a_foreign_one_is_refused(content, tmp_path):
    (tmp_path / "history.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"Expected a run's history in .*history\.json"):
        load_history(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            {name: value}
            for name in ("env_steps", "decisions", "updates")
            for value in ("3", -1, True)
        ),
        *({"updates_at": value} for value in ([1], {"ten": 1}, {"10": "1"}, {"10": -1})),
        *({"seconds": value} for value in ("1", -1.0, True)),
        {"episode_ends": [1], "episode_successes": []},
        {"episode_ends": ["1"], "episode_successes": [True]},
        {"episode_ends": [1], "episode_successes": [1]},
    ],
    ids=str,
)
def test_a_value_of_another_type_is_refused_whichever_it_is(wrong, tmp_path):
    write_json(tmp_path / "history.json", History().to_dict() | wrong)
    with pytest.raises(RunFolderError, match=r"Expected a run's history in .*history\.json"):
        load_history(tmp_path)
