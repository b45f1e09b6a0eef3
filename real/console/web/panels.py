"""Panels of the page: the learning curve, the episodes with their films, and what happened."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from real.console.web import controls
from real.console.web.watcher import Watcher

COLUMNS = [
    {"name": "number", "label": "Episode", "field": "number", "align": "left"},
    {"name": "outcome", "label": "Outcome", "field": "outcome", "align": "left"},
    {"name": "steps", "label": "Steps", "field": "steps"},
    {"name": "by_person", "label": "By a person", "field": "by_person"},
    {"name": "minutes", "label": "Robot minutes", "field": "minutes"},
]
RULE = (
    "Every verdict of this session can be changed, in the film of its episode. What was learned "
    "from the old one stays learned; from then on it is the new one."
)


class Curve:
    """The share of successes over robot minutes, of the last 20 episodes that were judged."""

    def __init__(self) -> None:
        self._shown: Any = None
        self.note = ui.label("No episode has been judged yet.").classes("faint")
        axis = {
            "nameLocation": "middle",
            "nameTextStyle": {"color": "#9aa6b2"},
            "axisLabel": {"color": "#9aa6b2"},
            "splitLine": {"lineStyle": {"color": "#2a323c"}},
        }
        self.chart = ui.echart(
            {
                "animation": False,
                "grid": {"left": 52, "right": 16, "top": 12, "bottom": 40},
                "tooltip": {"trigger": "axis"},
                "xAxis": {**axis, "type": "value", "name": "robot minutes", "nameGap": 26},
                "yAxis": {**axis, "type": "value", "min": 0, "max": 1, "name": "success",
                          "nameGap": 36},
                "series": [{"type": "line", "step": "end", "data": [], "color": "#4fb3ff",
                            "symbolSize": 5}],
            }
        ).classes("curve")  # fmt: skip

    def show(self, news: dict[str, Any]) -> None:
        """Show what is known now; nothing is sent where that is nothing new."""
        curve = news.get("curve", [])
        if curve == self._shown:
            return
        self._shown = curve
        self.chart.options["series"][0]["data"] = curve
        self.chart.update()
        last = f"{curve[-1][1]:.2f} of the last {min(20, len(curve))} judged" if curve else ""
        self.note.set_text(last or "No episode has been judged yet.")


class Events:
    """List of what happened: stops, limits, missed deadlines, hands, verdicts."""

    def __init__(self) -> None:
        self._shown: Any = None
        self.list = ui.html("", sanitize=True).classes("events")

    def show(self, news: dict[str, Any]) -> None:
        """Show what is known now, the newest first."""
        events = news.get("events", [])
        if events == self._shown:
            return
        self._shown = events
        rows = [
            f'<li class="{controls.text(one["kind"])}"><time>{controls.text(one["at"])}</time> '
            f"{controls.text(one['text'])}</li>"
            for one in reversed(events)
        ]
        nothing = '<li class="faint">Nothing has happened yet.</li>'
        self.list.set_content(f"<ul>{''.join(rows) or nothing}</ul>")


class Episodes:
    """The past episodes, each with its film as far as this console has seen it, and the verdict.

    Args:
        watcher: Has the films.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._shown: list[dict[str, Any]] = []
        ui.label(RULE).classes("faint")
        self.table = ui.table(columns=COLUMNS, rows=[], row_key="number").props("dense flat")
        self.table.classes("episodes").props('rows-per-page-options="[8]" hide-selected-banner')
        self.table.add_slot("body-cell-number", controls.FILM_BUTTON)
        self.table.on("film", lambda event: self._open(int(event.args)))
        with ui.dialog() as self.dialog, ui.card().classes("film"):
            self.title = ui.label().classes("title")
            self.film = ui.html("", sanitize=False)
            ui.button("Close", on_click=self.dialog.close).props("flat")

    def show(self, news: dict[str, Any]) -> None:
        """Show what is known now, the newest first."""
        episodes = news.get("episodes", [])
        if episodes == self._shown:
            return
        self._shown = episodes
        rows = [dict(one) for one in reversed(episodes)]
        for one in rows:
            one["minutes"] = round(one["minutes"], 2)
            if one.get("before", one["outcome"]) != one["outcome"]:
                one["outcome"] = f"{one['outcome']} (was {one['before']})"
        self.table.rows = rows
        self.table.update()

    def _open(self, number: int) -> None:
        """Open the film of an episode, with the verdicts that it may be given."""
        found = [one for one in self._shown if one["number"] == number]
        if not found:
            return
        pictures, judged = len(self._watcher.film(number)), bool(found[0].get("judged"))
        self.title.set_text(f"Episode {number}: {found[0]['outcome']}")
        self.film.set_content(controls.film(number, pictures, judged))
        self.dialog.open()
