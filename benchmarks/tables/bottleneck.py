"""Table of the bottleneck's ablation: success and losses, a row per task and variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.tables import markdown
from zprl_env.success_rates import paired_difference, wilson_interval


def table(found: Mapping[str, list[dict[str, Any]]], variants: Mapping[str, str]) -> str:
    """Draw up tasks and variants as a Markdown table, the networks' seeds pooled.

    Episodes are the same for all variants and seeds. The error of dec(z) is its mean squared
    distance from c, with z drawn from the posterior, relative to the variance of c.

    Args:
        found: Contents of the runs' files, by task.
        variants: What each variant is, by name, ``"direct"`` among them.
    """
    head = [
        "task",
        "variant",
        "success (by seed)",
        "95 % interval",
        "against direct",
        "McNemar p",
        "without noise",
        "95 % interval",
        "RMS(z)",
        "sigma",
        "dimensions used",
        "error of dec(z)",
        "FM(c)",
        "FM(dec z)",
        "held-out FM(c)",
        "held-out FM(dec z)",
    ]
    rows = [
        [task, variant, *_success_cells(runs, variant), *_fit_cells(runs, variant)]
        for task, runs in found.items()
        for variant in variants
    ]
    notes = [f"- **{name}**: {what}.\n" for name, what in variants.items()]
    return markdown.table(head, rows) + "\n" + "".join(notes)


def _success_cells(runs: list[dict[str, Any]], variant: str) -> list[str]:
    def played(variant: str, temperature: str) -> list[np.ndarray]:
        results = [run["variants"][variant]["success"][temperature] for run in runs]
        return [np.array(result["successes"], bool) for result in results]

    def interval(successes: list[np.ndarray]) -> str:
        outcomes = np.concatenate(successes)
        return markdown.interval(wilson_interval(int(outcomes.sum()), len(outcomes)))

    noisy, quiet = played(variant, "1"), played(variant, "0")
    by_seed = ", ".join(f"{successes.mean():.2f}" for successes in noisy)
    against = ["", ""]
    if variant != "direct":
        difference = paired_difference(np.concatenate(played("direct", "1")), np.concatenate(noisy))
        against = [f"{difference.difference:+.3f}", f"{difference.p_value:.1g}"]
    return [
        f"{np.mean(noisy):.3f} ({by_seed})",
        interval(noisy),
        *against,
        f"{np.mean(quiet):.3f}",
        interval(quiet),
    ]


def _fit_cells(runs: list[dict[str, Any]], variant: str) -> list[str]:
    """Return means over the seeds; missing values are left empty."""

    def mean(form: str, value: Callable[[dict[str, Any]], float | None]) -> str:
        values = [value(run["variants"]) for run in runs]
        return "" if None in values else format(np.mean(np.array(values, float)), form)

    def latent(key: str) -> Callable[[dict[str, Any]], float | None]:
        return lambda made: (made[variant]["latent"] or {}).get(key)

    def loss(key: str) -> Callable[[dict[str, Any]], float | None]:
        # Fitting a bottleneck leaves FM(c) as it was.
        return lambda made: (made["direct"]["losses"] | made[variant]["losses"]).get(key)

    def error(made: dict[str, Any]) -> float | None:
        reconstruction = made[variant]["losses"].get("reconstruction")
        return reconstruction and reconstruction / made[variant]["latent"]["feature_variance"]

    return [
        mean(".2f", latent("rms")),
        mean(".3f", latent("posterior_std")),
        mean(".1f", latent("used_dims")),
        mean(".1%", error),
        *(mean(".3f", loss(key)) for key in ("flow", "vib_flow", "val_flow", "val_vib_flow")),
    ]
