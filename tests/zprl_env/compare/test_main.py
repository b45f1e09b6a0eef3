"""zprl compare: a table, sentences, a picture and a file of numbers."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.helpers.finished_runs import write_run
from zprl_env import cli
from zprl_env.compare.__main__ import main


@pytest.fixture
def compare(tmp_path, monkeypatch, capsys):
    """Run the command on a terminal of 80 columns; return exit code and both outputs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["compare", *words])
        code = 0
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_runs_are_compared_and_kept(compare, tmp_path):
    for seed in (0, 1):
        write_run(tmp_path / "runs" / f"sac-{seed}", seed=seed)
        write_run(tmp_path / "runs" / f"weak-{seed}", seed=seed, scale=0.1, steered=[0] * 8)
    write_run(tmp_path / "runs" / "killed", finished=False)
    code, out, err = compare("runs")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "Left out: runs/killed: it has not finished" in out
    assert "A  sac            0 1    0.25     1.00  1.00 - 1.00         50" in out
    assert "B  sac scale=0.1  0 1    0.25     0.00  0.00 - 0.00         50" in out
    assert "A against its base: Better: 6 of 8 episodes gained, none lost (+75 points" in out
    assert "B against A: Worse: none of 8 episodes gained, 8 lost (-100 points" in out
    assert out.splitlines()[-1] == "Curves: compare.png. Numbers: compare.json"
    assert (tmp_path / "compare.png").read_bytes().startswith(b"\x89PNG")

    content = json.loads((tmp_path / "compare.json").read_text())
    assert [one["mean"] for one in content["groups"]] == [1.0, 0.0]
    assert content["groups"][0]["runs"][1]["folder"] == "runs/sac-1"
    assert content["pairs"][-1]["difference"]["lost"] == 8
    assert content["left_out"][0]["folder"] == "runs/killed"
    assert content["zprl_env_version"]


def test_another_comparison_is_not_overwritten_unasked(compare, tmp_path):
    write_run(tmp_path / "run")
    assert compare("run", "--out", "mine")[0] == 0
    before = (tmp_path / "mine.json").read_bytes()
    shutil.rmtree(tmp_path / "run")
    code, _, err = compare("run", "--out", "mine")
    assert code == 2
    assert "--overwrite" in err
    assert (tmp_path / "mine.json").read_bytes() == before
    write_run(tmp_path / "run", steered=[0] * 8)
    assert compare("run", "--out", "mine.png", "--overwrite")[0] == 0
    assert (tmp_path / "mine.json").read_bytes() != before


def test_where_there_is_no_run_nothing_is_written(compare, tmp_path):
    code, out, err = compare("nowhere")
    assert code == 2
    assert "error: Expected a finished run" in err
    assert "Left out: nowhere: there is no run in it" in out
    assert not [*tmp_path.iterdir()]
    with pytest.raises(SystemExit):
        cli.run(main)
