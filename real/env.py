"""A robot task as a gymnasium environment, ``ZPRL-Real-v0``: simulated, or on hardware."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from os import PathLike
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np

from policies.pictures.settings import PictureSettings
from real.cameras.wiring import DevicesLike, make_devices
from real.clock import WallClock
from real.drivers import DriverLike, driver_class
from real.episode import Episode
from real.motion.loop import HANGING, ROBOT_ERRORS, ControlLoop
from real.motion.pacing import Pacer
from real.motion.ready import EpisodeStart
from real.operators import FOR_EVER, Operator, OperatorLike, ScriptedOperator, make_operator
from real.owner import own_arms
from real.people.carrier import Carrier
from real.people.table import TeleoperatorLike, make_teleoperator
from real.people.takeover import ButtonOperator, Takeover
from real.recording.recorder import PictureRecorder, PlanningRecorder, Recorder
from real.recording.several import together
from real.robot import SceneRobot
from real.sight import RobotSight
from real.tasks.files import load_preset, task_facts
from real.tasks.layout import ActionLayout, ObservationLayout
from real.tasks.preset import Preset
from zprl_env.ahead.delay import Inference, stated_delay
from zprl_env.ahead.spent import Spent
from zprl_env.envs.cameras.eyes import Eyes
from zprl_env.envs.cameras.sight import choose_sight
from zprl_env.envs.conditions import (
    check_open,
    check_render_mode,
    check_running,
    checked_action,
    refuse_copy,
)
from zprl_env.envs.mismatch import described
from zprl_env.envs.settings import INSTEAD, advise
from zprl_env.envs.spaces import unbounded_box
from zprl_env.envs.takeover import TAKEOVER
from zprl_env.errors import ConfigurationError, InvalidActionError, RenderingError
from zprl_env.task import UNKNOWN, Facts

if TYPE_CHECKING:
    from real.console.desk import Desk
    from real.judge.operator import JudgeLike, JudgeOperator


class RealRobotEnv(gym.Env[Any, np.ndarray]):
    """A robot task: simulated by default, with the same code above its driver as on hardware.

    One step sends the arms towards one action for ``1 / rate`` seconds, by commands at the control
    rate that pass :class:`~real.motion.safety.SafetyFilter`, and returns what was measured last.

    How episodes end is the operator's word, in which ``operator="auto"`` repeats the simulated
    scene's own criterion:

    * success terminates, with reward 1 and ``info["is_success"]``;
    * failure, which says that the task cannot be done any more, terminates with reward 0;
    * abort, the time limit, an emergency stop and any fault truncate.

    Then the arms come to rest, unless an emergency stop has held them where they are. ``reset``
    waits for its release, connects again, takes the arms home by straight up, over, and down, with
    a fraction of the limits, and lays out the scene or waits for the operator to be ready.
    In simulated time the same seed is the same episode, to the bit.

    With a ``teleoperator`` a person can take the arms at any control period and give them back; the
    step that is under way ends there. While the arms are the person's, actions that are given are
    not carried out; what was is in ``info["takeover"]``. The limits are the same for everybody.

    ``info`` has ``safety``, ``time`` and ``operator``; :class:`~real.episode.Episode` tells what is
    in them. With a judge there is its probability of success, ``judge``, and where a simulated
    scene is not what ends an episode at once, ``scene``, whether its criterion holds.

    Args:
        task: Name of a preset, path of a YAML file, or a preset.
        driver: As :func:`real.drivers.make_robot` takes it.
        operator: ``"auto"``, ``"keyboard"`` or an object.
        recorder: Who writes the episodes down.
        images: Whether it is given the cameras' pictures after every step.
        render_mode: ``"rgb_array"``, the first camera's picture, or None.
        cameras: Cameras whose pictures are observed, in order; the preset's if None.
        image_size: Height and width of their pictures [pixels], or one number for both; the
            preset's, else 84, if None.
            Without observed cameras it is the driver's own setting.
        observation: ``"state"``: all of the preset's observation. ``"pixels"``, the usual one with
            cameras: pictures, and the preset's observation without tracked objects, which nobody
            has to track then. ``"both"``.
        render_quality: How a simulated robot's pictures are drawn, ``"fast"`` or ``"full"``.
        devices: Cameras of the laboratory by name, a YAML file or settings; see
            :func:`real.cameras.wiring.make_devices`. The others are the driver's own.
        inference: ``"sync"``: the arms wait for every decision of whoever steps. ``"ahead"``: a
            wrapper of chunks decides the next one while the last one is executed; the preset's, if
            None. See :mod:`zprl_env.ahead`.
        delay: Actions that a decision takes then, also in simulated time; the preset's, if None.
        judge: A classifier of success, or its folder, for ``operator="judge"``, and for
            ``"judge+keyboard"``, where a person can overrule it: see :mod:`real.judge`.
        teleoperator: A person's device, as :func:`real.people.table.make_teleoperator` takes it.
        teleoperator_kwargs: Its own settings.
        teleoperator_alone: Whether there is no policy: no action is carried out but the person's.
        console: A page beside the arm: see :mod:`real.console`.
        dwell: Time that the scene's criterion has to hold until ``"auto"`` says success [s]: so
            that a recording shows what success looks like, which a judge learns from.
        **driver_options: The driver's own settings.

    Attributes:
        delay: The delay of decisions that it declares, in actions; 0 if it waits for them.
        turn: Lock of whoever executes an action, from reading `epoch` on.
        takeover: Who has the arms; None without a teleoperator.

    Raises:
        ConfigurationError: The preset, the driver or the operator is impossible.
        UnknownNameError: Something has no such name.
        TeleoperatorError: The person's device is not there.
        RenderingError: The cameras are simulated, and there is no OpenGL.

    Example:
        >>> env = RealRobotEnv("place-orange", driver="ideal")
        >>> observation, info = env.reset(seed=0)
        >>> *_, info = env.step(env.action_space.sample())
        >>> info["safety"]["stop"], info["time"]["overruns"]
        ('', 0)
        >>> env.close()
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012

    def __init__(
        self,
        task: str | PathLike[str] | Preset = "place-orange",
        *,
        driver: DriverLike = "sim",
        operator: OperatorLike = "auto",
        recorder: Recorder | None = None,
        images: bool = False,
        render_mode: str | None = None,
        cameras: Sequence[str] | None = None,
        image_size: int | tuple[int, int] | None = None,
        observation: str | None = None,
        render_quality: str | None = None,
        devices: DevicesLike | None = None,
        inference: Inference | None = None,
        delay: int | None = None,
        judge: JudgeLike | None = None,
        teleoperator: TeleoperatorLike | None = None,
        teleoperator_kwargs: Mapping[str, Any] | None = None,
        teleoperator_alone: bool = False,
        console: Desk | None = None,
        dwell: float = 0.0,
        **driver_options: Any,
    ) -> None:
        check_render_mode(render_mode, self.metadata["render_modes"])
        preset = load_preset(task)
        if inference is None and delay is None:
            inference, delay = preset.inference, preset.delay
        self.delay = stated_delay(inference, delay, preset.rate)
        self.turn = threading.RLock()
        self.metadata = {**self.metadata, "render_fps": preset.rate}
        self.render_mode = render_mode
        if recorder is None and images:
            raise ConfigurationError(
                "images=True must come with a recorder, which is given them. Got: no recorder. "
                "Leave images out, or take pictures by render()."
            )
        if preset.pictures is not None and cameras is None and observation != "state":
            cameras = preset.pictures.cameras
            image_size = preset.pictures.image_size if image_size is None else image_size
        if cameras is None and observation in (None, "state") and image_size is not None:
            driver_options["image_size"], image_size = image_size, None
        sight = choose_sight(cameras, image_size, observation, render_quality)
        self.preset = preset = preset.untracked() if sight.observation == "pixels" else preset
        _refuse_preset_fields(driver, driver_options)
        self._arms = own_arms(driver, preset, **driver_options)
        self.robot = self._arms.robot
        self._console = console
        self.recorder = recorder
        try:
            self._judge = None if judge is None else self._judged_by(operator, judge)
            self.operator = person = self._watched_by(self._judge or operator, dwell)
            if teleoperator is not None:
                self.operator = ButtonOperator(self.operator)
            self._loop = ControlLoop(self.robot, preset, self.operator, self._arms)
            self.takeover = self._taken_by(teleoperator, teleoperator_kwargs, teleoperator_alone)
        except BaseException:
            self._arms.users -= 1
            if not self._arms.users:
                self._arms.close()
            raise
        asked = dwell > 0.0 or judge is not None
        self._scene = self.robot if asked and isinstance(self.robot, SceneRobot) else None
        self._start = EpisodeStart(self._loop, preset)
        actions, self._observations = ActionLayout(preset), ObservationLayout(preset)
        self.observation_keys = self._observations.keys
        self.observation_space: gym.Space = unbounded_box(self._observations.size)
        try:
            self._sight = RobotSight(self._loop, preset, sight, make_devices(devices), images)
            if self._judge is not None:
                eyes = self._sight.eyes
                self._judge.expect(preset.name, None if eyes is None else eyes.settings)
        except BaseException:
            self._arms.leave(self._loop)
            raise
        self.eyes: Eyes | None = self._sight.eyes
        if self.eyes is not None:
            self.observation_space = self.eyes.observation_space
            self.observation_keys = self.eyes.observation_keys
        if console is not None:
            before = getattr(recorder, "entries", ())
            seen = self._loop, self._sight, preset, self.takeover, person
            console.attend(*seen, lambda *said: self._episode.rejudge(*said), before)
            self.recorder = together(recorder, console.board)
        self._episode = Episode(self._loop, preset, self.recorder, self._sight)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (actions.size,))
        kwargs = {"preset": preset.model_dump(mode="json")}
        env_args = {"env_name": preset.name, "type": "real", "env_kwargs": kwargs}
        self.env_args = described(env_args, getattr(self.robot, "mismatch", {}))
        if isinstance(recorder, PictureRecorder) and (self.eyes is not None or images):
            try:
                recorder.expect(preset, self.picture_settings, self._sight.sizes())
            except BaseException:
                self._arms.leave(self._loop)
                raise
        delayed = self.delay > 0
        self._carrier = Carrier(self._loop, actions, preset.ticks, self.takeover, delayed)
        self._observation = np.zeros(self._observations.size, np.float32)
        self._scene_seed, self._closed = 0, False

    @property
    def replayable(self) -> bool:
        """Whether an episode's seed and actions lead to the same state again: in simulated time.

        What a person does, nothing repeats.
        """
        simulated = isinstance(self.robot, SceneRobot)
        return simulated and not isinstance(self.robot.clock, WallClock) and self.takeover is None

    @property
    def in_real_time(self) -> bool:
        """Whether time passes whoever waits for it: episodes cost a robot's minutes."""
        return self._arms.in_real_time

    @property
    def episode_steps(self) -> int:
        """Actions after which an episode is truncated, as the preset says."""
        return self.preset.episode_steps

    @property
    def facts(self) -> Facts:
        """Facts of the preset for steering and learning: scale, noise, discount and chunk."""
        said = task_facts(self.preset)
        return UNKNOWN._replace(**{name: v for name, v in said.items() if v is not None})

    @property
    def picture_settings(self) -> PictureSettings | None:
        """Settings that the cameras' pictures are made with; None without cameras."""
        return None if self.eyes is None else self.eyes.settings

    def pictures(self) -> dict[str, np.ndarray]:
        """Take a picture of the present state with each observed camera.

        Raises:
            RenderingError: The environment was made without cameras.
        """
        if self.eyes is None:
            raise RenderingError(
                "pictures need an environment with cameras. Got: one without. Make it with "
                'cameras=("front",); render() shows it to people'
            )
        check_open(self._closed)
        return self.eyes.pictures()

    @property
    def pacer(self) -> Pacer:
        """Pacer of the control loop: its beat, and the deadlines that were missed."""
        return self._loop.pacer

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Take the arms home and begin an episode.

        Args:
            seed: Seed of this episode and of those that follow without one.
            options: Not used.

        Returns:
            Observation, of shape ``(O,)``, float32, without cameras, and the info.

        Raises:
            RobotError: The robot is not there, or what the operator was asked for did not come in
                time.
            ClosedEnvironmentError: The environment was closed.
        """
        super().reset(seed=seed)
        check_open(self._closed)
        with self._taken_over():
            self._settle_eyes()
            self._episode.end("abort")
            self._loop.hear_late()  # a last word about the episode before
            if seed is not None or not self._episode.repeat:
                self._scene_seed = int(self.np_random.integers(2**31))
            self._start.prepare(self._scene_seed)
            self._carrier.reset()
            if self.takeover is not None:
                self.takeover.begin()
            self._observation = self._observed()
            seen = self._seen()
            if self._judge is not None:
                self._judge.begin(self._observation, seen if isinstance(seen, dict) else {})
            info = self._episode.begin(self._observation, self._scene_seed, seen)
            return seen, info

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Carry out one action.

        Args:
            action: Shape ``(A,)``; numbers outside of [-1, 1] are clipped.

        Returns:
            Observation, reward, and whether the episode is terminated or truncated, and the info.

        Raises:
            InvalidActionError: The action is no numbers, has another shape or is not finite; the
                arms have come to rest.
            ResetNeeded: There is no episode under way.
        """
        check_running(self._episode.running)
        try:
            action = checked_action(action, self.action_space)
        except InvalidActionError:
            self._loop.settle()
            raise
        self._settle_eyes()
        if self._console is not None:
            self._console.look()
        if not self._loop.has_turn and not self._episode.steps:
            self._start.prepare(self._scene_seed)  # another environment came between: begin anew
        carried = self._carrier.carry(action)
        self._observation = self._observed()
        seen = self._seen()  # before it is judged, for a camera may end the episode
        probability = None if self._judge is None else self._judge_step(seen)
        judgement = self._episode.judge()
        info = self._episode.info(judgement.success, judgement.outcome)
        if probability is not None:
            info["judge"] = round(probability, 4)
        if self._scene is not None:
            with suppress(*ROBOT_ERRORS):  # which the loop meets as well, and tells
                info["scene"] = bool(self._scene.success())
        if judgement.outcome is not None:
            self._settle_eyes()
            self._start.rest()
        if self.takeover is None:
            recorded = action, self._observation, judgement, info, seen, carried.executed
            self._episode.record(*recorded)
        else:
            asked, executed, mine = carried
            told = self.takeover.told(mine)
            info[TAKEOVER] = told
            self._episode.record(asked, self._observation, judgement, info, seen, executed, mine)
            info = {**info, TAKEOVER: {**told, "action": asked, "executed": executed}}
        if judgement.outcome is not None:
            self._episode.end(judgement.outcome)
        _, reward, terminated, truncated = judgement
        return seen, reward, terminated, truncated, info

    def render(self) -> np.ndarray | None:
        """Return the first camera's picture, or None without a render mode.

        Returns:
            Shape ``(H, W, 3)``, uint8.

        Raises:
            RenderingError: The robot has no camera.
        """
        if self.render_mode is None:
            return None
        cameras = self.preset.cameras
        shown = self._sight.show(cameras[0]) if cameras else None
        if shown is None:
            raise RenderingError(
                "render() needs a camera in the preset and a driver that takes pictures; got "
                f"{[*cameras]} and {type(self.robot).__name__}"
            )
        return shown

    def close(self) -> None:
        """Bring the arms to rest, close driver, operator and recording; again it does nothing."""
        if self._closed:
            return
        self._closed = True
        with self._taken_over(), ExitStack() as stack:  # arms are stopped before files are written
            self._settle_eyes()
            stack.callback(self.operator.close)
            if self.recorder is not None:
                stack.callback(self.recorder.close)
            stack.callback(self._sight.close)
            if self._console is not None:
                stack.callback(self._console.leave, self._loop)
            if self.takeover is not None:
                stack.callback(self.takeover.close)
            stack.callback(self._arms.leave, self._loop)
            self._episode.end("abort")

    def rest(self) -> None:
        """Bring the arms to rest within their limits; the episode may go on."""
        if not self._closed and self._loop.has_turn:
            with self._taken_over():
                self._loop.settle()

    def hold(self) -> bool:
        """Brake within the limits, or stand still, for one control period: no action is there.

        Returns:
            Whether the arms may be held on.
        """
        return not self._closed and self._episode.running and self._loop.hold()

    def await_motion(self) -> None:
        """Hold the arms until a person's device has moved, or the operator has judged or stopped.

        An episode that a person makes begins so: a device that is not there moves nothing.
        """
        people, clock = self.takeover, self.robot.clock
        until = clock.now() + self.operator.patience
        while people is not None and not people.moved and self._loop.verdict is None:
            people.look()
            if people.moved or clock.now() > until or not self.hold():
                break
        self._loop.held.clear()

    @property
    def epoch(self) -> int:
        """Number that every reset and stop raises, and whoever takes the arms over."""
        return self._loop.epoch

    def note_spent(self, seconds: Spent) -> None:
        """Note who spent the time since the last action, so that a stop can say who was late."""
        self._loop.note_spent(seconds)

    def note_plan(self, actions: np.ndarray) -> None:
        """Note what is about to be done, for whoever records it. Shape ``(n, A)``."""
        if isinstance(self.recorder, PlanningRecorder):
            self.recorder.note_plan(actions)

    @contextmanager
    def _taken_over(self) -> Iterator[None]:
        """Do something in here that no action may come between: those under way are dropped."""
        self._loop.epoch += 1
        held = self.turn.acquire(timeout=HANGING)  # by a thread whose driver never returns
        try:
            yield
        finally:
            if held:
                self.turn.release()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse to copy or to pickle it: there is one robot."""
        refuse_copy(
            self, "There is one robot; make another environment where a simulated one will do."
        )

    def _judged_by(self, operator: OperatorLike, judge: JudgeLike) -> JudgeOperator:
        """Make the operator who judges by a classifier."""
        from real.judge.operator import make_judge_operator  # which imports torch

        if not isinstance(operator, str):
            raise ConfigurationError(
                "A judge must come with operator='judge' or 'judge+keyboard'. Got: an operator of "
                "your own. Give it one of real.judge.operator.JudgeOperator."
            )
        keys = ObservationLayout(self.preset).keys
        return make_judge_operator(operator, judge, self.robot, keys)

    def _watched_by(self, operator: OperatorLike, dwell: float) -> Operator:
        """Make the operator, and the person at the console beside it."""
        console = self._console
        if isinstance(operator, str) and operator == "console" and console is not None:
            operator = ScriptedOperator(answers=(), patience=FOR_EVER)  # nobody but the console
        made = make_operator(operator, self.robot, dwell)
        return made if console is None else console.operator(made)

    def _judge_step(self, seen: Any) -> float:
        """Have the judge see a step, and hear it."""
        assert self._judge is not None
        frames = seen if isinstance(seen, dict) else {}
        probability = self._judge.see(self._observation, frames)
        self._loop.listen()
        return probability

    def _taken_by(
        self, teleoperator: TeleoperatorLike | None, kwargs: Mapping[str, Any] | None, alone: bool
    ) -> Takeover | None:
        """Reach the person's device, if there is one."""
        if teleoperator is None:
            return None
        kwargs = dict(kwargs or {})
        if teleoperator == "console" and self._console is not None:
            kwargs["hands"] = self._console.hands
        made = make_teleoperator(teleoperator, self.preset, clock=self.robot.clock, **kwargs)
        takeover = Takeover(made.device, self._loop, self.preset, alone=alone, speed=made.speed)
        takeover.connect()
        if isinstance(self.operator, ButtonOperator):
            self.operator.listen_to(takeover)
        return takeover

    def _seen(self) -> Any:
        state = self._observation.copy()
        if self.eyes is None:
            return state
        with self._loop.spent.by("camera"):
            return self.eyes.see(state)

    def _settle_eyes(self) -> None:
        if self.eyes is not None:
            self.eyes.settle()

    def _observed(self) -> np.ndarray:
        """Return the newest observation; the one before if nothing could be measured yet."""
        state = self._loop.state
        return self._observation if state is None else self._observations.observation(state)


def _refuse_preset_fields(driver: DriverLike, options: dict[str, Any]) -> None:
    """Refuse options that no driver has, but the preset or another setting does."""
    made = driver_class(driver) if isinstance(driver, str) else driver
    if not callable(made):
        return
    parameters = inspect.signature(made).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    preset = "the preset: change a copy, give its path as task"
    own = [name for name in Preset.model_fields if name not in INSTEAD]
    names = ("camera", "camera_name", "camera_names", "camera_id", "render_camera")
    fields = dict.fromkeys((*own, *names), preset)
    fields["mismatch"] = "driver='sim': only a simulated robot can be made to differ"
    wrong = [n for n in options if n not in parameters and (n in fields or n in INSTEAD)]
    if told := advise(wrong, fields):
        raise ConfigurationError(
            f"RealRobotEnv takes no {told} Settings of the driver are: "
            f"{', '.join([*parameters][1:]) or 'none'}."
        )
