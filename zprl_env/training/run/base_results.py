"""Base policy's results of a run: kept as soon as they are known, not played again on resume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from policies.checkpoints.output import package_version
from zprl_env.evaluation import EvaluationResult, play
from zprl_env.files import RunFolderError, one_line, read_json, write_json
from zprl_env.training.run.history import result_from
from zprl_env.writing import Writing

BASE_FILE = "base.json"
_FORMER = {"base policy, noise 0": "base policy, noise zero"}
"""Names of earlier versions, by which a run that goes on finds what it has played."""
_LIBRARIES = ("gymnasium", "gymnasium-robotics", "metaworld", "mujoco", "numpy", "robosuite")
"""Libraries on whose versions it depends how the same episode goes."""


class BaseResults:
    """Base policy's results by name, in a file of the run's folder.

    An episode follows from its seed, so that only seeds that have not been played are.

    Attributes:
        played: Whether any episode has been played since this was made.
    """

    def __init__(
        self,
        run: Path,
        policy_sha256: str | None,
        say: Callable[[str], object],
        writing: Writing | None = None,
    ) -> None:
        """Read what a run has kept.

        Args:
            run: The run's folder.
            policy_sha256: Hash of the base policy's weights; results of others do not count.
            say: Told why what was kept does not count.
            writing: What the run writes by, which tries again on a full disk.
        """
        self._writing = writing or Writing(say)
        self._file = run / BASE_FILE
        self._facts: dict[str, Any] = {"policy_sha256": policy_sha256, "versions": _versions()}
        self._results: dict[str, EvaluationResult] = {}
        self.played = False
        if self._file.exists():
            try:
                self._read(say)
            except (AttributeError, KeyError, TypeError, ValueError, RunFolderError) as error:
                self._results.clear()
                say(f"{self._file} is damaged, so the base policy plays again: {one_line(error)}")

    def play(
        self, name: str, env: gym.Env, seeds: Sequence[int], title: str | None = None
    ) -> EvaluationResult:
        """Play one episode per seed with the base policy, unless its outcome is known.

        Args:
            name: Name to keep the result by.
            env: A steered environment.
            seeds: Seed of each episode.
            title: What the progress bar says; the name if not given.

        Returns:
            Successes and lengths, in the order of the seeds.
        """
        known = self._results.get(name)
        outcomes = {} if known is None else _outcomes(known)
        lost: Counter[str] = Counter()
        missing = [int(seed) for seed in seeds if int(seed) not in outcomes]
        if missing:
            # On a robot each is kept at once: an evaluation goes on where it stopped.
            one_by_one = bool(getattr(env.unwrapped, "in_real_time", False))
            for some in [[seed] for seed in missing] if one_by_one else [missing]:
                result = play(title or name, env, None, some)
                outcomes |= _outcomes(result)  # of those that count: the others are played again
                self.played = True
                self._results[name] = _result(outcomes, sorted(outcomes))
                self._write()
                lost += Counter(result.not_counted)
        return _result(outcomes, [int(seed) for seed in seeds if int(seed) in outcomes], lost)

    def _write(self) -> None:
        results = {name: result.to_dict() for name, result in self._results.items()}
        content = self._facts | {"results": results}
        self._writing(BASE_FILE, lambda: write_json(self._file, content))

    def _read(self, say: Callable[[str], object]) -> None:
        content = read_json(self._file)
        kept = content["results"].items()
        results = {_FORMER.get(name, name): result_from(r) for name, r in kept}
        if content["policy_sha256"] != self._facts["policy_sha256"]:
            say(f"The base policy plays again: {self._file} is of other weights.")
            return
        before, now = content["versions"], self._facts["versions"]
        changed = [
            f"{name} {before.get(name)!s:.40}, now {now.get(name)}"
            for name in sorted(before.keys() | now.keys())
            if before.get(name) != now.get(name)
        ]
        if changed:
            say(f"The base policy plays again: it was played with {'; '.join(changed)}.")
            return
        self._results = results


def _outcomes(result: EvaluationResult) -> dict[int, tuple[bool, int, float]]:
    returns = result.returns if result.returns.size else np.full(result.episodes, np.nan)
    rows = zip(result.seeds, result.successes, result.lengths, returns, strict=True)
    return {int(seed): (bool(won), int(length), float(r)) for seed, won, length, r in rows}


def _result(
    outcomes: dict[int, tuple[bool, int, float]],
    seeds: Sequence[int],
    lost: Mapping[str, int] | None = None,
) -> EvaluationResult:
    rows = [outcomes[seed] for seed in seeds]
    successes, lengths, returns = (np.array([row[i] for row in rows]) for i in range(3))
    known = returns if np.isfinite(returns).all() else np.zeros(0)
    counts = np.array(seeds, int), successes.astype(bool), lengths.astype(int)
    return EvaluationResult(*counts, known, lost or {})


def _versions() -> dict[str, Any]:
    versions = {"zprl-env": package_version()}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
