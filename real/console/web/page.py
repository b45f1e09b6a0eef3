"""Page of the console (NiceGUI): what is seen of a session, beside the controls of `controls`."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from nicegui import ui

from real.console.web import controls
from real.console.web.drawing import drawing
from real.console.web.panels import Curve, Episodes, Events
from real.console.web.watcher import Watcher

BEAT = 0.25
"""Time between two looks of a page at what its server knows [s]."""
PHASES = {
    "running": ("Running", "good"),
    "paused": ("Paused", "wait"),
    "waiting": ("Waiting for you", "wait"),
    "getting ready": ("Getting ready", "wait"),
    "stopped": ("Stopped", "bad"),
    "no robot": ("No robot", "faint"),
}


def add_page(app: FastAPI, watcher: Watcher) -> None:
    """Add the page to the console's application.

    Everything on it polls what the watcher knows; what is clicked is a request of its own that is
    answered, since a page that has connected anew may have lost clicks.

    Args:
        app: The application.
        watcher: Knows the session.
    """

    @ui.page("/", title="Robot console", dark=True)
    def page() -> None:
        ui.add_head_html(controls.HEAD)
        ui.add_body_html(controls.STOP)
        with ui.element("main").classes("console"):
            shown = _head()
            ui.html(controls.PROMPT, sanitize=False).classes("wide")
            with ui.element("section").classes("seen"):
                ui.html('<div id="cameras" class="cameras"></div>', sanitize=False)
                ui.label("What the policy is about to do").classes("title")
                arms = ui.html("", sanitize=False).classes("drawing")
                state = ui.label().classes("state")
            with ui.element("section").classes("said"):
                ui.html(controls.WORDS, sanitize=False)
                ui.html(controls.STICK, sanitize=False)
            with ui.element("section").classes("known"):
                with ui.tabs().props("dense align=left") as tabs:
                    names = ("Learning", "Episodes", "Safety")
                    for name in names:
                        ui.tab(name)
                with ui.tab_panels(tabs, value="Learning").props("keep-alive").classes("panels"):
                    with ui.tab_panel("Learning"):
                        curve = Curve()
                    with ui.tab_panel("Episodes"):
                        episodes = Episodes(watcher)
                    with ui.tab_panel("Safety"):
                        events = Events()

        def look() -> None:
            news = watcher.shown
            shown(news, watcher.is_connected)
            arms.set_content(drawing(news.get("arms", []), news.get("plan", [])))
            state.set_text(_state(news))
            curve.show(news)
            episodes.show(news)
            events.show(news)

        ui.timer(BEAT, look)

    ui.run_with(app, reconnect_timeout=30.0, show_welcome_message=False)


def _head() -> Any:
    """Make the line at the top; return what fills it."""
    with ui.element("header").classes("wide head"):
        title = ui.label().classes("name")
        phase = ui.label().classes("phase").props("role=status")
        hands = ui.label().classes("hands")
        episode = ui.label().classes("count")
        counts = ui.label().classes("count")

    def fill(news: dict[str, Any], connected: bool) -> None:
        told = news.get("told", {})
        title.set_text(" · ".join(value for value in told.values() if value) or "Robot console")
        name, kind = PHASES.get(news.get("phase", ""), ("", "faint"))
        if not connected:
            name, kind = ("No robot", "faint") if not told else ("No news", "bad")
        phase.set_text(name)
        phase.classes(replace=f"phase {kind}")
        hands.set_text(_hands(news))
        steps, most = news.get("steps", 0), news.get("of", 0)
        episode.set_text(f"Episode {news.get('number', 0)}, step {steps} of {most}")
        ends = ", ".join(f"{n} {name}" for name, n in sorted(news.get("outcomes", {}).items()))
        counts.set_text(f"{news.get('minutes', 0.0):.1f} robot minutes · {ends or 'no end yet'}")

    return fill


def _hands(news: dict[str, Any]) -> str:
    """Tell who has the arms."""
    hands = news.get("hands")
    if not news.get("running"):
        return ""
    if hands is None:
        return "The policy has the arms"
    if hands["silent"]:
        return "A person has the arms, and is not heard: they are held"
    return "A person has the arms" if hands["person"] else "The policy has the arms"


def _state(news: dict[str, Any]) -> str:
    """Tell where the arms are and how fast."""
    told = []
    for number, arm in enumerate(news.get("arms", []), start=1):
        parts = [f"Arm {number}"] if len(news["arms"]) > 1 else []
        position = arm.get("position")
        if position and None not in position:
            parts.append("x {:.3f}  y {:.3f}  z {:.3f} m".format(*position))
        if arm.get("speed") is not None:
            parts.append(f"{100 * arm['speed']:.1f} cm/s")
        if arm.get("opening") is not None:
            parts.append(f"gripper {100 * arm['opening']:.0f} %")
        told.append("  ".join(parts))
    return "\n".join(told)
