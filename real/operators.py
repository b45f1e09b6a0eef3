"""Operators: the person or program beside the robot, whose words arrive as events."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Literal, Protocol, TextIO, TypeAlias

from real.people.keys import Keys
from real.robot import Robot, SceneRobot
from zprl_env.errors import ConfigurationError, UnknownNameError

FOR_EVER = float("inf")


class Event(str, Enum):
    """An operator's word: a verdict, a pause, a stop or a permission."""

    SUCCESS = "success"
    """The task is done."""
    FAILURE = "failure"
    """It cannot be done any more."""
    ABORT = "abort"
    """This episode is worth nothing."""
    PAUSE = "pause"
    """Hold still; the episode's time stands still as well."""
    RESUME = "resume"
    """Go on after a pause."""
    STOP = "stop"
    """Emergency stop."""
    RELEASE = "release"
    """The arms may move again after a stop."""
    READY = "ready"
    """The next episode may begin."""
    TAKE_BACK = "take back"
    """Between two episodes: the last verdict was a mistake; another one may follow."""
    REPEAT = "repeat"
    """The episode is worth nothing, and its scene is to come once more."""


VERDICTS = (Event.SUCCESS, Event.FAILURE, Event.ABORT, Event.REPEAT)
"""Words that end an episode."""
LATE = (*VERDICTS, Event.TAKE_BACK)
"""Words that change the outcome of the last episode until the next one begins."""


class Operator(Protocol):
    """The person or program that watches the robot: a source of events."""

    @property
    def patience(self) -> float:
        """Time that may be waited for this operator [s]."""
        ...

    def poll(self) -> Sequence[Event]:
        """Return the operator's events since the last call, at once.

        A thread beside the control loop calls it as well, never two at once, so that a stop is
        heard while a driver blocks. An operator that has to be asked by the loop alone, because it
        looks at the robot, has another method ``hear`` for that thread.
        """
        ...

    def ask(self, event: Event, message: str) -> None:
        """Ask the operator for an event that is waited for; returns at once."""
        ...

    def close(self) -> None:
        """Close the terminal or other source of events; a second call does nothing."""
        ...


OperatorLike: TypeAlias = (
    "Operator | Literal['auto', 'keyboard', 'console', 'judge', 'judge+keyboard', 'judge+console']"
)

JUDGES = ("judge", "judge+keyboard", "judge+console")
"""Operators that judge by a classifier, which is made beside its robot: see `real.judge.operator`.
"""


class ScriptedOperator:
    """Operator whose events a program gives it, for tests and scripts.

    Args:
        answers: Events that it answers with at once when they are asked for.
        patience: How long may be waited for it [s].

    Example:
        >>> operator = ScriptedOperator()
        >>> operator.say(Event.PAUSE, Event.RESUME)
        >>> [event.value for event in operator.poll()], operator.poll()
        (['pause', 'resume'], [])
    """

    def __init__(
        self, answers: Iterable[Event] = (Event.READY, Event.RELEASE), patience: float = 60.0
    ) -> None:
        self.patience = patience
        self.asked: list[tuple[Event, str]] = []
        self._answers = frozenset(answers)
        self._said: deque[Event] = deque()

    def say(self, *events: Event) -> None:
        """Say something; another thread may."""
        self._said.extend(events)

    def poll(self) -> Sequence[Event]:
        """Return the events since the last call."""
        return [self._said.popleft() for _ in range(len(self._said))]

    def ask(self, event: Event, message: str) -> None:
        """Note the question, and answer it."""
        self.asked.append((event, message))
        if event in self._answers:
            self.say(event)

    def close(self) -> None:
        """Do nothing."""


class AutoOperator(ScriptedOperator):
    """An operator that judges by the scene's own criterion, and releases after any stop.

    Args:
        scene: The simulated world.
        patience: How long a fault may last before a reset gives up [s].
        dwell: How long the criterion has to hold without a break until it says so [s].
    """

    def __init__(self, scene: SceneRobot, patience: float = 60.0, dwell: float = 0.0) -> None:
        super().__init__(patience=patience)
        self._scene, self._dwell = scene, dwell
        self._since: float | None = None  # when the criterion began to hold

    automatic = True
    """Whether it repeats the scene's criterion, which says nothing of the episode before."""

    def hear(self) -> Sequence[Event]:
        """Return what was said, without a look at the scene, which the loop alone may ask."""
        return super().poll()

    def poll(self) -> Sequence[Event]:
        """Return answers to the questions asked, or else success for as long as it is there.

        A scene that cannot be asked is the driver's failure, and takes no answer with it.
        """
        now = self._scene.clock.now()
        if not self._scene.success():
            self._since = None
        elif self._since is None:
            self._since = now
        lasted = self._since is not None and now - self._since >= self._dwell - 1e-9
        return super().poll() or [Event.SUCCESS] * lasted


