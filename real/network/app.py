"""The web application (FastAPI) with SERL's ``franka_server`` endpoints, and ours at ``/zprl``."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.exceptions import HTTPException

from real.cameras.rig import CameraRig
from real.network.connection import CLIENT, REFLEX
from real.network.lease import CommandRefusedError
from real.network.served_robot import ServedRobot
from real.network.wire import ADDITIONS, ArmFrame, gripper_wire
from real.robot import Cameras, ReflexError, RobotError, SceneRobot
from zprl_env.errors import ConfigurationError

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Pose(BaseModel):
    """``/pose``: x, y, z [m], qx, qy, qz, qw in the arm's own frame."""

    arr: Annotated[list[Number], Field(min_length=7, max_length=7)]

    @field_validator("arr")
    @classmethod
    def _unit(cls, arr: list[float]) -> list[float]:
        if abs(float(np.linalg.norm(arr[3:])) - 1.0) > 0.01 or max(map(abs, arr[:3])) > 1e3:
            raise ValueError("must be a position [m] and a unit quaternion x, y, z, w")
        return arr


class Joints(BaseModel):
    """``/zprl/joints``: joint positions [rad]."""

    arr: Annotated[list[Number], Field(min_length=1, max_length=32)]


class GripperMotion(BaseModel):
    """``/move_gripper``: 0 to 255."""

    gripper_pos: Annotated[Number, Field(ge=0, le=255)]


class SceneReset(BaseModel):
    """``/zprl/reset_scene``."""

    model_config = ConfigDict(extra="forbid")
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] | None = None


class Pictures(BaseModel):
    """``/zprl/images``."""

    model_config = ConfigDict(extra="forbid")
    names: Annotated[list[str], Field(max_length=16)]


def client_of(request: Request) -> str:
    """Return who sends a request: by the name it gives itself, or else by its machine."""
    host = request.client.host if request.client else "here"
    return request.headers.get(CLIENT, f"a client without a name at {host}")[:120]


Who = Annotated[str, Depends(client_of)]
"""Sender of a request."""


def make_app(served: ServedRobot, rig: CameraRig | None = None) -> FastAPI:
    """Make the web application.

    Args:
        served: What it serves: the first arm at the root, and each at ``/arm0``, ``/arm1`` ...
        rig: Cameras that are open, besides the driver's own.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    first, ours = _arm(served, 0), _additions(served, rig)
    app.include_router(first)
    for arm in range(served.robot.n_arms):
        app.include_router(_arm(served, arm), prefix=f"/arm{arm}")
        app.include_router(_additions(served, rig), prefix=f"/arm{arm}{ADDITIONS}")
    app.include_router(ours, prefix=ADDITIONS)
    known = [getattr(route, "path", "") for route in first.routes]
    known += [f"{ADDITIONS}{getattr(route, 'path', '')}" for route in ours.routes]

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # Without what was sent, which may be neither text nor finite.
        said = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}"[:200] for e in error.errors()[:5]
        )
        return JSONResponse({"detail": said}, 422)

    @app.exception_handler(HTTPException)
    def unknown(request: Request, error: HTTPException) -> JSONResponse:
        path = request.url.path[:80]
        if error.status_code == 405:
            return JSONResponse({"detail": f"{path} is asked by POST. Got: {request.method}."}, 405)
        detail = f"The path must be one of {', '.join(sorted(known))}. Got: {path}."
        return JSONResponse({"detail": detail}, error.status_code)

    @app.exception_handler(CommandRefusedError)
    def refused(request: Request, error: CommandRefusedError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 409)

    @app.exception_handler(ConfigurationError)
    def impossible(request: Request, error: ConfigurationError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    @app.exception_handler(RobotError)
    def failed(request: Request, error: RobotError) -> JSONResponse:
        kind = {"kind": REFLEX} if isinstance(error, ReflexError) else {}
        return JSONResponse({"detail": str(error), **kind}, 503)

    return app


def _told(values: np.ndarray) -> list[float] | None:
    """Return numbers for JSON; None for what a robot that knows its joints alone cannot tell."""
    return values.tolist() if np.isfinite(values).all() else None


def _arm(served: ServedRobot, arm: int) -> APIRouter:
    """Make the endpoints of SERL's server for one arm."""
    router = APIRouter(default_response_class=PlainTextResponse)
    _add_readings(router, served, arm)
    _add_motions(router, served, arm)
    _add_grippers(router, served, arm)
    _add_controller(router, served, arm)
    return router


