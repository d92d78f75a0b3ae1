"""Chainlit's web server with what our page adds to it, the backend behind it, and what a chat keeps on it.

Everything that must outlive a reload of the code (``chainlit run -w``) is kept in the server's own `state`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import sys
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import chainlit as cl
import chainlit.cli
import chainlit.config
import chainlit.server
import chainlit.socket
from chainlit.auth import get_current_user
from chainlit.chat_context import chat_contexts
from chainlit.config import config
from chainlit.server import app as server
from chainlit.server import sio
from chainlit.session import WebsocketSession
from chainlit.types import MessagePayload

from page.access.gate import Gate
from page.access.hosts import (
    KnownHostsOnly,
    allow_origins,
    is_loopback,
    list_names,
    list_origins,
    require_free_port,
    require_password,
)
from page.access.login import EndedLogins, LimitTries, distrust_callers, make_signing_secret
from page.access.prefix import PutPrefix, TakePrefix, read_prefix
from page.access.tagging import TagRequests
from page.addresses.conversations import CONVERSATION_ROUTES
from page.addresses.programs import make_program_routes
from page.addresses.uploads import ROUTES
from page.conversations.history import History
from page.conversations.layer import describe
from page.conversations.live import (
    Answers,
    catch_up,
    follow_other_server,
    name_room,
    read_kept,
    share_events,
    show_running,
    take_message,
)
from page.errors import say_error
from page.library.addresses import LIBRARY_ROUTES
from page.logins import admit, find_reader, is_logged_in
from page.reader.addresses import READER_ROUTES
from page.texts import ENGLISH, read_help, translate
from page.view import remove_foreign_links
from rag import cli
from rag.errors import RagError
from rag.index.index import Index
from rag.private import make_process_folder, write_privately
from rag.settings import Settings

if TYPE_CHECKING:
    from page.backend import Backend

logger = logging.getLogger(__name__)

# Chainlit would send chats to these services, or answer there, for no more than a variable left in the environment.
FOREIGN_SERVICES = ("LITERAL_API_KEY", "DATABASE_URL", "DISCORD_BOT_TOKEN", "SLACK_BOT_TOKEN")

ASSETS = Path(__file__).with_name("assets")
"""Chainlit's settings for our page, the text of its "Readme", and what the browser loads."""

# What a page of ours never says; Chainlit would act on it all the same.
UNUSED_EVENTS = ("message_favorite", "fetch_favorites", "audio_start", "audio_chunk", "audio_end")

_BACK_WITHIN_S = 60.0
"""How long what was attached and not sent is kept for a page that lost its connection."""


# Before the server starts


def prepare_server() -> None:
    """Make the server ours before it starts; a wrong setting or a taken port ends the process with one sentence.

    Does nothing when the code is loaded again, or by another command than ``chainlit run``.
    """
    if not config.run.module_name:
        return
    _use_own_assets()
    if hasattr(server.state, "settings"):
        return
    _quiet_terminal()
    for name in FOREIGN_SERVICES:
        os.environ.pop(name, None)
    try:
        settings = Settings.load()
        require_password(config.run.host, settings)
        names = list_names(config.run.host, settings)
        list_origins(settings)
        require_free_port(config.run.host, config.run.port)
        _prepare_folders(settings)
    except RagError as error:
        print(error, file=sys.stderr)  # noqa: T201 (a command line's own message)
        sys.exit(error.exit_code)
    if settings.log_level == "debug":
        cli.show_debug(settings)
    cli.keep_log(settings)
    _add_page(settings, names)


def _use_own_assets() -> None:
    """Chainlit would take its settings, texts and pictures from the folder in which it was started."""
    for module in (chainlit.config, chainlit.server):
        vars(module).update(APP_ROOT=str(ASSETS), public_dir=str(ASSETS / "public"))
    chainlit.config.config_file = str(ASSETS / "config.toml")
    chainlit.config.config_translation_dir = chainlit.config.TRANSLATIONS_DIR
    vars(chainlit.cli).update(init_markdown=lambda root: None)  # it would write a file there
    vars(chainlit.server).update(get_markdown_str=lambda root, language: read_help(language))
    load = chainlit.config.ChainlitConfig.load_translation
    chainlit.config.ChainlitConfig.load_translation = (  # type: ignore[method-assign]  # it knows no other way
        lambda self, language: translate(language, load(self, language))
    )
    settings = chainlit.config.load_settings()
    config.project, config.features, config.ui = (settings[name] for name in ("project", "features", "ui"))
    for link in config.ui.header_links or ():
        link.url, link.icon_url = read_prefix() + link.url, read_prefix() + link.icon_url


def _quiet_terminal() -> None:
    """Show what a user should read: Chainlit has all loggers at INFO, and warns of each language without a readme."""
    logging.getLogger().setLevel(logging.WARNING)
    chainlit_logger = logging.getLogger("chainlit")
    chainlit_logger.setLevel(logging.INFO)
    chainlit_logger.addFilter(lambda record: not record.getMessage().startswith("Trans"))