class KeyboardOperator:
    """An operator at the keyboard: single keys of a terminal, without Enter, read without waiting.

    Args:
        keyboard: The terminal, stdin by default.
        screen: Where questions are printed, stderr by default.

    Raises:
        ConfigurationError: ``keyboard`` is no terminal.
    """

    KEYS = {  # noqa: RUF012
        "s": Event.SUCCESS,
        "f": Event.FAILURE,
        "a": Event.ABORT,
        "p": Event.PAUSE,
        "g": Event.RESUME,
        " ": Event.STOP,
        "r": Event.RELEASE,
        "\n": Event.READY,
        "u": Event.TAKE_BACK,
        "e": Event.REPEAT,
    }
    HELP = (
        "keys: SPACE emergency stop, s success, f failure, a abort, p pause, g go on, "
        "r release, ENTER ready; e discard and repeat, and until the next episode begins: u take "
        "the verdict back, s, f, a another one"
    )
    patience = FOR_EVER

    def __init__(self, keyboard: TextIO | None = None, screen: TextIO | None = None) -> None:
        keyboard = sys.stdin if keyboard is None else keyboard
        self._listener = Keys.listen(keyboard, self.KEYS, "operator='keyboard'")
        self._screen = sys.stderr if screen is None else screen
        print(self.HELP, file=self._screen, flush=True)

    def poll(self) -> Sequence[Event]:
        """Return the keys that were pressed since the last call; other keys mean nothing."""
        said = [self.KEYS[key] for key in self._listener.take() if key in self.KEYS]
        # Where the terminal is gone, nobody could stop the arms.
        return [Event.STOP] if self._listener.gone else said

    def ask(self, event: Event, message: str) -> None:
        """Print a question and the key that answers it."""
        key = next(key for key, known in self.KEYS.items() if known is event)
        names = {" ": "SPACE", "\n": "ENTER"}
        print(f"{message} [{names.get(key, key)}]", file=self._screen, flush=True)

    def close(self) -> None:
        """Give the terminal back as it was; a second call does nothing."""
        self._listener.close()


def make_operator(operator: OperatorLike, robot: Robot, dwell: float = 0.0) -> Operator:
    """Make an operator from its name, or return the object.

    Args:
        operator: ``"auto"``, ``"keyboard"`` or an object.
        robot: The robot, whose own criterion ``"auto"`` judges by.
        dwell: How long that has to hold [s].

    Raises:
        UnknownNameError: No operator has this name.
        ConfigurationError: The robot has no criterion, there is no terminal, or another operator
            was given a dwell.
    """
    if dwell and not (operator == "auto" and 0.0 < dwell < FOR_EVER):
        raise ConfigurationError(
            "dwell must be a time in seconds that operator='auto' waits, the others wait as they "
            f"like. Got: {dwell} and {operator!r}."
        )
    if not isinstance(operator, str):
        return operator
    if operator == "keyboard":
        return KeyboardOperator()
    if operator == "console":
        raise ConfigurationError(
            "operator='console' must come with a console. Got: none. Give --console as well, or "
            "console=Desk() in a script."
        )
    if operator in JUDGES:
        raise ConfigurationError(
            f"operator={operator!r} must come with a judge. Got: none. Give judge=FOLDER, of "
            "python -m real.judge train."
        )
    if operator != "auto":
        raise UnknownNameError("operator", operator, ["auto", "keyboard", "console", *JUDGES])
    if not isinstance(robot, SceneRobot):
        raise ConfigurationError(
            "operator='auto' must have a driver that knows success. Got: "
            f"{type(robot).__name__}, which does not. Try operator='keyboard'."
        )
    return AutoOperator(robot, dwell=dwell)
