"""The chat page: Chainlit's events in, messages out. Run it with ``uv run chainlit run app.py``."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import chainlit as cl
import chainlit.server
from chainlit.config import config
from chainlit.server import app as server
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from rag.citations import cited_sources
from rag.errors import RagError
from rag.loopback import LoopbackOnly
from rag.page import corpus_file, marker, source_cards, with_markers, without_foreign_links
from rag.settings import Settings
from rag.types import Citation, ScoredChunk

if TYPE_CHECKING:
    from ingest.service import Service
    from rag.answer import AnswerReport
    from rag.followup import Turn

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

SHOW_EVERY_S = 0.04
"""Tokens that come faster are shown together: page and browser go over the whole answer each time."""


# ------------------------------------------------------------------------------------------------ wiring


def open_service(settings: Settings) -> Service:
    from ingest.service import Service

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
            await reply.say(service, message.content, cl.user_session.get(TURNS, ()))
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
    from rag.followup import Turn, with_turn

    if reply.text:
        turn = Turn(reply.searched_for or question, reply.text)
        cl.user_session.set(TURNS, with_turn(cl.user_session.get(TURNS, ()), turn))


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
        self.notices: list[str] = []
        self.made_by = ""

    async def say(self, service: Service, question: str, turns: Sequence[Turn]) -> None:
        from rag.answer import answer

        events = answer(
            question,
            retrieve=service.retriever.retrieve,
            router=service.router,
            settings=service.settings,
            turns=turns,
            around=service.around,
        )
        async with aclosing(events):
            async for event in events:
                await self._show(event)

    async def _show(self, event: object) -> None:
        from rag.answer import Citations, Done, Notice, Retrieved, Rewritten, Shown, Token

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
            self.citations = self.citations or cited_sources(self.text, self.hits)
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
            "notices": self.notices,
            "madeBy": self.made_by,
        }
        await self.sources.send(for_id=self.message.id)


def _made_by(report: AnswerReport) -> str:
    total = report.milliseconds["total"]
    return f"{report.model or 'Quotes'} · {f'{total / 1000:.1f} s' if total >= 1000 else f'{total:.0f} ms'}"


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
