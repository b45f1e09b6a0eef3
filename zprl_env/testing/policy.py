"""Conformance check of a policy: whether it is one that can be steered, alone and in a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import gymnasium as gym
import numpy as np

from policies.encoding import (
    context_of,
    decode,
    encode_alone,
    noise_shape,
    remembers,
    takes_context,
)
from policies.meaning.ranges import Ranges
from policies.pictures.settings import STATE
from policies.seats import Seats
from zprl_env.envs import flat_environment
from zprl_env.envs.conditions import check_single
from zprl_env.envs.spaces import unbounded_box
from zprl_env.errors import PolicyMismatchError
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.meaning.actions import cramped_actions
from zprl_env.meaning.rate import control_rate
from zprl_env.meaning.states import Familiarity, black
from zprl_env.seeing import batches
from zprl_env.seeing.environment import make_env_for
from zprl_env.seeing.fit import cameras_of, check_pictures, settings_of
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.chunking import ActionChunkWrapper
from zprl_env.steering.compatibility import mismatches
from zprl_env.steering.frozen import Frozen, alike
from zprl_env.steering.identity import different
from zprl_env.steering.probe import BATCHED, faults_of_answers, questions
from zprl_env.testing.findings import Note, StopChecks, look

BATCHES = (1, 2, 7, 32)
BEGINNINGS = 4
"""Episodes besides that only begin."""
DECISIONS = 30
"""Decisions that the policy takes in the environment."""
MOSTLY = 0.5
"""Share of an action's numbers beyond the bounds that is noted."""
SLOW = 0.05
"""Time of a decision that is noted [s]."""


@dataclass
class Subject:
    """A policy under test, its environment, and what earlier checks found out about them."""

    policy: SteerablePolicy
    env: gym.Env | None
    seed: int
    watch: Frozen
    space: gym.Space | None = None
    flat: gym.Env | None = None
    chunks: list[np.ndarray] = field(default_factory=list)


def check_policy(
    policy: PolicyLike, env: gym.Env | str | None = None, *, seed: int = 0
) -> list[str]:
    """Check a policy against everything that steering relies on.

    What the wrappers ask when they are made is a part of it. Here the policy also answers batches
    of several sizes and takes some thirty decisions in the environment, which moves: look that
    nothing is in the way of a robot.

    Args:
        policy: A policy object, a checkpoint's path or a name.
        env: The environment it is for, not steered, or the name of one. Without one, a policy that
            has no ``observation_dim`` is only asked to decode.
        seed: Of the questions and of the episode.

    Returns:
        Notes: what is worth a look and no fault.

    Raises:
        PolicyMismatchError: It is no such policy, or does not fit; everything found is listed.

    Example:
        >>> import gymnasium as gym
        >>> from zprl_env.testing import LinearPolicy
        >>> check_policy(LinearPolicy(3, 1), gym.make("Pendulum-v1"))
        []
    """
    found_policy = resolve_policy(policy)
    made = make_env_for(found_policy, env) if isinstance(env, str) else env
    if made is not None:
        check_single(made, "check_policy")
    subject = Subject(found_policy, made, seed, Frozen(found_policy, whole=True))
    try:
        found = look(subject, CHECKS)
    finally:
        if made is not None and made is not env:
            made.close()
    if found.faults:
        raise PolicyMismatchError(
            f"{type(found_policy).__name__} must be a policy that can be steered"
            f"{'' if made is None else f' in {made}'}. Got: {'; '.join(found.faults)}. All that a "
            f"policy promises: docs/guides/policy.md."
        )
    return found.notes


def _fits(subject: Subject) -> Iterator[str]:
    """Sizes and observation keys that are the environment's."""
    policy, env = subject.policy, subject.env
    if env is None:
        size = getattr(policy, "observation_dim", None)
        subject.space = None if size is None else _space_of(policy, int(size))
        if size is None:
            yield Note("encode was not asked: give an environment, or observation_dim")
        return
    try:
        subject.flat = flat_environment(env, policy)
    except PolicyMismatchError as error:
        yield str(error)
        raise StopChecks from None
    spaces = subject.flat.observation_space, subject.flat.action_space
    wrong = [*mismatches(*spaces, policy, policy.n_action_steps)]
    yield from wrong
    if wrong:
        raise StopChecks
    try:
        check_pictures(policy, getattr(env.unwrapped, "picture_settings", None))
    except PolicyMismatchError as error:
        yield str(error)
        raise StopChecks from None
    subject.space = spaces[0]
    env_args = getattr(env.unwrapped, "env_args", None)
    if told := different(policy, env_args, spaces[1], control_rate(env)):
        yield Note(f"the policy was trained for another environment: {told}")


def _answers(subject: Subject) -> Iterator[str]:
    """Shapes, types, finite numbers; a row alone as in a batch; twice as once."""
    space = subject.space
    if space is None:
        yield from faults_of_answers(subject.policy, unbounded_box(1), methods=("decode",))
        return
    wrong = [*faults_of_answers(subject.policy, space)]
    yield from wrong
    if wrong:
        raise StopChecks


