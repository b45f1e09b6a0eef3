import numpy as np

from policies.demonstrations.trajectory import Trajectory
from policies.imitation.dataset import chunk_dataset, chunk_windows


def test_a_chunk_is_what_follows_and_then_the_last_action_again():
    windows = chunk_windows(np.arange(4)[:, None], 3)
    assert windows[..., 0].tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 3], [3, 3, 3]]


def test_an_episode_shorter_than_the_horizon_is_padded():
    assert chunk_windows(np.array([[7.0]]), 4)[..., 0].tolist() == [[7.0] * 4]


def test_chunks_do_not_cross_episodes():
    episodes = [
        Trajectory({"x": np.full((2, 1), i)}, np.full((2, 1), i), np.zeros(2), np.zeros(2))
        for i in range(3)
    ]
    data = chunk_dataset(episodes, ("x",), 4)
    assert data.observations.shape == (6, 1)
    assert data.chunks.shape == (6, 4, 1)
    assert (data.chunks == data.observations[:, None]).all()
    assert data.chunks.dtype == data.observations.dtype == np.float32
