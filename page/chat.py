"""The chat page: Chainlit's events in, messages out. Chainlit loads it by ``app.py`` or ``page/assets/start.py``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chainlit as cl
from chainlit.data import get_data_layer

from page.beside import SECOND, ask_too, begin_second, choose_second, find_second, show_second, stop_one
from page.conversations.layer import ConversationLayer
from page.conversations.live import tell_deleted
from page.errors import say_error
from page.filtering.filters import describe_restriction, read_restriction
from page.filtering.panel import (
    ATTACHED,
    choose_documents,
    find_restriction,
    offer_filters,
    read_chosen_filters,
    remember_attached,
    show_filter,
)
from page.logins import admit_anybody, check_login, end_login, needs_login
from page.markdown import escape_markdown
from page.models.tuning import read_tuning
from page.server import (
    call_on_reconnect,
    call_when_shown,
    close_backend,
    discard_uploads,
    forget_messages,
    get_answers,
    get_backend_if_built,
    get_history,
    get_language,
    get_settings,
    prepare_server,
    release_session,
    start_backend,
    wait_for_backend,
)
from page.starters import make_starters
from page.stopping import limit_stop
from page.texts import say
from page.turns import keep_answer, read_turns, remember_turn
from page.view import make_address
from rag.errors import IndexMissingError, RagError, SettingsError
from rag.logs.steps import begin_request
from rag.processes import end_orderly_on_hangup
from rag.text.hostile import remove_invisible

if TYPE_CHECKING:
    from chainlit.types import ThreadDict

    from page.backend import Backend
    from page.reply import Reply

logger = logging.getLogger(__name__)

SAMPLES = {
    "kettle-manual.pdf": "What does error E2 of the kettle mean?",
    "staff-handbook.md": "How many unused holidays may be carried into the next year?",
    "tram-line-7.html": "What does a single ticket for the tram cost?",
}
"""Questions for a first try of the samples, each shown while the one that answers it is in the corpus."""

ASK_ONLY = "pwOnly"
"""Under which name a message of the page has the documents that were chosen in the library."""

ASK_TOO, CHOOSE_SECOND, STOP_ONE, KEEP_ONE = "pwAskToo", "pwSecond", "pwStop", "pwKeep"
"""The same for what it wants of two answers side by side."""

CORPUS_CHANGED = "pw-corpus-changed"
"""What page.js says when other documents are indexed than before."""


@cl.on_app_startup
async def on_app_startup() -> None:
    limit_stop()
    end_orderly_on_hangup()
    start_backend()


@cl.on_app_shutdown
async def on_app_shutdown() -> None:
    await close_backend()


@cl.set_starters
async def set_starters(_: cl.User | None, language: str | None) -> list[cl.Starter]:
    """Offer questions for a first try: those of the samples, else some made of the documents."""
    folder = get_settings().corpus_dir
    texts = [text for source, text in SAMPLES.items() if (folder / source).is_file()]
    if not texts and (backend := get_backend_if_built()):
        texts = make_starters(await asyncio.to_thread(backend.read_outlines), language or "")
    return [cl.Starter(text, text) for text in texts]


@cl.on_chat_start
async def on_chat_start() -> None:
    await show_filter("")
    await show_second()
    # Not awaited, since the page takes no question while this handler runs; a task must be kept by somebody.
    cl.user_session.set("offering", asyncio.create_task(_offer_filters()))


@cl.on_chat_end
async def on_chat_end() -> None:
    """A tab was closed or its connection was lost.

    Where conversations are kept, its answer goes on, to be read later. Otherwise nobody reads on, so no model need
    write on.
    """
    if not get_history():
        for reply in _get_replies():
            reply.break_off(say(get_language(), "answer.lost"))
    forget_messages()
    release_session()


async def on_reconnect() -> None:
    """The page is back, after a while without network; show it what became of its last answers."""
    if thread := await _find_thread():
        await cl.context.emitter.resume_thread(thread)
    for reply in [reply for reply in _get_replies() if reply.broken_off]:
        get_answers().discard(cl.context.session.thread_id, reply)
        await reply.finish()


async def on_chat_resume(thread: ThreadDict) -> None:
    """A kept conversation was opened: its filters are this page's, too."""
    attached = (thread["metadata"] or {}).get(ATTACHED, ())
    cl.user_session.set(ATTACHED, tuple(attached))
    await choose_second((thread["metadata"] or {}).get(SECOND))
    with contextlib.suppress(SettingsError):  # the status line says so
        await _show_chosen_filter()
    cl.user_session.set("offering", asyncio.create_task(_offer_filters()))


@cl.on_window_message
async def on_window_message(message: object) -> None:
    if message == CORPUS_CHANGED:
        await _offer_filters()
        await _tell_changes()
    elif isinstance(message, dict) and ASK_ONLY in message:
        choose_documents(message[ASK_ONLY])
        await on_settings_update({})
    elif isinstance(message, dict):
        await _take_wish(message)


async def _take_wish(message: dict[str, Any]) -> None:
    """Do what the page wants of two answers side by side."""
    if STOP_ONE in message:
        stop_one(message[STOP_ONE])
    elif KEEP_ONE in message:
        await keep_answer(message[KEEP_ONE])
    elif CHOOSE_SECOND in message:
        await choose_second(message[CHOOSE_SECOND])
        await _keep_filters(also_none=True)
    elif isinstance(ask := message.get(ASK_TOO), dict):
        try:
            await ask_too(await wait_for_backend(), ask)
        except RagError as error:
            await _show_error(error)


