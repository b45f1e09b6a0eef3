"""A summary counts what a file holds, whether or not one could train on it."""

import h5py
import numpy as np
import pytest

from policies.demonstrations import content_hash
from policies.demonstrations.summary import saturation, summarise
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import toy_demonstrations


def test_a_summary_counts_what_there_is(toy_file):
    summary = summarise(str(toy_file))
    assert summary.lengths.tolist() == [3, 4, 5]
    assert summary.successes == (True, False, True)
    assert summary.observations == {"arm": "2 float64", "eye": "8 x 6 x 3 uint8"}
    assert summary.masks == {"success": 2, "failure": 1}
    assert summary.sha256 == content_hash(toy_file)
    assert summary.notes == []


def test_saturation_counts_both_ends():
    actions = np.array([[-1.0], [0.0], [0.5], [1.0], [1.0]])
    assert saturation(actions).tolist() == [0.6]


@pytest.mark.parametrize(
    ("contents", "message"),
    [(None, "Got no file at"), (b"no", "must be a complete HDF5 file")],
)
def test_what_is_no_file_of_demonstrations_is_refused(tmp_path, contents, message):
    path = tmp_path / "bad.hdf5"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(DemonstrationError, match=message):
        summarise(str(path))


def test_an_action_that_never_changes_is_not_saturated():
    assert saturation(np.full((4, 1), 0.3)).tolist() == [0.0]


def test_an_episode_without_actions_is_refused_by_name(toy_file):
    with h5py.File(toy_file, "a") as opened:
        del opened["data/demo_1/actions"]
    with pytest.raises(DemonstrationError, match=r"toy\.hdf5: demo_1 must have 'actions'\. Got"):
        summarise(str(toy_file))


def test_a_minari_dataset_is_summed_up_as_well(tmp_path, monkeypatch):
    pytest.importorskip("minari", reason="needs the minari extra")
    from policies.demonstrations.minari import write_minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    write_minari(toy_demonstrations(), "toy/scripted-v0")
    summary = summarise("minari:toy/scripted-v0")
    assert summary.lengths.tolist() == [3, 4, 5]
    assert summary.successes == (True, False, None)
    assert summary.observations == {"b": "2 float32", "a": "3 float32"}
