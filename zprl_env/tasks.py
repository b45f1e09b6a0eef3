"""Table of tasks: each one's environment, time limit and scripted expert."""

from __future__ import annotations

import re
from dataclasses import replace

import gymnasium as gym

from zprl_env.errors import ConfigurationError, UnknownNameError, ZprlError
from zprl_env.loading.named import import_for, names_code
from zprl_env.task import UNKNOWN, Facts, Task

PIXELS = "-Pixels"
"""Ending of the names of tasks that are seen, and of their ids before the version."""
ELSEWHERE = ("gym_pusht", "gym_aloha", "gym_hil", "lerobot_env_so101")
"""Packages whose environments are found by their ids alone, ``gym_pusht/PushT-v0``: they are not
registered before their package is imported, and no other name in front of a slash is."""
EXPERTS = {"gym_pusht/PushT-v0": "zprl_env.experts.pusht:PushTExpert"}
"""Scripted experts of their environments."""
SEEN = ("robosuite", "metaworld", "adroit", "real")
"""Suites that have cameras."""
_FROM_ZERO = Facts(scale=2.0, noise="zero")
"""Policies whose flow acts as well from zero, which leaves nothing to chance. Zero is a point that
no flow was trained on, and Adroit's and the robot's succeed too seldom from there. It is not the
chance that they need: a fixed draw keeps their success (docs/concepts/noise.md)."""


def _robosuite(
    name: str, limit: int, observation: int, action: int, expert: str = "", task: str = ""
) -> Task:
    return Task(
        id=f"ZPRL-{name}-v0",
        suite="robosuite",
        entry_point="zprl_env.envs.robosuite.env:RobosuiteEnv",
        kwargs={"task": task or name},
        max_episode_steps=limit,
        observation_dim=observation,
        action_dim=action,
        expert=f"zprl_env.experts.robosuite.{expert}" if expert else None,
        facts=_FROM_ZERO,
    )


def _metaworld(task: str) -> Task:
    name = task.title().replace("-", "")
    if task in ("hammer", "pick-place"):  # Adroit's and robosuite's ids
        name = f"Metaworld{name}"
    return Task(
        id=f"ZPRL-{name}-v0",
        suite="metaworld",
        entry_point="zprl_env.envs.metaworld.env:MetaWorldEnv",
        kwargs={"task": task},
        max_episode_steps=200,
        observation_dim=39,
        action_dim=4,
        expert="zprl_env.experts.metaworld:MetaWorldExpert",
        facts=_FROM_ZERO,
    )


def _adroit(task: str, limit: int, observation: int, action: int, scale: float = 2.0) -> Task:
    return Task(
        id=f"ZPRL-Adroit{task.title()}-v0",
        suite="adroit",
        entry_point="zprl_env.envs.adroit:AdroitEnv",
        kwargs={"task": task},
        max_episode_steps=limit,
        observation_dim=observation,
        action_dim=action,
        expert="zprl_env.experts.adroit.expert:AdroitExpert",
        facts=Facts(scale=scale),
    )


def _real(
    preset: str, limit: int, observation: int, action: int, name: str = "", expert: str = ""
) -> Task:
    return Task(
        id=f"ZPRL-Real{name}-v0",
        suite="real",
        entry_point="real.env:RealRobotEnv",
        kwargs={"task": preset},
        max_episode_steps=limit,
        observation_dim=observation,
        action_dim=action,
        expert=f"real.experts.{expert}" if expert else None,
        own_limit=True,
        facts_file="real.tasks.files:task_facts",
    )


# fmt: off
_METAWORLD = (
    "assembly", "basketball", "bin-picking", "box-close", "button-press",
    "button-press-topdown", "button-press-topdown-wall", "button-press-wall", "coffee-button",
    "coffee-pull", "coffee-push", "dial-turn", "disassemble", "door-close", "door-lock",
    "door-open", "door-unlock", "drawer-close", "drawer-open", "faucet-close", "faucet-open",
    "hammer", "hand-insert", "handle-press", "handle-press-side", "handle-pull",
    "handle-pull-side", "lever-pull", "peg-insert-side", "peg-unplug-side", "pick-out-of-hole",
    "pick-place", "pick-place-wall", "plate-slide", "plate-slide-back",
    "plate-slide-back-side", "plate-slide-side", "push", "push-back", "push-wall", "reach",
    "reach-wall", "shelf-place", "soccer", "stick-pull", "stick-push", "sweep", "sweep-into",
    "window-close", "window-open",
)
# fmt: on

