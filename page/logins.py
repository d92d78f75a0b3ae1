"""Who may open the page: with a password whoever knows it, else this machine's user; there is one reader."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import chainlit as cl
from chainlit.auth.cookie import get_token_from_cookies
from chainlit.auth.jwt import decode_jwt
from chainlit.server import app as server
from chainlit.server import sio
from chainlit.session import ws_sessions_id
from chainlit.user import PersistedUser
from jwt import PyJWTError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request, cookie_parser
from starlette.responses import Response

from page.access.hosts import Scope
from page.access.login import holds_key, is_password
from page.conversations.layer import make_reader
from rag.settings import Settings

_LOGIN = "login"
"""Under which name a login's id stands in its cookie. Without one, two of the same second would be the same."""


async def check_login(_: str, password: str) -> cl.User | None:
    """Log in whoever knows the password; there is one for all, and any name will do."""
    is_right = is_password(password, _get_password())
    return cl.User("reader", metadata={_LOGIN: secrets.token_hex(16)}) if is_right else None


async def admit_anybody(_: object) -> cl.User | None:
    """Log in whoever comes; asked only where nobody but this machine's user can come."""
    return cl.User("reader")


async def end_login(request: Request, _: Response) -> dict[str, bool]:
    """Log out: the cookie is worth nothing any more, whoever has a copy, and the open pages of this login are closed.

    Other browsers stay logged in.
    """
    if login := await _find_login(request):
        server.state.ended.end(login)
        own = [one.socket_id for one in ws_sessions_id.values() if one.user and one.user.metadata.get(_LOGIN) == login]
        # Not by `sio.disconnect`: a page could go on over the connection, which stays.
        for connection in filter(None, [sio.manager.eio_sid_from_sid(socket_id, "/") for socket_id in own]):
            await sio.eio.disconnect(connection)
    return {"success": True}


async def is_logged_in(scope: Scope) -> bool:
    return bool(holds_key(scope, _get_password()) or await _find_login(HTTPConnection(scope)))


async def _find_login(connection: HTTPConnection) -> str:
    """The id of the login that the request's cookie is from; empty if it has none, or one that was ended."""
    return _read_login(connection.cookies)


def _read_login(cookies: Mapping[str, str]) -> str:
    try:
        user = decode_jwt(get_token_from_cookies(dict(cookies)) or "")
    except PyJWTError:
        return ""
    login = str(user.metadata.get(_LOGIN, ""))
    return "" if server.state.ended.is_ended(login) else login


async def find_reader(request: Request) -> PersistedUser:
    """The user that a request is from: who may open the page is the reader. Raises HTTPException for anybody else."""
    if not needs_login():
        return make_reader()
    if login := _read_login(request.cookies):
        return make_reader({_LOGIN: login})
    raise HTTPException(401, "Log in first.")


async def admit(environ: dict[str, Any]) -> tuple[PersistedUser, str] | tuple[None, None]:
    """The same for the connection of a page."""
    if not needs_login():
        return make_reader(), ""
    login = _read_login(cookie_parser(environ.get("HTTP_COOKIE", "")))
    return (make_reader({_LOGIN: login}), "") if login else (None, None)


def needs_login() -> bool:
    settings: Settings | None = getattr(server.state, "settings", None)
    return bool(settings and settings.password)


def _get_password() -> str:
    settings: Settings = server.state.settings
    return settings.password
