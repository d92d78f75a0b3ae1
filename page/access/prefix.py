"""What all addresses begin with where a proxy serves the page below a path of its own: ``/papers``.

Chainlit takes it as ``--root-path``. A proxy may pass it on or take it away; the middleware here understands both, so
that all other code sees addresses without it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from starlette.routing import BaseRoute, Match

from page.access.hosts import App, Receive, Scope, Send


def read_prefix() -> str:
    """The prefix, beginning with a slash and without one at its end; empty where there is none."""
    path = os.environ.get("CHAINLIT_ROOT_PATH", "").strip("/")
    return f"/{path}" if path else ""


def prefix_addresses(html: str) -> str:
    """A page of ours whose attributes have the prefix before the addresses of what it loads."""
    return html.replace('="/public/', f'="{read_prefix()}/public/')


class TakePrefix:
    """ASGI middleware that takes the prefix off an address, to be the first that looks at one."""

    def __init__(self, app: App, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._prefix and scope["type"] != "lifespan":
            path = scope["path"]
            if path == self._prefix or path.startswith(f"{self._prefix}/"):
                path = path.removeprefix(self._prefix) or "/"
            scope = {**scope, "path": path, "app_root_path": self._prefix}
        await self._app(scope, receive, send)


class PutPrefix:
    """ASGI middleware that puts the prefix back for routes that were made with it, which are all but `ours`."""

    def __init__(self, app: App, prefix: str, ours: Sequence[BaseRoute]) -> None:
        self._app = app
        self._prefix = prefix
        self._ours = ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._prefix and scope["type"] != "lifespan" and not self._is_ours(scope):
            scope = {**scope, "path": self._prefix + scope["path"]}
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is not Match.NONE for route in self._ours)
