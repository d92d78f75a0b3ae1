"""What the catalog tells: which documents there are, how many, what is new, what could not be read, what is about X."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from rag.answering.prompt import keep_close
from rag.answering.quoting import quote_answer
from rag.asked.kinds import Asked, Order
from rag.asked.sentences import Says, speak
from rag.asked.telling import Telling, name_document
from rag.index.catalog.records import CatalogEntry, Failure
from rag.index.snapshot import Snapshot
from rag.text.hostile import show_name
from rag.types import Restriction, Retrieval, ScoredChunk

_SHOWN = 20
"""Documents that are listed; of more, the newest."""
_FIRST = 5
"""Documents that are listed in an order."""
_FOLDERS = 12
_TYPES = 12
_SEARCHED = 40
"""Passages among which a topic's documents are looked for."""
_NAMED_BY_TYPE = {"word": ("docx", "doc"), "excel": ("xlsx", "xls"), "powerpoint": ("pptx", "ppt"), "markdown": ("md",)}

_CALLS_FOLDER = re.compile(
    r"\b(?:sub)?folders?\b|\bdirectory\b|ordner|verzeichnis|\bdossier|\brépertoire|\bcarpeta|\bdirectorio|\bmappen?\b|папк"
    r"|フォルダ|폴더|文件夹|目录",
    re.IGNORECASE,
)
Search = Callable[[str, int], Retrieval]
"""From a topic and a number of passages to what is found of it."""


def tell_small_talk(question: str, asked: Asked, count: int) -> Telling:
    """The program's own words, with how much is indexed where that helps."""
    says = speak(asked.language)
    telling = Telling("small_talk", question)
    telling.add_line(getattr(says, asked.talk or "hello"))
    if asked.talk in ("hello", "who", "can"):
        telling.add_line(says.held.format(count=count) if count else says.nothing_held)
    telling.counts = {"documents": count}
    return telling


def calls_folder(question: str) -> bool:
    """Whether the question speaks of a folder."""
    return _CALLS_FOLDER.search(question) is not None


def find_folder(question: str, sources: Iterable[str]) -> tuple[str, str] | None:
    """The folder that the question names, with the question without its name: "how many files are in contracts?"."""
    paths = {str(parent) for source in sources for parent in PurePosixPath(source).parents} - {"."}
    for path in sorted(paths, key=len, reverse=True):
        for name in (path, PurePosixPath(path).name):
            named = re.search(
                rf"[\"'“„«「]?(?<![a-z0-9à-ÿа-я]){re.escape(name)}(?![a-z0-9à-ÿа-я])/?[\"'”“»」]?",
                question,
                re.IGNORECASE,
            )
            if named:
                return f"{question[: named.start()]} {question[named.end() :]}", path
    return None


def tell_collection(question: str, asked: Asked, snapshot: Snapshot, only: Restriction | None = None) -> Telling:
    """Answer from the catalog: everything counted is counted there, under the filters that are set."""
    says, telling = speak(asked.language), Telling("collection", question)
    entries = [one for one in snapshot.list_entries(only) if is_of_type(one.source, asked.file_type)]
    if asked.look == "failed":
        _tell_failures(telling, says, _list_failures(snapshot, only))
    elif asked.look == "first" and entries:
        _tell_first(telling, says, snapshot, entries, asked.order)
    elif asked.look == "new":
        _tell_news(telling, says, snapshot, entries, asked.since)
    else:
        failed = [one for one in _list_failures(snapshot, only) if is_of_type(one.source, asked.file_type)]
        _tell_list(telling, says, snapshot, entries, len(failed), with_names=asked.look == "list")
    return telling


def order_entries(
    entries: Sequence[CatalogEntry], order: Order, snapshot: Snapshot
) -> list[tuple[CatalogEntry, int | None]]:
    """The documents in an order, each with the figure it goes by; by their own dates where it is none."""
    if order in ("newest", "oldest"):
        dated = sorted(entries, key=lambda one: (one.date, one.source), reverse=order == "newest")
        return [(one, None) for one in dated]
    measures, place = snapshot.measure_documents(), 0 if order in ("largest", "smallest") else 1
    figures = [(one, measures[one.source][place]) for one in entries]
    sign = -1 if order in ("largest", "longest") else 1
    return [*sorted(figures, key=lambda pair: (sign * pair[1], pair[0].source))]


