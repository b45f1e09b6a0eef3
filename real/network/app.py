"""The web application (FastAPI) with SERL's ``franka_server`` endpoints, and ours at ``/zprl``."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from real.cameras.rig import CameraRig
from real.network.served_robot import CommandRefusedError, ServedRobot
from real.network.wire import ADDITIONS, ArmFrame, gripper_wire
from real.robot import Cameras, RobotError, SceneRobot

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


def make_app(served: ServedRobot, rig: CameraRig | None = None) -> FastAPI:
    """Make the web application.

    Args:
        served: What it serves: the first arm at the root, and each at ``/arm0``, ``/arm1`` ...
        rig: Cameras that are open, besides the driver's own.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(_arm(served, 0))
    for arm in range(served.robot.n_arms):
        app.include_router(_arm(served, arm), prefix=f"/arm{arm}")
        app.include_router(_additions(served, rig), prefix=f"/arm{arm}{ADDITIONS}")
    app.include_router(_additions(served, rig), prefix=ADDITIONS)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # Without what was sent, which may be neither text nor finite.
        said = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}"[:200] for e in error.errors()[:5]
        )
        return JSONResponse({"detail": said}, 422)

    @app.exception_handler(CommandRefusedError)
    def refused(request: Request, error: CommandRefusedError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 409)

    @app.exception_handler(RobotError)
    def failed(request: Request, error: RobotError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503)

    return app


def _arm(served: ServedRobot, arm: int) -> APIRouter:
    """Make the endpoints of SERL's server for one arm."""
    router = APIRouter(default_response_class=PlainTextResponse)
    _add_readings(router, served, arm)
    _add_motions(router, served, arm)
    _add_controller(router, served)
    return router


def _add_readings(router: APIRouter, served: ServedRobot, arm: int) -> None:
    """Add the endpoints that measure one arm: everything at once, and each part alone."""
    robot, frame = served.robot, ArmFrame.of(served.preset.arms[arm])
    gripper = gripper_wire(None, served.preset.arms[arm])

    def reading() -> dict[str, Any]:
        state = served.state()
        joints = state.joints[arm].tolist() if state.joints else []
        linear, angular = state.linear_velocity[arm], state.angular_velocity[arm]
        return {
            "pose": frame.to_wire(state.position[arm], state.quaternion[arm]).tolist(),
            "vel": frame.velocity_to_wire(linear, angular).tolist(),
            "force": [0.0] * 3,  # of these four a `Robot` knows nothing
            "torque": [0.0] * 3,
            "q": joints,
            "dq": [0.0] * len(joints),
            "jacobian": [[0.0] * len(joints)] * 6,
            "gripper_pos": gripper.to_reading(state.gripper[arm]),
            ADDITIONS.strip("/"): {
                "stamp": state.stamp,
                "age": served.age(state),
                "objects": {name: pose.tolist() for name, pose in state.objects.items()},
                "success": bool(robot.success()) if isinstance(robot, SceneRobot) else None,
            },
        }

    @router.post("/getstate")
    def getstate() -> JSONResponse:
        return JSONResponse(reading())

    def add(path: str, key: str, name: str) -> None:
        @router.post(path)
        def part() -> JSONResponse:
            return JSONResponse({name: reading()[key]})

    for key in ("pose", "vel", "force", "torque", "q", "dq", "jacobian"):
        add(f"/get{'pos' if key == 'pose' else key}", key, key)
    add("/get_gripper", "gripper_pos", "gripper")


def _add_motions(router: APIRouter, served: ServedRobot, arm: int) -> None:
    """Add the endpoints that move one arm and its gripper."""
    frame = ArmFrame.of(served.preset.arms[arm])
    gripper = gripper_wire(None, served.preset.arms[arm])

    @router.post("/pose")
    def pose(pose: Pose) -> str:
        served.move(arm, *frame.from_wire(np.array(pose.arr)))
        return "Moved"

    @router.post("/move_gripper")
    def move_gripper(motion: GripperMotion) -> str:
        served.grip(arm, gripper.from_counts(motion.gripper_pos))
        return "Moved Gripper"

    @router.post("/open_gripper")
    def open_gripper() -> str:
        served.grip(arm, 1.0)
        return "Opened"

    @router.post("/close_gripper")
    def close_gripper() -> str:
        served.grip(arm, 0.0)
        return "Closed"

    @router.post("/activate_gripper")
    def activate_gripper() -> str:
        return "Activated"

    @router.post("/reset_gripper")
    def reset_gripper() -> str:
        return "Reset"


def _add_controller(router: APIRouter, served: ServedRobot) -> None:
    """Add the endpoints of the arms' controller: on, off, errors, rest posture, compliance."""

    @router.post("/startimp")
    def startimp() -> str:
        served.clear()
        served.enable(True)
        return "Started impedance"

    @router.post("/stopimp")
    def stopimp() -> str:
        served.enable(False)
        return "Stopped impedance"

    @router.post("/clearerr")
    def clearerr() -> str:
        served.clear()
        return "Clear"

    @router.post("/jointreset")
    def jointreset() -> str:
        served.clear()
        served.home()
        return "Reset Joint"

    @router.post("/update_param")
    def update_param(parameters: dict[str, Any]) -> str:
        return "Updated compliance parameters"  # which a `Robot` has none of


def _additions(served: ServedRobot, rig: CameraRig | None) -> APIRouter:
    """Make the endpoints beyond SERL's: a stop, and a simulated world's scene and cameras."""
    router, robot = APIRouter(), served.robot

    # Threads of its own: those of the other requests may all be waiting for the robot.
    alone = CapacityLimiter(8)

    @router.post("/stop")
    async def stop() -> dict[str, bool]:
        await run_sync(served.stop, limiter=alone)
        return {"stopped": True}

    if isinstance(robot, SceneRobot):
        scene = robot

        @router.post("/reset_scene")
        def reset_scene(reset: SceneReset) -> dict[str, bool]:
            served.stop()
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
