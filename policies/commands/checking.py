"""Check a command line before it is read: flags, values and what is missing, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from policies.commands.options import Option, options, subcommands
from policies.commands.suggestions import did_you_mean, nearest, plain
from policies.commands.synonyms import EXPLAINED, SYNONYMS
from policies.commands.values import fault_of_flag, fault_of_word
from policies.errors import ZprlError

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""Hyphens and what editors and web pages make of them."""
LIKELY = 0.6
"""Least likeness of a flag that is suggested."""
_VALUE = re.compile(r"-(\d|\.\d|inf|nan)", re.IGNORECASE)


def check_words(words: Sequence[str], settings: Any, prog: str, default: Any = None) -> None:
    """Refuse a command line that cannot be read, in one sentence, naming what was probably meant.

    Args:
        words: The command line without the program's name.
        settings: The dataclass that it is read into, or a union of them, one per subcommand.
        prog: The command's name, for the errors.
        default: An instance of the dataclass, by which nothing of it is missing.

    Raises:
        ZprlError: There is no such flag, subcommand or choice, a value is missing or is no number
            where one must be, or an option is missing.
    """
    if {"-h", "--help"} & {*words}:
        return
    rest = list(words)
    if named := subcommands(settings):
        if not rest or rest[0] not in named:
            raise ZprlError(_no_subcommand(rest, list(named), prog))
        settings, prog = named[rest[0]], f"{prog} {rest.pop(0)}"
    known = list(options(settings))
    by_flag = {flag: option for option in known for flag in option.flags}
    line = _Line(prog, by_flag, [option for option in known if option.positional])
    for index, word in enumerate(rest):
        if word == "--":
            return
        if not _is_flag(word):
            line.take(word)
            continue
        given, equals, value = word.partition("=")
        flag = "--" + given[2:].replace("_", "-") if given.startswith("--") else given
        if flag not in by_flag:
            following = rest[index + 1 : index + 2]
            raise ZprlError(_unknown_flag(given, value if equals else following, by_flag, prog))
        line.begin(flag)
        if equals:
            line.take(value)
    line.end()
    line.check_complete(known, default)


def attached(words: Sequence[str]) -> list[str]:
    """Attach values that look like flags, as flags of another command do, to the flags before them.

    >>> attached(["--train", "--num-envs 2", "--seeds", "0"])
    ['--train=--num-envs 2', '--seeds', '0']
    """
    found: list[str] = []
    for word in words:
        quoted = word.startswith("-") and " " in word and not _is_flag(word)
        if quoted and found and _is_flag(found[-1]) and "=" not in found[-1]:
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


class _Line:
    """A command line that is being read: the words of its current flag, and those of none."""

    def __init__(self, prog: str, by_flag: dict[str, Option], places: list[Option]) -> None:
        self._prog, self._by_flag, self._places = prog, by_flag, places
        self._flag: str | None = None
        self._words: list[str] = []
        self._free: list[str] = []
        self._given: set[str] = set()

    def begin(self, flag: str) -> None:
        """Begin with a flag's words."""
        self.end()
        self._flag = flag
        self._given.add(self._by_flag[flag].name)

    def take(self, word: str) -> None:
        """Take a word that is no flag."""
        if self._flag is None and not self._places:
            raise ZprlError(_stray(word, self._by_flag, self._prog))
        (self._free if self._flag is None else self._words).append(word)

    def end(self) -> None:
        """End a flag's words; what it does not take is told by its place."""
        if self._flag is None:
            return
        option = self._by_flag[self._flag]
        if self._places and not option.many:
            room = 0 if option.switch else 1
            self._free += self._words[room:]
            del self._words[room:]
        if fault := fault_of_flag(option, self._flag, self._words):
            raise ZprlError(fault)
        self._flag, self._words = None, []

    def check_complete(self, known: Sequence[Option], default: Any) -> None:
        """Check the words that are told by their place, and that nothing is missing."""
        free = list(self._free)
        for option in self._places:
            taken = free if option.many else free[:1]
            free = free[len(taken) :]
            self._given |= {option.name} if taken else set()
            for word in taken:
                if fault := fault_of_word(option, option.name.upper(), word):
                    raise ZprlError(fault)
        lacking = [option for option in known if option.required and option.name not in self._given]
        missing = [option for option in lacking if default is None or _is_missing(default, option)]
        if missing:
            names = [option.flags[0] if option.flags else option.name.upper() for option in missing]
            got = "nothing" if not self._given else "no " + " and no ".join(names)
            raise ZprlError(
                f"{self._prog} must be given {' and '.join(names)}. Got: {got}. "
                f"Try {self._prog} --help."
            )
        if free:
            places = " ".join(option.name.upper() for option in self._places)
            raise ZprlError(
                f"{self._prog} takes {places} and options. Got also: "
                f"{' '.join(map(repr, free))}. Try {self._prog} --help."
            )


def _is_missing(default: Any, option: Option) -> bool:
    import tyro  # which is needed in any case, if a little later

    return getattr(default, option.name) is tyro.MISSING


def _no_subcommand(words: Sequence[str], named: Sequence[str], prog: str) -> str:
    got = repr(words[0]) if words else "nothing"
    meant = did_you_mean(nearest(words[0], named)) if words else ""
    return f"{prog} must be followed by {' or '.join(named)}. Got: {got}; {meant}Try {prog} --help."


def _is_flag(word: str) -> bool:
    """Tell a flag from a value: a number below 0, or flags of another command in quotes."""
    name = word.partition("=")[0]
    return len(word) > 1 and word[0] in DASHES and not _VALUE.match(word) and " " not in name


def _stray(word: str, by_flag: dict[str, Option], prog: str) -> str:
    """Answer a word that belongs to no flag, where none may stand."""
    name = word.partition("=")[0].replace("_", "-")
    if "=" in word and f"--{name}" in by_flag:
        return (
            f"options of {prog} begin with two hyphens. Got: {word!r}. Try "
            f"--{name} {word.partition('=')[2]}."
        )
    first = next(iter(by_flag), "--help")
    return f"{prog} takes options alone, such as {first}. Got: {word!r}. Try {prog} --help."


def _unknown_flag(
    given: str, following: str | Sequence[str], by_flag: dict[str, Option], prog: str
) -> str:
    name = given.lstrip(DASHES).replace("_", "-").lower()
    close = list(_meant(name, by_flag))
    if close:
        shown = close[0]
        if by_flag[shown].switch or not by_flag[shown].kinds:
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
