import dataclasses

import numpy as np
import pytest

from zprl_env.errors import ZprlError
from zprl_env.experts import Demonstrator, Quality, sample_quality


def test_full_skill_has_no_misjudgement():
    rng = np.random.default_rng(0)
    for _ in range(20):
        quality = sample_quality(rng, skill=1.0)
        assert not quality.misjudgement(np.array([0.03, -0.03])).any()
        assert quality.alignment == quality.correction == 1.0
        assert quality.pause_steps == quality.regrasps == 0


def test_same_generator_state_gives_the_same_quality():
    first, second = (sample_quality(np.random.default_rng(7), skill=0.3) for _ in range(2))
    assert first == second
    assert first != sample_quality(np.random.default_rng(8), skill=0.3)


def test_one_person_errs_alike_in_all_episodes_and_people_differ():
    def aims(person):
        rng = np.random.default_rng(0)
        return np.array(
            [sample_quality(rng, 0.0, person).misjudgement(np.zeros(2)) for _ in range(40)]
        )

    first, second = (Demonstrator.sample(np.random.default_rng(seed)) for seed in range(2))
    np.testing.assert_allclose(aims(first).mean(axis=0), first.bias, atol=0.003)
    assert np.linalg.norm(aims(first).mean(axis=0) - aims(second).mean(axis=0)) > 0.005


def test_misjudgement_grows_with_the_displacement():
    quality = Quality(grasp_offset=(0.0, 0.0, 0.01), offset_slope=(0.5, 0.0, 0.0, -0.5))
    np.testing.assert_allclose(quality.misjudgement(np.array([0.02, 0.04])), [0.01, -0.02, 0.01])


def test_less_skill_means_larger_errors():
    person = Demonstrator.sample(np.random.default_rng(0))

    def error(skill):
        quality = sample_quality(np.random.default_rng(0), skill, person)
        return np.linalg.norm(quality.misjudgement(np.zeros(2)))

    errors = [error(skill) for skill in (1.0, 0.75, 0.5, 0.25, 0.0)]
    assert errors == sorted(errors)


@pytest.mark.parametrize("skill", [-0.1, 1.1, float("nan")])
def test_skill_outside_its_range_is_refused(skill):
    with pytest.raises(ZprlError, match=r"skill must lie in \[0, 1\]\. Got:"):
        sample_quality(np.random.default_rng(0), skill)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("speed", 1.5, r"speed must lie in \(0, 1\]"),
        ("alignment", 2.0, r"alignment must lie in \[0, 1\]"),
        ("correction", -1.0, r"correction must lie in \[0, 1\]"),
        ("attempts", -1, "attempts must not be negative"),
    ],
)
def test_impossible_qualities_are_refused(field, value, message):
    with pytest.raises(ZprlError, match=message):
        dataclasses.replace(Quality(), **{field: value})