def _tell_first(
    telling: Telling, says: Says, snapshot: Snapshot, entries: Sequence[CatalogEntry], order: Order
) -> None:
    """The first documents in an order, with what puts them there."""
    telling.counts = {"documents": len(entries)}
    telling.add_line(getattr(says, order))
    telling.add_line()
    for one, figure in order_entries(entries, order, snapshot)[:_FIRST]:
        measured = {} if figure is None else {"bytes" if order in ("largest", "smallest") else "characters": figure}
        telling.table.append(_describe(one) | measured)
        shown = "" if figure is None else f": {figure}"
        telling.add_line(f"- {name_document(one.source, one.title)}, {one.date}{shown}")
        telling.cite(snapshot.read_first_chunk(one.id))


def is_of_type(source: str, file_type: str) -> bool:
    if not file_type:
        return True
    return PurePosixPath(source).suffix.lower().lstrip(".") in _NAMED_BY_TYPE.get(file_type, (file_type,))


def _tell_list(
    telling: Telling, says: Says, snapshot: Snapshot, entries: Sequence[CatalogEntry], failed: int, *, with_names: bool
) -> None:
    telling.counts = {"documents": len(entries)}
    if not entries:
        telling.add_line(says.none_such if snapshot.count_all()[0] else says.nothing_held)
        return
    types = Counter(PurePosixPath(one.source).suffix.lower().lstrip(".") or "–" for one in entries)
    counted = ", ".join(f"{show_name(name)} {count}" for name, count in types.most_common(_TYPES))
    telling.counts["types"] = dict(types)
    telling.add_line(says.documents.format(count=len(entries), types=f"({counted})"))
    folders = Counter(str(PurePosixPath(one.source).parent) for one in entries)
    folders.pop(".", None)
    if folders:
        named = ", ".join(f"{show_name(name)} ({count})" for name, count in folders.most_common(_FOLDERS))
        telling.counts["folders"] = dict(folders)
        telling.add_line(says.folders.format(folders=named))
    if failed:
        telling.counts["failed"] = failed
        telling.add_line(says.failed.format(count=failed))
    if with_names:
        _list_documents(telling, says, snapshot, entries)


def _list_documents(telling: Telling, says: Says, snapshot: Snapshot, entries: Sequence[CatalogEntry]) -> None:
    """The documents, those in full view the newest ones; each opens with its marker."""
    newest = sorted(entries, key=lambda one: (one.arrived, one.date), reverse=True)
    telling.table = [_describe(one) for one in newest]
    telling.add_line()
    for one in newest[:_SHOWN]:
        telling.add_line(f"- {name_document(one.source, one.title)}, {one.date}")
        telling.cite(snapshot.read_first_chunk(one.id))
    if len(newest) > _SHOWN:
        telling.add_line()
        telling.add_line(says.more.format(count=len(newest) - _SHOWN))


def _describe(one: CatalogEntry) -> dict[str, Any]:
    return {"source": one.source, "title": one.title, "date": one.date, "arrived": one.arrived}


def _tell_news(telling: Telling, says: Says, snapshot: Snapshot, entries: Sequence[CatalogEntry], since: str) -> None:
    """What came or changed from a day on; without one, the newest documents."""
    new = [one for one in entries if not since or one.arrived >= since]
    telling.counts = {"documents": len(new), **({"since": since} if since else {})}
    if not new:
        telling.add_line(says.nothing_since.format(day=since) if since else says.nothing_held)
        return
    telling.add_line(says.since.format(day=since, count=len(new)) if since else says.newest)
    _list_documents(telling, says, snapshot, new)


