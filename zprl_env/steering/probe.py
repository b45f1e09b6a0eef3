"""Probe of a policy: a few questions, and everything that is wrong with its answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from policies.encoding import (
    Observations,
    context_of,
    encode_alone,
    noise_shape,
    remembers,
    takes_context,
)
from policies.finite import all_finite
from zprl_env.errors import PolicyMismatchError
from zprl_env.seeing import batches
from zprl_env.seeing.fit import state_size
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.frozen import alike, changed_answer

ROWS = 3
"""Number of observations that a question has."""
BATCHED = 1e-3
"""Largest difference of a row alone and in a batch, relative to the largest number."""
OPEN = 1e6
"""Bound of an observation beyond which a question is drawn as if there was none."""
STATISTICS = ("latent_mean", "latent_std", "latent_rms", "latent_posterior_std")

Shapes = Mapping[str, tuple[str, tuple[int, ...]]]
"""Parts of an answer: by name, its shape in letters and in numbers without the batch."""


def faults_of_answers(
    policy: SteerablePolicy,
    observations: gym.Space,
    rows: int = ROWS,
    methods: Sequence[str] = ("encode", "decode", "normalize"),
) -> Iterator[str]:
    """Ask a policy a few questions and list what is wrong with its answers.

    Shapes, types and finite numbers; a row alone as in a batch; the same question answered alike;
    arguments left as they are, and answers not written over later.

    Args:
        policy: A policy with the attributes of :class:`SteerablePolicy`.
        observations: Space that the questions are drawn from.
        rows: How many observations a question has, at least 2.
        methods: Those that are asked.

    Yields:
        One phrase per fault.
    """
    generator = np.random.default_rng(0)
    f, d = policy.feature_dim, policy.latent_dim
    chunk = (policy.horizon, policy.action_dim)
    seen = questions(observations, rows, generator)
    encoding = {
        "features": ("(B, feature_dim)", (f,)),
        "mean": ("(B, latent_dim)", (d,)),
        "std": ("(B, latent_dim)", (d,)),
    }
    before = _global_generators()
    special = takes_context(policy) or remembers(policy)
    asked: Any = _AskedAlone(policy, seen) if special else policy
    if "encode" in methods:
        yield from _faults_of_call(asked, "encode", (seen,), encoding)
    latents = generator.standard_normal((rows, d)).astype(np.float32)
    noise = generator.standard_normal((rows, *noise_shape(policy))).astype(np.float32)
    actions = {"actions": ("(B, horizon, action_dim)", chunk)}
    yield from _faults_of_call(asked, "decode", (latents, noise), actions)
    if "normalize" in methods and hasattr(policy, "normalize"):
        normal = {"observations": ("(B, O)", (state_size(observations),))}
        yield from _faults_of_call(policy, "normalize", (seen,), normal)
    if _global_generators() != before:
        yield (
            "it must leave the global generators of torch and numpy as they are, it seeds them or "
            "draws from them: whoever learns beside it would draw the same numbers again and again"
        )
    yield from _faults_of_statistics(policy)


class _AskedAlone:
    """A policy that takes a context or remembers, asked as one that does neither.

    The context is that of the same rows, and every question is the first of an episode.
    """

    def __init__(self, policy: Any, seen: Observations) -> None:
        self.asked, self._seen = policy, seen

    def encode(self, observations: Observations) -> Any:
        answer = encode_alone(self.asked, observations)
        if not takes_context(self.asked):
            return answer
        return answer[:3] if isinstance(answer, tuple | list) and len(answer) == 4 else None

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> Any:
        if not takes_context(self.asked):
            return self.asked.decode(latents, noise)
        shown = batches.rows(self._seen, slice(-len(latents), None))
        return self.asked.decode(latents, noise, context_of(encode_alone(self.asked, shown)))


def questions(space: gym.Space, rows: int, generator: np.random.Generator) -> Observations:
    """Draw observations from a space; where it has no bounds, from N(0, 1).

    Args:
        space: Flat, or of pictures by name, whose bytes are drawn.
        rows: How many.
        generator: Source of randomness.

    Returns:
        Shape ``(rows, O)``, float32, or such arrays by name.
    """
    if isinstance(space, gym.spaces.Dict):
        return {name: _drawn(part, rows, generator) for name, part in space.items()}
    return _drawn(space, rows, generator)


def question(space: gym.Space) -> Observations:
    """Draw one observation from a space, as a batch, the same one each time."""
    return questions(space, 1, np.random.default_rng(0))


def _global_generators() -> tuple[Any, ...]:
    """Return the states of the generators that all code of this process shares."""
    own: Any = np.random.get_state(legacy=False)  # noqa: NPY002  it is what others use
    torch = sys.modules.get("torch")
    theirs = b"" if torch is None else torch.random.get_rng_state().numpy().tobytes()
    return own["state"]["key"].tobytes(), own["state"]["pos"], theirs


def _drawn(space: gym.Space, rows: int, generator: np.random.Generator) -> np.ndarray:
    assert isinstance(space, gym.spaces.Box)
    if space.dtype == np.uint8 and len(space.shape) > 2:
        return generator.integers(0, 256, (rows, *space.shape), np.uint8)
    normal = generator.standard_normal((rows, *space.shape))
    low, high = (np.asarray(bound, np.float64) for bound in (space.low, space.high))
    bounded = (np.abs(low) < OPEN) & (np.abs(high) < OPEN)
    inside = np.where(bounded, low, 0.0) + np.where(bounded, high - low, 0.0) * generator.random(
        (rows, *space.shape)
    )
    drawn = np.where(bounded, inside, np.clip(normal, low, high))
    return drawn.astype(np.float32)


def check_answer(
    policy: object,
    method: str,
    part: str,
    answer: np.ndarray,
    shape: tuple[int, ...],
    latents: np.ndarray | None = None,
) -> None:
    """Refuse an answer of another shape, or one that is not finite, in the midst of an episode.

    Args:
        policy: Whose it is.
        method: The method that gave it.
        part: What it is.
        answer: The answer, float32.
        shape: The shape it must have.
        latents: What was decoded, if it was.

    Raises:
        PolicyMismatchError: It is not what the policy has promised.
    """
    if answer.shape == shape and all_finite(answer):
        return
    of = f"{type(policy).__name__}.{method}"
    if answer.shape != shape:
        raise PolicyMismatchError(f"{of} must return {part} of shape {shape}. Got: {answer.shape}.")
    told = ""
    if latents is not None:
        told = (
            f" for latents of up to {np.abs(latents).max():.3g}. Give a smaller scale, if they "
            f"are far from the demonstrations'"
        )
    raise PolicyMismatchError(
        f"{of} must return finite {part}. Got: NaN or infinity at (row, index) "
        f"{np.argwhere(~np.isfinite(answer))[:4].tolist()}{told}."
    )


def _faults_of_call(
    policy: SteerablePolicy, name: str, arguments: tuple[Observations, ...], shapes: Shapes
) -> Iterator[str]:
    """Call a method three times: with a batch, with its last row alone, with the batch again."""
    method: Callable[..., Any] = getattr(policy, name)
    given = [batches.rows(argument, slice(None)) for argument in arguments]
    rows = batches.length(given[0])
    asked = f"{name} of {rows} rows"
    try:
        answer = _parts(method(*given), shapes)
    except Exception as error:
        sizes = ", ".join(map(batches.shapes, given))
        yield f"{asked}, arguments of shape {sizes}, raised {type(error).__name__}: {error}"
        return
    if isinstance(answer, str):
        yield f"{name} must return {answer}"
        return
    if wrong := [*_faults_of_parts(asked, answer, shapes, rows)]:
        yield from wrong
        return
    if not all(map(batches.equal, given, arguments)):
        yield f"{name} must leave its arguments as they are, it changed them"
    first = {part: np.array(value) for part, value in answer.items()}

    one = f"{name} of 1 row"
    try:
        last = [batches.rows(argument, slice(-1, None)) for argument in arguments]
        alone = _parts(method(*last), shapes)
    except Exception as error:
        yield f"{one} raised {type(error).__name__}: {error}"
        return
    wrong = [*_faults_of_parts(one, alone, shapes, 1)] if isinstance(alone, dict) else [str(alone)]
    yield from wrong
    for part in () if wrong else shapes:
        if not alike(first[part][-1:], np.array(alone[part]), BATCHED):  # type: ignore[index]
            yield (
                f"a row must be answered as it is alone, {name} gives other {part} to the last "
                f"of {rows} rows than to that row by itself"
            )
    kept = {part: np.array(value) for part, value in answer.items()}
    again = _parts(method(*(batches.rows(part, slice(None)) for part in arguments)), shapes)
    if isinstance(again, str) or not all(
        alike(first[part], np.array(again[part])) for part in shapes
    ):
        yield changed_answer(getattr(policy, "asked", policy), name)
    elif not all(np.array_equal(first[part], kept[part]) for part in shapes):
        yield f"{name} must return arrays of its own each time, a later call changed an earlier one"


def _parts(answer: Any, shapes: Shapes) -> dict[str, Any] | str:
    """Take an answer apart; the words for what it should be if that is impossible."""
    if len(shapes) == 1:
        return dict.fromkeys(shapes, answer)
    if not isinstance(answer, tuple | list) or len(answer) != len(shapes):
        got = type(answer).__name__
        if isinstance(answer, tuple | list):
            got += f" of {len(answer)}"
        kind = "a ContextEncoding" if answer is None else "an Encoding"
        return f"{kind} ({', '.join(shapes)}), got a {got}"
    return dict(zip(shapes, answer, strict=True))


def _faults_of_parts(
    asked: str, answer: Mapping[str, Any], shapes: Shapes, rows: int
) -> Iterator[str]:
    for part, (letters, inner) in shapes.items():
        value, must = answer[part], (rows, *inner)
        if not isinstance(value, np.ndarray):
            kind = f"{type(value).__module__}.{type(value).__name__}".removeprefix("builtins.")
            hint = ": convert it by .detach().cpu().numpy()" if kind.startswith("torch.") else ""
            yield f"{asked}: {part} must be an array of numpy, got {kind}{hint}"
        elif value.dtype.kind != "f":
            yield f"{asked}: {part} must be floating-point, float32 best, got {value.dtype}"
        elif value.shape != must:
            yield f"{asked}: {part} must have shape {letters} = {must}, got {value.shape}"
        elif not np.isfinite(value).all():
            yield f"{asked}: {part} must be finite, got NaN or infinity"
        elif part == "std" and (value < 0.0).any():
            yield f"{asked}: std must not be negative, got {float(value.min()):g}"


def _faults_of_statistics(policy: SteerablePolicy) -> Iterator[str]:
    """List what is wrong with the latents' statistics that a policy carries, if it does."""
    for name in STATISTICS:
        value = getattr(policy, name, None)
        if value is None:
            continue
        try:
            numbers = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            yield f"{name} must be numbers, got {value!r}"
            continue
        if numbers.shape != (policy.latent_dim,):
            yield f"{name} must have shape (latent_dim,) = {(policy.latent_dim,)}, " + (
                f"got {numbers.shape}"
            )
        elif not np.isfinite(numbers).all():
            yield f"{name} must be finite, got NaN or infinity"
        elif name != "latent_mean" and (numbers < 0.0).any():
            yield f"{name} must not be negative, got {numbers.min():g}"