_ROBOSUITE = (
    _robosuite("Lift", 150, 19, 7, "lift:LiftExpert"),
    _robosuite("Can", 400, 23, 7, "pick_place:PickPlaceExpert", "PickPlaceCan"),
    _robosuite("Square", 400, 23, 7, "nut_assembly:NutAssemblyExpert", "NutAssemblySquare"),
    _robosuite("Transport", 700, 59, 14, "transport:TransportExpert", "TwoArmTransport"),
    _robosuite("Stack", 200, 32, 7, "stack:StackExpert"),
    _robosuite("Door", 300, 23, 7, "door:DoorExpert"),
    _robosuite("NutAssembly", 500, 37, 7),
    _robosuite("NutAssemblyRound", 500, 23, 7, "nut_assembly:NutAssemblyExpert"),
    _robosuite("NutAssemblySingle", 500, 24, 7),
    _robosuite("PickPlace", 500, 65, 7),
    _robosuite("PickPlaceBread", 500, 23, 7, "pick_place:PickPlaceExpert"),
    _robosuite("PickPlaceCereal", 500, 23, 7, "pick_place:PickPlaceExpert"),
    _robosuite("PickPlaceMilk", 500, 23, 7, "pick_place:PickPlaceExpert"),
    _robosuite("PickPlaceSingle", 500, 24, 7),
    _robosuite("ToolHang", 700, 53, 7),
    _robosuite("TwoArmHandover", 500, 34, 14),
    _robosuite("TwoArmLift", 500, 37, 14),
    _robosuite("TwoArmPegInHole", 500, 31, 12),
    _robosuite("Wipe", 500, 15, 6),
)

TASKS: dict[str, Task] = {
    **{task.id.removeprefix("ZPRL-").removesuffix("-v0"): task for task in _ROBOSUITE},
    # Adroit has a hammer as well, and it is the one of the method's paper.
    **{("metaworld-hammer" if t == "hammer" else t): _metaworld(t) for t in _METAWORLD},
    # lambda 2 takes it from 0.78 to 0.22 while exploring.
    "door": _adroit("door", 200, 39, 28, scale=0.5),
    "hammer": _adroit("hammer", 200, 46, 26),
    "pen": _adroit("pen", 150, 45, 24),
    "Real": _real("place-orange", 450, 19, 8, expert="place_orange:PlaceOrangeExpert"),
    "Real-flip-egg": _real("flip-egg", 250, 33, 6, "FlipEgg", "flip_egg:FlipEggExpert"),
    "Real-open-box": _real("open-box", 400, 44, 16, "OpenBox", "open_box:OpenBoxExpert"),
    "Real-insert-bills": _real(
        "insert-bills", 1000, 44, 16, "InsertBills", "insert_bills:InsertBillsExpert"
    ),
}
"""Tasks by name. robosuite's are capitalised as there, Meta-World's hyphenated as there; Adroit's
three are small, as in the method's paper, so ``"Door"`` is a robot's and ``"door"`` a hand's. The
paper's four tasks on real robots are ``"Real"``, on a simulated one unless told otherwise."""


def pixel_task(task: Task) -> Task:
    """Return the row of a task whose observation is pictures, of its suite's usual cameras.

    >>> pixel_task(TASKS["Lift"]).id, pixel_task(TASKS["Lift"]).slug
    ('ZPRL-Lift-Pixels-v0', 'lift-pixels')
    """
    name, _, version = task.id.rpartition("-")
    return replace(
        task,
        id=f"{name}{PIXELS}-{version}",
        kwargs={**task.kwargs, "observation": "pixels"},
        observation_dim=0,
    )


def state_id(task: Task) -> str:
    """Return the id of a task without pictures: its own, if it has none.

    >>> state_id(pixel_task(TASKS["Lift"])), state_id(TASKS["Can"])
    ('ZPRL-Lift-v0', 'ZPRL-Can-v0')
    """
    return task.id.replace(f"{PIXELS}-v", "-v") if task.suite in SEEN else task.id


def seen_name(spec: str) -> str:
    """Return the name of a task whose observation is pictures; of one that has them, its own.

    Args:
        spec: As :func:`find_task` takes it.

    Raises:
        ConfigurationError: It has no cameras that are known.

    >>> seen_name("Lift"), seen_name("ZPRL-Lift-v0"), seen_name("Lift-Pixels")
    ('Lift-Pixels', 'Lift-Pixels', 'Lift-Pixels')
    """
    task = find_task(spec)
    if task.suite not in SEEN:
        raise ConfigurationError(
            f"observation pixels must come with a task of {', '.join(SEEN)}. Got: {spec}. Make an "
            "environment of your own with a Dict of state and pictures, and leave it out."
        )
    name = next((own for own, row in TASKS.items() if row.id == state_id(task)), spec)
    return f"{name}{PIXELS}"


def tasks_with_expert(like: str) -> list[str]:
    """List the tasks with a scripted expert, those of a task's own suite first.

    >>> "ToolHang" in tasks_with_expert("ToolHang"), tasks_with_expert("ToolHang")[0]
    (False, 'Lift')
    """
    suite = find_task(like).suite
    shown = [name for name, task in TASKS.items() if task.expert]
    return sorted(shown, key=lambda name: TASKS[name].suite != suite)


