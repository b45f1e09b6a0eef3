"""Ages of collected decisions: how many updates the agent that chose one was behind the learner."""

from __future__ import annotations

from typing import Any

STORED, DROPPED, SUM, LARGEST = "stored", "dropped", "sum", "largest"
"""Keys of the counts beside those of the bins."""


class Ages:
    """Counts of ages in a mapping that is written down as it is, in bins that double in width.

    >>> ages = Ages({})
    >>> ages.note(3, 2, kept=True), ages.note(100, 1, kept=False)
    (None, None)
    >>> ages.counts
    {'stored': 2, 'dropped': 1, 'sum': 6, 'largest': 3, 'at most 4': 2}
    """

    def __init__(self, counts: dict[str, int]) -> None:
        """Count on in a mapping, of a history's."""
        self.counts = counts
        for name in (STORED, DROPPED, SUM, LARGEST):
            counts.setdefault(name, 0)

    def note(self, age: int, number: int, *, kept: bool) -> None:
        """Count decisions.

        Args:
            age: Updates between the agent that chose and the learner's when they arrived.
            number: How many of this age.
            kept: Whether they are learned from.
        """
        if not kept:
            self.counts[DROPPED] += number
            return
        self.counts[STORED] += number
        self.counts[SUM] += number * age
        self.counts[LARGEST] = max(self.counts[LARGEST], age)
        name = f"at most {bound(age)}"
        self.counts[name] = self.counts.get(name, 0) + number

    @property
    def dropped(self) -> int:
        """Decisions that were too old to be learned from."""
        return self.counts[DROPPED]

    @property
    def mean(self) -> float:
        """Mean age of those that are learned from, in updates."""
        return self.counts[SUM] / max(self.counts[STORED], 1)

    def told(self) -> str:
        """Tell of them in a sentence."""
        return (
            f"An agent was {self.mean:.0f} updates behind when what it chose was learned from, at "
            f"most {self.counts[LARGEST]:,}; {self.dropped:,} decisions were too old for that."
        )

    def summary(self) -> dict[str, Any]:
        """Return what is told of them: mean, median and 99th percentile (of bins), largest."""
        bins = sorted(
            (int(name.split()[-1]), number)
            for name, number in self.counts.items()
            if name.startswith("at most")
        )
        total, passed, found = self.counts[STORED], 0, dict[str, int]()
        for upper, number in bins:
            passed += number
            for share in (50, 99):
                if 100 * passed >= share * total:
                    found.setdefault(f"{share} %", upper)
        return {
            "mean": round(self.mean, 2),
            **{f"{share} at most": upper for share, upper in found.items()},
            LARGEST: self.counts[LARGEST],
            STORED: total,
            DROPPED: self.counts[DROPPED],
        }


def bound(age: int) -> int:
    """Return the upper bound of an age's bin.

    >>> [bound(age) for age in (0, 1, 2, 3, 4, 5, 1000)]
    [0, 1, 2, 4, 4, 8, 1024]
    """
    return 0 if age == 0 else 1 << (age - 1).bit_length()
