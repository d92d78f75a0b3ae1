"""The chat page: Chainlit's events in, messages out. Run it with ``uv run chainlit run app.py``."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chainlit as cl
import chainlit.server
from chainlit.config import config
from chainlit.input_widget import InputWidget, Select, TextInput
from chainlit.server import app as server
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from page.filters import EVERY_FOLDER, EVERY_TYPE, Choices, restriction_of
from page.loopback import LoopbackOnly
from page.view import corpus_file, marker, source_cards, with_markers, without_foreign_links
from rag.answering.citations import cite_sources
from rag.errors import QuestionError, RagError
from rag.settings import Settings
from rag.types import Citation, Restriction, ScoredChunk

if TYPE_CHECKING:
    from page.service import Service
    from rag.answering.followup import Turn
    from rag.answering.report import AnswerReport

logger = logging.getLogger(__name__)

# Chainlit takes this folder off the path once the module is loaded; late imports and worker processes need it.
sys.path.append(str(Path(__file__).parent))

# Chainlit would send chats to these services, or answer there, for no more than a variable left in the environment.
FOREIGN_SERVICES = ("LITERAL_API_KEY", "DATABASE_URL", "DISCORD_BOT_TOKEN", "SLACK_BOT_TOKEN")

STARTERS = {
    "kettle-manual.pdf": "What does error E2 of the kettle mean?",
    "staff-handbook.md": "How many unused holidays may be carried into the next year?",
    "tram-line-7.html": "What does a single ticket for the tram cost?",
}
"""Questions for a first try, each shown while the sample that answers it is in the corpus."""

TURNS = "turns"
"""Where a chat's session keeps its conversation; a new chat begins without."""

CHOICES = "choices"
"""Where it keeps what its filters were last offered."""

CORPUS_CHANGED = "pw-corpus-changed"
"""What page.js says when other documents are indexed than before."""

SHOW_EVERY_S = 0.04
"""Tokens that come faster are shown together: page and browser go over the whole answer each time."""


# ------------------------------------------------------------------------------------------------ wiring


def open_service(settings: Settings) -> Service:
    from page.service import Service

    try:
        service = Service(settings)
        service.start()
    except Exception:
        logger.exception("The service could not start")
        raise
    return service


async def service_of() -> Service:
    """The service, as soon as it is built. Raises what kept it from being built."""
    service: Service = await asyncio.shield(server.state.service)
    return service


@cl.on_app_startup
async def start() -> None:
    server.state.service = asyncio.ensure_future(asyncio.to_thread(open_service, server.state.settings))


@cl.on_app_shutdown
async def stop() -> None:
    service = await service_of()
    await asyncio.to_thread(service.close)


# ------------------------------------------------------------------------------------------------ chat


@cl.set_starters  # type: ignore[arg-type]
async def starters() -> list[cl.Starter]:
    folder: Path = server.state.settings.corpus_dir
    return [cl.Starter(text, text) for source, text in STARTERS.items() if (folder / source).is_file()]


@cl.on_message
async def on_message(message: cl.Message) -> None:
    reply = Reply()
    try:
        service = await service_of()
        for file in message.elements:
            outcome = await asyncio.to_thread(service.add_document, file.name, Path(file.path or ""))
            await cl.Message(outcome).send()
        if message.content or not message.elements:
            only = await filtered(service)
            await reply.say(service, message.content, cl.user_session.get(TURNS, ()), only)
    except RagError as error:
        await cl.ErrorMessage(str(error)).send()
    except Exception as error:  # Chainlit would print it and leave the page without an answer
        logger.exception("A message failed")
        await cl.ErrorMessage(f"That went wrong ({error}). The terminal says more; please try again.").send()
    finally:
        _remember(message.content, reply)
        await reply.finish()


def _remember(question: str, reply: Reply) -> None:
    """Keep the turn for follow-ups, be its answer cut short; a question without an answer is none."""
    from rag.answering.followup import Turn, add_turn

    if reply.text:
        turn = Turn(reply.searched_for or question, reply.text)
        cl.user_session.set(TURNS, add_turn(cl.user_session.get(TURNS, ()), turn))


