"""Access to a page that moves a robot: by token and cookie, from that page itself and no other."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from real.network.gate import App, Gate, Header, Message, Receive, Send, answer

COOKIE = "zprl_console"
ENTER = "/enter"
"""Path that the form sends the token to."""
SLOW = 0.5
"""Time that a wrong token takes, so that few can be tried [s]."""
HEADERS: tuple[Header, ...] = (
    (b"x-frame-options", b"DENY"),  # in a frame of another page, its clicks would be ours
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
FORM = """<!doctype html><meta charset="utf-8"><title>Robot console</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:18px system-ui;background:#14181d;color:#e8ecf0;display:grid;place-items:center;
min-height:90vh}input,button{font:inherit;padding:.7em;margin-top:.7em;border-radius:8px;border:0;
width:100%;box-sizing:border-box}button{background:#3d7bd9;color:#fff}</style>
<form method="post" action="/enter"><label for="token">Token of the robot console</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button>Enter</button><p role="alert">%s</p></form>"""


class PageGate(Gate):
    """Middleware before a page: the token opens it once, and a cookie keeps it open.

    Requests of other pages are refused, of WebSockets as well: their ``Origin`` is another one, or
    the browser says that they come from elsewhere. The cookie says nothing of the token, goes with
    no request that another site causes, and no script can read it.

    Args:
        app: What is behind it.
        token: What opens the page; nothing if None.
        host: Name that the server listens at.
    """

    def __init__(self, app: App, token: str | None = None, host: str = "localhost") -> None:
        super().__init__(app, token, host)
        self._token = token
        key = (token or "").encode()
        self._cookie = hmac.new(key, b"console page", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        page = scope.get("method") in ("GET", "POST") and scope.get("path") in ("/", ENTER)
        if scope["type"] == "websocket" and refusal is not None:
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and refusal is not None and refusal[0] == 401 and page:
            await self._ask_for_token(scope, receive, send)
        elif scope["type"] == "http":
            await super().__call__(scope, receive, _with_headers(send))
        else:
            await self._app(scope, receive, send)

    def _is_shown_the_token(self, headers: Mapping[bytes, bytes]) -> bool:
        return super()._is_shown_the_token(headers) or hmac.compare_digest(
            _cookie_in(headers).encode(), self._cookie.encode()
        )

    def _foreign(self, scope: Message, headers: Mapping[bytes, bytes]) -> str | None:
        origin, host = headers.get(b"origin"), headers.get(b"host", b"")
        own = {b"http://" + host, b"https://" + host}
        if origin is not None and origin not in own:
            return "Other web pages may not speak to a robot."
        where = headers.get(b"sec-fetch-site", b"none")
        opened = headers.get(b"sec-fetch-mode") == b"navigate" and scope.get("method") == "GET"
        framed = headers.get(b"sec-fetch-dest", b"document") != b"document"
        if where not in (b"none", b"same-origin") and (framed or not opened):
            return "Other web pages may not speak to a robot."
        return None

    async def _ask_for_token(self, scope: Message, receive: Receive, send: Send) -> None:
        """Show the form; take a token that comes by it."""
        said, headers = "", dict(scope["headers"])
        if scope["method"] == "POST" and scope["path"] == ENTER:
            if self._foreign(scope, headers) is not None:
                await answer(send, 403, b'{"detail": "Other web pages may not speak to a robot."}')
                return
            shown = await _token_in(receive)
            if hmac.compare_digest(shown.encode(), (self._token or "").encode()):
                cookie = f"{COOKIE}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"
                more = ((b"location", b"/"), (b"set-cookie", cookie.encode()), *HEADERS)
                await answer(send, 303, b"", b"text/plain", *more)
                return
            await asyncio.sleep(SLOW)
            said = "That is not the token."
        body = FORM.replace("%s", said).encode()
        await answer(send, 401, body, b"text/html; charset=utf-8", *HEADERS)


def _with_headers(send: Send) -> Send:
    """Add the headers of a page to whatever is answered."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", [])}
            more = [header for header in HEADERS if header[0] not in known]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return sending


def _cookie_in(headers: Mapping[bytes, bytes]) -> str:
    try:
        found = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


async def _token_in(receive: Receive) -> str:
    """Read a form's token, of a body that is short."""
    body, more = b"", True
    while more and len(body) <= 1024:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    fields = parse_qs(body.decode("utf-8", "replace"))
    return fields.get("token", [""])[0]