def _add_readings(router: APIRouter, served: ServedRobot, arm: int) -> None:
    """Add the endpoints that measure one arm: everything at once, and each part alone."""
    robot, frame = served.robot, ArmFrame.of(served.preset.arms[arm])
    gripper = gripper_wire(None, served.preset.arms[arm])

    def reading() -> dict[str, Any]:
        state = served.state()
        joints = state.joints[arm].tolist() if state.joints else []
        linear, angular = state.linear_velocity[arm], state.angular_velocity[arm]
        zeros = [0.0] * len(joints) if served.preset.space == "pose" else []
        speeds = state.joint_velocities[arm].tolist() if state.joint_velocities else zeros
        return {
            "pose": _told(frame.to_wire(state.position[arm], state.quaternion[arm])),
            "vel": _told(frame.velocity_to_wire(linear, angular)),
            "force": [0.0] * 3,  # of these four a `Robot` knows nothing
            "torque": [0.0] * 3,
            "q": joints,
            "dq": speeds,
            "jacobian": [[0.0] * len(joints)] * 6,
            "gripper_pos": gripper.to_reading(state.gripper[arm]),
            ADDITIONS.strip("/"): {
                "stamp": state.stamp,
                "age": served.age(state),
                "objects": {name: pose.tolist() for name, pose in state.objects.items()},
                "success": bool(robot.success()) if isinstance(robot, SceneRobot) else None,
                "stop": stop.reason if (stop := served.emergency.stop) else "",
                "client": served.lease.holder,
            },
        }

    @router.post("/getstate")
    def getstate(who: Who) -> JSONResponse:
        served.lease.renew(who)
        return JSONResponse(reading())

    @router.post("/getpos_euler")
    def getpos_euler() -> JSONResponse:
        told = reading()["pose"]
        pose = np.array([np.nan] * 7 if told is None else told)
        w, x, y, z = np.roll(pose[3:], 1)
        roll = np.arctan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y))
        pitch = np.arcsin(np.clip(2.0 * (w * y - z * x), -1.0, 1.0))
        yaw = np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
        return JSONResponse({"pose": _told(np.array([*pose[:3], roll, pitch, yaw]))})

    def add(path: str, key: str, name: str) -> None:
        @router.post(path)
        def part() -> JSONResponse:
            return JSONResponse({name: reading()[key]})

    for key in ("pose", "vel", "force", "torque", "q", "dq", "jacobian"):
        add(f"/get{'pos' if key == 'pose' else key}", key, key)
    add("/get_gripper", "gripper_pos", "gripper")


def _add_motions(router: APIRouter, served: ServedRobot, arm: int) -> None:
    """Add the endpoints that move one arm."""
    frame = ArmFrame.of(served.preset.arms[arm])

    @router.post("/pose")
    def pose(pose: Pose, who: Who) -> str:
        served.move(arm, *frame.from_wire(np.array(pose.arr)), who)
        return "Moved"

    @router.post(f"{ADDITIONS}/joints")
    def joints(joints: Joints, who: Who) -> str:
        served.move_joints(arm, np.array(joints.arr), who)
        return "Moved"

    @router.post("/jointreset")
    def jointreset(who: Who) -> str:
        served.clear()
        served.home(who)
        return "Reset Joint"


def _add_grippers(router: APIRouter, served: ServedRobot, arm: int) -> None:
    """Add the endpoints that move one arm's gripper."""
    gripper = gripper_wire(None, served.preset.arms[arm])

    @router.post("/move_gripper")
    def move_gripper(motion: GripperMotion, who: Who) -> str:
        served.grip(arm, gripper.from_counts(motion.gripper_pos), who)
        return "Moved Gripper"

    @router.post("/open_gripper")
    def open_gripper(who: Who) -> str:
        served.grip(arm, 1.0, who)
        return "Opened"

    @router.post("/close_gripper")
    def close_gripper(who: Who) -> str:
        served.grip(arm, 0.0, who)
        return "Closed"

    @router.post("/close_gripper_slow")
    def close_gripper_slow(who: Who) -> str:
        served.grip(arm, 0.0, who)  # none is quicker than the task's gripper_velocity
        return "Closed"

    @router.post("/activate_gripper")
    def activate_gripper() -> str:
        return "Activated"

    @router.post("/reset_gripper")
    def reset_gripper() -> str:
        return "Reset"