class Reply:
    """One answer on the page: its text as it streams, and below it the sources that its markers open."""

    def __init__(self) -> None:
        self.message = cl.Message("")
        self.sources = cl.CustomElement(name="Sources", props={})
        self.text = ""
        self.shown_at = 0.0
        self.hits: tuple[ScoredChunk, ...] = ()
        self.citations: tuple[Citation, ...] = ()
        self.searched_for = ""
        self.searched_in = ""
        self.notices: list[str] = []
        self.made_by = ""

    async def say(self, service: Service, question: str, turns: Sequence[Turn], only: Restriction | None) -> None:
        from rag.answering.answer import answer

        self.searched_in = only.description if only else ""
        events = answer(
            question,
            retrieve=service.retriever.retrieve,
            router=service.router,
            settings=service.settings,
            only=only,
            turns=turns,
            around=service.around,
        )
        async with aclosing(events):
            async for event in events:
                await self._show(event)

    async def _show(self, event: object) -> None:
        from rag.answering.events import Citations, Done, Notice, Retrieved, Rewritten, Shown, Token

        match event:
            case Rewritten(question):
                self.searched_for = question
            case Retrieved(retrieval):
                await self._offer(retrieval.hits)
            case Shown(hits):
                self.hits = hits
                await self._send_sources()
            case Notice(text, brief):
                self.notices.append(brief or text)
            case Token(text):
                self.text += text
                await self._stream()
            case Citations(citations):
                self.citations = citations
            case Done(report):
                self.made_by = _made_by(report)

    async def _stream(self) -> None:
        if time.monotonic() - self.shown_at < SHOW_EVERY_S:
            return
        self.shown_at = time.monotonic()
        shown = with_markers(self.text, len(self.hits), is_streaming=True)
        await self.message.stream_token(shown[len(self.message.content) :])

    async def finish(self) -> None:
        """Also after a stop or an error: what was said stays, with its sources."""
        if self.text:
            self.citations = self.citations or cite_sources(self.text, self.hits)
            self.message.content = with_markers(self.text, len(self.hits))
            await self.message.send()
            await self._send_sources()

    async def _offer(self, hits: tuple[ScoredChunk, ...]) -> None:
        """Make the markers work from the first token on: Chainlit links an element's name where it stands."""
        self.hits = hits
        for number, hit in enumerate(hits, start=1):
            passage = cl.Text(name=marker(number), content=hit.chunk.text, display="page")
            await passage.send(for_id=self.message.id)
        await self._send_sources()

    async def _send_sources(self) -> None:
        self.sources.props = {
            "id": self.message.id,
            "sources": source_cards(self.hits, self.citations),
            "cited": [citation.number for citation in self.citations],
            "searchedFor": self.searched_for,
            "searchedIn": self.searched_in,
            "notices": self.notices,
            "madeBy": self.made_by,
        }
        await self.sources.send(for_id=self.message.id)


def _made_by(report: AnswerReport) -> str:
    total = report.milliseconds["total"]
    return f"{report.model or 'Quotes'} · {f'{total / 1000:.1f} s' if total >= 1000 else f'{total:.0f} ms'}"


# ------------------------------------------------------------------------------------------------ filters


@cl.on_chat_start
async def on_chat_start() -> None:
    await show_filter("")
    # Not awaited, since the page takes no question while this handler runs; a task must be kept by somebody.
    cl.user_session.set("offering", asyncio.create_task(offer_filters()))


@cl.on_window_message
async def on_window_message(message: object) -> None:
    if message == CORPUS_CHANGED:
        await offer_filters()


@cl.on_settings_update
async def on_settings_update(_: dict[str, Any]) -> None:
    await show_filter("Filters need attention")
    try:
        only = restriction_of(chosen_filters())
        await show_filter(f"Only {only.description}" if only else "")
        await filtered(await service_of())
    except RagError as error:
        await cl.ErrorMessage(str(error)).send()


def chosen_filters() -> Mapping[str, object]:
    chosen: Mapping[str, object] = cl.user_session.get("chat_settings") or {}
    return chosen


async def filtered(service: Service) -> Restriction | None:
    """What this chat keeps to. Raises SettingsError for a wrong date, QuestionError if it leaves no document."""
    only = restriction_of(chosen_filters())
    is_emptied: bool = only is not None and await asyncio.to_thread(service.is_emptied_by, only)
    if only and is_emptied:
        raise QuestionError(
            f"There are no {only.description}. Change or clear the filters: the gear below the question."
        )
    return only


