"""Who may speak to the robot's server, and who is turned away before anything is read."""

from __future__ import annotations

import asyncio
import json

import pytest

from real.network.gate import LONGEST, Gate, check_reach, is_loopback
from zprl_env.errors import ConfigurationError

TOKEN = "only-for-tests"


def ask(token=None, kind="http", **headers):
    """What a request is answered; (None, "") if it got through and the app said nothing."""
    sent, passed = [], []

    async def app(scope, receive, send):
        passed.append(scope)

    async def receive():
        pytest.fail("the body must not be read")

    async def send(message):
        sent.append(message)

    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(Gate(app, token)({"type": kind, "headers": lines}, receive, send))
    if passed:
        assert sent == []
        return None, ""
    start, body = sent
    assert (b"content-length", str(len(body["body"])).encode()) in start["headers"]
    assert (b"connection", b"close") in start["headers"]
    return start["status"], json.loads(body["body"])["detail"]


def test_without_a_token_everybody_here_gets_through():
    assert ask() == (None, "")
    assert ask(content_length=str(LONGEST)) == (None, "")


@pytest.mark.parametrize("shown", ["", "Bearer", f"bearer {TOKEN}", f"Bearer {TOKEN}x", TOKEN])
def test_who_shows_another_token_is_turned_away_and_not_told_the_right_one(shown):
    status, detail = ask(TOKEN, authorization=shown)
    assert (status, detail) == (401, "This server wants a token: Authorization: Bearer ...")


def test_who_shows_the_token_gets_through():
    assert ask(TOKEN, authorization=f"Bearer {TOKEN}") == (None, "")
    assert ask(TOKEN)[0] == 401


def test_web_pages_are_turned_away_even_with_the_token():
    status, detail = ask(TOKEN, authorization=f"Bearer {TOKEN}", origin="null")
    assert (status, detail) == (403, "Web pages may not speak to a robot.")


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("[::1]:5000", True),
        ("192.168.1.7", True),
        ("robot.example:5000", False),  # a name that somebody has pointed at this machine
    ],
)
def test_a_name_that_is_not_the_server_s_own_is_turned_away(host, known):
    status, detail = ask(TOKEN, authorization=f"Bearer {TOKEN}", host=host)
    assert (status is None) == known
    if not known:
        assert (status, "Got: robot.example" in detail) == (421, True)


def test_how_long_a_request_is_has_to_be_said_and_to_be_little():
    assert ask(transfer_encoding="chunked") == (411, "A request must say its length.")
    assert ask(content_length=str(LONGEST + 1)) == (413, "A request must be at most 65536 bytes.")


def test_the_server_s_own_beginning_and_end_pass():
    assert ask(TOKEN, kind="lifespan") == (None, "")


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_only_this_machine_s_own_addresses_need_no_token(host, ours):
    assert is_loopback(host) is ours
    if ours:
        check_reach(host, None)
    else:
        with pytest.raises(ConfigurationError, match=f"must want a token. Got: host {host} and"):
            check_reach(host, None)
    check_reach(host, TOKEN)


@pytest.mark.parametrize("token", ["", "seven77", "umläutlich", "tab\tulator", "a line\nand more"])
def test_a_token_that_no_header_can_carry_or_that_is_guessed_is_refused(token):
    with pytest.raises(ConfigurationError, match="at least 8 printable ASCII characters"):
        check_reach("127.0.0.1", token)
