"""Train or check a judge on recorded episodes: ``python -m real.judge``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from policies.checkpoints.output import refuse_overwriting
from policies.demonstrations import Demonstrations, content_hash
from real.judge.checking import Check, check, recorded_preset
from real.judge.examples import DONE, UNSURE, Ends, examples_of, scenes_of
from zprl_env import cli
from zprl_env.files import write_whole

if TYPE_CHECKING:
    from real.judge.threshold import Scored

SHOWN = 12
"""Steps that it was least sure of, which are shown."""


@dataclass(frozen=True)
class Train:
    """Fit a classifier of success to recorded episodes, and validate it on others.

    It learns what is observed at the end of successes, and at all other times. Its threshold comes
    from episodes that it has not seen, for few false successes among them; what it is worth is
    printed and stored. Use it by operator=judge, or judge+keyboard, and judge=FOLDER.
    """

    recording: tyro.conf.Positional[Path]
    """Recording of a robot with successes and failures, such as runs/dry.hdf5."""
    out: Path
    """Folder of the judge."""
    look: Literal["states", "frames", "both"] = "states"
    """Input of it: the observation's numbers (states), the cameras' frames, or both."""
    keys: tuple[str, ...] = ()
    """Parts of the observation that make its state; by default those that the file names."""
    cameras: tuple[str, ...] = ()
    """Cameras that it looks through; by default all of the recording."""
    encoder: str = "small"
    """Network of each camera: small or resnet18, which learn, as of policies.pretrain; or a policy
    that sees the same, by its folder or name, whose eyes are taken as they are: that is quick, and
    needs fewer episodes."""
    shown: float = DONE
    """Time before the end of a success that shows it, where a person judged [s]. A recording of
    real.play --dwell 1 tells of every step whether the simulated scene's criterion held."""
    unsure: float = UNSURE
    """Time before that of which nothing is learned [s], which whoever judged may have needed."""
    steps: int = 600
    """Gradient steps, of each fold and of the judge."""
    folds: int = 5
    """Parts that the episodes are split into; each is judged by a judge that has not seen it."""
    in_a_row: int = 3
    """Steps in a row that have to show a success."""
    false_share: float = 0.02
    """Share of the episodes that may be ended as a success wrongly."""
    seed: int = 0
    """Seed of everything."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace the judge in OUT."""


def train(settings: Train, console: Console | None = None) -> Any:
    """Train a judge, write it down, and tell what it is worth.

    Args:
        settings: What from, and where to.
        console: Where to print.

    Returns:
        The judge.

    Raises:
        DemonstrationError: The recording cannot be read, or has no frames.
        ConfigurationError: There are too few episodes to validate it, or it is of no robot.
        OverwriteError: There is one already.
    """
    import imageio.v3 as imageio

    from policies.pictures.config import ENCODERS, EyesConfig
    from real.judge.eyes import PolicyEyes, policy_eyes
    from real.judge.stored import DESCRIPTION, Judge
    from real.judge.training import Fit, cross_validated

    console = console or Console()
    refuse_overwriting(settings.out / DESCRIPTION, settings.overwrite)
    fit = Fit(
        steps=settings.steps,
        folds=settings.folds,
        in_a_row=settings.in_a_row,
        false_share=settings.false_share,
        seed=settings.seed,
    )
    seen = settings.cameras if settings.look != "states" else None
    shown = Demonstrations.load(settings.recording, settings.keys or None, cameras=seen)
    keys = () if settings.look == "frames" else shown.observation_keys
    preset = recorded_preset(shown, settings.recording)
    eyes: EyesConfig | PolicyEyes | None = None
    pictures = None if settings.look == "states" else shown.picture_settings
    if pictures is not None and settings.encoder in ENCODERS:
        eyes = EyesConfig.of(pictures.cameras, pictures.image_size, settings.encoder)
    elif pictures is not None:
        eyes = policy_eyes(settings.encoder, pictures)
    ends, scenes = Ends(settings.shown, settings.unsure), scenes_of(settings.recording)
    examples = examples_of(shown, preset.rate, ends, scenes)
    if settings.look == "frames":
        examples = [one._replace(states=one.states[:, :0]) for one in examples]
    if isinstance(eyes, PolicyEyes):
        console.print(f"Seeing {sum(len(one.states) for one in examples):,} steps.")
        examples = eyes.seen(examples)
    network, validation, scored = cross_validated(examples, eyes, preset.rate, fit, console.print)
    if pictures is not None and network.eyes is not None:
        pictures = pictures.select(network.eyes.cameras)
    judge = Judge(preset.name, keys, network, validation, pictures)
    judge.save(settings.out, {"recording_sha256": content_hash(settings.recording)})
    least = least_sure(scored, validation.threshold)
    console.print(_table(scored, least, validation.threshold))
    console.print(f"{settings.out}: {validation}", soft_wrap=True, highlight=False)
    if 2 * validation.found < validation.successes:
        console.print(
            "It finds less than half of them. Some episode that is no success looks like one: see "
            "its verdict, record more, or allow for it by --false-share.",
            highlight=False,
        )
    if network.eyes is not None:
        cameras = network.eyes.cameras
        rows = [[np.asarray(examples[n].frames[name][t]) for n, t in least] for name in cameras]
        picture = np.concatenate([np.concatenate(row, axis=1) for row in rows])
        write_whole(
            settings.out / "least_sure.png",
            lambda file: imageio.imwrite(file, picture, extension=".png"),
        )
    return judge


def least_sure(scored: list[Scored], threshold: float) -> list[tuple[int, int]]:
    """Return the steps nearest to the threshold, one of each episode: its number, and the step's.

    Args:
        scored: Episodes that a judge has not seen, and what it said.
        threshold: Its threshold.
    """
    away = [np.abs(episode.scores - threshold) for episode in scored]
    order = sorted(range(len(scored)), key=lambda n: float(away[n].min()))
    return [(n, int(away[n].argmin())) for n in order[:SHOWN]]


def _table(scored: list[Scored], least: list[tuple[int, int]], threshold: float) -> Table:
    table = Table(title=f"least sure, of unseen episodes (threshold {threshold:.6g})")
    for column in ("episode", "step", "of", "probability", "the episode"):
        table.add_column(column)
    for number, step in least:
        episode = scored[number]
        how = "succeeded" if episode.success else "failed"
        of = str(len(episode.scores))
        table.add_row(str(number), str(step), of, f"{episode.scores[step]:.6g}", how)
    return table


EXAMPLES = (
    "train runs/dry.hdf5 --out judges/orange",
    "train runs/seen.hdf5 --out judges/orange --look both --cameras front",
    "train runs/seen.hdf5 --out judges/orange --look both --encoder my_eyes  # a policy's eyes",
)
CHECKED = ("check judges/orange runs/next_day.hdf5",)


def main() -> None:
    """Run the command line."""
    cli.run(_judge)


def _judge() -> None:
    import sys

    words = sys.argv[1:]
    if words[:1] == ["check"]:
        check(cli.parse(Check, CHECKED, arguments=words[1:]))
        return
    if words[:1] == ["train"]:
        words = words[1:]
    train(cli.parse(Train, (*EXAMPLES, *CHECKED), arguments=words))


if __name__ == "__main__":
    main()
