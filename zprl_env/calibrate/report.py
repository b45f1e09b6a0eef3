"""Report a calibration: the table that is printed and the picture that is saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from zprl_env.calibrate.noise_search import NoiseSearch, sentences
from zprl_env.calibrate.recommendation import Recommendation
from zprl_env.calibrate.trial import Trial
from zprl_env.files import write_picture

COLUMNS = ("success", "changed", "p", "ratio", "distance", "action")


def print_table(
    base: Trial, trials: Sequence[Trial], recommendation: Recommendation, console: Console
) -> None:
    """Print the effects of each size of perturbation, and the recommendation.

    Args:
        base: The unperturbed policy.
        trials: Perturbed.
        recommendation: What follows.
        console: Where to print.
    """
    table = Table("lambda")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for trial in (base, *trials):
        low, high = trial.outcome.interval
        against = trial.versus(base)
        table.add_row(
            f"{trial.scale:g}",
            f"{trial.outcome.success_rate:.2f} ({low:.2f} - {high:.2f})",
            "" if trial is base else f"+{against.gained} -{against.lost}",
            "" if trial is base else f"{against.p_value:.2g}",
            f"{trial.ratio:.2f}",
            f"{trial.distance:.2f}",
            f"{trial.change:.1%}",
            style="bold" if trial.scale == recommendation.scale else None,
        )
    console.print(table)
    console.print(
        "success: with Wilson 95 % intervals\n"
        "changed: episodes that the perturbation rescues and breaks, and McNemar's p\n"
        "ratio: RMS(lambda dz) / RMS(z)\n"
        "distance: of z~ from the demonstrations' latents, which themselves are at 1\n"
        "action: RMS change of what is executed, as a share of its range"
    )
    if recommendation.scale is not None:
        console.print(f"Recommended: --scale {recommendation.scale:g}", style="bold")
    console.print(recommendation.reason)


def print_noise(search: NoiseSearch, console: Console) -> None:
    """Print the base policy's success from every start of its flow, and what follows.

    Args:
        search: What was played.
        console: Where to print.
    """
    table = Table("noise")
    for column in ("success", "episodes", "mean length"):
        table.add_column(column, justify="right")
    for noise, outcome in search.starts:
        low, high = outcome.interval
        table.add_row(
            noise,
            f"{outcome.success_rate:.2f} ({low:.2f} - {high:.2f})",
            str(outcome.episodes),
            f"{outcome.mean_length:.0f}",
            style="bold" if noise == search.noise else None,
        )
    console.print(table)
    console.print(
        "success: of the base policy alone, with Wilson 95 % intervals, on validation episodes\n"
        "episodes: draws that fell behind on the first half did not play the second"
    )
    console.print(f"Recommended: --noise {search.noise}", style="bold")
    for line in sentences(search):
        console.print(line)


def draw(
    path: Path, title: str, base: Trial, trials: Sequence[Trial], recommendation: Recommendation
) -> None:
    """Draw success, changed outcomes, and the perturbation's effect on latent and action.

    Args:
        path: PNG to write, whole or not at all.
        title: What was calibrated.
        base: The unperturbed policy.
        trials: Perturbed, in the order of their scale.
        recommendation: The value to mark.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.2), layout="constrained")
    best = "none" if recommendation.scale is None else f"$\\lambda$ = {recommendation.scale:g}"
    figure.suptitle(f"{title}; recommended: {best}")
    (success, outcomes), (latent, action) = figure.subplots(2, 2)
    places = np.arange(len(trials))
    for axes in (success, outcomes, latent, action):
        for place, trial in zip(places, trials, strict=True):
            if trial.scale == recommendation.scale:
                axes.axvspan(place - 0.45, place + 0.45, color="gold", alpha=0.3, linewidth=0)
        axes.set_xlim(-0.6, len(trials) - 0.4)
        axes.set_xticks(places, [f"{trial.scale:g}" for trial in trials])
        axes.grid(alpha=0.3, axis="y")

    alone = base.outcome
    rates = np.array([trial.outcome.success_rate for trial in trials])
    ends = np.array([trial.outcome.interval for trial in trials])
    success.axhspan(*alone.interval, color="tab:gray", alpha=0.2, linewidth=0)
    success.axhline(alone.success_rate, linestyle="--", color="tab:gray", label="unperturbed")
    success.errorbar(
        places,
        rates,
        yerr=np.abs(ends.T - rates),
        fmt="o-",
        color="tab:blue",
        capsize=3,
        label="perturbed at random",
    )
    success.set(ylabel="success rate, 95 % intervals", ylim=(-0.02, 1.02))

    solved = int(alone.successes.sum())
    differences = [trial.versus(base) for trial in trials]
    gained, lost = [d.gained for d in differences], [d.lost for d in differences]
    for counts, sign, colour, label in (
        (gained, 1, "tab:green", f"rescued, of {alone.episodes - solved} failures"),
        (lost, -1, "tab:red", f"broken, of {solved} successes"),
    ):
        bars = outcomes.bar(places, [sign * count for count in counts], color=colour, label=label)
        outcomes.bar_label(bars, labels=[str(count) for count in counts], fontsize="small")
    outcomes.axhline(0.0, color="black", linewidth=0.8)
    outcomes.margins(y=0.12)
    outcomes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    outcomes.set(ylabel="episodes")

    latent.axhline(1.0, linestyle="--", color="tab:gray", label="demonstrations")
    latent.plot(places, [t.distance for t in trials], "s-", label="distance of z~")
    latent.plot(places, [t.ratio for t in trials], "o-", label="RMS($\\lambda$ dz) / RMS(z)")
    latent.set(ylabel="latent", ylim=(0.0, None))

    action.plot(places, [100.0 * t.change for t in trials], "^-", color="tab:green")
    action.set(ylabel="change of action [% of its range]", ylim=(0.0, None))

    for axes in (success, outcomes, latent):
        axes.legend(fontsize="small")
    for axes in (latent, action):
        axes.set_xlabel("$\\lambda$")
    write_picture(path, figure, dpi=150)
