"""The address of a conversation, as a file of Markdown."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from page.access.gate import CONVERSATION_PATH
from page.conversations.history import History
from page.conversations.reading import write_markdown
from page.own_pages import get_language
from page.texts import say


async def send_conversation(request: Request) -> Response:
    """Answer with a conversation and the sources of its answers."""
    history: History | None = request.app.state.history
    identity = request.path_params["identity"]
    found = await history.read(lambda database: database.read(identity), otherwise=None) if history else None
    if found is None:
        return Response(say(get_language(request), "conversation.gone"), 404)
    name = quote(re.sub(r"[^\w -]+", "", found.title).strip()[:60] or "conversation")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}.md"}
    return Response(write_markdown(found), media_type="text/markdown", headers=headers)


CONVERSATION_ROUTES = (Route(f"{CONVERSATION_PATH}{{identity}}.md", send_conversation),)
