"""Every control of the page, clicked, touched and by keys, has its effect on a coasting arm."""

from __future__ import annotations

import re
import time

import pytest

from real.operators import Event
from tests.real.console.conftest import SLOW
from tests.real.console.web.conftest import Page

pytestmark = pytest.mark.slow

SIZES = {"laptop": (1280, 800, False), "tablet": (820, 1180, True)}
FREE = "window.zprl && (z => z.connected && z.cameras.length)(window.zprl.news())"


class Visitor:
    """Somebody at a page of the console, by mouse, by touch or by keys alone."""

    def __init__(self, browser, url, size):
        width, height, self.touches = SIZES[size]
        viewport = {"width": width, "height": height}
        self.context = browser.new_context(viewport=viewport, has_touch=self.touches)
        self.errors: list[Exception] = []
        self.tab = self.context.new_page()
        self.tab.on("pageerror", lambda error: self.errors.append(error))
        self.tab.goto(url)
        self.wait()

    def wait(self):
        """Wait until the page shows the session, and its controls."""
        self.tab.wait_for_function(FREE, timeout=15_000)
        self.tab.wait_for_selector("main #hand:not([hidden])")

    def press(self, selector):
        place = self.tab.locator(selector).first
        (place.tap if self.touches else place.click)(timeout=5_000)

    def word(self, word):
        self.press(f'main [data-word="{word}"]:not([disabled])')

    def hold(self, pad, x, y):
        """Hold the stick; the mouse alone can, in a browser that is driven."""
        box = self.tab.locator(f'[data-pad="{pad}"]').bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.tab.mouse.move(*middle)
        self.tab.mouse.down()
        self.tab.mouse.move(middle[0] + x * box["width"] / 2, middle[1] + y * box["height"] / 2)

    def close(self):
        self.context.close()
        assert self.errors == []


def begin(session, until):
    """Answer what is asked, until an episode is under way and the arm moves."""
    session.desk.hands.take(False)
    session.desk.lease.leave(session.desk.lease.holder or "")

    def going_on():
        words = session.desk.words
        if words.asked is not None:
            words.say(words.asked[0])
            time.sleep(0.05)
        return session.desk.board.running and session.robot.speed > SLOW

    until(going_on)


@pytest.fixture(params=["laptop", "tablet"])
def visitor(request, session, page, browser, until):
    begin(session, until)
    visitor = Visitor(browser, page.url, request.param)
    yield visitor
    visitor.close()


def at_rest(session):
    return session.robot.speed == 0.0


def test_every_control_has_its_effect_on_the_arm(visitor, session, until):
    desk, robot = session.desk, session.robot
    visitor.word("pause")
    until(lambda: at_rest(session) and desk.shown()["phase"] == "paused")
    visitor.word("resume")
    until(lambda: robot.speed > SLOW)

    visitor.press("#take")
    until(lambda: session.infos[-1]["takeover"]["by"] == "person" and at_rest(session))
    for pad, (x, y), axis, sign in (
        ("lift", (0, -0.7), 2, 1),
        ("move", (0, -0.7), 0, 1),
        ("move", (0.7, 0), 1, -1),
    ):
        before = robot.here.copy()
        visitor.hold(pad, x, y)
        until(lambda b=before, a=axis, s=sign: s * (robot.here - b)[a] > 0.005)
        visitor.tab.mouse.up()
        until(lambda: at_rest(session))
    visitor.press('[data-grip="0"]')
    until(lambda: robot.opening < 0.1)
    visitor.press('[data-grip="1"]')
    until(lambda: robot.opening > 0.9)
    visitor.press("#take")
    until(lambda: session.infos[-1]["takeover"]["by"] == "policy" and robot.speed > SLOW)

    visitor.press("#stop")
    until(lambda: at_rest(session) and desk.shown()["phase"] == "stopped", 1.0)
    visitor.tab.wait_for_selector("#stop.latched")
    assert "the operator stopped the arms" in visitor.tab.inner_text("#stop-said")
    visitor.word("release")
    until(lambda: desk.words.asked and desk.words.asked[0] is Event.READY)
    visitor.press("[data-asked]:visible")
    until(lambda: desk.board.running and robot.speed > SLOW)

    for word, outcome in (("success", "success"), ("failure", "failure"), ("abort", "abort")):
        ended = len(session.ends)
        visitor.word(word)
        until(lambda n=ended: len(session.ends) > n and desk.words.asked)
        assert session.ends[-1]["outcome"]["outcome"] == outcome
        if word == "success":
            visitor.word("take back")
            until(lambda: session.ends[-1]["outcome"]["outcome"] == "abort")
        visitor.press("[data-asked]:visible")
        until(lambda: desk.board.running)
    seed = session.seeds[-1]
    visitor.word("repeat")
    until(lambda: desk.words.asked)
    visitor.press("[data-asked]:visible")
    until(lambda: desk.board.running)
    assert session.seeds[-1] == seed


