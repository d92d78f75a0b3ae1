"""The password of the page: how it is compared, how often it may be tried, and the secret that signs a login."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
import time
from collections import deque
from pathlib import Path

from page.access.hosts import App, Message, Receive, Scope, Send, refuse
from rag.private import open_privately

MOST_TRIES = 5
TRIES_WITHIN_S = 60.0
"""How many wrong passwords one address may try within that time; then it waits until the first is so long ago."""
_MOST_ADDRESSES = 10_000
"""Addresses that are remembered; beyond that the longest known are forgotten."""


def is_password(given: str, password: str) -> bool:
    """Whether what was given is the password. It takes the same time wherever the two differ, however long they are."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(password.encode()).digest())


def make_signing_secret(folder: Path, password: str) -> str:
    """The secret that Chainlit signs logins with. It is kept in `folder`, readable by its user alone.

    It changes with the password, so that a new password ends every login.
    """
    path = folder / "login.key"
    if not path.is_file():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = folder / f"login.{os.getpid()}"  # another server may be starting, too
        with open(beside, "x", encoding="ascii", opener=open_privately) as file:
            file.write(secrets.token_hex(32))
        beside.replace(path)
    return hmac.new(path.read_bytes(), password.encode(), "sha256").hexdigest()


class LimitTries:
    """ASGI middleware that lets an address try only a few wrong passwords a minute; 429 for the rest."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._wrong: dict[str, deque[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (scope["type"], scope.get("path"), scope.get("method")) != ("http", "/login", "POST"):
            await self._app(scope, receive, send)
            return
        tries = self._find_tries(find_network(scope))
        if len(tries) >= MOST_TRIES:
            await refuse(scope, send, 429, f"Too many wrong passwords. Wait {TRIES_WITHIN_S:.0f} seconds.")
            return
        tries.append(time.monotonic())  # counted before the answer is known, so that many at once are no way round
        await self._app(scope, receive, _forget_if_right(tries, send))

    def _find_tries(self, network: str) -> deque[float]:
        """The times of that network's wrong passwords within the last minute, the oldest first."""
        tries = self._wrong.pop(network, None) or deque()
        while tries and time.monotonic() - tries[0] > TRIES_WITHIN_S:
            tries.popleft()
        self._wrong[network] = tries
        if len(self._wrong) > _MOST_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
        return tries


def find_network(scope: Scope) -> str:
    """The caller's IPv4 address, or the IPv6 network of the size that one customer is given."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a test client, or a socket file
        return str(host)
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _forget_if_right(tries: deque[float], send: Send) -> Send:
    async def send_and_look(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            tries.clear()
        await send(message)

    return send_and_look
