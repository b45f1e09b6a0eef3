"""Check a command line's words before they are read: unknown flags and choices get a suggestion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from policies.commands.options import Option, options, subcommands
from policies.commands.suggestions import did_you_mean, nearest, plain
from policies.commands.synonyms import EXPLAINED, SYNONYMS
from policies.errors import ZprlError

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""Hyphens and what editors and web pages make of them."""
LIKELY = 0.6
"""Least likeness of a flag that is suggested."""
_VALUE = re.compile(r"-(\d|\.\d|inf|nan)", re.IGNORECASE)


def check_words(words: Sequence[str], settings: Any, prog: str) -> None:
    """Refuse unknown flags, and words that a flag does not take, naming what was probably meant.

    What is missing, and values that are no words of a list, are left to tyro.

    Args:
        words: The command line without the program's name.
        settings: The dataclass that it is read into, or a union of them, one per subcommand.
        prog: The command's name, for the errors.

    Raises:
        ZprlError: There is no such flag, subcommand or choice.
    """
    if {"-h", "--help"} & {*words}:
        return
    rest = list(words)
    if named := subcommands(settings):
        if not rest or rest[0] not in named:
            raise ZprlError(_no_subcommand(rest, list(named), prog))
        settings = named[rest.pop(0)]
    known = list(options(settings))
    by_flag = {flag: option for option in known for flag in option.flags}
    takes_words = any(option.positional for option in known)
    current: Option | None = None
    for index, word in enumerate(rest):
        if word == "--":
            return
        if not _is_flag(word):
            _check_value(word, index, current, by_flag, takes_words, prog)
            continue
        given, equals, value = word.partition("=")
        flag = "--" + given[2:].replace("_", "-") if given.startswith("--") else given
        current = by_flag.get(flag)
        if current is None:
            following = rest[index + 1 : index + 2]
            raise ZprlError(_unknown_flag(given, value if equals else following, by_flag, prog))
        if equals:
            _check_value(value, index, current, by_flag, takes_words, prog)


def _no_subcommand(words: Sequence[str], named: Sequence[str], prog: str) -> str:
    got = repr(words[0]) if words else "nothing"
    meant = did_you_mean(nearest(words[0], named)) if words else ""
    return f"{prog} must be followed by {' or '.join(named)}. Got: {got}; {meant}Try {prog} --help."


def _is_flag(word: str) -> bool:
    return len(word) > 1 and word[0] in DASHES and not _VALUE.match(word)


def _check_value(
    word: str,
    index: int,
    option: Option | None,
    by_flag: dict[str, Option],
    takes_words: bool,
    prog: str,
) -> None:
    """Check a word that is no flag against the choices of the flag before it, if it has some."""
    if option is None and not takes_words:
        name = word.partition("=")[0].replace("_", "-")
        if "=" in word and f"--{name}" in by_flag:
            raise ZprlError(
                f"options of {prog} begin with two hyphens. Got: {word!r}. Try "
                f"--{name} {word.partition('=')[2]}."
            )
        first = next(iter(by_flag), "--help")
        raise ZprlError(
            f"{prog} takes options alone, such as {first}. Got: {word!r}. Try {prog} --help."
        )
    if option is not None and option.choices and word not in option.choices:
        meant = did_you_mean(nearest(word, option.choices))
        listed = ", ".join(repr(choice) for choice in option.choices if choice != "None")
        raise ZprlError(f"unknown {option.flags[0]} {word!r}; {meant}Known: {listed}")


def _unknown_flag(
    given: str, following: str | Sequence[str], by_flag: dict[str, Option], prog: str
) -> str:
    name = given.lstrip(DASHES).replace("_", "-").lower()
    close = list(_meant(name, by_flag))
    if close:
        shown = close[0]
        if by_flag[shown].choices or by_flag[shown].switch:
            return f"{prog} has no {given}; did you mean {shown}?{_help(prog)}"
        value = following if isinstance(following, str) else " ".join(following)
        usable = value and not _is_flag(value)
        others = "".join(f" or {other}" for other in close[1:])
        meant = f"{shown} {value}" if usable and not others else f"{shown}{others}"
        return f"{prog} has no {given}; did you mean {meant}?{_help(prog)}"
    if name in EXPLAINED:
        return f"{prog} has no {given}: {EXPLAINED[name]}."
    return f"{prog} has no {given}.{_help(prog)}"


def _help(prog: str) -> str:
    return f" All of them: {prog} --help"


def _meant(name: str, by_flag: dict[str, Option]) -> Iterator[str]:
    """Yield the flags that may have been meant by another's name, best first."""
    own = {flag.lstrip("-"): flag for flag in by_flag if flag.startswith("--")}
    leaves = {flag.rpartition(".")[2]: flag for flag in own.values()}
    found: list[str] = []
    if plain(name) in {plain(other) for other in own}:
        found = [flag for other, flag in own.items() if plain(other) == plain(name)]
    elif name in SYNONYMS:
        same = [n for n in SYNONYMS[name] if n in own or f"--{n}" in leaves.values()]
        found = [own[n] for n in same[:1]] or [leaves[n] for n in SYNONYMS[name] if n in leaves][:1]
    if not found and name not in EXPLAINED:
        starts = [flag for other, flag in own.items() if len(name) > 1 and other.startswith(name)]
        found = starts[:3] or [own[n] for n in nearest(name, own, cutoff=LIKELY)]
    yield from found
