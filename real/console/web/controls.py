"""Controls of the page: HTML that `static/console.js` gives its effect, without NiceGUI's help."""

from __future__ import annotations

from html import escape
from pathlib import Path

STATIC = Path(__file__).parent / "static"
HEAD = (
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="stylesheet" href="/console/static/console.css">'
    '<script src="/console/static/console.js" defer></script>'
)
STOP = (
    '<button id="stop" type="button" aria-describedby="stop-said">STOP <kbd>space</kbd></button>'
    '<div id="stop-said" role="alert" aria-live="assertive"></div>'
)
"""The emergency stop: outside of what NiceGUI draws, so that it is there whatever becomes of that.
"""
PROMPT = (
    '<div id="prompt" class="prompt" role="status" hidden><span></span>'
    '<button type="button" data-asked></button></div>'
    '<div id="holder" class="prompt" hidden><span>Another page has the controls; STOP is '
    "everybody's.</span>"
    '<button type="button" data-claim>Take the controls</button></div>'
)


def _word(word: str, label: str, key: str, kind: str = "") -> str:
    said = f'data-word="{word}" data-key="{key}" class="word {kind}"'
    shown = {"Enter": "enter"}.get(key, key)
    return f'<button type="button" {said} disabled>{label}<kbd>{shown}</kbd></button>'


WORDS = (
    '<div class="words">'
    + _word("success", "Success", "s", "good")
    + _word("failure", "Failure", "f", "bad")
    + _word("abort", "Discard", "a")
    + _word("repeat", "Repeat", "e")
    + _word("pause", "Pause", "p", "wait")
    + _word("resume", "Go on", "g", "wait")
    + _word("take back", "Take back", "u")
    + _word("release", "Release", "r", "wait")
    + '</div><p id="answer" class="answer" role="status"></p>'
)
_PAD = (
    '<div class="pad" data-pad="{name}" tabindex="0" role="application" aria-label="{label}">'
    '<i></i><b class="up">{up}</b><b class="down">{down}</b><b class="left">{left}</b>'
    '<b class="right">{right}</b></div>'
)
STICK = (
    '<div id="hand" hidden><div class="words"><button type="button" id="take" class="word" '
    'data-key="t">Take the arm<kbd>t</kbd></button>'
    '<label class="tilt"><input type="checkbox" id="tilt"> right pad tilts</label>'
    '<select id="arm" aria-label="Arm" hidden></select></div><div class="pads">'
    + _PAD.format(name="move", label="Move", up="away", down="back", left="left", right="right")
    + '<div class="grip"><button type="button" class="word" data-grip="1" data-key="o">Open'
    '<kbd>o</kbd></button><button type="button" class="word" data-grip="0" data-key="c">Close'
    "<kbd>c</kbd></button></div>"
    + _PAD.format(name="lift", label="Lift and turn", up="up", down="down", left="↺", right="↻")
    + "</div></div>"
    '<p id="nohand" class="faint" hidden>The arms can be taken here with '
    "<code>--teleoperator console</code>.</p>"
)
FILM_BUTTON = r"""
<q-td :props="props">
  <q-btn flat dense no-caps icon="movie" :label="String(props.value)"
    :aria-label="'Film of episode ' + props.value"
    @click="$parent.$emit('film', props.value)" />
</q-td>
"""


def film(episode: int, pictures: int, judged: bool) -> str:
    """Return a film that plays, and the verdicts that an episode may be given.

    Args:
        episode: Its number.
        pictures: How many there are.
        judged: Whether its verdict can be changed.
    """
    shown = '<p class="faint">This console has no pictures of it.</p>'
    if pictures:
        shown = (
            f'<img data-film="{episode}" data-pictures="{pictures}" alt="Episode {episode}" '
            f'src="/console/film/{episode}/0">'
            f'<input type="range" min="0" max="{pictures - 1}" value="0" aria-label="Moment">'
        )
    words = [("success", "Success"), ("failure", "Failure"), ("take back", "Worth nothing")]
    if judged:
        buttons = "".join(
            f'<button type="button" class="word" data-judge="{word}" data-episode="{episode}">'
            f"{label}</button>"
            for word, label in words
        )
        shown += f'<div class="words">{buttons}</div><p class="answer" role="status"></p>'
    return shown


def text(value: object) -> str:
    """Return something as text for HTML."""
    return escape(str(value))
