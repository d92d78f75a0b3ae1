"""The addresses that may be called: those that the page needs, with the login where one is wanted, and nothing else.

Chainlit's server has some thirty more, for features that this page hasn't.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from page.access.hosts import App, Message, Receive, Scope, Send, refuse

IsLoggedIn = Callable[[Scope], Awaitable[bool]]

DOCUMENT_PATH = "/corpus/"
READER_PATH, READING_PATH = "/read/", "/reading/"
UPLOAD_PATH = "/project/file"
ADDING_PATH = "/documents"
CONVERSATION_PATH = "/conversations/"
LONGEST_PATH = 4096
"""Bytes of a path; no file system has longer ones."""
_LONGEST_NAME = 255
"""Bytes of one part of a path, as most file systems have it; asking for a longer one is an error of the system's."""
LARGEST_BODY = 1_000_000
"""Bytes of a request that is no upload."""
_CONTROL = re.compile(r"[\0-\x1f\x7f]")
_MULTIPART_BYTES = 65_536
"""Bytes that may stand around the file in the body of an upload."""


@dataclass(frozen=True, slots=True)
class Address:
    methods: frozenset[str]
    is_open: bool = False
    """Whether it needs no login: what it takes to show the page where one logs in, and whether the server works."""


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    sentence: str
    allow: str = ""
    """The methods that are taken, with the status 405."""


_READ, _WRITE = frozenset({"GET", "HEAD"}), frozenset({"POST"})
_CHANGE = frozenset({"PUT", "DELETE"})
API_ADDRESSES = {
    "/v1/": Address(_READ | _WRITE),
    "/search": Address(_WRITE),
    "/documents": Address(_READ | _WRITE),
    "/documents/": Address(_READ | frozenset({"DELETE"})),
    "/events": Address(_READ),
    "/browser": Address(_READ),
    "/browser/": Address(_READ),
    "/mcp": Address(frozenset({"GET", "POST", "DELETE"})),
    "/openapi.json": Address(_READ),
    "/status": Address(_READ),
    "/health": Address(_READ, is_open=True),
    "/ready": Address(_READ, is_open=True),
    "/metrics": Address(_READ),
}
"""What programs call, on the page's server and on one without a page."""
ADDRESSES = {
    "/": Address(_READ, is_open=True),
    "/login": Address(_READ | _WRITE, is_open=True),
    "/logout": Address(_WRITE, is_open=True),
    "/user": Address(_READ),
    "/auth/config": Address(_READ, is_open=True),
    "/favicon": Address(_READ, is_open=True),
    "/logo": Address(_READ, is_open=True),
    "/project/translations": Address(_READ, is_open=True),
    "/assets/": Address(_READ, is_open=True),
    "/public/": Address(_READ, is_open=True),
    "/avatars/": Address(_READ),
    DOCUMENT_PATH: Address(_READ),
    READER_PATH: Address(_READ),
    READING_PATH: Address(_READ),
    "/library": Address(_READ),
    "/library/": Address(_READ | _WRITE),
    "/project/settings": Address(_READ),
    UPLOAD_PATH: Address(_WRITE),
    "/set-session-cookie": Address(_WRITE),
    "/models": Address(_READ),
    "/models/": Address(_READ | _WRITE),
    "/ws/socket.io/": Address(_READ | _WRITE),
    "/thread/": Address(_READ, is_open=True),
    "/project/threads": Address(_WRITE),
    "/project/thread": Address(_CHANGE),
    "/feedback": Address(_CHANGE),
    CONVERSATION_PATH: Address(_READ),
    **API_ADDRESSES,
}
"""The addresses by their paths; a path that ends in a slash stands for all that begin with it."""


class Gate:
    """ASGI middleware. `is_logged_in` is None where no login is wanted; `largest_upload` is in bytes.

    `say` tells a sentence in the language that a browser asks for.
    """

    def __init__(
        self,
        app: App,
        is_logged_in: IsLoggedIn | None,
        largest_upload: int,
        addresses: Mapping[str, Address] = ADDRESSES,
        say: Callable[[str, str], str] = lambda asked, sentence: sentence,
    ) -> None:
        self._app = app
        self._say = say
        self._is_logged_in = is_logged_in
        self._largest_upload = largest_upload
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._check_request(scope) or await self._check_login(scope)
        if refusal:
            await refuse(scope, send, refusal.status, refusal.sentence, allow=refusal.allow)
        else:
            await self._app(scope, self._count_body(scope, receive), send)

    def _check_request(self, scope: Scope) -> Refusal | None:
        path, method = scope["path"], scope.get("method", "GET")
        if len(path.encode()) > LONGEST_PATH:
            return Refusal(414, f"This address is longer than {LONGEST_PATH} bytes.")
        address = find_address(path, self._addresses)
        if address is None or not is_possible_path(path):
            return Refusal(404, "There is nothing at this address.")
        if method not in address.methods:
            allowed = ", ".join(sorted(address.methods))
            return Refusal(405, f"This address takes {allowed} only.", allow=allowed)
        if _read_announced_size(scope) > self._measure_limit(path):
            return Refusal(413, self._describe_limit(scope))
        return None

    async def _check_login(self, scope: Scope) -> Refusal | None:
        address = find_address(scope["path"], self._addresses)
        if self._is_logged_in is None or (address and address.is_open) or await self._is_logged_in(scope):
            return None
        return Refusal(401, "Log in first, on the page; a program sends the password as its API key.")

    def _measure_limit(self, path: str) -> int:
        return self._largest_upload + _MULTIPART_BYTES if path in (UPLOAD_PATH, ADDING_PATH) else LARGEST_BODY

    def _describe_limit(self, scope: Scope) -> str:
        if scope["path"] in (UPLOAD_PATH, ADDING_PATH):
            megabytes = self._largest_upload // 1_000_000
            sentences = f"A file of more than {megabytes} MB can't be attached. Put it into the folder instead."
            return self._say(dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1"), sentences)
        return f"This request has more than {LARGEST_BODY // 1000} kB."

    def _count_body(self, scope: Scope, receive: Receive) -> Receive:
        """Refuse a body that turns out larger than it may be while it arrives; a websocket has limits of its own."""
        if scope["type"] == "websocket":
            return receive
        rest = self._measure_limit(scope["path"])

        async def receive_and_count() -> Message:
            nonlocal rest
            message = await receive()
            rest -= len(message.get("body", b""))
            if rest < 0:
                raise HTTPException(413, self._describe_limit(scope))
            return message

        return receive_and_count


def find_address(path: str, addresses: Mapping[str, Address] = ADDRESSES) -> Address | None:
    """The rule for a path; None for a path that is not needed."""
    if path in addresses:
        return addresses[path]
    prefixes = (prefix for prefix in addresses if prefix.endswith("/") and len(prefix) > 1)
    return next((addresses[prefix] for prefix in prefixes if path.startswith(prefix)), None)


def is_possible_path(path: str) -> bool:
    """Whether a file can have such a path; a system that is asked for another answers with an error in place of "no".

    The paths of documents are looked up in the index, which takes any.
    """
    parts = path.split("/")
    is_plain = not _CONTROL.search(path) and not {".", ".."}.intersection(parts)
    is_short = all(len(part.encode()) <= _LONGEST_NAME for part in parts)
    return (is_plain and is_short) or path.startswith((DOCUMENT_PATH, READER_PATH, READING_PATH))


def _read_announced_size(scope: Scope) -> int:
    """The size of the body in bytes, as the request announces it; 0 if it doesn't."""
    announced = dict(scope["headers"]).get(b"content-length", b"")
    return int(announced) if announced.isdigit() else 0