def _prepare_folders(settings: Settings) -> None:
    """Give this server a folder of its own for uploads, and a secret for logins if it has a password.

    Two servers of one folder would otherwise share Chainlit's ``.files``, which each deletes when it stops.
    """
    write_privately()
    chainlits_own = chainlit.config.FILES_DIRECTORY
    try:
        chainlit.config.FILES_DIRECTORY = make_process_folder(Index(settings.index_dir).uploads_dir)
        if settings.password:
            distrust_callers()
        if settings.password or settings.keeps_history:
            os.environ["CHAINLIT_AUTH_SECRET"] = make_signing_secret(settings.index_dir / "page", settings.password)
    except OSError as error:
        raise RagError(
            f"{settings.index_dir} can't be written ({error.strerror}). Check its rights and the free space, or set"
            " RAG_INDEX_DIR to another folder."
        ) from error
    with contextlib.suppress(OSError):  # it isn't empty: a server of another version uses it
        chainlits_own.rmdir()
    chainlit.server.FILES_DIRECTORY = chainlit.config.FILES_DIRECTORY  # type: ignore[attr-defined]  # imported there, not exported


def _add_page(settings: Settings, names: frozenset[str]) -> None:
    make_html: Callable[[str], str] = chainlit.server.get_html_template
    login = " data-pw-login" if settings.password else ""
    chainlit.server.get_html_template = lambda root_path: remove_foreign_links(make_html(root_path)).replace(
        "<html", f"<html{login}", 1
    )
    # The prefix of Chainlit's own routes, which they lack where its server was imported before it was known.
    made_with = chainlit.server.SOCKET_IO_PATH.removesuffix("/ws/socket.io")
    ours = [*ROUTES, *CONVERSATION_ROUTES, *READER_ROUTES, *LIBRARY_ROUTES, *make_program_routes()]
    server.routes[:0] = ours
    uploads = config.features.spontaneous_file_upload
    largest = (uploads.max_size_mb if uploads and uploads.max_size_mb else 0) * 1_000_000
    # The middleware that is added last is the first to see a request.
    server.add_middleware(PutPrefix, prefix=made_with, ours=ours)
    logged_in = is_logged_in if settings.password else None
    server.add_middleware(Gate, is_logged_in=logged_in, largest_upload=largest, say=say_error)
    server.add_middleware(LimitTries, password=settings.password)
    origins = list_origins(settings)
    server.add_middleware(KnownHostsOnly, names=names, any_address=not is_loopback(config.run.host), origins=origins)
    allow_origins(server, origins)
    server.add_middleware(TakePrefix, prefix=read_prefix())
    server.add_middleware(TagRequests)
    sio.on("connection_successful", _greet)
    sio.on("client_message", take_message)
    sio.on("stop", _stop)
    sio.on("edit_message", _take_edited)
    config.features.edit_message = settings.keeps_history
    for event in UNUSED_EVENTS:
        del sio.handlers["/"][event]
    server.state.settings = settings
    server.state.history = _open_history(settings)
    server.state.ended = EndedLogins(settings.index_dir / "page" / "ended", config.project.user_session_timeout)


def _open_history(settings: Settings) -> History | None:
    """The conversations, if they are to be kept: Chainlit wants a user for that, who is the same for all pages."""
    if not settings.keeps_history:
        return None
    server.dependency_overrides[get_current_user] = find_reader
    vars(chainlit.socket).update(_authenticate_connection=admit)
    return History(settings.index_dir / "page" / "conversations.sqlite3")


async def _greet(sid: str) -> None:
    """Take a page's connection as Chainlit does, and show it what is being written in its conversation."""
    session, history = WebsocketSession.get(sid), get_history()
    shown = await read_kept(history, session.thread_id_to_resume) if session else None
    await chainlit.socket.connection_successful(sid)
    session = WebsocketSession.get(sid)
    if session is None:
        return
    if session.thread_id_to_resume and not session.has_first_interaction:  # it was deleted
        session.thread_id, session.thread_id_to_resume = str(uuid.uuid4()), None
    await share_events(session)
    if session.restored:
        await server.state.on_reconnect()
    if history and shown:
        await catch_up(session, history, shown)
    await show_running(session, get_answers())
    if session.thread_id_to_resume:
        await server.state.when_shown()
    if history and session.has_first_interaction:
        await follow_other_server(session, history)