def test_keys_alone_do_the_same_and_space_stops_whatever_has_the_focus(visitor, session, until):
    desk, keys = session.desk, visitor.tab.keyboard
    keys.press("p")
    until(lambda: desk.shown()["phase"] == "paused" and at_rest(session))
    keys.press("g")
    until(lambda: session.robot.speed > SLOW)
    keys.press("t")
    until(lambda: session.infos[-1]["takeover"]["by"] == "person" and at_rest(session))
    before = session.robot.here.copy()
    keys.down("i")
    until(lambda: (session.robot.here - before)[2] > 0.005)
    visitor.tab.evaluate("window.dispatchEvent(new Event('blur'))")  # the window is left
    until(lambda: at_rest(session))
    keys.up("i")
    visitor.tab.locator('main [data-word="success"]').focus()
    keys.press(" ")  # no click on what has the focus
    until(lambda: desk.shown()["phase"] == "stopped", 1.0)
    assert not session.ends or session.ends[-1]["outcome"]["outcome"] != "success"
    visitor.tab.wait_for_selector('main [data-word="release"]:not([disabled])')
    keys.press("r")
    until(lambda: desk.words.asked and desk.words.asked[0] is Event.READY)
    visitor.tab.wait_for_selector("#prompt:not([hidden])")
    visitor.tab.locator("body").evaluate("document.activeElement.blur()")
    keys.press("Enter")
    until(lambda: desk.board.running)


def test_what_is_shown_is_what_happens(visitor, session, until, tmp_path):
    tab = visitor.tab
    tab.wait_for_function("document.querySelector('#cameras img')?.naturalWidth > 0")
    tab.wait_for_selector("svg .plan", state="attached")
    assert tab.locator("svg .tool").count() == 2  # from above and from the side
    session.desk.words.say(Event.FAILURE)
    until(lambda: session.desk.shown()["phase"] == "waiting")
    tab.wait_for_function("document.querySelector('#prompt').textContent.includes('Lay out')")
    tab.get_by_role("tab", name="Episodes").click()
    row = tab.get_by_role("button", name="Film of episode").first
    row.click()
    film = tab.locator(".film")
    film.locator('[data-judge="success"]').click()
    until(lambda: session.ends[-1]["outcome"]["outcome"] == "success")
    assert film.locator("img").evaluate("i => i.decode().then(() => i.naturalWidth)") == 80
    film.get_by_role("button", name="Close").click()
    tab.get_by_role("tab", name="Safety").click()
    tab.wait_for_function("document.querySelector('.events')?.textContent.includes('after all')")
    box = tab.locator("#stop").bounding_box()
    size = tab.viewport_size
    assert (box["x"], box["width"]) == (0, size["width"])
    assert box["y"] + box["height"] == size["height"]
    assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_an_earlier_verdict_is_changed_from_its_film_while_the_arm_goes_on(visitor, session, until):
    tab, ended = visitor.tab, len(session.ends)
    visitor.word("failure")
    until(lambda: len(session.ends) > ended)
    named = f"Film of episode {session.desk.board.number}"
    begin(session, until)
    visitor.wait()
    tab.get_by_role("tab", name="Episodes").click()
    film_of = tab.get_by_role("button", name=named, exact=True)
    film_of.click()
    film = tab.locator(".film")
    row = tab.locator(".episodes tbody tr").filter(has=film_of)
    for word, outcome, told in (
        ("success", "success", "success (was failure)"),
        ("take back", "abort", "abort (was failure)"),
        ("failure", "failure", "failure"),
    ):
        film.locator(f'[data-judge="{word}"]').click()
        until(lambda o=outcome: session.ends[ended]["outcome"]["outcome"] == o)
        row.locator("td").nth(1).filter(has_text=re.compile(f"^{re.escape(told)}$")).wait_for()
    film.get_by_text("Changed.").wait_for()
    assert session.desk.shown()["phase"] == "running"
    film.get_by_role("button", name="Close").click()


def test_pages_that_come_and_go_leave_the_arm_as_it_was(session, page, browser, until):
    begin(session, until)
    desk = session.desk
    first, second = (Visitor(browser, page.url, "laptop") for _ in range(2))
    first.press("#take")
    until(lambda: session.infos[-1]["takeover"]["by"] == "person" and at_rest(session))
    second.tab.wait_for_selector("#holder:not([hidden])")
    assert second.tab.locator('[data-word="pause"]').is_disabled()

    first.tab.reload()
    first.wait()
    assert session.infos[-1]["takeover"]["by"] == "person"

    first.hold("lift", 0, -0.7)
    until(lambda: session.robot.speed > SLOW)
    first.context.set_offline(True)  # the network is lost while the stick is held
    until(lambda: at_rest(session))
    time.sleep(0.3)
    assert at_rest(session)
    assert session.infos[-1]["takeover"]["by"] == "person"
    first.tab.wait_for_function("document.body.textContent.includes('NO CONNECTION')")
    first.close()

    second.press("[data-claim]")
    second.press("#take")
    until(lambda: session.infos[-1]["takeover"]["by"] == "policy" and session.robot.speed > SLOW)
    third = Visitor(browser, page.url, "tablet")  # no page's second, and its stop counts
    third.press("#stop")
    until(lambda: desk.shown()["phase"] == "stopped", 1.0)
    third.close()
    second.close()


def test_a_console_that_is_killed_stops_nothing_and_releases_nothing(session, browser, until):
    begin(session, until)
    page = Page()
    visitor = Visitor(browser, page.url, "laptop")
    page.close()
    steps = len(session.infos)
    until(lambda: len(session.infos) > steps + 20)
    assert session.desk.shown()["phase"] == "running"
    visitor.tab.wait_for_function("document.body.textContent.includes('NO CONNECTION')")
    visitor.tab.locator("#stop").click()
    visitor.tab.wait_for_function("document.body.textContent.includes('NOT HEARD')")
    visitor.context.close()

    assert session.desk.stop()["latched"]
    page = Page()
    page.close()
    time.sleep(0.2)
    assert session.desk.shown()["phase"] == "stopped"
