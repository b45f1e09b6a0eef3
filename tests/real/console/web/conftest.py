"""A page of a session in a process of its own, as `--console` begins it, and a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import suppress

import pytest

from real.console.desk import Desk
from real.console.line import address
from tests.real.console.conftest import SteadyArm, Trainer

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


class Page:
    """The page's process."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "real.console", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        self.url = found[0]

    def close(self):
        self.process.kill()
        with self.process:
            self.process.communicate()


@pytest.fixture(scope="module")
def session(until):
    """A trainer, its desk open."""
    pytest.importorskip("nicegui", reason="the extra 'console' brings the page")
    desk = Desk({"task": "place-orange", "policy": "a test's"}).open()
    trainer = Trainer(desk, SteadyArm, teleoperator="console")
    until(lambda: desk.shown()["phase"] == "waiting")
    yield trainer
    trainer.close()
    desk.close()


@pytest.fixture(scope="module")
def page(session):
    page = Page("--session", str(address()))
    yield page
    page.close()


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    if CHROMIUM is None:
        pytest.skip("Chromium must be installed (Debian's package chromium) to click on the page")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        yield browser
        with suppress(Exception):
            browser.close()
