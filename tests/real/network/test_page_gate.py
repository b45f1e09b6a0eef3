"""A page's gate: the token opens it once, and no other page speaks through it."""

from __future__ import annotations

import asyncio

import pytest

from real.network import page_gate
from real.network.page_gate import COOKIE, PageGate

TOKEN = "only-for-tests"
HERE = {"host": "127.0.0.1:8400"}


def ask(token=None, kind="http", method="GET", path="/console/alive", body=b"", **headers):
    """What a request is answered: status, headers and body; 200 if it got through."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        return {"body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    lines = {**HERE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in lines.items()],
    }
    asyncio.run(PageGate(app, token)(scope, receive, send))
    first = sent[0]
    told = {name.decode(): value.decode() for name, value in first.get("headers", [])}
    return first.get("status", first["type"]), told, sent[-1].get("body", b"")


def test_its_own_page_gets_through_and_is_never_framed_or_kept():
    status, headers, _ = ask(origin="http://127.0.0.1:8400", sec_fetch_site="same-origin")
    assert status == 200
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1:8400.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "sec_fetch_mode": "no-cors"},
        {
            "sec_fetch_site": "cross-site",
            "sec_fetch_mode": "navigate",
            "sec_fetch_dest": "iframe",
        },
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_other_pages_are_refused_by_request_and_by_websocket(kind, headers):
    refused = 403 if kind == "http" else "websocket.close"
    assert ask(kind=kind, method="POST", **headers)[0] == refused


def test_a_name_that_was_turned_to_this_address_is_refused():
    host = "evil.example:8400"
    assert ask(host=host, origin=f"http://{host}")[0] == 421
    assert ask(kind="websocket", host=host, origin=f"http://{host}")[0] == "websocket.close"


def test_a_link_from_elsewhere_opens_the_page():
    opened = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert ask(path="/", sec_fetch_site="cross-site", **opened)[0] == 200


def test_the_token_opens_it_by_a_form_once_and_a_cookie_that_does_not_tell_it(monkeypatch):
    monkeypatch.setattr(page_gate, "SLOW", 0.0)
    status, _, form = ask(TOKEN, path="/")
    assert (status, b'name="token"' in form, TOKEN.encode() in form) == (401, True, False)
    wrong = ask(TOKEN, method="POST", path="/enter", body=b"token=another")
    assert (wrong[0], b"That is not the token." in wrong[2]) == (401, True)
    status, headers, _ = ask(TOKEN, method="POST", path="/enter", body=b"token=only-for-tests")
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    shown = cookie.partition(";")[0]
    assert ask(TOKEN, cookie=shown)[0] == 200
    assert ask(TOKEN, kind="websocket", cookie=shown)[0] == 200
    assert ask(TOKEN, authorization=f"Bearer {TOKEN}")[0] == 200


@pytest.mark.parametrize("cookie", ["", f"{COOKIE}=", f"{COOKIE}={TOKEN}", "a=b; c", "\xff"])
def test_without_the_cookie_nothing_is_answered(cookie):
    assert ask(TOKEN, cookie=cookie)[0] == 401
    assert ask(TOKEN, kind="websocket", cookie=cookie)[0] == "websocket.close"


def test_the_form_is_not_taken_from_another_page():
    sent = {"method": "POST", "path": "/enter", "body": b"token=only-for-tests"}
    assert ask(TOKEN, origin="http://evil.example", **sent)[0] == 403
