"""What the index holds of the documents, as JSON values: their list, and their text as search and model read it."""

from __future__ import annotations

from typing import Any

from page.backend import Backend
from rag.errors import QuestionError
from rag.index.catalog.records import DocumentInfo
from rag.index.snapshot import Snapshot
from rag.text.hostile import remove_invisible


class MissingDocumentError(QuestionError):
    """There is no such document, or no such page of it."""


def describe_documents(backend: Backend) -> dict[str, Any]:
    """The documents that can be found, and the files that could not be read."""

    def read(snapshot: Snapshot) -> dict[str, Any]:
        failed = [
            {"source": one.source, "reason": remove_invisible(one.reason), "since": one.since}
            for one in snapshot.list_failures()
        ]
        return {"documents": [_describe(one) for one in snapshot.list_documents()], "failed": failed}

    return backend.index.read(read)


def read_text(backend: Backend, source: str, page: int | None = None, neighbours: int = 0) -> dict[str, Any]:
    """A document's text, or that of one page and of so many before and after it.

    Raises MissingDocumentError.
    """

    def read(snapshot: Snapshot) -> dict[str, Any]:
        info = snapshot.find_document(source)
        if info is None:
            raise MissingDocumentError(f"There is no document {source!r}.")
        chunks = [one.chunk for one in snapshot.read_source_chunks(source)]
        pages = sorted({chunk.page for chunk in chunks if chunk.page is not None})
        if page is not None and page not in pages:
            raise MissingDocumentError(f"{source} has no page {page} with text.")
        wanted = {number for number in pages if page is None or abs(number - page) <= neighbours}
        text = "\n".join(
            chunk.text[chunk.overlap :].strip("\n") for chunk in chunks if page is None or chunk.page in wanted
        )
        return {**_describe(info), "pages": pages, "page": page, "text": text}

    return backend.index.read(read)


def _describe(info: DocumentInfo) -> dict[str, Any]:
    header = {name: info.header.get(name, "") for name in ("author", "created", "modified", "format", "page_kind")}
    return {
        "source": info.source,
        "title": remove_invisible(info.title),
        "language": info.language,
        "passages": info.chunk_count,
        **header,
    }