def task_name(name: str) -> str:
    """Return a task's name in `TASKS`.

    Args:
        name: The name itself, the gymnasium id, or its suite's own name (``"PickPlaceCan"``).

    Raises:
        UnknownNameError: No task has this name.

    >>> task_name("ZPRL-BoxClose-v0")
    'box-close'
    >>> task_name("bx-close")
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown environment 'bx-close'; did you mean 'box-close'? ...
    """
    for known, task in TASKS.items():
        if name in (known, task.id):
            return known
    for known, task in TASKS.items():
        if name in task.aliases:
            return known
    raise UnknownNameError("environment", name, TASKS, other_names())


def other_names() -> dict[str, str]:
    """Return what tasks are called elsewhere, and their names here.

    >>> other_names()["NutAssemblySquare"], other_names()["AdroitHandDoor-v1"]
    ('Square', 'door')
    """
    rows = [(known, task.aliases + task.relatives) for known, task in TASKS.items()]
    return {other: known for known, others in rows for other in others if other not in TASKS}


def facts_of(env: gym.Env) -> Facts:
    """Return the facts of the task that an environment was made for.

    Args:
        env: Any environment. One may say ``facts`` of itself; one that does not and is no task of
            `TASKS` has the facts of an unknown one.

    >>> facts_of(gym.make("Pendulum-v1")).noise
    'fresh'
    """
    own = getattr(env.unwrapped, "facts", None)
    if isinstance(own, Facts):
        return own
    spec = env.unwrapped.spec  # a wrapper's would copy what the environment was made with
    for task in TASKS.values():
        if spec is not None and spec.id in (task.id, pixel_task(task).id):
            return task.read_facts(spec.kwargs)
    return UNKNOWN


def find_task(spec: str) -> Task:
    """Find the row of an environment, however it is named.

    Args:
        spec: A name in `TASKS`, or its suite's or robomimic's (``"PickPlaceCan"``,
            ``"tool_hang"``, ``"push-v3"``); any gymnasium id (``"Pendulum-v1"``; with
            ``"package:Id-v0"`` the package is imported, which registers it); or
            ``"module:callable"``, which is not imported before the environment is made.

    Returns:
        The row; of an environment that is not in the table, one that is made of the spec, without a
        suite, sizes and an expert.

    Raises:
        UnknownNameError: There is no such task and no such id.
        ZprlError: The package cannot be imported.

    >>> find_task("ZPRL-Lift-v0") is TASKS["Lift"]
    True
    >>> find_task("Pendulum-v1").max_episode_steps, find_task("my_lab:make_env").max_episode_steps
    (200, 0)
    """
    if names_code(spec):
        return Task(id=spec, suite="", entry_point=spec, max_episode_steps=0, own_limit=True)
    package, _, name = spec.rpartition(":")
    namespace = name.partition("/")[0]
    if not package and namespace in ELSEWHERE:
        package, spec = namespace, f"{namespace}:{name}"  # as other processes find it
    if package:
        try:
            import_for(package, spec, "environment")
        except ConfigurationError as error:  # a ValueError, of which tyro would draw a box
            raise ZprlError(str(error)) from error
    for own, task in TASKS.items():
        if name in (own, task.id):
            return task
    for own, task in TASKS.items():
        if task.suite in SEEN and name in (f"{own}{PIXELS}", pixel_task(task).id):
            return pixel_task(task)
    if name not in gym.registry:
        if not package:
            for task in TASKS.values():
                if name in task.aliases:
                    return task
        ids = [one for one in gym.registry if one.lower().startswith(name.lower())]
        is_id = ids or re.search(r"-v\d+$", name)
        known = [*TASKS, *gym.registry] if is_id else TASKS
        raise UnknownNameError("environment", spec, known, other_names())
    registered = gym.registry[name]
    return Task(
        id=spec,
        suite="",
        entry_point=str(registered.entry_point),
        max_episode_steps=registered.max_episode_steps or 0,
        expert=EXPERTS.get(name),
    )


def folder_name(spec: str) -> str:
    """Name an environment's folders: as in `TASKS`, and else by its :attr:`~Task.slug`.

    >>> folder_name("ZPRL-BoxClose-v0"), folder_name("my_lab.envs:make")
    ('box-close', 'my_lab.envs.make')
    >>> folder_name("ZPRL-BoxClose-Pixels-v0")
    'box-close-Pixels'
    """
    task = find_task(spec)
    if task.suite in SEEN and state_id(task) != task.id:
        return seen_name(spec)
    return next((name for name, known in TASKS.items() if known is task), task.slug)