def _add_controller(router: APIRouter, served: ServedRobot, arm: int) -> None:
    """Add the endpoints of an arm's controller: on, off, errors, compliance, load."""

    @router.post("/startimp")
    def startimp(who: Who) -> str:
        served.lease.claim(who)
        served.clear()
        served.enable(True)
        return "Started impedance"

    @router.post("/stopimp")
    def stopimp() -> str:
        served.enable(False)
        return "Stopped impedance"

    @router.post("/clearerr")
    def clearerr(who: Who) -> str:
        served.lease.renew(who)  # which moves nothing, so that anybody may
        served.clear()
        return "Clear"

    def add(path: str, method: str, done: str) -> None:
        @router.post(path)
        def setting(parameters: dict[str, Any], who: Who) -> Response:
            if not hasattr(served.robot, method):
                detail = f"{type(served.robot).__name__} has no {method}(): nothing was changed."
                return JSONResponse({"detail": detail}, 501)
            served.change(method, parameters, arm, who)
            return PlainTextResponse(done)

    add("/update_param", "update_param", "Updated compliance parameters")
    add("/set_load", "set_load", "Set Load")


def _additions(served: ServedRobot, rig: CameraRig | None) -> APIRouter:
    """Make the endpoints beyond SERL's: a stop, and a simulated world's scene and cameras."""
    router, robot = APIRouter(), served.robot

    # Threads of its own: those of the other requests may all be waiting for the robot.
    alone = CapacityLimiter(8)

    @router.post("/stop")
    async def stop(who: Who) -> dict[str, bool]:
        await run_sync(served.stop, f"{who} stopped the arms", limiter=alone)
        return {"stopped": True}

    @router.post("/hold")
    async def hold(who: Who) -> dict[str, bool]:
        served.lease.claim(who)
        await run_sync(served.hold, limiter=alone)
        return {"held": True}

    @router.post("/release")
    def release(who: Who) -> dict[str, bool]:
        served.release(who)
        return {"released": True}

    @router.post("/lease")
    async def lease(who: Who) -> dict[str, Any]:
        served.lease.claim(who)
        return {"client": who, "seconds": served.lease.seconds}

    @router.post("/leave")
    async def leave(who: Who) -> dict[str, bool]:
        served.lease.leave(who)
        return {"left": True}

    if isinstance(robot, SceneRobot):
        scene = robot

        @router.post("/reset_scene")
        def reset_scene(reset: SceneReset, who: Who) -> dict[str, bool]:
            with served.rearranged(who):
                scene.reset_scene(reset.seed)
            return {"reset": True}

    if rig is not None or isinstance(robot, Cameras):
        slow = CapacityLimiter(4)  # nothing else waits for pictures

        @router.post("/images")
        async def images(pictures: Pictures) -> Response:
            unknown = {*pictures.names} - {*served.preset.cameras}
            if unknown:
                raise CommandRefusedError(
                    f"names must be of cameras: {', '.join(served.preset.cameras)}. "
                    f"Got: {', '.join(sorted(unknown))}."
                )
            content = await run_sync(_taken, served, rig, pictures.names, limiter=slow)
            return Response(content, media_type="application/octet-stream")

    return router


def _taken(served: ServedRobot, rig: CameraRig | None, names: list[str]) -> bytes:
    """Return pictures that were taken after they were asked for, as safetensors."""
    from safetensors.numpy import save

    read = [] if rig is None else [name for name in names if name in rig.readers]
    own = [name for name in names if name not in read]
    taken: dict[str, np.ndarray] = {}
    if rig is not None and read:
        for name in read:
            rig.readers[name].wait()
        taken |= rig.pictures(read)
    if own:
        if not isinstance(served.robot, Cameras):
            raise CommandRefusedError(
                f"names must be of devices that are wired. Got: {', '.join(own)}."
            )
        taken |= served.robot.images(own)
    arrays = {name: np.ascontiguousarray(picture) for name, picture in taken.items()}
    packed: bytes = save(arrays)
    return packed
