"""The benchmark of noise chooses on the validation episodes and reports on the test episodes."""

from __future__ import annotations

import pytest

import benchmarks.noise.__main__ as noise
from zprl_env.errors import UnknownNameError
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED
from zprl_env.files import read_json


@pytest.fixture
def short(shipped_point, point_policy, monkeypatch):
    """Few episodes on the point task, as if its policy came with the package."""
    monkeypatch.setattr(noise, "shipped_tasks", lambda: [shipped_point])
    monkeypatch.setattr(noise, "resolve_policy", lambda name: resolve(point_policy))
    monkeypatch.setattr(noise, "VALIDATION", range(VALIDATION_SEED, VALIDATION_SEED + 2))
    monkeypatch.setattr(noise, "TEST", range(TEST_SEED, TEST_SEED + 3))
    return shipped_point


def resolve(path):
    from zprl_env.loading.resolve import resolve_policy

    return resolve_policy(path)


def test_every_part_is_kept_once_and_a_killed_run_goes_on(short, tmp_path, monkeypatch, capsys):
    told = []

    def play(name, env, agent, seeds):
        told.append(name)
        if len(told) == 5:
            raise KeyboardInterrupt
        return original(name, env, agent, seeds)

    original = noise.play
    monkeypatch.setattr(noise, "play", play)
    with pytest.raises(KeyboardInterrupt):
        noise.Run((short,), out=tmp_path)()
    content = read_json(tmp_path / "point.json")
    assert list(content["validation"]) == ["fresh", "zero", "fixed:0", "fixed:1"]
    assert noise.table(tmp_path).count("\n") == 2  # no row of what is not finished
    noise.Run((short,), out=tmp_path)()
    assert len(told) == 1 + len(noise.REFERENCES) * 2 + len(noise.DRAWS) + 1
    content = read_json(tmp_path / "point.json")
    assert list(content["test"]) == ["fresh", "zero", content["chosen"]]
    assert content["test"]["fresh"]["seeds"] == [TEST_SEED + i for i in range(3)]
    noise.Summary(tmp_path)()
    row = (tmp_path / "table.md").read_text().splitlines()[2]
    assert row.startswith(f"| {short} | ")
    assert f"`{content['chosen']}`" in row
    assert row in capsys.readouterr().out


def test_the_committed_table_is_what_was_played():
    assert (noise.RESULTS / "table.md").read_text(encoding="utf-8") == noise.table()


def test_a_task_without_a_shipped_policy_is_told():
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        noise.COMMAND.parse(["run", "Lfit"])