async def show_filter(text: str) -> None:
    """In the status line of this page."""
    await cl.send_window_message({"pwFilter": text})


async def offer_filters() -> None:
    """Put what the index holds now into the page's filters, and leave what was chosen."""
    built: asyncio.Future[Service] = server.state.service
    if not built.done() or built.exception():  # the page asks again as soon as there is a status
        return
    choices = await asyncio.to_thread(built.result().choices)
    if choices != cl.user_session.get(CHOICES):
        cl.user_session.set(CHOICES, choices)
        await cl.ChatSettings(filter_inputs(choices, chosen_filters())).refresh()


def filter_inputs(choices: Choices, chosen: Mapping[str, object]) -> list[InputWidget]:
    folder, file_type = chosen.get("folder") or EVERY_FOLDER, chosen.get("type") or EVERY_TYPE
    folders = {"All folders": EVERY_FOLDER} | {f"{name}/": name for name in choices.folders}
    types = {"All types": EVERY_TYPE} | {f".{name}": name for name in choices.file_types}
    return [
        _select("folder", "Folder", folders, str(folder)),
        _select("type", "File type", types, str(file_type)),
        _date("since", "Since", "From then on", chosen),
        _date("until", "Until", "Up to then, that day, month or year included", chosen),
    ]


def _select(name: str, label: str, items: dict[str, str], value: str) -> Select:
    gone = {} if value in items.values() else {value: value}  # it is still what is searched
    return Select(id=name, label=label, items=items | gone, initial_value=value)


def _date(name: str, label: str, meaning: str, chosen: Mapping[str, object]) -> TextInput:
    description = f"{meaning}, by the document's own date, or its file's."
    given = str(chosen.get(name) or "")
    return TextInput(
        id=name, label=label, placeholder="2023, 2023-07 or 2023-07-31", description=description, initial=given
    )


# ------------------------------------------------------------------------------------------------ page


async def status(_: Request) -> Response:
    """What the status line shows."""
    try:
        service = await service_of()
    except Exception as error:  # whatever kept the service from being built is for the user to read
        return Response(f"The service could not start ({error}). The terminal says more.", 503)
    return JSONResponse(await asyncio.to_thread(service.status))


async def document(request: Request) -> Response:
    """A file of the corpus. Only a PDF is shown in the page's own origin; anything else could hold a script."""
    path = corpus_file(server.state.settings.corpus_dir, request.path_params["source"])
    if path is None:
        return Response("This document is not in the corpus folder any more.", 404)
    if path.suffix.lower() == ".pdf":
        return FileResponse(path, media_type="application/pdf")
    return FileResponse(path, filename=path.name, media_type="application/octet-stream")


def open_page(settings: Settings) -> None:
    page: Callable[[str], str] = chainlit.server.get_html_template
    chainlit.server.get_html_template = lambda root_path: without_foreign_links(page(root_path))
    server.routes[:0] = [Route("/status", status), Route("/corpus/{source:path}", document)]
    server.add_middleware(LoopbackOnly, host=config.run.host)
    server.state.settings = settings


def require_free_port(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise RagError(f"Port {port} of {host} can't be used ({error.strerror}). Choose another with --port.") from None


def quiet_terminal() -> None:
    """Chainlit has every library's logger at INFO on the terminal, and warns of each language without a readme."""
    logging.getLogger().setLevel(logging.WARNING)
    chainlit_logger = logging.getLogger("chainlit")
    chainlit_logger.setLevel(logging.INFO)
    chainlit_logger.addFilter(lambda record: not record.getMessage().startswith("Trans"))


def main() -> None:
    quiet_terminal()
    for name in FOREIGN_SERVICES:
        os.environ.pop(name, None)
    try:
        settings = Settings.load()
        require_free_port(config.run.host, config.run.port)
    except RagError as error:
        print(error, file=sys.stderr)  # noqa: T201 (a command line's own message)
        sys.exit(error.exit_code)
    open_page(settings)


# Once a server: `chainlit run -w` loads this module again whenever a file has changed.
if config.run.module_name and not hasattr(server.state, "settings"):
    main()
