import io
import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
from rich.console import Console

from policies.demonstrations import Demonstrations, Trajectory, content_hash
from policies.demonstrations.summary import saturation, summarise
from policies.errors import DemonstrationError
from policies.inspect import draw_summary, print_summary


@pytest.fixture
def file(tmp_path):
    """Three episodes of three, four and five steps; the second failed."""
    episodes = [
        Trajectory(
            observations={"arm": np.zeros((n, 2)), "eye": np.zeros((n, 8, 6, 3), np.uint8)},
            actions=np.linspace([-1.0, 0.5], [1.0, 0.5], n),
            rewards=np.zeros(n),
            dones=np.arange(n) == n - 1,
            success=n != 4,
        )
        for n in (3, 4, 5)
    ]
    path = tmp_path / "toy.hdf5"
    Demonstrations(tuple(episodes), {"env_name": "[Toy]"}, ("arm", "eye")).save(path)
    return path


def printed(summary):
    text = io.StringIO()
    print_summary(summary, Console(file=text, width=160))
    return text.getvalue()


def test_a_summary_counts_what_there_is(file):
    summary = summarise(str(file))
    assert summary.lengths.tolist() == [3, 4, 5]
    assert summary.successes == (True, False, True)
    assert summary.observations == {"arm": "2 float64", "eye": "8 x 6 x 3 uint8"}
    assert summary.masks == {"success": 2, "failure": 1}
    assert summary.sha256 == content_hash(file)
    assert summary.notes == []


def test_the_tables_tell_it(file):
    text = printed(summarise(str(file)))
    for part in ("2 of 3 (67%)", "12; 3 to 5 per episode", "eye: 8 x 6 x 3 uint8", '"[Toy]"'):
        assert part in text
    rows = [line for line in text.splitlines() if line.startswith(("│ 0", "│ 1"))]
    assert [float(cell) for cell in rows[0].split("│")[2:6]] == [0.0, 0.748, -1.0, 1.0]
    assert [row.split("│")[6].strip() for row in rows] == ["50.0%", "0.0%"]


def test_saturation_counts_both_ends():
    actions = np.array([[-1.0], [0.0], [0.5], [1.0], [1.0]])
    assert saturation(actions).tolist() == [0.6]


def test_a_file_that_training_refuses_can_be_seen_with_the_reason(file):
    with h5py.File(file, "a") as opened:
        args = {"type": 1, "env_name": "Lift", "env_version": "1.4.1", "env_kwargs": {}}
        opened["data"].attrs["env_args"] = json.dumps(args)
        del opened["data/demo_0/obs"]
    text = printed(summarise(str(file)))
    assert "training refuses it: it was recorded with robosuite 1.4.1" in text
    assert "it has no observations" in text
    assert "its arrays are not those it was sealed with" in text


def test_the_picture_shows_lengths_and_every_action(file, tmp_path):
    draw_summary(summarise(str(file)), tmp_path / "toy.png")
    assert (tmp_path / "toy.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(DemonstrationError, match="cannot write the picture"):
        draw_summary(summarise(str(file)), tmp_path / "nowhere" / "toy.png")


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


def test_the_command_prints_and_draws_beside_the_file(file):
    command = [sys.executable, "-m", "policies.inspect"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=True)
    assert "2 of 3 (67%)" in done.stdout
    assert done.stderr == ""
    assert file.with_suffix(".png").is_file()
    done = subprocess.run([*command, "none.hdf5"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
