"""Probes that run in a process of their own: ``python -m zprl_env.doctor.probes NAME ...``.

A probe answers with one JSON object, the last line of stdout. Everything heavy is imported inside
of them.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from policies.encoding import context_of, decode, encode_alone, noise_shape
from zprl_env.doctor.child import Answer
from zprl_env.errors import MissingExtraError

SCENE = """
<mujoco>
  <worldbody>
    <light pos="0 0 3"/>
    <camera name="front" pos="0 -1.5 1" xyaxes="1 0 0 0 0.55 0.83"/>
    <geom type="plane" size="2 2 0.1" rgba="0.4 0.4 0.4 1"/>
    <geom type="box" size="0.2 0.2 0.2" pos="0 0 0.2" rgba="0.8 0.1 0.1 1"/>
  </worldbody>
</mujoco>
"""
SIZE = (84, 84)
STEPS = 20


def learning() -> dict[str, Any]:
    """Import the libraries of training; report the GPU and the threads that PyTorch sees."""
    import sb3_contrib
    import stable_baselines3
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    gpus = [
        torch.cuda.get_device_properties(i)
        for i in range(torch.cuda.device_count() if available else 0)
    ]
    return {
        "libraries": [stable_baselines3.__name__, sb3_contrib.__name__, torch.__name__],
        "threads": torch.get_num_threads(),
        "build": torch.version.cuda,
        "gpus": [f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB" for gpu in gpus],
        "reason": " ".join(str(warning.message) for warning in caught),
    }


def rendering() -> dict[str, Any]:
    """Draw a small scene with the backend that ``MUJOCO_GL`` names, for up to half a second."""
    import mujoco

    from policies.pictures.quality import QUALITIES
    from zprl_env.envs.offscreen import OffscreenCamera

    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    camera = OffscreenCamera(model, "front", SIZE, quality=QUALITIES["fast"])
    image = camera.render(data)  # the first one takes longer
    if np.ptp(image) == 0:
        raise RuntimeError("the image must show a red box and is of one colour")
    frames, start = 0, time.perf_counter()
    while frames < 100 and time.perf_counter() - start < 0.5:
        camera.render(data)
        frames += 1
    seconds = time.perf_counter() - start
    camera.close()
    return {"frames_per_second": frames / seconds, "renderer": camera.renderer}


def suite(name: str) -> dict[str, Any]:
    """Take some steps in an environment and check the values it returns."""
    from zprl_env.envs import TASKS, make_env

    env = make_env(name)
    env.action_space.seed(0)
    observation, info = env.reset(seed=0)
    steps, start = 0, 0.0
    for step in range(STEPS + 1):
        if step == 1:  # the first one takes longer: kernels are compiled
            start = time.perf_counter()
        observation, _, terminated, truncated, info = env.step(env.action_space.sample())
        if not env.observation_space.contains(observation):
            raise RuntimeError(f"observation must be in {env.observation_space}")
        if "is_success" not in info:
            raise RuntimeError(f"info must have is_success. Got: {sorted(info)}")
        steps = step
        if terminated or truncated:
            env.reset()
    seconds = time.perf_counter() - start
    got = (env.observation_space.shape, env.action_space.shape)
    env.close()
    must = ((TASKS[name].observation_dim,), (TASKS[name].action_dim,))
    if got != must:
        raise RuntimeError(f"observation and action must have shapes {must}. Got: {got}")
    return {"steps_per_second": steps / seconds, "observation": got[0][0], "action": got[1][0]}


def policies() -> dict[str, Any]:
    """Load the shipped policies, which verifies their weights' hashes, and predict a chunk each."""
    from zprl_env.loading.pretrained import shipped_policies
    from zprl_env.loading.resolve import resolve_policy

    answers = {}
    for name, folder in shipped_policies().items():
        try:
            policy = resolve_policy(folder)
            noise = np.zeros((1, *noise_shape(policy)), np.float32)
            encoding = encode_alone(policy, _nothing(policy))
            actions = decode(policy, encoding[1], noise, context_of(encoding))
            if actions.shape != noise.shape or not np.isfinite(actions).all():
                raise RuntimeError(f"actions must be finite and {noise.shape}. Got: {actions}")
            answers[name] = vars(Answer({"sha256": getattr(policy, "weights_hash", "")}))
        except Exception as error:  # one that is damaged says nothing of the others
            answers[name] = vars(_failure(error))
    return answers


def _nothing(policy: Any) -> Any:
    """Make a batch of one observation of zeros, and black frames if the policy sees."""
    state = np.zeros((1, policy.observation_dim), np.float32)
    if not getattr(policy, "cameras", ()):
        return state
    frame = np.zeros((1, *policy.picture_settings.image_size, 3), np.uint8)
    return {"state": state} | dict.fromkeys(policy.cameras, frame)


PROBES: dict[str, Callable[..., dict[str, Any]]] = {
    "learning": learning,
    "rendering": rendering,
    "suite": suite,
    "policies": policies,
}


def answer(probe: str, *arguments: str) -> Answer:
    """Run a probe and turn whatever comes of it into an answer."""
    try:
        return Answer(PROBES[probe](*arguments))
    except MissingExtraError as error:
        return Answer(missing=str(error), trace=traceback.format_exc())
    except Exception as error:  # a report of everything that can be wrong must not end here
        return _failure(error)


def _failure(error: Exception) -> Answer:
    message = " ".join(str(error).split())
    trace = "".join(traceback.format_exception(error))
    return Answer(error=f"{type(error).__name__}: {message}", trace=trace)


if __name__ == "__main__":
    # Libraries print to stdout, from C too; what they say is moved out of the answer's way.
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        out.write("\n" + json.dumps(vars(answer(*sys.argv[1:]))))