async def _take_edited(sid: str, payload: MessagePayload) -> None:
    """Ask an edited question in place of what it was, and of all that followed."""
    session, history = WebsocketSession.get(sid), get_history()
    if session and history:
        identity = str(payload["message"]["id"])
        await history.write(lambda database: database.forget_from(session.thread_id, identity))
        if thread := await history.read(lambda database: database.read(session.thread_id), otherwise=None):
            await sio.emit("resume_thread", describe(thread), to=name_room(session.thread_id), skip_sid=sid)
        await sio.emit("update_message", payload["message"], to=sid)
        await take_message(sid, payload)


async def _stop(sid: str) -> None:
    """End what is being written in the page's conversation, be it asked by another page."""
    if session := WebsocketSession.get(sid):
        writing = [answer.task for answer in get_answers().find(session.thread_id) if answer.task]
        for task in writing or [session.current_task]:
            if task:
                task.cancel()


# The settings and the backend


def get_settings() -> Settings:
    settings: Settings = server.state.settings
    return settings


def get_history() -> History | None:
    """The conversations; None if they aren't kept."""
    history: History | None = getattr(server.state, "history", None)
    return history


def get_answers() -> Answers:
    """The answers that are being written."""
    if not hasattr(server.state, "answers"):
        server.state.answers = Answers()
    answers: Answers = server.state.answers
    return answers


def start_backend() -> None:
    """Build the backend in the background, so that the page opens at once."""
    keep_generators_closing(asyncio.get_running_loop())
    server.state.backend = asyncio.ensure_future(asyncio.to_thread(_open_backend, get_settings()))


def keep_generators_closing(loop: asyncio.AbstractEventLoop) -> None:
    """Have the running loop close each asynchronous generator that nobody holds any more, as asyncio always does.

    Chainlit replaces asyncio's runner (by nest_asyncio), and with it this is lost: Python then closes them outside of
    any task, and a stream of httpx that is dropped after its last event prints a traceback.
    """

    def close(generator: AsyncGenerator[object, object]) -> None:
        loop.call_soon_threadsafe(lambda: loop.create_task(generator.aclose()))

    sys.set_asyncgen_hooks(finalizer=close)


def _open_backend(settings: Settings) -> Backend:
    # All are slow, so they are loaded here and not on the event loop.
    import page.reply  # noqa: F401 (for the first question)
    import rag.answering.checking
    import rag.answering.marker_forms  # noqa: F401 (as the one above, for the first answer)
    from page.backend import Backend

    try:
        backend = Backend(settings)
        backend.start()
    except Exception:
        logger.exception("The service could not start")
        raise
    return backend


async def wait_for_backend() -> Backend:
    """The backend, as soon as it is built. Raises what kept it from being built."""
    backend: Backend = await asyncio.shield(server.state.backend)
    return backend


def get_backend_if_built() -> Backend | None:
    """The backend; None while it is being built, and if it could not be built."""
    built: asyncio.Future[Backend] = server.state.backend
    return built.result() if built.done() and not built.exception() else None


async def close_backend() -> None:
    backend = await wait_for_backend()
    await asyncio.to_thread(backend.close)


# Chats


def call_on_reconnect(callback: Callable[[], Awaitable[None]]) -> None:
    """Have `callback` called, within the chat, whenever a page is back that had lost its connection.

    Chainlit has no such event.
    """
    server.state.on_reconnect = callback


def call_when_shown(callback: Callable[[], Awaitable[None]]) -> None:
    """Have `callback` called, within the chat, when a page has been shown a kept conversation."""
    server.state.when_shown = callback


def get_language() -> str:
    """What this chat's browser wants to read, as a language tag: for `say`."""
    session = cl.context.session
    return str(session.language) if isinstance(session, WebsocketSession) else ENGLISH


def discard_uploads(message: cl.Message) -> None:
    """Delete the copies that came with a message, once their documents are in the folder or were refused."""
    for file in message.elements:
        cl.context.session.files.pop(file.id, None)
        with contextlib.suppress(OSError):  # after a stop it may be read still; then it goes with the chat
            Path(file.path or "").unlink()


def forget_messages() -> None:
    """Let go of this chat's messages, which Chainlit would keep for ever: it holds them for apps that hand all of them
    to a model, and ours keeps its own few turns.
    """
    chat_contexts.pop(cl.context.session.id, None)


def release_session() -> None:
    """Let go of what a chat doesn't need while its page is away, whether that comes back or not.

    Chainlit keeps the chat for an hour, and with it the connection's buffers: 90 kB each. What was attached and not
    sent is deleted, unless the page is back in a minute.
    """
    if session := WebsocketSession.get_by_id(cl.context.session.id):
        session.environ = {name: value for name, value in session.environ.items() if isinstance(value, str)}
        asyncio.get_running_loop().call_later(_BACK_WITHIN_S, _discard_unsent, session, session.socket_id)


def _discard_unsent(session: WebsocketSession, socket_id: str) -> None:
    if session.socket_id == socket_id:  # a page that came back has another
        session.files.clear()
        shutil.rmtree(session.files_dir, ignore_errors=True)
