"""The chat page: Chainlit's events in, messages out. Chainlit loads it by ``app.py`` or ``page/assets/start.py``."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chainlit as cl

from page.filtering.filters import read_restriction
from page.filtering.panel import (
    find_restriction,
    offer_filters,
    read_chosen_filters,
    remember_attached,
    show_filter,
)
from page.markdown import escape_markdown
from page.server import (
    call_on_reconnect,
    check_login,
    close_backend,
    discard_uploads,
    end_login,
    forget_messages,
    get_backend_if_built,
    get_settings,
    needs_login,
    prepare_server,
    release_session,
    start_backend,
    wait_for_backend,
)
from page.view import make_address
from rag.errors import IndexMissingError, RagError

if TYPE_CHECKING:
    from page.backend import Backend
    from page.reply import Reply

logger = logging.getLogger(__name__)

STARTERS = {
    "kettle-manual.pdf": "What does error E2 of the kettle mean?",
    "staff-handbook.md": "How many unused holidays may be carried into the next year?",
    "tram-line-7.html": "What does a single ticket for the tram cost?",
}
"""Questions for a first try, each shown while the sample that answers it is in the corpus."""

TURNS = "turns"
"""Where a chat's session keeps its conversation; a new chat begins without."""

REPLIES = "replies"
"""Where a chat's session keeps the replies that are being written, and those that a lost connection broke off."""

CONNECTION_LOST = "The connection to this page was lost, so the answer ends here. Ask again for the rest."

CORPUS_CHANGED = "pw-corpus-changed"
"""What page.js says when other documents are indexed than before."""


@cl.on_app_startup
async def on_app_startup() -> None:
    start_backend()


@cl.on_app_shutdown
async def on_app_shutdown() -> None:
    await close_backend()


@cl.set_starters
async def set_starters(_: cl.User | None) -> list[cl.Starter]:
    folder = get_settings().corpus_dir
    return [cl.Starter(text, text) for source, text in STARTERS.items() if (folder / source).is_file()]


@cl.on_chat_start
async def on_chat_start() -> None:
    await show_filter("")
    # Not awaited, since the page takes no question while this handler runs; a task must be kept by somebody.
    cl.user_session.set("offering", asyncio.create_task(_offer_filters()))


@cl.on_chat_end
async def on_chat_end() -> None:
    """A tab was closed or its connection was lost: nobody reads on, so no model need write on."""
    for reply in _get_replies():
        reply.break_off(CONNECTION_LOST)
    forget_messages()
    release_session()


async def on_reconnect() -> None:
    """The page is back, after a while without network; show it what became of its last answers."""
    for reply in [reply for reply in _get_replies() if reply.broken_off]:
        _get_replies().discard(reply)
        await reply.finish()


@cl.on_window_message
async def on_window_message(message: object) -> None:
    if message == CORPUS_CHANGED:
        await _offer_filters()


@cl.on_settings_update
async def on_settings_update(_: dict[str, Any]) -> None:
    await show_filter("Filters need attention")
    try:
        only = read_restriction(read_chosen_filters())
        await show_filter(f"Only {only.description}" if only else "")
        await find_restriction(await wait_for_backend(), read_chosen_filters())
    except RagError as error:
        await cl.ErrorMessage(escape_markdown(str(error))).send()


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """First the attached files become documents, then the question is answered."""
    # These are slow, and not needed to open the page.
    from page.asked import read_asked
    from page.reply import Reply

    reply = Reply()
    _get_replies().add(reply)
    try:
        backend = await wait_for_backend()
        await _add_documents(backend, message)
        if message.content or not message.elements:
            asked = read_asked(message.content, message.metadata, read_chosen_filters(), cl.user_session.get(TURNS, ()))
            only = await find_restriction(backend, asked.filters)
            await reply.stream_answer(backend, asked, only)
    except IndexMissingError:
        await cl.ErrorMessage(escape_markdown(backend.explain_missing_index())).send()
    except RagError as error:
        await cl.ErrorMessage(escape_markdown(str(error))).send()
    except Exception as error:  # Chainlit would print it and leave the page without an answer
        logger.exception("A message failed")
        await cl.ErrorMessage(
            f"That went wrong ({escape_markdown(str(error))}). The terminal says more; please try again."
        ).send()
    finally:
        _remember_turn(message.content, reply)
        await reply.finish()
        forget_messages()
        if not reply.broken_off:
            _get_replies().discard(reply)


async def _add_documents(backend: Backend, message: cl.Message) -> None:
    """Make documents of the attached files and say what became of each; this chat's filters leave them in.

    The message then leads to the documents in place of the uploaded copies.
    """
    try:
        for file in message.elements:
            added = await asyncio.to_thread(backend.add_document, file.name, Path(file.path or ""))
            if added.is_kept:
                remember_attached(added.source)
                file.url, file.chainlit_key = make_address(added.source), None
                await file.send(for_id=message.id)
            await cl.Message(added.outcome).send()
    finally:
        discard_uploads(message)


def _remember_turn(question: str, reply: Reply) -> None:
    """Keep a question and its answer for follow-ups, be the answer cut short; a question without one isn't kept.

    A question that is asked again takes the place of the one before.
    """
    from rag.answering.followup import Turn, add_turn

    if reply.text:
        turn = Turn(reply.searched_for or question, reply.text, reply.is_private, reply.sources)
        others = [other for other in cl.user_session.get(TURNS, ()) if other.question != turn.question]
        cl.user_session.set(TURNS, add_turn(others, turn))


def _get_replies() -> set[Reply]:
    """This chat's replies; see `REPLIES`."""
    replies: set[Reply] | None = cl.user_session.get(REPLIES)
    if replies is None:
        cl.user_session.set(REPLIES, replies := set())
    return replies


async def _offer_filters() -> None:
    """Offer the filters, unless there is no backend yet: the page asks again as soon as there is a status."""
    if backend := get_backend_if_built():
        await offer_filters(backend)


prepare_server()
if needs_login():
    cl.password_auth_callback(check_login)
    cl.on_logout(end_login)
call_on_reconnect(on_reconnect)
