"""Requests of a page, each of which is answered: the stop, words, the stick, pictures."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from real.console.line import LineError
from real.console.web.watcher import Watcher

Number = Annotated[float, Field(strict=True, ge=-1.0, le=1.0, allow_inf_nan=False)]
Page = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[\w .-]+$")]


class Said(BaseModel):
    """``/console/alive`` and ``/console/claim``: which page asks."""

    model_config = ConfigDict(extra="forbid")
    page: Page


class Word(Said):
    """``/console/say``: a word of an operator."""

    word: Annotated[str, Field(max_length=20)]


class Judged(Word):
    """``/console/judge``: the verdict of an episode, whenever it was."""

    episode: Annotated[int, Field(strict=True, ge=1, le=10**9)]


class Hand(Said):
    """``/console/take``: whether the person wants to have the arms."""

    mine: Annotated[bool, Field(strict=True)]


class Stick(Said):
    """``/console/stick``: where it is, and when by the page's time [s]."""

    sent: Annotated[float, Field(strict=True, ge=0.0, le=1e12, allow_inf_nan=False)]
    arm: Annotated[int, Field(strict=True, ge=0, le=15)]
    rate: Annotated[list[Number], Field(min_length=6, max_length=6)]
    gripper: Annotated[float, Field(strict=True, ge=0.0, le=1.0)] | None = None


def add_requests(app: FastAPI, watcher: Watcher) -> None:
    """Add the requests to the console's application.

    A handler never waits in the loop of the page: the session is asked by threads, and the stop has
    one of its own.

    Args:
        app: The application.
        watcher: Knows the session.
    """
    router, stopping = APIRouter(prefix="/console"), CapacityLimiter(4)

    async def ask(line: str, limiter: CapacityLimiter | None = None, **content: Any) -> Response:
        try:
            said = await run_sync(lambda: watcher.ask(line, **content), limiter=limiter)
        except LineError as error:
            return JSONResponse({"refused": str(error)}, 503)
        return JSONResponse(said, 409 if "refused" in said else 200)

    @router.post("/stop")
    async def stop() -> Response:
        return await ask("stop", stopping, ask="stop")

    @router.post("/say")
    async def say(word: Word) -> Response:
        return await ask("words", ask="say", **word.model_dump())

    @router.post("/judge")
    async def judge(judged: Judged) -> Response:
        return await ask("words", ask="judge", **judged.model_dump())

    @router.post("/take")
    async def take(hand: Hand) -> Response:
        return await ask("words", ask="take", **hand.model_dump())

    @router.post("/stick")
    async def stick(stick: Stick) -> Response:
        return await ask("stick", ask="stick", **stick.model_dump())

    @router.post("/claim")
    async def claim(said: Said) -> Response:
        return await ask("words", ask="claim", **said.model_dump())

    @router.post("/alive")
    async def alive(said: Said) -> Response:
        if watcher.is_connected:
            await ask("alive", ask="alive", **said.model_dump())
        return JSONResponse(_news(watcher))

    @router.get("/camera/{name}")
    async def camera(name: str) -> Response:
        picture = watcher.pictures.get(name)
        return Response(picture, 200 if picture else 404, media_type="image/jpeg")

    @router.get("/film/{episode}/{number}")
    async def film(episode: int, number: int) -> Response:
        pictures = watcher.film(episode)
        if not 0 <= number < len(pictures):
            return JSONResponse({"refused": "There is no such picture."}, 404)
        return Response(pictures[number], media_type="image/jpeg")

    app.include_router(router)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        # Without what was sent, which may be neither text nor finite.
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        return JSONResponse({"refused": said[:500]}, 422)


def _news(watcher: Watcher) -> dict[str, Any]:
    """Return what a page has to know at once, without its server's help."""
    shown, age = watcher.shown, watcher.age
    names = ("phase", "stop", "asked", "holder", "hands", "may")
    return {
        **{name: shown.get(name) for name in names},
        "arms": len(shown.get("arms", [])),
        "cameras": [*watcher.pictures],
        "picture": watcher.number,
        "age": round(age, 3) if age < 1e6 else None,
        "connected": watcher.is_connected,
    }
