"""Normalisation: LeRobot's formulas, statistics that are checked, and constant dimensions."""

import pytest
import torch

from policies.errors import CheckpointError
from policies.foreign.lerobot.features import ACTION, STATE, VISUAL, Feature
from policies.foreign.lerobot.normalization import (
    NEEDED,
    Normalization,
    as_statistics,
    check_names,
    constants_said,
)

PAIR = {"mean": [1.0, 2.0], "std": [0.5, 4.0], "min": [0.0, -1.0], "max": [2.0, 3.0]}
PAIR |= {"q01": [0.1, -0.5], "q99": [1.9, 2.5], "q10": [0.2, 0.0], "q90": [1.0, 2.0]}
FEATURE = Feature("observation.state", STATE, (2,))


def statistics(**changes):
    values = {name: torch.tensor(value) for name, value in (PAIR | changes).items()}
    return {"observation.state": values}


@pytest.mark.parametrize("mode", [*NEEDED])
def test_every_mode_is_inverted(mode):
    normalization = Normalization(FEATURE, mode, statistics(), "file")
    values = torch.tensor([[0.3, -0.7], [1.5, 2.2]])
    torch.testing.assert_close(normalization.invert(normalization.apply(values)), values)
    assert torch.equal(normalization.apply(values), normalization.apply_exactly(values))


def test_both_ends_become_minus_and_plus_one():
    normalization = Normalization(FEATURE, "MIN_MAX", statistics(), "file")
    assert normalization.apply(torch.tensor([[0.0, 3.0]])).tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize("mode", ["MEAN_STD", "MIN_MAX", "QUANTILES", "QUANTILE10"])
@pytest.mark.parametrize("spread", [0.0, 1e-9, 3e-7])
def test_a_constant_dimension_has_span_one_and_is_said(mode, spread):
    first, second = NEEDED[mode]
    end = spread if mode == "MEAN_STD" else 1.0 + spread
    known = statistics(**{first: [1.0, 0.0], second: [end, 1.0]})
    normalization = Normalization(FEATURE, mode, known, "file")
    seen = normalization.apply(torch.tensor([[1.001, 0.0]]))
    assert seen.abs().max() <= 1.0 + 1e-6
    assert constants_said([normalization]) == [
        "observation.state was constant in training at [0], span 1 is taken"
    ]


def test_a_constant_action_comes_out_as_it_was():
    action = Feature("action", ACTION, (1,))
    known = {"action": {"min": torch.tensor([0.3]), "max": torch.tensor([0.3])}}
    normalization = Normalization(action, "MIN_MAX", known, "file")
    torch.testing.assert_close(normalization.invert(torch.tensor([[0.9]])), torch.tensor([[0.3]]))


@pytest.mark.parametrize(
    ("mode", "changes", "told"),
    [
        ("MEAN_STD", {"std": [float("inf"), 1.0]}, "observation.state.std in file must be finite"),
        ("MIN_MAX", {"max": [float("nan"), 1.0]}, "observation.state.max in file must be finite"),
        ("MEAN_STD", {"mean": [1.0, 2.0, 3.0]}, r"must have shape \(2,\). Got: \(3,\)"),
        ("MEAN_STD", {"std": [-1.0, 1.0]}, "must be at least 0"),
        ("MIN_MAX", {"max": [-1.0, 3.0]}, "must be at least min"),
    ],
)
def test_statistics_that_cannot_be_are_refused_by_key_and_file(mode, changes, told):
    with pytest.raises(CheckpointError, match=told):
        Normalization(FEATURE, mode, statistics(**changes), "file")


@pytest.mark.parametrize("mode", [mode for mode in NEEDED if NEEDED[mode]])
def test_a_missing_statistic_is_named(mode):
    known = statistics()
    del known["observation.state"][NEEDED[mode][1]]
    with pytest.raises(CheckpointError, match=f"must hold observation.state.{NEEDED[mode][1]}"):
        Normalization(FEATURE, mode, known, "file")


@pytest.mark.parametrize("shape", [(3,), (3, 1, 1)])
def test_pictures_have_statistics_per_channel_flat_or_not(shape):
    camera = Feature("observation.images.top", VISUAL, (3, 4, 5))
    known = {camera.name: {"mean": torch.full(shape, 0.5), "std": torch.full(shape, 0.25)}}
    seen = Normalization(camera, "MEAN_STD", known, "file").apply(torch.ones(2, 3, 4, 5))
    assert seen.shape == (2, 3, 4, 5)
    torch.testing.assert_close(seen, torch.full_like(seen, 2.0))


@pytest.mark.parametrize(
    "other", ["observation.states", "state", "observation_state", "Observation.state"]
)
def test_statistics_under_another_name_are_missed_and_that_name_is_told(other):
    known = {other: statistics()["observation.state"]}
    with pytest.raises(CheckpointError, match=r"none of observation\.state; others are") as error:
        check_names([FEATURE], {STATE: "MEAN_STD"}, known, "file")
    assert other in str(error.value)


def test_features_that_are_left_as_they_are_need_none():
    check_names([FEATURE], {}, {}, "file")
    assert Normalization(FEATURE, "IDENTITY", {}, "file").apply(torch.ones(1, 2)).sum() == 2


def test_keys_are_sorted_by_their_last_dot():
    found = as_statistics({"observation.images.top.left.mean": torch.zeros(3)})
    assert [*found] == ["observation.images.top.left"]
