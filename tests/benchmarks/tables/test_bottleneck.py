"""The table of the bottleneck pools the seeds and compares the same episodes."""

from __future__ import annotations

from benchmarks.tables.bottleneck import table

VARIANTS = {"direct": "none", "joint": "with the policy"}


def variant(successes: list[int], **losses: float) -> dict:
    played = {"successes": successes}
    latent = {"rms": 1.234, "posterior_std": 0.5, "used_dims": 3, "feature_variance": 2.0}
    return {"success": {"1": played, "0": played}, "latent": latent, "losses": losses}


def cells(*runs: dict) -> dict[str, list[str]]:
    rows = table({"Lift": [{"variants": run} for run in runs]}, VARIANTS).split("\n\n")[0]
    found = [[cell.strip() for cell in row.split("|")[2:-1]] for row in rows.splitlines()[2:]]
    return {row[0]: row[1:] for row in found}


def test_seeds_are_pooled_and_told_apart():
    one = {"direct": variant([0, 0], flow=0.1), "joint": variant([1, 1], reconstruction=0.5)}
    two = {"direct": variant([0, 0], flow=0.3), "joint": variant([0, 1], reconstruction=0.5)}
    found = cells(one, two)
    assert found["joint"][0] == "0.750 (1.00, 0.50)"
    assert found["joint"][2] == "+0.750"
    assert found["direct"][2:4] == ["", ""]


def test_errors_are_relative_to_the_variance_and_losses_that_were_kept_are_those_of_direct():
    run = {"direct": variant([0], flow=0.25), "joint": variant([1], reconstruction=0.5)}
    found = cells(run)
    assert found["joint"][9] == "25.0%"
    assert found["joint"][10] == found["direct"][10] == "0.250"


def test_what_the_variants_are_is_noted_below():
    run = {"direct": variant([0], flow=0.25), "joint": variant([1], reconstruction=0.5)}
    text = table({"Lift": [{"variants": run}]}, VARIANTS)
    assert text.endswith("\n\n- **direct**: none.\n- **joint**: with the policy.\n")
