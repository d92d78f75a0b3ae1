"""The door to all answers: what a question asks for decides who answers it. In doubt the passages do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Protocol

from rag.answering.answer import Router, answer
from rag.answering.events import Event, Notice, Retrieved
from rag.answering.followup import Turn
from rag.answering.prompt import Around
from rag.answering.quoting import Compare
from rag.asked.collection import calls_folder, find_folder, tell_collection, tell_small_talk, tell_topic, tell_words
from rag.asked.documents import find_material, tell_documents
from rag.asked.every import prepare, tell_every
from rag.asked.kinds import PASSAGES, Asked, find_kind
from rag.asked.telling import Telling
from rag.asked.unread import describe_unread
from rag.errors import IndexMissingError
from rag.index.index import Index
from rag.settings import Settings
from rag.text.asked import check_question
from rag.types import Restriction, Retrieval


class Search(Protocol):  # what this needs of `Retriever.retrieve`
    def __call__(self, question: str, *, top_k: int | None = None, only: Restriction | None = None) -> Retrieval: ...


async def ask(
    question: str,
    *,
    index: Index,
    retrieve: Search,
    router: Router,
    settings: Settings,
    only: Restriction | None = None,
    turns: Sequence[Turn] = (),
    around: Around | None = None,
    compare: Compare | None = None,
    insist: bool = False,
    is_private: bool = False,
    wishes: str = "",
    every: bool = False,
) -> AsyncGenerator[Event, None]:
    """Answer whatever is asked, as events.

    A question to the passages is answered by `rag.answering.answer.answer`, which also tells what the arguments mean
    and what is raised; so is one that is asked again because its user insists. `every` puts any question to each
    document. Closing the iterator stops everything.
    """
    asked = PASSAGES if insist else find_kind(question)
    if every:
        asked = replace(asked, kind="every")
    plain = check_question(question)
    if asked.kind == "passages" and not insist:
        asked, only = await asyncio.to_thread(_scope, plain, asked, index, only)
    telling = await asyncio.to_thread(_tell, plain, asked, index, retrieve, only)
    if telling:
        for event in telling.give():
            yield event
        return
    events: AsyncGenerator[Event, None] | None = None
    if asked.kind in ("document", "documents"):
        index.require()
        find = partial(find_material, plain, asked, only=only, turns=turns)
        if material := await asyncio.to_thread(index.read, find):
            events = tell_documents(material, asked, router=router, settings=settings, is_private=is_private)
    if asked.kind == "every":
        index.require()
        reading = await asyncio.to_thread(prepare, plain, asked, index, retrieve, only)
        events = tell_every(
            reading, asked, index=index, router=router, settings=settings, compare=compare, is_private=is_private
        )
    events = events or answer(
        question,
        retrieve=retrieve,
        router=router,
        settings=settings,
        only=only,
        turns=turns,
        around=around,
        compare=compare,
        read_dates=partial(_read_dates, index),
        insist=insist,
        is_private=is_private,
        wishes=wishes,
    )
    async with aclosing(events):
        async for event in events:
            yield event
            is_doubtful = isinstance(event, Retrieved) and event.retrieval.verdict != "yes"
            if is_doubtful and (unread := await asyncio.to_thread(_describe_unread, plain, index)):
                yield Notice(unread)


def _describe_unread(question: str, index: Index) -> str:
    try:
        return describe_unread(question, index.read(lambda snapshot: snapshot.list_failures()))
    except IndexMissingError:  # deleted this very moment
        return ""


def _scope(question: str, asked: Asked, index: Index, only: Restriction | None) -> tuple[Asked, Restriction | None]:
    """What is asked of the collection about one folder of it: "what is in the folder contracts?"."""
    if (only and only.folder) or not calls_folder(question) or not index.exists:
        return asked, only
    sources = index.read(lambda snapshot: [entry.source for entry in snapshot.list_entries(only)])
    if (found := find_folder(question, sources)) and (scoped := find_kind(found[0])).kind == "collection":
        return scoped, replace(only or Restriction(), folder=found[1])
    return asked, only


def wants_model(question: str) -> bool:
    """Whether a language model may have something to say to it: the catalog answers without one."""
    return find_kind(question).kind not in ("small_talk", "collection")


def _tell(question: str, asked: Asked, index: Index, retrieve: Search, only: Restriction | None) -> Telling | None:
    """What the program tells by itself; None for a question to the passages."""

    def search(topic: str, most: int) -> Retrieval:
        return retrieve(topic, top_k=most, only=only)

    if asked.kind == "small_talk":
        return tell_small_talk(question, asked, _count_documents(index))
    if asked.kind == "collection" and asked.look == "about":
        index.require()
        return index.read(lambda snapshot: tell_topic(question, asked, snapshot, search, only))
    if asked.kind == "collection" and asked.look == "words":
        index.require()
        return index.read(lambda snapshot: tell_words(question, asked, snapshot, search, only))
    if asked.kind == "collection":
        index.require()
        return index.read(lambda snapshot: tell_collection(question, asked, snapshot, only))
    return None


def _read_dates(index: Index) -> dict[str, str]:
    """Each document's day."""
    return index.read(lambda snapshot: {entry.source: entry.date for entry in snapshot.list_entries()})


def _count_documents(index: Index) -> int:
    try:
        return index.read(lambda snapshot: snapshot.count_all()[0]) if index.exists else 0
    except IndexMissingError:  # deleted this very moment
        return 0