def _list_failures(snapshot: Snapshot, only: Restriction | None) -> list[Failure]:
    """The files that could not be read, in the folder that is asked about."""
    folder = (only.folder or "").strip("/") if only else ""
    failures = snapshot.list_failures()
    return [one for one in failures if not folder or one.source == folder or one.source.startswith(f"{folder}/")]


def _tell_failures(telling: Telling, says: Says, there: Sequence[Failure]) -> None:
    telling.counts = {"failed": len(there)}
    telling.table = [{"source": one.source, "reason": one.reason} for one in there]
    telling.add_line(says.failed.format(count=len(there)) if there else says.none_failed)
    if there:
        telling.add_line()
    for one in there[:_SHOWN]:
        telling.add_line(f"- {show_name(one.source)}: {' '.join(one.reason.split())}")
    if len(there) > _SHOWN:
        telling.add_line()
        telling.add_line(says.more.format(count=len(there) - _SHOWN))


def tell_words(
    question: str, asked: Asked, snapshot: Snapshot, search: Search, only: Restriction | None = None
) -> Telling:
    """The documents with a passage that has all the topic's words: counted in all of them, the first ones quoted.

    Without any, those that say something about it in other words. So it is where the lexical index is damaged.
    """
    says, telling = speak(asked.language), Telling("collection", question)
    found = snapshot.find_by_words(asked.topic, asked.language, only)
    if not found:
        return tell_topic(question, asked, snapshot, search, only, "" if found is None else says.without_words)
    telling.counts = {"documents": len(found)}
    telling.add_line(says.with_words.format(topic=" + ".join(asked.topic.split()), count=len(found)))
    telling.add_line()
    shown = snapshot.read_chunks(list(found.values())[:_SHOWN])
    for place, (source, id_) in enumerate(found.items()):
        stored = shown.get(id_) if place < _SHOWN else None
        if stored is None:
            telling.table.append({"source": source})
            continue
        quote = _quote(asked.topic, ScoredChunk(stored, 0.0))
        telling.table.append({"source": source, "page": stored.chunk.page, "quote": quote})
        telling.add_line(f"- {name_document(source, stored.chunk.title)} – “{' '.join(quote.split())}”")
        telling.cite(stored, quote)
    if len(found) > _SHOWN:
        telling.add_line()
        telling.add_line(says.more.format(count=len(found) - _SHOWN))
    return telling


def _quote(topic: str, hit: ScoredChunk) -> str:
    quotes = quote_answer(topic, [hit], 1)
    return quotes.citations[0].quote if quotes.citations else hit.chunk.text


def tell_topic(
    question: str, asked: Asked, snapshot: Snapshot, search: Search, only: Restriction | None = None, first: str = ""
) -> Telling:
    """The documents that say something about a topic, each with the sentence that says it best.

    `first` is a sentence that is told before. What is found though no document has a word of the topic may be about
    another word that is written alike, so none of it is counted.
    """
    says, telling = speak(asked.language), Telling("collection", question)
    is_mentioned = any(snapshot.find_by_words(word, asked.language, only) != {} for word in asked.topic.split())
    if not is_mentioned:
        first = says.without_words
    if first:
        telling.add_line(first.format(topic=" + ".join(asked.topic.split())))
    found = search(asked.topic, _SEARCHED)
    best: dict[str, ScoredChunk] = {}
    for hit in keep_close(found.hits) if found.verdict != "no" else ():
        best.setdefault(hit.chunk.source, hit)
    telling.counts = {"documents": len(best) if is_mentioned else 0}
    if not best:
        telling.outcome = "not_found"
        if not first:
            telling.add_line(says.nothing_about.format(topic=asked.topic))
        return telling
    if is_mentioned:
        telling.add_line(says.about.format(topic=asked.topic, count=len(best)))
    telling.add_line()
    for source, hit in best.items():
        quote = _quote(asked.topic, hit)
        telling.table.append({"source": source, "page": hit.chunk.page, "quote": quote})
        telling.add_line(f"- {name_document(source, hit.chunk.title)} – “{' '.join(quote.split())}”")
        telling.cite(hit.stored, quote)
    return telling
