"""LeRobotDatasets are read to the bit, and one that contradicts itself says where."""

# mypy: disable-error-code="func-returns-value, arg-type"

import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash
from policies.demonstrations.formats.table import open_source
from tests.helpers.lerobot_data import (
    MADE_BY_LEROBOT,
    ROWS,
    change_table,
    copy_of_lerobots,
    reread,
    seen_by_lerobot,
)

pytest.importorskip("pyarrow", reason="needs the lerobot extra")
pytest.importorskip("av", reason="needs the lerobot extra")


def test_what_lerobot_wrote_is_read_as_it_was_added():
    read = reread(MADE_BY_LEROBOT)
    assert read.cameras == ("front", "side_image")
    assert [len(episode) for episode in read.trajectories] == [3, 4, 5]
    assert [episode.success for episode in read.trajectories] == [True, False, True]
    for number, episode in enumerate(read.trajectories):
        steps = np.arange(len(episode), dtype=np.float32)
        assert np.array_equal(episode.observations["observation.state"][:, 1], steps)
        assert (episode.observations["observation.state"][:, 0] == number).all()
        assert np.array_equal(episode.actions[:, 0], (steps / 10).astype(np.float32))
        for step in range(len(episode)):
            due = seen_by_lerobot(number, step)
            assert np.array_equal(episode.frames["front"][step], due["front"])
            got = episode.frames["side_image"][step].astype(int)
            assert abs(got - due["side_image"]).mean() < 6  # of the codec; a wrong frame is 30 off


def test_what_it_says_of_itself_is_told():
    with open_source(MADE_BY_LEROBOT) as source:
        assert source.format == "LeRobotDataset v3.0"
        assert source.remarks["fps"] == "5"
        assert source.remarks["names of observation.state"] == "episode, step"
        assert source.masks["push"] == ["episode_1"]
        assert source.masks["train"] == ["episode_0", "episode_1", "episode_2"]
    push = Demonstrations.load(MADE_BY_LEROBOT, mask="push")
    assert [len(episode) for episode in push.trajectories] == [4]


def test_its_hash_is_that_of_what_it_shows(tmp_path):
    copy = copy_of_lerobots(tmp_path / "copy")
    assert content_hash(copy) == content_hash(MADE_BY_LEROBOT)
    change_table(copy / ROWS, lambda rows: rows["action"].__setitem__(0, 0.7))
    assert content_hash(copy) != content_hash(MADE_BY_LEROBOT)
