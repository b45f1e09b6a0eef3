"""The scripted expert for robosuite's TwoArmTransport: two arms, a lid, a hammer and some trash."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

import numpy as np

from policies.errors import ZprlError
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import Quality
from zprl_env.experts.robosuite.arm import CLOSED, OPEN, Plan
from zprl_env.experts.robosuite.hand import Hand, nearest_half_turn
from zprl_env.experts.robosuite.transport_scene import FAR, LIFT, MEETING, UP, Grasp, TransportScene

FALLEN = 0.78  # lower than both tables: out of reach [m]
HOVER = 0.06  # height above a grasp from which it is approached [m]
ABOVE_BINS = 1.03  # height at which a hand and what it holds pass over the bins' walls [m]
ASIDE = np.array([-0.33, 0.05, -0.12])  # from the bin to where the lid is dropped [m]
HOME = np.array([0.0, -0.35, 1.15])  # out of the way, for the hand that has done its part [m]
LET_GO = 0.045  # between a hand's fingers, where it no longer holds the handle [m]
CLOSING_STEPS, OPENING_STEPS, FALLING_STEPS = 8, 4, 20
HASTE = 1.4  # the ways are longer than Lift's, and people move faster over long ones
ERROR_SCALE = 0.8  # of an operator's misjudgement, which is stated for Lift's cube
MOST_ATTEMPTS = 3


class TransportExpert(Expert):
    """Expert for TwoArmTransport: two arms, each with its own plan, that meet over the gap.

    The first arm drops the lid aside, takes the payload by its handle and offers it across the gap.
    Meanwhile the second throws the trash into its bin; then it takes the offered handle by the
    other end and, once the first has let go, carries it into the target bin. What they wait for is
    seen in the observation; nothing passes between them behind its back.

    ``Quality.regrasps`` has no meaning here; every other fault has.

    Args:
        task: ``"TwoArmTransport"``.

    Example:
        >>> TransportExpert().act({})
        Traceback (most recent call last):
        policies.errors.ZprlError: TransportExpert.act must come after reset. Call reset first.
    """

    HANDS = (slice(0, 6), slice(7, 13))
    _scene: TransportScene  # as it was last seen

    def __init__(self, task: str = "TwoArmTransport") -> None:
        self.task = task
        self._giver = Hand("robot0", base=(0.0, -0.81), ahead=np.pi / 2)
        self._taker = Hand("robot1", base=(0.0, 0.81), ahead=-np.pi / 2)
        self._plans: tuple[Plan, ...] = ()
        self._quality = Quality()
        self._gave_up = False

    @property
    def gave_up(self) -> bool:
        """Whether the last attempt has failed; see ``Expert.gave_up``."""
        return self._gave_up

    def reset(self, quality: Quality) -> None:
        """Begin a new episode; see ``Expert.reset``."""
        self._quality = quality
        self._gave_up = False
        self._giver.reset()
        self._taker.reset()
        self._plans = self._perform(self._give()), self._perform(self._take())

    def act(self, observation: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the next action of both arms, shape ``(14,)``; see ``Expert.act``."""
        if not self._plans:
            raise ZprlError("TransportExpert.act must come after reset. Call reset first.")
        self._scene = TransportScene(observation["object"])
        self._giver.observe(observation)
        self._taker.observe(observation)
        if min(self._scene.payload[2], self._scene.trash[2]) < FALLEN:
            self._gave_up = True
        return np.concatenate([next(plan) for plan in self._plans])

    def _perform(self, plan: Plan) -> Plan:
        yield from plan
        self._gave_up = True
        while True:
            yield np.array([0.0] * 6 + [OPEN], dtype=np.float32)

    def _give(self) -> Plan:
        """Follow the plan of the first arm."""
        hand, speed = self._giver, self._haste()
        if not (yield from self._pick(hand, lambda: self._scene.lid_handle(), first=True)):
            return
        aside = hand.position + ASIDE
        over = _at_height(aside, hand.position[2] + LIFT)
        yield from hand.move(lambda: over, CLOSED, speed=speed, tolerance=0.1)
        yield from hand.move(lambda: aside, CLOSED, speed=speed, tolerance=0.03)
        yield from hand.stay(OPEN, OPENING_STEPS)
        yield from hand.move(lambda: over, OPEN, speed=speed, tolerance=0.08)

        if not (yield from self._pick(hand, lambda: self._scene.near_end(), over=ABOVE_BINS)):
            return
        out, yaw = _at_height(hand.position, 1.1), self._scene.near_end().yaw
        yield from hand.move(lambda: out, CLOSED, yaw=lambda: yaw, speed=speed, tolerance=0.1)

        def offer() -> np.ndarray:
            return hand.position + MEETING - self._scene.payload

        yield from hand.move(offer, CLOSED, speed=speed, tolerance=0.015)
        while not self._taker.holds(self._scene.far_end().point):
            if not hand.holds(self._scene.near_end().point):
                return
            yield from hand.move(offer, CLOSED, speed=speed, at_most=1)
        yield from hand.stay(CLOSED, 4)
        yield from hand.stay(OPEN, OPENING_STEPS)
        clear = hand.position + 0.2 * UP
        yield from hand.move(lambda: clear, OPEN, speed=speed, at_most=5)
        while True:
            yield from hand.move(lambda: HOME, OPEN, speed=speed, at_most=1)

    def _take(self) -> Plan:
        """Follow the plan of the second arm."""
        hand, speed = self._taker, self._haste()
        trash = self._pick(hand, lambda: self._scene.trash_cube(), over=ABOVE_BINS, first=True)
        if not (yield from trash):
            return
        out = _at_height(hand.position, ABOVE_BINS)
        yield from hand.move(lambda: out, CLOSED, speed=speed, tolerance=0.06)
        bin_ = _at_height(self._scene.trash_bin, ABOVE_BINS)
        yield from hand.move(lambda: bin_, CLOSED, speed=speed, tolerance=0.04)
        if not hand.holds(self._scene.trash):
            return
        yield from hand.stay(OPEN, OPENING_STEPS)

        ready = MEETING + np.array([0.0, FAR + 0.04, HOVER])
        while not self._offered():
            yield from hand.move(lambda: ready, OPEN, speed=speed, at_most=1)
        if not (yield from self._pick(hand, lambda: self._scene.far_end())):
            return
        while self._giver.gap < LET_GO:
            if not hand.holds(self._scene.far_end().point):
                return
            yield from hand.stay(CLOSED, 1)
        yield from hand.stay(CLOSED, 2)

        def over_bin() -> np.ndarray:
            way = self._scene.target_bin - self._scene.payload
            return _at_height(hand.position + way, ABOVE_BINS)

        yield from hand.move(over_bin, CLOSED, speed=speed, tolerance=0.03)
        yield from hand.stay(OPEN, OPENING_STEPS)
        away = hand.position + 0.1 * UP
        yield from hand.move(lambda: away, OPEN, speed=speed, at_most=FALLING_STEPS)

    def _pick(
        self, hand: Hand, thing: Callable[[], Grasp], *, over: float = 0.0, first: bool = False
    ) -> Generator[np.ndarray, None, bool]:
        """Grasp an object and lift it; look, and try again after a miss.

        Args:
            hand: Which hand.
            thing: What to grasp, as it lies now.
            over: Height from which to come down, if more than the usual. [m]
            first: Whether this is the hand's first grasp, which is where it may lose its way.

        Returns:
            Whether the thing is held.
        """
        quality, speed, blindness = self._quality, self._haste(), 1.0

        def aim() -> np.ndarray:
            seen = thing()
            return seen.point + blindness * ERROR_SCALE * quality.misjudgement(seen.oddity)

        def hover() -> np.ndarray:
            return _at_height(aim(), max(over, aim()[2] + HOVER))

        def pause() -> np.ndarray:
            return aim() + quality.pause_height * UP

        def yaw() -> float:
            return hand.ahead + quality.alignment * nearest_half_turn(thing().yaw - hand.ahead)

        if first:
            yield from self._wander(hand, hover)
        for attempt in range(min(quality.attempts, MOST_ATTEMPTS)):
            yield from hand.move(hover, OPEN, yaw=yaw, speed=speed, tolerance=0.02)
            if quality.pause_steps and attempt == 0 and not first:
                yield from hand.move(pause, OPEN, yaw=yaw, speed=speed, tolerance=0.02)
                yield from hand.stay(OPEN, quality.pause_steps)
            early = max(0.008, blindness * quality.close_early)
            yield from hand.move(aim, OPEN, yaw=yaw, speed=speed, tolerance=early, at_most=40)
            yield from hand.stay(OPEN, quality.close_delay)
            yield from self._grasp(hand, aim(), yaw(), thing)
            if hand.holds(thing().point):
                return True
            yield from hand.move(hover, OPEN, speed=speed, tolerance=0.02, at_most=20)
            blindness *= 1.0 - quality.correction
        return False

    def _grasp(self, hand: Hand, goal: np.ndarray, yaw: float, thing: Callable[[], Grasp]) -> Plan:
        """Close the fingers here and lift a little."""
        speed = self._haste()
        # A premature closing happens in mid-air: the hand goes on down while the fingers close.
        yield from hand.move(
            lambda: goal, CLOSED, yaw=lambda: yaw, speed=speed, at_most=CLOSING_STEPS
        )
        lifted = goal + thing().room
        yield from hand.move(
            lambda: lifted, CLOSED, yaw=lambda: yaw, speed=speed, tolerance=0.02, at_most=8
        )

    def _wander(self, hand: Hand, goal: Callable[[], np.ndarray]) -> Plan:
        """Visit the detour, then go past the goal, where the episode has either."""
        detour, overshoot = np.array(self._quality.detour), self._quality.overshoot
        speed = self._haste()
        if detour.any():
            waypoint = 0.5 * (hand.position + goal()) + detour
            waypoint[2] = max(waypoint[2], ABOVE_BINS)
            yield from hand.move(lambda: waypoint, OPEN, speed=speed, tolerance=0.03)
        if overshoot > 0.0:
            way = (goal() - hand.position)[:2]
            past = goal()
            past[:2] += overshoot * way / max(float(np.linalg.norm(way)), 1e-6)
            yield from hand.move(lambda: past, OPEN, speed=speed, tolerance=0.015)

    def _offered(self) -> bool:
        """Tell whether the first hand holds the payload nearly where they meet."""
        held = self._giver.holds(self._scene.near_end().point)
        return held and bool(np.linalg.norm(self._scene.payload - MEETING) < 0.12)

    def _haste(self) -> float:
        return min(1.0, HASTE * self._quality.speed)


def _at_height(point: np.ndarray, height: float) -> np.ndarray:
    return np.array([point[0], point[1], height])
