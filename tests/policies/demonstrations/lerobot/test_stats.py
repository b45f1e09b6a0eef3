"""Statistics of features are those of all values together, however they were gathered."""

# mypy: disable-error-code="func-returns-value, arg-type"

import numpy as np

from policies.demonstrations.lerobot.stats import picture_stats, together, vector_stats


def test_statistics_of_parts_are_those_of_the_whole():
    values = np.random.default_rng(0).normal(3.0, 2.0, (90, 2))
    parts = [vector_stats(part) for part in np.split(values, (20, 50))]
    whole = together(parts)
    np.testing.assert_allclose(whole["mean"], values.mean(0))
    np.testing.assert_allclose(whole["std"], values.std(0))
    np.testing.assert_allclose(whole["min"], values.min(0))
    assert int(np.ravel(whole["count"])[0]) == 90


def test_pictures_are_measured_by_channel_from_0_to_1():
    frames = np.zeros((3, 4, 4, 3), np.uint8)
    frames[..., 1] = 255
    found = picture_stats(frames)
    np.testing.assert_allclose(np.ravel(found["mean"]), [0.0, 1.0, 0.0])
    np.testing.assert_allclose(np.ravel(found["std"]), 0.0)