def _answers_batches(subject: Subject) -> Iterator[str]:
    """Batches of several sizes, in any order, answered row by row."""
    if subject.space is None:
        return
    generator = np.random.default_rng(subject.seed)
    asked = questions(subject.space, max(BATCHES), generator)
    whole = np.array(encode_alone(subject.policy, batches.rows(asked, slice(None)))[1])
    for size in BATCHES:
        rows = generator.permutation(len(whole))[:size]
        got = np.asarray(encode_alone(subject.policy, batches.rows(asked, rows))[1])
        if not alike(whole[rows], got, BATCHED):
            yield f"{size} rows in another order must be encoded as among {len(whole)}"


def _decodes_what_it_may_meet(subject: Subject) -> Iterator[str]:
    """Finite actions three standard deviations out, and without noise."""
    policy, generator = subject.policy, np.random.default_rng(subject.seed)
    shape = (len(BATCHES), *noise_shape(policy))
    context = None
    if takes_context(policy):
        if subject.space is None:
            return
        context = context_of(
            encode_alone(policy, questions(subject.space, len(BATCHES), generator))
        )
    for far in (0.0, 3.0, -3.0):
        latents = np.full((len(BATCHES), policy.latent_dim), far, np.float32)
        noise = (far * generator.standard_normal(shape)).astype(np.float32)
        if not np.isfinite(decode(policy, latents, noise, context)).all():
            yield f"actions must be finite for latents of {far:g}, got NaN or infinity"


def _acts(subject: Subject) -> Iterator[str]:
    """Thirty decisions in the environment, in its units."""
    if subject.flat is None:
        return
    policy = subject.policy
    env = ActionChunkWrapper(subject.flat, policy.n_action_steps)
    observation, _ = env.reset(seed=subject.seed)
    clipped, began, thinking = [], 0.0, []
    familiarity = Familiarity(policy)
    seats = Seats(policy) if remembers(policy) else None
    own: Any = () if seats is None else (seats.of([0]),)
    if own:
        policy.reset(*own)  # type: ignore[attr-defined]
    for _ in range(DECISIONS):
        began = perf_counter()
        shown = batches.checked(batches.single(observation))
        familiarity.note(shown)
        encoding = policy.encode(shown, *own)
        noise = np.zeros((1, *noise_shape(policy)), np.float32)
        decoded = decode(policy, np.array(encoding[1]), noise, context_of(encoding))
        chunk = np.asarray(decoded)[0, : policy.n_action_steps]
        thinking.append(perf_counter() - began)
        subject.chunks.append(chunk)
        observation, _, terminated, truncated, info = env.step(chunk)
        clipped.append(info["clipped_actions"])
        if terminated or truncated:
            break
    actions, space = np.concatenate(subject.chunks), subject.flat.action_space
    assert isinstance(space, gym.spaces.Box)
    seen = Ranges.between(actions.min(0), actions.max(0))
    if (share := float(np.mean(clipped))) > MOSTLY:
        yield Note(
            f"{share:.0%} of its actions' numbers are clipped: they go from {actions.min():.3g} to "
            f"{actions.max():.3g}, are they in the units of {space}?"
        )
    elif told := cramped_actions(seen, space):
        yield Note(f"{told}: are they in its units?")
    yield from _grippers(actions, space)
    for seed in range(BEGINNINGS):  # what is drawn anew for an episode moves from one to another
        observation, _ = env.reset(seed=subject.seed + 1 + seed)
        familiarity.note(batches.checked(batches.single(observation)))
    if isinstance(shown, Mapping) and (dark := black(shown)):
        yield Note(dark)
    if far := familiarity.outside():
        yield Note(f"observations lie far outside what they were in training: {'; '.join(far)}")
    if still := familiarity.still():
        yield Note(f"observations hardly move, and did in training: {'; '.join(still)}")
    if (took := float(np.median(thinking))) > SLOW:
        yield Note(f"a decision takes {took:.2f} s")


def _stays_as_it_is(subject: Subject) -> Iterator[str]:
    """Weights and buffers, byte by byte, after all of that."""
    try:
        subject.watch.check_weights()
    except PolicyMismatchError as error:
        yield str(error)


CHECKS = (
    _fits,
    _answers,
    _answers_batches,
    _decodes_what_it_may_meet,
    _acts,
    _stays_as_it_is,
)
"""Checks of a policy, in order."""


def _space_of(policy: SteerablePolicy, size: int) -> gym.Space:
    """Return the space of what a policy says that it observes."""
    cameras, settings = cameras_of(policy), settings_of(policy)
    if not cameras or settings is None:
        return unbounded_box(size)
    box = gym.spaces.Box(0, 255, (*settings.image_size, 3), np.uint8)
    state = {STATE: unbounded_box(size)} if size else {}
    return gym.spaces.Dict({**state, **dict.fromkeys(cameras, box)})


def _grippers(actions: np.ndarray, space: gym.Space) -> Iterator[Note]:
    """Note numbers that are only ever near 0 or the upper bound, where the lower one is below 0."""
    assert isinstance(space, gym.spaces.Box)
    for index, (values, low, high) in enumerate(zip(actions.T, space.low, space.high, strict=True)):
        if not (np.isfinite(high) and low < 0.0 < high):
            continue
        near = 0.1 * high
        shut, open_ = np.abs(values) < near, np.abs(values - high) < near
        if shut.any() and open_.any() and (shut | open_).all():
            yield Note(
                f"number {index} of its actions is only ever near 0 or {high:g}, where the "
                f"environment has [{low:g}, {high:g}]: is it a gripper in {{0, 1}}?"
            )
