"""The documents as parts of LlamaIndex, for those who build on it in Python: a retriever, and a query engine.

    with CorpusRetriever() as retriever:
        nodes = retriever.retrieve("How often must I descale the kettle?")
        response = CorpusQueryEngine(retriever).query("How often must I descale the kettle?")

Both read the index that `pagewise ingest`, or the page, keeps equal to the folder.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Any

from llama_index.core.async_utils import asyncio_run
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.answering.answer import answer_report
from rag.answering.prompt import make_around
from rag.assembly import open_retriever
from rag.chat.routing.router import QuestionRouter
from rag.index.index import Index
from rag.settings import Settings
from rag.types import Citation, Restriction, ScoredChunk

_MODEL_START_S = 60.0
"""How long a language model may take to be loaded before the first answer."""


class CorpusRetriever(BaseRetriever):
    """Our search as LlamaIndex wants it. Use it in a ``with`` block, or close it.

    Without `settings` those of the environment and of ``.env`` hold; `folder` restricts what may be found. Raises
    IndexMissingError if nothing was indexed yet.
    """

    def __init__(self, settings: Settings | None = None, *, folder: str | None = None) -> None:
        super().__init__()
        self.settings = settings or Settings.load()
        self.index = Index(self.settings.index_dir)
        self.index.require()
        self.search = open_retriever(self.index, self.settings)
        self._only = Restriction(folder=folder) if folder else None

    def close(self) -> None:
        """End the search's threads and let go of the index."""
        self.search.close()
        self.index.close()

    def __enter__(self) -> CorpusRetriever:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_make_node(hit) for hit in self.search.retrieve(query_bundle.query_str, only=self._only).hits]


class CorpusQueryEngine(BaseQueryEngine):
    """Our answers as LlamaIndex wants them: from the connected language model, or quotes where there is none.

    The response's nodes are the cited passages; its metadata is what ``pagewise ask --json`` prints.
    """

    def __init__(self, retriever: CorpusRetriever) -> None:
        super().__init__(callback_manager=None)
        self._retriever = retriever

    def _query(self, query_bundle: QueryBundle) -> Response:
        response: Response = asyncio_run(self._aquery(query_bundle))  # a notebook has a running loop
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        own = self._retriever
        with closing(QuestionRouter(own.settings)) as router:
            router.start()
            await asyncio.to_thread(router.settle, _MODEL_START_S)
            report = await answer_report(
                query_bundle.query_str,
                retrieve=own.search.retrieve,
                router=router,
                settings=own.settings,
                around=make_around(own.index, own.settings.top_k),
                compare=own.search.compare_sentences,
            )
        nodes = [NodeWithScore(node=_make_cited_node(citation)) for citation in report.citations]
        return Response(report.answer, nodes, report.to_dict())

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}


def _make_node(hit: ScoredChunk) -> NodeWithScore:
    chunk = hit.chunk
    place = {"source": chunk.source, "page": chunk.page, "section": chunk.section, "title": chunk.title}
    return NodeWithScore(node=TextNode(id_=str(hit.stored.id), text=chunk.text, metadata=place), score=hit.score)


def _make_cited_node(citation: Citation) -> TextNode:
    place = {"source": citation.source, "page": citation.page, "section": citation.section, "quote": citation.quote}
    return TextNode(text=citation.text, metadata={"number": citation.number, **place})
