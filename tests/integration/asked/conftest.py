"""A small folder of documents that questions about whole documents are put to."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from ingest.pipeline import Pipeline
from ingest.sync import sync_corpus
from rag.answering.events import AnswerReport, Done, Event
from rag.asked.asking import ask
from rag.assembly import open_retriever
from rag.chat.router import ModelRouter
from rag.index.index import Index
from rag.ranking.retriever import Retriever
from rag.settings import Settings

FILES = {
    "flat/lease.txt": "Lease\n\nThe rent is 950 euros a month. The deposit is 1,900 euros. Pets need the landlord's"
    " written consent. The notice period is three months.\n",
    "flat/house-rules.md": "# House rules\n\nQuiet hours are from 22:00 to 7:00. Bicycles belong into the cellar.\n",
    "minutes/minutes-2026-03-12.md": "# Minutes of the garden society, March\n\nThe fee stays at 40 euros. The hedge is"
    " cut in spring. Anna Berg takes over the till.\n",
    "minutes/minutes-2026-04-09.md": "# Minutes of the garden society, April\n\nThe fee rises to 45 euros. The hedge is"
    " cut in spring. The shed gets a new lock.\n",
    "invoices/invoice-17.txt": "Invoice 17\n\nRoof tiles. Total: 1,240.50 euros. Due on 2026-05-31.\n",
    "invoices/invoice-18.txt": "Invoice 18\n\nGutter. Total: 310.00 euros. Due on 2026-06-15.\n",
    "saga.txt": "\n\n".join(
        f"Chapter {number}. The ship Aurora left harbour {number} with {number * 10} sailors on board. The captain of"
        f" the ship wrote a letter to the king about the storm of day {number}. Nobody answered it. " * 3
        for number in range(1, 9)
    ),
    "broken.pdf": "%PDF-1.4\nnothing more",
}


@dataclass(frozen=True)
class Desk:
    """All that a question is put to."""

    index: Index
    retriever: Retriever
    settings: Settings

    def ask(self, question: str, *, router: Any = None, **more: Any) -> AsyncGenerator[Event, None]:
        return ask(
            question,
            index=self.index,
            retrieve=self.retriever.retrieve,
            router=router or ModelRouter(self.settings),
            settings=self.settings,
            compare=self.retriever.compare_sentences,
            **more,
        )

    def list_events(self, question: str, **more: Any) -> list[Event]:
        async def collect() -> list[Event]:
            return [event async for event in self.ask(question, **more)]

        return asyncio.run(collect())

    def report(self, question: str, **more: Any) -> AnswerReport:
        (last,) = [event for event in self.list_events(question, **more) if isinstance(event, Done)]
        return last.report


@pytest.fixture(scope="module")
def make_desk(models_dir, tmp_path_factory) -> Iterator[Callable[[dict[str, str]], Desk]]:
    """Index some files, and put questions to them."""
    opened: list[Any] = []

    def make(contents: dict[str, str]) -> Desk:
        folder = tmp_path_factory.mktemp("desk")
        for name, text in contents.items():
            path = folder / "corpus" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        shutil.copytree(models_dir, folder / "index" / "models")
        settings = Settings.load(
            {}, corpus_dir=folder / "corpus", index_dir=folder / "index", base_url="http://127.0.0.1:9"
        )
        index = Index(settings.index_dir)
        with closing(Pipeline(settings, index.models_dir)) as pipeline:
            sync_corpus(index, pipeline)
        retriever = open_retriever(index, settings)
        opened.extend((retriever, index))
        return Desk(index, retriever, settings)

    yield make
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk(FILES)
