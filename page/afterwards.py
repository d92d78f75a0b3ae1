"""What stands below a complete answer: the question again, what might be asked next, and what has changed since."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import chainlit as cl

from page.conversations.aging import Change, find_changes, list_missing
from page.conversations.database import Conversation
from page.conversations.history import History
from page.conversations.reading import SOURCES
from page.suggestions import suggest_topics
from rag.errors import RagError
from rag.text.hostile import remove_invisible

if TYPE_CHECKING:
    from page.backend import Backend

_NAME = "Afterwards"
_NO_FILE = "#"
_TOLD = "told"
"""Where a page's session keeps the changes that it was told of, by their answers."""


async def show_afterwards(
    answer_id: str, question: str, props: Mapping[str, Any], backend: Backend, history: History | None
) -> None:
    """Show it below the answer, which has `props` as its sources; with a history, keep it there."""
    missing = await asyncio.to_thread(_list_missing, backend, props) if history else []
    shown = {"question": question, "changes": [], "missing": missing, "topics": suggest_topics(props)}
    element = cl.CustomElement(name=_NAME, props=shown, url=_NO_FILE, for_id=answer_id)
    await element.send(for_id=answer_id)
    if history:
        kept, conversation = dict(element.to_dict()), element.thread_id
        await history.write(lambda database: database.keep_element(conversation, kept))


async def tell_changes(backend: Backend, history: History) -> None:
    """Show below each answer of this page's conversation what has changed of its quotes since it was written."""
    thread_id = cl.context.session.thread_id
    found = await history.read(lambda database: database.read(thread_id), otherwise=None)
    if found is None:
        return
    told: dict[str, list[Change]] = cl.user_session.get(_TOLD, {})
    changes = await asyncio.to_thread(_find_all_changes, backend, found)
    for element in found.elements:
        answer_id = str(element.get("forId"))
        now = changes.get(answer_id, [])
        if element.get("name") == _NAME and now != told.get(answer_id, []):
            await cl.context.emitter.emit("element", element | {"props": element["props"] | {"changes": now}})
    cl.user_session.set(_TOLD, changes)


def _find_all_changes(backend: Backend, conversation: Conversation) -> dict[str, list[Change]]:
    read_text = cache(partial(_read_text, backend))
    below = {str(one["forId"]): one["props"] for one in conversation.elements if one.get("name") == SOURCES}
    afterwards = {str(one["forId"]): one["props"] for one in conversation.elements if one.get("name") == _NAME}
    try:
        return {
            answer: find_changes(below[answer], read_text, props["missing"])
            for answer, props in afterwards.items()
            if answer in below
        }
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
