"""Requests of the page are answered, and what is malformed says so without repeating it."""

from __future__ import annotations

import pytest

pytest.importorskip("httpx", reason="starlette's test client needs it")
from fastapi import FastAPI
from fastapi.testclient import TestClient

from real.console.line import LineError
from real.console.web.requests import add_requests


class Watched:
    """A watcher that notes what is asked."""

    shown = {"phase": "running", "arms": [{}], "may": ["pause"]}  # noqa: RUF012
    pictures = {"front": b"jpeg"}  # noqa: RUF012
    number, age, is_connected, there = 3, 0.1, True, True

    def __init__(self):
        self.asked = []

    def ask(self, line, **content):
        if not self.there:
            raise LineError("There is no robot.")
        self.asked.append((line, content))
        return {"refused": "Not now."} if content.get("word") == "release" else {"holder": "a"}

    def film(self, episode):
        return [b"one"] if episode == 1 else []


@pytest.fixture
def watched():
    return Watched()


@pytest.fixture
def client(watched):
    app = FastAPI()
    add_requests(app, watched)
    return TestClient(app)


def test_the_stop_goes_by_a_line_of_its_own_and_needs_no_body(client, watched):
    assert client.post("/console/stop").status_code == 200
    assert client.post("/console/stop", content=b"\xff{").status_code == 200
    assert watched.asked == [("stop", {"ask": "stop"})] * 2
    watched.there = False
    assert client.post("/console/stop").status_code == 503


def test_words_are_passed_on_and_refusals_are_told(client, watched):
    said = {"page": "a", "word": "pause"}
    assert client.post("/console/say", json=said).json() == {"holder": "a"}
    assert watched.asked == [("words", {"ask": "say", **said})]
    answer = client.post("/console/say", json={"page": "a", "word": "release"})
    assert (answer.status_code, answer.json()["refused"]) == (409, "Not now.")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("say", {"page": "<script>", "word": "pause"}),
        ("say", {"page": "a"}),
        ("say", {"page": "a", "word": "pause", "more": 1}),
        ("take", {"page": "a", "mine": "yes"}),
        ("stick", {"page": "a", "sent": 1.0, "arm": 0, "rate": [2.0] * 6}),
        ("stick", {"page": "a", "sent": 1.0, "arm": 0, "rate": [0.0] * 5}),
        ("stick", {"page": "a", "sent": 1.0, "arm": 0, "rate": [0.0] * 6, "gripper": 2.0}),
    ],
)
def test_what_is_malformed_asks_nothing(client, watched, path, body):
    answer = client.post(f"/console/{path}", json=body)
    assert answer.status_code == 422
    assert "script" not in answer.text
    assert watched.asked == []


def test_news_pictures_and_films(client):
    news = client.post("/console/alive", json={"page": "a"}).json()
    assert (news["phase"], news["cameras"], news["arms"]) == ("running", ["front"], 1)
    assert client.get("/console/camera/front").content == b"jpeg"
    assert client.get("/console/camera/none").status_code == 404
    assert client.get("/console/film/1/0").content == b"one"
    assert client.get("/console/film/1/1").status_code == 404
