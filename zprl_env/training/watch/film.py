"""Film (video) of an episode: base policy beside the steered one, with captions, at real speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from zprl_env.errors import RenderingError, ZprlError
from zprl_env.evaluation import Agent, EvaluationResult, evaluate
from zprl_env.files import write_whole
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.seeing.environment import make_env_for
from zprl_env.steering.chunking import reported_success
from zprl_env.tasks import find_task
from zprl_env.training.comparison import BASE
from zprl_env.training.environment import evaluation_env
from zprl_env.training.settings.recipe import Recipe

SUFFIXES = (".mp4", ".gif")
SIMULATED = {"success_terminates": False, "render_size": (288, 288)}
"""Settings of a simulated task that is filmed; ``--env-kwargs`` overrides it."""
AFTERWARDS, HELD = 0.5, 1.0
"""Seconds that are played on after a success, and that the last picture stands still."""
BAND, GAP = 48, 8
"""Height of the captions and width of what separates two pictures [pixels]."""
FASTEST, GIF_FPS = 25, 10
"""Pictures per second at most, of an MP4 and of a GIF: a hand moves a hundred times a second."""


class Filmed(gym.Wrapper[Any, Any, Any, Any]):
    """Wrapper that keeps pictures of an episode, and ends it only a while after its success.

    Put it around an environment that goes on after a success; another one ends as it does.

    Attributes:
        pictures: What was rendered, one picture for every so many steps.
        steps: Environment steps before each of them.
        success_at: Environment steps after which the episode succeeded; None if it has not.
        fps: Pictures per second of the robot's time.
    """

    def __init__(self, env: gym.Env) -> None:
        """Wrap an environment whose ``render()`` returns pictures."""
        super().__init__(env)
        rate = float(env.unwrapped.metadata.get("render_fps") or FASTEST)
        self._every = max(round(rate / FASTEST), 1)
        self._more = round(AFTERWARDS * rate)
        self.fps = rate / self._every

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, and its film."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._taken = 0
        self.success_at: int | None = None
        self.pictures: list[np.ndarray] = []
        self.steps: list[int] = []
        self._shoot()
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take a step; what has succeeded stays so."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._taken += 1
        if self.success_at is None and reported_success(info):
            self.success_at = self._taken
        if self.success_at is not None:
            info = {**info, "is_success": True}
            terminated = terminated or self._taken >= self.success_at + self._more
        if self._taken % self._every == 0 or terminated or truncated:
            self._shoot()
        return observation, reward, terminated, truncated, info

    def _shoot(self) -> None:
        picture: Any = self.env.render()
        if not isinstance(picture, np.ndarray) or picture.ndim != 3:
            raise RenderingError(
                f"render() must return a picture of shape (H, W, 3). Got: {type(picture).__name__}."
            )
        self.pictures.append(picture)
        self.steps.append(self._taken)


@dataclass(frozen=True)
class Take:
    """One filmed episode.

    Attributes:
        name: Whose it is, for its caption.
        seed: The episode's.
        pictures: Shape ``(T, H, W, 3)``, uint8.
        steps: Environment steps before each of them.
        success_at: Environment steps after which it succeeded, None if it did not.
        fps: Pictures per second of the robot's time.
    """

    name: str
    seed: int
    pictures: np.ndarray
    steps: Sequence[int]
    success_at: int | None
    fps: float

    def caption(self, index: int) -> str:
        """Write what stands above a picture, in two lines.

        Args:
            index: The picture's; beyond the last one it is the last one's.
        """
        step = self.steps[min(index, len(self.steps) - 1)]
        said = f"seed {self.seed}   step {step}"
        if self.success_at is not None and step >= self.success_at:
            said += f"   success at {self.success_at}"
        elif index >= len(self.steps) - 1:
            said += "   no success"
        return f"{self.name}\n{said}"


def take(
    name: str,
    env: str,
    policy: PolicyLike,
    where: str,
    recipe: Recipe,
    agent: Agent | None,
    seed: int,
    env_kwargs: Mapping[str, Any] | None = None,
) -> Take:
    """Film one episode until half a second after its success.

    Args:
        name: Whose it is, for its caption.
        env: Task, as :func:`~zprl_env.envs.make_env` takes it.
        policy: A policy object, a path or a shipped name.
        where: Where the agent enters the policy.
        recipe: Settings of the steering.
        agent: The agent; ``None`` is the base policy.
        seed: Seed of the episode.
        env_kwargs: Passed to the environment.

    Raises:
        RenderingError: There is no OpenGL to be had, or the environment shows no picture.
    """
    simulated = find_task(env).suite in ("robosuite", "metaworld", "adroit")
    options = {**(SIMULATED if simulated else {}), **(env_kwargs or {})}
    # Below the steering, which shows one observation per decision.
    policy = resolve_policy(policy)
    filmed = Filmed(make_env_for(policy, env, render_mode="rgb_array", **options))
    with closing(evaluation_env(filmed, policy, where, recipe)) as steered:
        evaluate(steered, agent, [seed])
    pictures = np.asarray(filmed.pictures)
    return Take(name, seed, pictures, filmed.steps, filmed.success_at, filmed.fps)


def film_pair(
    env: str,
    policy: PolicyLike,
    where: str,
    recipe: Recipe,
    agent: Agent | None,
    seed: int,
    env_kwargs: Mapping[str, Any] | None = None,
    name: str = "steered",
) -> list[Take]:
    """Film an episode twice, by the base policy as imitation made it and by the steered one.

    Args:
        env: Task.
        policy: The policy.
        where: Where the agent enters it.
        recipe: Settings of the steering.
        agent: The agent; without one there is one take.
        seed: Seed of the episode.
        env_kwargs: Passed to the environment.
        name: What to call the steered policy.
    """
    imitation = replace(recipe, noise="fresh")
    takes = [take(BASE, env, policy, where, imitation, None, seed, env_kwargs)]
    if agent is not None:
        takes.append(take(name, env, policy, where, recipe, agent, seed, env_kwargs))
    return takes


def telling_seed(results: Mapping[str, EvaluationResult]) -> int:
    """Choose the episode to film: the first that only the steered policy solves, else the first.

    Args:
        results: Outcomes on the same seeds, the base policy's first and the steered one's last.
    """
    base, *_, last = [*results.values()] * 2
    telling = np.flatnonzero(~base.successes & last.successes)
    return int(last.seeds[telling[0] if telling.size else 0])


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """Put a band with two lines of text above a picture.

    Args:
        picture: Shape ``(H, W, 3)``, uint8.
        text: What to write.

    Returns:
        Shape ``(H + BAND, W, 3)``, uint8.
    """
    from PIL import Image, ImageDraw, ImageFont

    width = picture.shape[1]
    band = Image.new("RGB", (width, BAND), (20, 22, 28))
    draw = ImageDraw.Draw(band)
    size = 15
    while size > 6 and draw.textlength(
        max(text.split("\n"), key=len), ImageFont.load_default(size)
    ) > max(width - 12, 1):
        size -= 1
    good = "success at" in text
    for row, line in enumerate(text.split("\n")):
        colour = ((255, 255, 255), (120, 230, 140) if good else (190, 195, 205))[row]
        draw.text((6, 4 + 21 * row), line, fill=colour, font=ImageFont.load_default(size))
    return np.concatenate([np.asarray(band), picture])


def beside(takes: Sequence[Take]) -> np.ndarray:
    """Put takes side by side under their captions; each stands still at its end until all have.

    Returns:
        The pictures. Shape ``(T, H, W, 3)``, uint8.
    """
    fps = takes[0].fps
    length = max(len(one.pictures) for one in takes) + round(HELD * fps)
    shown = []
    for index in range(length):
        row: list[np.ndarray] = []
        for one in takes:
            picture = one.pictures[min(index, len(one.pictures) - 1)]
            if row:
                row.append(np.zeros((picture.shape[0] + BAND, GAP, 3), np.uint8))
            row.append(captioned(picture, one.caption(index)))
        shown.append(np.concatenate(row, axis=1))
    return np.asarray(shown)


def write_film(path: Path, takes: Sequence[Take]) -> None:
    """Write takes side by side as an MP4, or as a GIF, at the speed of the robot's time.

    Args:
        path: File that ends in ``.mp4`` or ``.gif``.
        takes: What was filmed.

    Raises:
        RunFolderError: It cannot be written.
        ZprlError: The file ends otherwise.
    """
    import imageio.v3 as iio

    check_suffix(path)
    pictures, fps = beside(takes), takes[0].fps
    if path.suffix == ".gif":
        every = max(round(fps / GIF_FPS), 1)
        content = _gif(pictures[::every], fps / every)
        write_whole(path, lambda partial: partial.write_bytes(content))
        return
    high, wide = (-size % 16 for size in pictures.shape[1:3])  # of which the codec makes its blocks
    padded = np.pad(pictures, ((0, 0), (0, high), (0, wide), (0, 0)))
    # Not by ffmpeg itself, which says a page of its own about a full disk.
    encoded: Any = iio.imwrite("<bytes>", padded, extension=".mp4", fps=fps, codec="libx264")
    write_whole(path, lambda partial: partial.write_bytes(encoded))


def check_suffix(path: Path) -> None:
    """Refuse a film's file that is neither an MP4 nor a GIF.

    Raises:
        ZprlError: It is neither.
    """
    if path.suffix not in SUFFIXES:
        raise ZprlError(f"A film must be a file that ends in .mp4 or .gif. Got: {path}.")


def _gif(pictures: np.ndarray, fps: float) -> bytes:
    """Make a GIF of one palette, of which only what changes is stored."""
    from PIL import Image

    several = np.concatenate(pictures[:: max(len(pictures) // 4, 1)])
    # Median cut would paint a small red cube grey, for all the grey around it.
    palette = Image.fromarray(several).quantize(160, method=Image.Quantize.MAXCOVERAGE)
    frames = [
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
        for picture in pictures
    ]
    content, rest, duration = BytesIO(), frames[1:], round(1000 / fps)
    frames[0].save(content, "GIF", save_all=True, append_images=rest, duration=duration, loop=0)
    return content.getvalue()
