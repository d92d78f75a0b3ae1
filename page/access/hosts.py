"""Under which names the server may be called, and what its pages may fetch; and the ASGI that all middleware speaks."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

from rag.errors import RagError, SettingsError
from rag.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_POLICY_VIOLATION = 1008
"""The code with which a websocket is closed."""

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
_ORIGIN = re.compile(r"https?://[a-z0-9_.-]+(:\d+)?", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:]+")


async def refuse(scope: Scope, send: Send, status: int, sentence: str, *, allow: str = "") -> None:
    """Answer a request with the sentence, in the forms that FastAPI and OpenAI have for errors; a websocket is closed
    unopened.
    """
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    error = {"message": sentence, "type": "invalid_request_error", "param": None, "code": None}
    body = {"detail": sentence, "error": error}
    headers = [(b"content-type", b"application/json"), *([(b"allow", allow.encode())] if allow else [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def require_password(host: str, settings: Settings) -> None:
    """Raise SettingsError for a server that others than this machine's user could call without a password."""
    if settings.password or (is_loopback(host) and not settings.hosts):
        return
    why = f"RAG_HOSTS is {settings.hosts}" if is_loopback(host) else f"The page is to listen on {host}"
    remedy = "leave out RAG_HOSTS" if is_loopback(host) else "leave out --host"
    raise SettingsError(
        f"{why}, so that other machines could read your documents. Set RAG_PASSWORD to a password of eight characters"
        f" or more, or {remedy}."
    )


def is_loopback(host: str) -> bool:
    """Whether a server that listens on `host` can be called from this machine alone."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def list_names(host: str, settings: Settings) -> frozenset[str]:
    """The names, in small letters, that a server bound to `host` answers to.

    Raises SettingsError for a name in RAG_HOSTS that can be none.
    """
    given = {name.strip().lower() for name in settings.hosts.split(",") if name.strip()}
    if wrong := sorted(name for name in given if not _NAME.fullmatch(name)):
        raise SettingsError(f"RAG_HOSTS names {wrong[0]!r}; write host names alone, as in: docs.example.org, library")
    own = socket.gethostname().lower()
    beyond = set() if is_loopback(host) else {own, f"{own}.local"}
    return LOOPBACK_NAMES | {host.lower()} | beyond | given


def list_origins(settings: Settings) -> frozenset[str]:
    """The web sites that RAG_CORS_ORIGINS lets call the server. Raises SettingsError for what is none."""
    given = {origin.strip().rstrip("/") for origin in settings.cors_origins.split(",") if origin.strip()}
    if wrong := sorted(origin for origin in given if not _ORIGIN.fullmatch(origin)):
        raise SettingsError(
            f"RAG_CORS_ORIGINS names {wrong[0]!r}; write whole origins, as in: https://chat.example.org, "
            "http://localhost:3000"
        )
    return frozenset(given)


def require_free_port(host: str, port: int) -> None:
    """Raise RagError if a server can't listen there."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise RagError(f"Port {port} of {host} can't be used ({error.strerror}). Choose another with --port.") from None


def allow_origins(server: Starlette, origins: frozenset[str]) -> None:
    """Have browsers let the scripts of these web sites read what the server answers."""
    if origins:
        methods = ["GET", "POST", "DELETE"]
        server.add_middleware(CORSMiddleware, allow_origins=sorted(origins), allow_methods=methods, allow_headers=["*"])


class KnownHostsOnly:
    """ASGI middleware that answers only to known names, and only to the server's own pages.

    A web site that is open in the same browser can reach the server by script, which its Origin tells, or by a name of
    its own that it points at this machine, which the Host tells. Both are refused, websockets too. An address in place
    of a name can't be pointed elsewhere; `any_address` lets all of them pass. The scripts of `origins`, which are
    web sites, may call the server all the same.
    """

    def __init__(
        self, app: App, names: frozenset[str], *, any_address: bool, origins: frozenset[str] = frozenset()
    ) -> None:
        self._app = app
        self._names = names
        self._origins = origins
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif self._is_own(dict(scope["headers"])):
            await self._app(scope, receive, _add_headers(send))
        else:
            sentence = "Refused: this server answers only to its own pages, under the names that RAG_HOSTS may add to."
            await refuse(scope, send, 403, sentence)

    def _is_own(self, headers: dict[bytes, bytes]) -> bool:
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin")  # scheme://host:port, or "null"
        name = _read_hostname(f"//{host}")
        is_known_name = name in self._names or (self._any_address and _is_address(name))
        site = origin.decode("latin-1") if origin else ""
        is_known_site = origin is None or site.partition("://")[2] == host or site in self._origins
        return is_known_name and is_known_site


def _read_hostname(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # brackets that hold no IPv6 address
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _add_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", ())}
            missing = [(name, value) for name, value in _HEADERS.items() if name not in present]
            message = {**message, "headers": [*message.get("headers", ()), *missing]}
        await send(message)

    return send_with_headers