@cl.on_settings_update
async def on_settings_update(_: dict[str, Any]) -> None:
    try:
        read_tuning(get_settings(), read_chosen_filters(), get_language())
        await _keep_filters()
        await _show_chosen_filter()
        await find_restriction(await wait_for_backend(), read_chosen_filters(), get_language())
    except RagError as error:
        await _show_error(error)


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """First the attached files become documents, then the question is answered."""
    # These are slow, and not needed to open the page.
    from page.asked import read_asked
    from page.reply import Reply

    request = begin_request()
    await _name_by_files(message)
    reply = Reply(get_history(), get_language())
    beside: set[asyncio.Task[None]] = set()
    get_answers().add(message.thread_id, reply)
    try:
        backend = await wait_for_backend()
        await _add_documents(backend, message)
        await _keep_filters()
        if message.content or not message.elements:
            asked = read_asked(message.content, message.metadata, read_chosen_filters(), await read_turns())
            only = await find_restriction(backend, asked.filters, get_language())
            if second := find_second(backend):
                reply.on_model = partial(begin_second, backend, second, reply, only, beside)
            await reply.stream_answer(backend, asked, only)
    except IndexMissingError:
        await _show_error(backend.explain_missing_index())
    except RagError as error:
        await _show_error(error)
    except Exception as error:  # Chainlit would print it and leave the page without an answer
        logger.exception("A message failed")
        reason = escape_markdown(str(error))
        await cl.ErrorMessage(say(get_language(), "went.wrong.logged", reason=reason, request=request)).send()
    finally:
        remember_turn(message.content, reply)
        await reply.finish()
        forget_messages()
        if get_history() or not reply.broken_off:
            get_answers().discard(message.thread_id, reply)
        if beside:
            await asyncio.wait(beside)


async def _show_error(told: object) -> None:
    await cl.ErrorMessage(escape_markdown(say_error(get_language(), str(told)))).send()


async def _name_by_files(message: cl.Message) -> None:
    """Name a conversation that begins with files alone after them; Chainlit would list it when something is written."""
    history, conversation = get_history(), message.thread_id
    if history and message.elements and not message.content:
        title = ", ".join(remove_invisible(file.name) for file in message.elements)
        await history.write(lambda database: database.name(conversation, title, is_first=True))
        await cl.context.emitter.emit("first_interaction", {"interaction": title, "thread_id": conversation})


async def _add_documents(backend: Backend, message: cl.Message) -> None:
    """Make documents of the attached files and say what became of each; this chat's filters leave them in.

    The message then leads to the documents in place of the uploaded copies.
    """
    try:
        for file in message.elements:
            added = await asyncio.to_thread(backend.add_document, file.name, Path(file.path or ""), get_language())
            if added.is_kept:
                remember_attached(added.source)
                file.url, file.chainlit_key = make_address(added.source), None
                await file.send(for_id=message.id)
            await cl.Message(added.outcome).send()
    finally:
        discard_uploads(message)


async def _keep_filters(*, also_none: bool = False) -> None:
    """Keep this chat's filters, its second model, and the documents that came with it, for when it is opened again."""
    history, session = get_history(), cl.context.session
    chosen, attached, second = read_chosen_filters(), cl.user_session.get(ATTACHED, ()), cl.user_session.get(SECOND)
    if history and session.has_first_interaction and (chosen or attached or second or also_none):
        settings = {"chat_settings": dict(chosen), ATTACHED: list(attached), SECOND: second}
        await history.write(lambda database: database.keep_settings(session.thread_id, settings))


async def _show_chosen_filter() -> None:
    """Say which filter is chosen. Raises SettingsError for one that can't be."""
    try:
        only = read_restriction(read_chosen_filters())
    except SettingsError:
        await show_filter(say(get_language(), "filter.attention"))
        raise
    documents = describe_restriction(only, get_language()) if only else ""
    await show_filter(say(get_language(), "filter.only", documents=documents) if only else "")


async def _find_thread() -> ThreadDict | None:
    layer = get_data_layer()
    return await layer.get_thread(cl.context.session.thread_id) if layer else None


async def _leave_deleted(conversation: str) -> None:
    """A conversation is deleted: end what is written in it, and have the pages that show it leave."""
    for reply in get_answers().find(conversation):
        reply.break_off("deleted")
    await tell_deleted(conversation)


def _get_replies() -> list[Reply]:
    """The replies of this chat that are being written, and those that a lost connection broke off."""
    return get_answers().find(cl.context.session.thread_id)


async def _tell_changes() -> None:
    """Say what has changed of the answers on the page, as soon as there is a backend; see `_offer_filters`."""
    from page.afterwards import tell_changes

    if (backend := get_backend_if_built()) and (history := get_history()):
        await tell_changes(backend, history)


async def _offer_filters() -> None:
    """Offer the filters, unless there is no backend yet: the page asks again as soon as there is a status."""
    if backend := get_backend_if_built():
        await offer_filters(backend, get_language())


prepare_server()
if needs_login():
    cl.password_auth_callback(check_login)
    cl.on_logout(end_login)
call_on_reconnect(on_reconnect)
call_when_shown(_tell_changes)
if kept_history := get_history():
    layer = ConversationLayer(kept_history, _leave_deleted)
    cl.data_layer(lambda: layer)
    cl.on_chat_resume(on_chat_resume)
    if not needs_login():
        cl.header_auth_callback(admit_anybody)
