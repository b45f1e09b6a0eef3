"""The table of rules for lambda, from the shipped policies' statistics."""

from __future__ import annotations

import numpy as np
import pytest

import benchmarks.scale.__main__ as scale
from zprl_env.loading.resolve import resolve_policy
from zprl_env.testing import LinearPolicy


def test_the_committed_table_is_what_the_statistics_say():
    assert (scale.RESULTS / "table.md").read_text(encoding="utf-8") == scale.table()


def test_rules_differ_where_dimensions_are_correlated():
    policy = LinearPolicy(3, 2)  # its latent's root mean square is 1
    policy.latent_std = np.ones(2)  # type: ignore[attr-defined]
    policy.latent_covariance = np.array([[1.0, 0.9], [0.9, 1.0]])  # type: ignore[attr-defined]
    found = scale.rules(policy)
    assert found["published"] == pytest.approx(0.1 * 3**0.5)
    assert found["independent"] == pytest.approx(3**0.5)
    assert found["auto"] == pytest.approx((3 * 0.19) ** 0.5)


def test_what_a_policy_bears_is_read_from_the_calibrations(tmp_path):
    assert scale.borne("Lift") == 3.0
    assert scale.borne("Lift", tmp_path) is None


def test_shipped_policies_know_how_their_demonstrations_latents_are_correlated():
    for name in ("Lift", "box-close", "hammer"):
        policy = resolve_policy(name)
        variances = np.diag(policy.latent_covariance)  # type: ignore[attr-defined]
        np.testing.assert_allclose(variances, policy.latent_std**2, rtol=1e-4)  # type: ignore[attr-defined]
