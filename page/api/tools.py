"""The documents as tools of the Model Context Protocol, for assistants that call them: by stdio or HTTP.

The one module that knows the official SDK, whose next major version names things otherwise. All tools only read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote

from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import Resource, ToolAnnotations
from pydantic import AnyUrl, Field

from page.api.reading import describe_documents, read_text
from page.backend import Backend
from page.filtering.filters import read_restriction
from rag.answering.events import Done
from rag.answering.excerpts import describe_hits
from rag.asked import asking
from rag.errors import RagError
from rag.settings import Settings
from rag.text.asked import check_question

MCP_PATH = "/mcp"
_SCHEME = "corpus:///"
"""Begins the address of a document; its path follows, encoded as one part."""
_READS = ToolAnnotations(readOnlyHint=True, destructiveHint=False, idempotentHint=True, openWorldHint=False)

FindBackend = Callable[[], Awaitable[Backend]]

Question = Annotated[str, Field(description="A whole question, in the documents' language if possible.")]
Folder = Annotated[str, Field(description="Only documents below this folder of the corpus; empty for all.")]
Source = Annotated[str, Field(description="A document's path, as list_documents and search give it.")]


class _Documents(FastMCP):
    """FastMCP, with the documents as resources: they come and go, so they are listed when somebody asks."""

    def __init__(self, find_backend: FindBackend, settings: Settings) -> None:
        self._find_backend = find_backend
        super().__init__(
            "pagewise",
            instructions=(
                f"Searches, quotes and answers from the user's own documents in {settings.corpus_dir.resolve()};"
                " nothing outside of that folder can be read. Cite the page that an answer is from."
            ),
            log_level="WARNING",
            stateless_http=True,
            json_response=True,
            streamable_http_path=MCP_PATH,
            # The server before it looks at the names by which it is called.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )

    async def list_resources(self) -> list[Resource]:
        backend = await self._find_backend()
        found = await asyncio.to_thread(describe_documents, backend)
        return [
            Resource(uri=AnyUrl(_SCHEME + quote(one["source"], safe="")), name=one["source"], mimeType="text/markdown")
            for one in found["documents"]
        ]

    async def read_resource(self, uri: AnyUrl | str) -> Iterable[ReadResourceContents]:
        source = unquote(str(uri).removeprefix(_SCHEME))
        backend = await self._find_backend()
        text = (await asyncio.to_thread(read_text, backend, source))["text"]
        return [ReadResourceContents(text, "text/markdown")]


@contextmanager
def _told() -> Iterator[None]:
    """What the user can mend is an error with one sentence for the assistant."""
    try:
        yield
    except RagError as exc:
        raise ToolError(str(exc)) from None


def make_tools(find_backend: FindBackend, settings: Settings) -> FastMCP:
    """The server of the tools; `find_backend` waits until the backend is built."""
    server = _Documents(find_backend, settings)
    tool = partial(server.tool, annotations=_READS)

    @tool()
    async def search(
        question: Question,
        folder: Folder = "",
        top_k: Annotated[int, Field(ge=1, le=50, description="How many passages.")] = 6,
        mode: Literal["hybrid", "dense", "lexical"] = "hybrid",
    ) -> dict[str, Any]:
        """Find the passages that fit a question best, with document, page, score, and whether they answer it."""
        backend = await find_backend()
        with _told():
            only = read_restriction({"folder": folder})
            retrieve = partial(backend.retriever.retrieve, mode=mode, top_k=top_k, only=only)
            return describe_hits(await asyncio.to_thread(retrieve, check_question(question)))

    @tool()
    async def ask(question: Question, folder: Folder = "") -> dict[str, Any]:
        """Answer a question from the documents, with citations; quotes where no language model is connected.

        The outcome says whether the documents answer it: answered, unsure or not_found.
        """
        backend = await find_backend()
        with _told():
            events = asking.ask(
                question,
                index=backend.index,
                retrieve=backend.retriever.retrieve,
                router=backend.router,
                settings=backend.settings,
                only=read_restriction({"folder": folder}),
                around=backend.around,
                compare=backend.retriever.compare_sentences,
            )
            async with aclosing(backend.metrics.watch(events)) as watched:
                return [event.report async for event in watched if isinstance(event, Done)][-1].to_dict()

    @tool()
    async def list_documents() -> dict[str, Any]:
        """List the documents that can be found, and the files that could not be read, with the reasons."""
        backend = await find_backend()
        with _told():
            return await asyncio.to_thread(describe_documents, backend)

    @tool()
    async def read_page(
        source: Source,
        page: Annotated[int | None, Field(ge=1, description="From 1; none for the whole document.")] = None,
        neighbours: Annotated[int, Field(ge=0, le=5, description="How many pages before and after it as well.")] = 0,
    ) -> dict[str, Any]:
        """Read a page of a document, with its neighbours, or the whole document."""
        backend = await find_backend()
        with _told():
            return await asyncio.to_thread(read_text, backend, source, page, neighbours)

    return server
