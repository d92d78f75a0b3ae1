"""What stands below a complete answer: the question again, what might be asked next, and what has changed since."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import chainlit as cl

from page.conversations.aging import Change, find_changes, list_missing
from page.conversations.history import History
from page.conversations.live import BELOW
from page.conversations.reading import SOURCES
from page.suggestions import suggest_topics
from rag.asked.small_talk import find_small_talk
from rag.errors import RagError
from rag.text.hostile import remove_invisible

if TYPE_CHECKING:
    from page.backend import Backend

_TOLD = "told"
"""Where a page's session keeps the changes that it was told of, by their answers."""


async def describe_afterwards(
    question: str, props: Mapping[str, Any], backend: Backend, *, are_changes_told: bool
) -> dict[str, Any]:
    """What joins the `props` of what stands below an answer; sentences that aren't in its documents as they stand.

    The question is empty where asking it again would bring the same, as of small talk.
    """
    missing = await asyncio.to_thread(_list_missing, backend, props) if are_changes_told else []
    again = "" if find_small_talk(question) else question
    return {"question": again, "changes": [], "missing": missing, "topics": suggest_topics(props)}


async def tell_changes(backend: Backend, history: History) -> None:
    """Show below each answer of this page's conversation what has changed of its quotes since it was written."""
    thread_id = cl.context.session.thread_id
    found = await history.read(lambda database: database.read(thread_id), otherwise=None)
    if found is None:
        return
    told: dict[str, list[Change]] = cl.user_session.get(_TOLD, {})
    complete = [one["props"] for one in found.elements if one.get("name") == SOURCES and "missing" in one["props"]]
    changes = await asyncio.to_thread(_find_all_changes, backend, complete)
    for props in complete:
        now = changes.get(props["id"], [])
        if now != told.get(props["id"], []):
            await tell_below(props | {"changes": now})
    cl.user_session.set(_TOLD, changes)


async def tell_below(props: Mapping[str, Any]) -> None:
    """Have the page show these `props` below the answer of their `id`, which it has already.

    Another element in Chainlit's list would make the page draw all messages anew, so it goes past that list.
    """
    await cl.send_window_message({BELOW: {**props, "at": time.time()}})


def _find_all_changes(backend: Backend, complete: Sequence[Mapping[str, Any]]) -> dict[str, list[Change]]:
    read_text = cache(partial(_read_text, backend))
    try:
        return {props["id"]: find_changes(props, read_text, props["missing"]) for props in complete}
    except RagError:  # there is no index just now, which the status line says
        return {}


def _list_missing(backend: Backend, props: Mapping[str, Any]) -> list[str]:
    try:
        return list_missing(props, partial(_read_text, backend))
    except RagError:
        return []


def _read_text(backend: Backend, source: str) -> str | None:
    """A document's text as the search reads it; None if there is no such document."""
    chunks = backend.index.read(
        lambda held: held.read_source_chunks(source) if held.find_document(source) is not None else None
    )
    if chunks is None:
        return None
    return remove_invisible("\n".join(one.chunk.text[one.chunk.overlap :] for one in chunks))
