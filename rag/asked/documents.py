"""One document summed up, or several compared: found by name, told in their own words, then read by a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from rag.answering.answer import Router
from rag.answering.citations import add_citations, cite_sources
from rag.answering.events import Citations, Done, Event, Judged, Notice, Retrieved
from rag.answering.followup import Turn
from rag.asked.collection import is_of_type, order_entries
from rag.asked.kinds import Asked
from rag.asked.naming import Named, find_documents
from rag.asked.outline import (
    Statement,
    choose_statements,
    find_common,
    find_own,
    list_sections,
    list_statements,
)
from rag.asked.reading import WholeReading, read_whole
from rag.asked.sentences import Says, speak
from rag.asked.telling import Telling, name_document, show_line
from rag.index.catalog.records import CatalogEntry
from rag.index.snapshot import Snapshot
from rag.settings import Settings
from rag.text.hostile import show_name
from rag.types import Restriction, StoredChunk

_OFFERED = 8
"""Documents to choose from."""
_COMPARED = 5
"""Sentences of each document that the other doesn't have."""
_LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "da": "Danish",
    "ru": "Russian",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
}


class Material:
    """What is read: the documents that were named, or those that may be meant."""

    def __init__(self, telling: Telling, documents: Sequence[Sequence[StoredChunk]]) -> None:
        self.telling = telling
        self.documents = documents
        """The chunks of each document; none if it isn't clear which ones are meant."""


def find_material(
    question: str, asked: Asked, snapshot: Snapshot, only: Restriction | None, turns: Sequence[Turn]
) -> Material | None:
    """The named documents with their outline; None if no document is called so: then it asks the passages."""
    entries = snapshot.list_entries(only)
    by_source = {one.source: one for one in entries}
    if asked.order:
        entries = [one for one in entries if is_of_type(one.source, asked.file_type)]
        found = [[one.source] for one, _ in order_entries(entries, asked.order, snapshot)[:1]] or [[]]
    else:
        found = _find_named(asked, entries, turns)
    if any(not sources for sources in found) and asked.targets:
        return None
    telling, says = Telling(asked.kind, question), speak(asked.language)
    if unclear := next((sources for sources in found if len(sources) != 1), None):
        _offer(telling, says.which, [by_source[source] for source in unclear], snapshot)
        return Material(telling, ())
    chosen = list(dict.fromkeys(sources[0] for sources in found if sources))
    if len(chosen) < (2 if asked.kind == "documents" else 1):
        if asked.targets:
            return None
        newest = sorted(entries, key=lambda one: (one.arrived, one.date), reverse=True)
        _offer(telling, says.name_one if newest else says.nothing_held, newest, snapshot)
        return Material(telling, ())
    documents = [snapshot.read_source_chunks(source) for source in chosen]
    if not all(documents):
        return None
    if len(documents) > 1:
        _tell_differences(telling, says, documents)
    else:
        _tell_outline(telling, says, documents[0], _measure_closeness(snapshot, chosen[0]))
    return Material(telling, documents)


def _find_named(asked: Asked, entries: Sequence[CatalogEntry], turns: Sequence[Turn]) -> list[list[str]]:
    if asked.targets:
        named = [Named(one.source, one.title, one.arrived) for one in entries]
        return [find_documents(target, named, asked.language) for target in asked.targets]
    if len(entries) == 1:
        return [[entries[0].source]]
    there = {one.source for one in entries}
    spoken_of = [source for turn in reversed(turns) for source in turn.sources if source in there]
    return [spoken_of[:1]] if spoken_of else [[]]


def _offer(telling: Telling, sentence: str, entries: Sequence[CatalogEntry], snapshot: Snapshot) -> None:
    """List the documents to choose from."""
    telling.add_line(sentence)
    telling.add_line()
    telling.outcome = "unsure"
    for one in entries[:_OFFERED]:
        telling.table.append({"source": one.source, "title": one.title, "date": one.date})
        telling.add_line(f"- {name_document(one.source, one.title)}, {one.date}")
        telling.cite(snapshot.read_first_chunk(one.id))


def _measure_closeness(snapshot: Snapshot, source: str) -> dict[int, float]:
    """How near each passage of a document is to the middle of all of them, 0 to 1; nothing without vectors."""
    from rag.index.views import KeyedVectors

    rows = KeyedVectors.unpack(snapshot.read_chunk_vectors(Restriction(folder=source)))
    if rows.vectors is None:
        return {}
    middle = rows.vectors.mean(axis=0)
    return {id_: max(0.0, cosine) for id_, cosine in rows.rank(middle, len(rows.keys))}


def _tell_outline(telling: Telling, says: Says, chunks: Sequence[StoredChunk], closeness: dict[int, float]) -> None:
    telling.add_line(says.outline.format(name=show_name(chunks[0].chunk.source)))
    if len(sections := list_sections(chunks)) > 1:
        telling.add_line(says.sections.format(sections=" · ".join(sections)))
    telling.add_line()
    _quote(telling, choose_statements(list_statements(chunks), closeness))


def _tell_differences(telling: Telling, says: Says, documents: Sequence[Sequence[StoredChunk]]) -> None:
    """What each document says that none of the others does, and what all say."""
    statements = [list_statements(chunks) for chunks in documents]
    for place, own in enumerate(statements):
        others = [one for number, more in enumerate(statements) if number != place for one in more]
        if only := find_own(own, others):
            telling.add_line(says.only_in.format(name=show_name(documents[place][0].chunk.source)))
            telling.add_line()
            _quote(telling, choose_statements(only, {}, _COMPARED))
            telling.add_line()
    common = statements[0]
    for more in statements[1:]:
        common = find_common(common, more)
    if common:
        telling.add_line(says.in_both)
        telling.add_line()
        _quote(telling, choose_statements(common, {}, _COMPARED))


def _quote(telling: Telling, statements: Sequence[Statement]) -> None:
    for one in statements:
        telling.add_line(f"- {show_line(one.text)}")
        telling.cite(one.stored, one.text)
        telling.table.append({"source": one.stored.chunk.source, "page": one.stored.chunk.page, "quote": one.text})


async def tell_documents(
    material: Material,
    asked: Asked,
    *,
    router: Router,
    settings: Settings,
    is_private: bool = False,
) -> AsyncGenerator[Event, None]:
    """The outline at once, then a model's words above it, if one is ready."""
    telling = material.telling
    yield Retrieved(telling.retrieval)
    yield telling.tell()
    reading = WholeReading()
    if material.documents:
        events = read_whole(
            telling.question,
            material.documents,
            telling.hits,
            router=router,
            settings=settings,
            language=_LANGUAGES[asked.language],
            reading=reading,
            is_private=is_private,
        )
        async with aclosing(events):
            async for event in events:
                yield event
        if reading.failure and not reading.text:
            cause = reading.failure.partition(". ")[0].rstrip(".")
            yield Notice(f"{reading.failure} Instead of its answer, you get the document's own sentences.", f"{cause}.")
    yield Judged(telling.outcome, "")
    cited = await asyncio.to_thread(cite_sources, reading.text, reading.hits) if reading.text else ()
    citations = add_citations(cited, tuple(telling.citations))
    yield Citations(citations)
    report = replace(telling.make_report(), citations=citations, failure=reading.failure)
    if reading.text and reading.routed:
        report = replace(
            report,
            answer=reading.text,
            model=reading.routed.model,
            route=reading.route,
            place=reading.routed.place,
            why=reading.routed.why,
            finish=reading.finish,
        )
    yield Done(report)
