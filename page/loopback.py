"""Keeps a server of this machine to this machine: who may call it, and what its pages may fetch. Pure ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

# A document or a model can put an image or a link into an answer; the browser must not fetch it from elsewhere.
# Inline scripts and eval are what Chainlit's page is made of.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}


class LoopbackOnly:
    """ASGI middleware for a server bound to `host`.

    A web site that is open in the same browser can reach loopback ports, by script (seen by its Origin) or by a name
    that it points at 127.0.0.1 (seen by the Host). Both are refused, websockets too. A server that was bound to
    another address on purpose answers to any name, but still to its own pages only.
    """

    def __init__(self, app: App, host: str) -> None:
        self._app = app
        self._any_name = host not in LOOPBACK_NAMES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif self._is_ours(dict(scope["headers"])):
            await self._app(scope, receive, _add_headers(send))
        else:
            await _refuse(scope["type"], send)

    def _is_ours(self, headers: dict[bytes, bytes]) -> bool:
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin")  # scheme://host:port, or "null"
        is_known_name = self._any_name or _read_hostname(f"//{host}") in LOOPBACK_NAMES
        is_own_page = origin is None or origin.decode("latin-1").partition("://")[2] == host
        return is_known_name and is_own_page


def _read_hostname(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # brackets that hold no IPv6 address
        return ""


def _add_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", ())}
            missing = [(name, value) for name, value in _HEADERS.items() if name not in present]
            message = {**message, "headers": [*message.get("headers", ()), *missing]}
        await send(message)

    return send_with_headers


async def _refuse(kind: str, send: Send) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    text = b"Refused: this server answers only to its own pages, opened as localhost or 127.0.0.1.\n"
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text})
