"""The password of the page: how it is compared, how often it may be tried, what signs a login and what ends one."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import os
import secrets
import time
from collections import deque
from pathlib import Path

from page.access.hosts import App, Message, Receive, Scope, Send, refuse
from rag.errors import SettingsError
from rag.private import open_privately

logger = logging.getLogger(__name__)

MOST_TRIES = 5
TRIES_WITHIN_S = 60.0
"""How many wrong passwords one address may try within that time; then it waits until the first is so long ago."""
_MOST_ADDRESSES = 10_000
"""Addresses that are remembered; beyond that the longest known are forgotten."""


def is_password(given: str, password: str) -> bool:
    """Whether what was given is the password. It takes the same time wherever the two differ, however long they are."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(password.encode()).digest())


def holds_key(scope: Scope, password: str) -> bool | None:
    """Whether a program's request has the password as its key (``Authorization: Bearer …``); None if it has no key."""
    kind, _, key = dict(scope["headers"]).get(b"authorization", b"").decode("utf-8", "replace").partition(" ")
    return is_password(key.strip(), password) if kind.lower() == "bearer" else None


def make_signing_secret(folder: Path, password: str) -> str:
    """The secret that Chainlit signs logins with. It is kept in `folder`, readable by its user alone.

    It changes with the password, so that a new password ends every login.
    """
    path = folder / "login.key"
    if not path.is_file():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = folder / f"login.{os.getpid()}"  # another server may be starting, too
        try:
            with open(beside, "x", encoding="ascii", opener=open_privately) as file:
                file.write(secrets.token_hex(32))
            beside.replace(path)
        finally:  # of a disk that is full
            beside.unlink(missing_ok=True)
    return hmac.new(path.read_bytes(), password.encode(), "sha256").hexdigest()


class EndedLogins:
    """The logins that were ended before their cookies expire.

    They are kept as files in `folder`, for the other servers of the index and for the next one; and in memory, since
    that folder can be deleted. `lifetime_s` is how many seconds a cookie is valid.
    """

    def __init__(self, folder: Path, lifetime_s: float) -> None:
        self._folder = folder
        self._lifetime_s = lifetime_s
        self._ended: set[str] = set()

    def end(self, login: str) -> None:
        """End the login with that id, which the server itself gave out."""
        self._ended.add(login)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / login).touch(mode=0o600)
            self._forget_expired()
        except OSError as exc:
            logger.warning("%s can't be written (%s), so a logout is forgotten at the next start.", self._folder, exc)

    def is_ended(self, login: str) -> bool:
        return login in self._ended or (self._folder / login).exists()

    def _forget_expired(self) -> None:
        for path in self._folder.iterdir():
            if time.time() - path.stat().st_mtime > self._lifetime_s:
                path.unlink()


def distrust_callers() -> None:
    """Have the server believe what ``X-Forwarded-For`` tells only of proxies that FORWARDED_ALLOW_IPS names.

    It would believe any program of this machine, and so whoever a tunnel or a careless proxy lets in: each wrong
    password could come from another address. Raises SettingsError where everybody is to be believed.
    """
    if os.environ.setdefault("FORWARDED_ALLOW_IPS", "").strip() == "*":
        raise SettingsError(
            "FORWARDED_ALLOW_IPS is *, so that anybody could try passwords without end. "
            "Set it to the address of the proxy before this page, or leave it out."
        )


class LimitTries:
    """ASGI middleware that lets an address try only a few wrong passwords a minute; 429 for the rest.

    A password is tried by logging in, or as a program's key.
    """

    def __init__(self, app: App, password: str) -> None:
        self._app = app
        self._password = password
        self._wrong: dict[str, deque[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._is_try(scope):
            await self._app(scope, receive, send)
            return
        tries = self._find_tries(find_network(scope))
        if len(tries) >= MOST_TRIES:
            await refuse(scope, send, 429, f"Too many wrong passwords. Wait {TRIES_WITHIN_S:.0f} seconds.")
            return
        tries.append(time.monotonic())  # counted before the answer is known, so that many at once are no way round
        await self._app(scope, receive, _forget_if_right(tries, send))

    def _is_try(self, scope: Scope) -> bool:
        if scope["type"] != "http":
            return False
        is_login = (scope["path"], scope["method"]) == ("/login", "POST")
        return is_login or bool(self._password and holds_key(scope, self._password) is False)

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
