"""A run's folder has one owner, and nothing that was finished in it is overwritten unasked."""

from __future__ import annotations

import pytest

from policies.checkpoints.output import FolderInUseError, OverwriteError, refuse_overwriting
from tests.helpers.holding import holding
from zprl_env.files import RunFolderError
from zprl_env.training.run.folder import (
    LEARNED,
    WRITTEN,
    checkpoint_folders,
    clear,
    new_run,
    refuse_run,
    resumed_run,
)


@pytest.mark.parametrize("name", WRITTEN)
def test_no_part_of_another_run_is_overwritten(name, tmp_path):
    (tmp_path / name).touch()
    others = "or go on with the run" if name == "config.json" else f"or remove {name} in it"
    with (
        pytest.raises(OverwriteError, match=f"--overwrite, {others}") as error_info,
        new_run(tmp_path, "Lift", "sac"),
    ):
        pytest.fail("never")
    with pytest.raises(OverwriteError) as usual:
        refuse_overwriting(tmp_path)
    assert str(error_info.value).startswith(str(usual.value)[:-1])
    with new_run(tmp_path, "Lift", "sac", overwrite=True) as folder:
        assert folder == tmp_path
        assert (folder / name).exists()  # until the new one really begins


def test_what_is_no_run_is_left_alone(tmp_path):
    for name in ("notes.txt", "config.json", "policy"):
        (tmp_path / name).touch()
    with pytest.raises(OverwriteError, match=r"or go on with the run in it: --resume-from /"):
        refuse_run(tmp_path)
    clear(tmp_path, resumed=False)
    assert (tmp_path / "notes.txt").exists()
    refuse_run(None)


def test_a_run_that_begins_removes_what_the_last_one_learned_and_keeps_its_own_base(tmp_path):
    for name in WRITTEN:
        (tmp_path / name).touch()
    clear(tmp_path, resumed=True)
    assert {path.name for path in tmp_path.iterdir()} == {*WRITTEN} - {*LEARNED}
    clear(tmp_path, resumed=False)
    assert not (tmp_path / "base.json").exists()


@pytest.mark.parametrize("kind", ["new", "resumed"])
def test_a_second_owner_is_refused_and_told_the_first_one_s_process(kind, tmp_path):
    with holding(tmp_path) as other:
        opened = new_run(tmp_path, "Lift", "sac") if kind == "new" else resumed_run(tmp_path, print)
        with pytest.raises(FolderInUseError, match=f"in use by process {other.pid} on "), opened:
            pytest.fail("never")
    with resumed_run(tmp_path, print) as folder:  # a killed owner blocks nobody
        assert folder == tmp_path


def test_beginning_again_is_said_or_refused(tmp_path):
    said: list[str] = []
    with resumed_run(tmp_path, said.append):
        pass
    assert said == [f"{tmp_path} has no checkpoint yet: it begins again, at 0 environment steps."]
    for name in ("model.zip", "results.json"):
        (tmp_path / name).touch()
        with (
            pytest.raises(RunFolderError, match=rf"Got: none, but .*{name}.* or give --overwrite"),
            resumed_run(tmp_path, print),
        ):
            pytest.fail("never")
    with resumed_run(tmp_path, said.append, overwrite=True):
        assert len(said) == 2
    (tmp_path / "checkpoints" / "000000060").mkdir(parents=True)
    with resumed_run(tmp_path, said.append):
        assert len(said) == 2


def test_a_checkpoint_that_is_being_replaced_comes_before_the_older_ones(tmp_path):
    for name in ("000000020", "000000060~", "000000060", "partial", "000000100~"):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
    names = [path.name for path in checkpoint_folders(tmp_path)]
    assert names == ["000000100~", "000000060", "000000060~", "000000020"]
