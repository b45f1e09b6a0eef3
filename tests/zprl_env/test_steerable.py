"""Any object with the right members is a policy; nothing has to be inherited."""

import numpy as np
import pytest

from zprl_env.steerable import Encoding, SteerablePolicy
from zprl_env.testing import LinearPolicy

MEMBERS = [*SteerablePolicy.__annotations__, "encode", "decode"]


def test_the_contract_is_five_sizes_and_two_calls():
    assert sorted(MEMBERS) == sorted(
        ["feature_dim", "latent_dim", "action_dim", "horizon", "n_action_steps", "encode", "decode"]
    )


@pytest.mark.parametrize("missing", MEMBERS)
def test_without_one_of_its_members_it_is_none(missing):
    members = {name: getattr(LinearPolicy(3, 2), name) for name in MEMBERS if name != missing}
    assert not isinstance(type("Own", (), members)(), SteerablePolicy)


def test_with_all_of_them_it_is_one():
    members = {name: getattr(LinearPolicy(3, 2), name) for name in MEMBERS}
    assert isinstance(type("Own", (), members)(), SteerablePolicy)


def test_an_encoding_is_taken_apart_in_the_order_of_its_names():
    features, mean, std = Encoding(np.ones(1), np.zeros(1), np.full(1, 2.0))
    assert (features[0], mean[0], std[0]) == (1.0, 0.0, 2.0)
