"""Check values of a command line: one where one must be, and a number where one must be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from policies.commands.numbers import whole
from policies.commands.options import Option
from policies.commands.suggestions import did_you_mean, nearest

NONE = "None"
"""Word for a value that is not given, where one need not be."""


def fault_of_flag(option: Option, flag: str, words: Sequence[str]) -> str | None:
    """Say what is wrong with the words that a flag was given; None if nothing is.

    Args:
        option: The flag's option.
        flag: How it was written.
        words: What follows it, up to the next flag.

    >>> fault_of_flag(Option("seed", ("--seed",), kinds=(int,)), "--seed", ["1.5"])
    "--seed must be a whole number, such as 100000, 100_000, 1e5 or 100k. Got: '1.5'."
    >>> fault_of_flag(Option("seed", ("--seed",), kinds=(int,)), "--seed", [])
    '--seed must be followed by a whole number, such as 100000, 100_000, 1e5 or 100k. Got: nothing.'
    """
    if option.switch:
        if not words:
            return None
        others = [other for other in option.flags if other.startswith("--no-") and other != flag]
        opposite = f"; its opposite is {others[0]}" if others else ""
        return f"{flag} takes no value{opposite}. Got: {words[0]!r}. Leave it out."
    if not words and not (option.many and option.kinds != (str,)):
        return f"{flag} must be followed by {said(option)}. Got: nothing."
    if len(words) > 1 and not option.many:
        got = " ".join(map(repr, words))
        return f"{flag} takes one value. Got: {got}. Put quotes around one that has blanks in it."
    return next((fault for word in words if (fault := fault_of_word(option, flag, word))), None)


def fault_of_word(option: Option, name: str, word: str) -> str | None:
    """Say what is wrong with one word of an option; None if nothing is.

    Args:
        option: The option.
        name: What the error calls it.
        word: What was typed.

    >>> fault_of_word(Option("scale", kinds=(float,), choices=("auto",)), "--scale", "x")
    "--scale must be a number, such as 0.5 or 1e-3, or 'auto'. Got: 'x'."
    """
    if any(_reads(kind, word) for kind in option.kinds) or word in option.choices:
        return None
    meant = did_you_mean(nearest(word, option.choices))
    if option.kinds:
        return f"{name} must be {said(option)}. Got: {word!r}. {meant.capitalize()}".rstrip()
    return f"unknown {name} {word!r}; {meant}Known: {_listed(option.choices, ', ')}"


def said(option: Option) -> str:
    """Say what an option's value must be.

    >>> said(Option("parts", choices=("machine", "suites")))
    "'machine' or 'suites'"
    """
    shown = [_KINDS.get(kind, f"a value ({option.name.upper()})") for kind in option.kinds]
    if option.name.endswith("kwargs"):
        shown = ["NAME=VALUE, such as robots=UR5e"]
    return ", or ".join([*shown, *filter(None, [_listed(option.choices, " or ")])])


_KINDS = {
    int: "a whole number, such as 100000, 100_000, 1e5 or 100k",
    float: "a number, such as 0.5 or 1e-3",
}


def _listed(choices: Iterable[str], between: str) -> str:
    return between.join(repr(choice) for choice in choices if choice != NONE)


def _reads(kind: type, word: str) -> bool:
    try:
        if kind is int:
            whole(word)
        elif kind is float:
            float(word)
    except ValueError:
        return False
    return True
