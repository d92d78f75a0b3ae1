"""What the page shows of an answer while it comes and afterwards, with nothing in it that a page shouldn't show. Pure.

The message holds the answer: the model's words, else the documents' own; or that nothing was found. What the answer
rests on stands below it, shown by Sources.jsx: the remark, the quotes where they aren't the answer, and the sources.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from page.errors import say_error
from page.markdown import escape_markdown, show_answer, show_quotes
from page.texts import ENGLISH, say, write_number
from page.view import describe_spot, make_cards
from page.why import Coverage, describe_progress, explain, name_model, say_who
from rag.answering.citations import UNFINISHED_MARKER, add_citations, cite_sources
from rag.answering.events import (
    AnswerReport,
    Citations,
    Done,
    Event,
    Judged,
    Notice,
    Outcome,
    Private,
    Progress,
    Quoted,
    Retrieved,
    Rewritten,
    Routed,
    Shown,
    Token,
    Told,
    Withdrawn,
)
from rag.answering.several import Version
from rag.answering.spots import Marked, Spot, find_spots
from rag.asked.export import write_csv, write_markdown
from rag.text.hostile import VisibleStream, remove_invisible, show_name
from rag.types import Citation, Retrieval, ScoredChunk

_LONGEST_MARKER = 200
"""Characters at the end that may become a marker; a model's text may have endless ones."""


class Answer:
    """All that was said so far."""

    def __init__(self, language: str = ENGLISH) -> None:
        self._language = language
        """The browser's."""
        self.words = ""
        """The model's."""
        self.quotes = ""
        self.searched_for = ""
        self.searched_in = ""
        """The documents that the question was restricted to; empty if it was asked of all."""
        self.broken_off = ""
        self.is_stopped = False
        """Whether it was ended early, by the reader or by `broken_off`."""
        self.expects_words = False
        """Whether a model reads or writes."""
        self.model = ""
        self.host = ""
        """Where that runs; empty for this machine."""
        self.by = ""
        """The model that is asked and where it runs; of quotes, that they are quotes."""
        self._first_word = ""
        """How long the model's first word took; empty without one."""
        self.is_private = False
        """Whether no other machine may get to read it, nor what is made from it."""
        self.may_insist = False
        self.coverage = Coverage()
        """What could be searched."""
        self._hits: tuple[ScoredChunk, ...] = ()
        self._question = ""
        """The question that was searched for."""
        self._retrieval: Retrieval | None = None
        self._report: AnswerReport | None = None
        self._shown_to_model: tuple[ScoredChunk, ...] = ()
        self._visible = VisibleStream()
        self._quote_markers: Sequence[int] = ()
        self._quoted: tuple[Citation, ...] = ()
        self._citations: tuple[Citation, ...] = ()
        self._outcome: Outcome | None = None
        self._remark = ""
        self._notices: list[str] = []
        self._made_by = ""
        self._spots: tuple[Spot, ...] = ()
        """Where the links of the model's words lead, in order."""
        self._is_ended = False
        self.may_ask_every = False
        """Whether the same question may be worth putting to every document: passages of several answered it."""
        self.choices: tuple[Version, ...] = ()
        """What each of the several documents says that may be meant; empty where it is clear."""
        self._table: tuple[dict[str, Any], ...] = ()
        self._progress = ""
        """Says which part of which document is read, or that the model is made ready; empty for passages."""

    def await_model(self, name: str, place: str) -> None:
        """Say that a model is made ready; what is taken next takes the place of that."""
        self.by, self.expects_words = name_model(name, place, self._language), True
        self._progress = say(self._language, "beside.loading", model=remove_invisible(name))

    def take(self, event: Event) -> None:
        match event:
            case Rewritten(question):
                self.searched_for = remove_invisible(question)
            case Retrieved(retrieval):
                self._hits, self._question, self._retrieval = retrieval.hits, retrieval.question, retrieval
                self._progress = ""
            case Private():
                self.is_private = True
            case Routed(model, place):
                self.model, self.host = remove_invisible(model), remove_invisible(place.partition("at ")[2])
                self.by = name_model(model, place, self._language)
            case Quoted(text, markers, citations) | Told(text, markers, citations):
                self._take_quotes(text, markers)
                self._quoted = citations
            case Shown(hits):
                self._shown_to_model, self.expects_words = hits, True
            case Notice(text, brief):
                self._notices.append(remove_invisible(say_error(self._language, brief or text)))
            case Token(text):
                self.words += self._visible.add(text)
            case Withdrawn():
                self.words, self._visible = "", VisibleStream()
            case _:
                self._take_end(event)

    def _take_end(self, event: Event) -> None:
        match event:
            case Progress(done, total, source):
                part = {"source": show_name(source), "number": done + 1, "total": total}
                self._progress, self.expects_words = say(self._language, "answer.part", **part), True
            case Judged(outcome, remark, may_insist):
                # Where nothing was found, the program says so in English; else it speaks the question's language.
                told = remark if self._hits else say_error(self._language, remark)
                self._outcome, self._remark, self.may_insist = outcome, remove_invisible(told), may_insist
                self.expects_words = False
            case Citations(citations):
                self._citations = citations
            case Done(report):
                self._report = report
                took = report.milliseconds["total"]
                self._made_by = f"{say_who(report, self._language)} · {self._write_duration(took)}"
                self.by = name_model(report.model, report.place, self._language) if report.model else self.by
                if self.words:
                    first = self._write_duration(report.milliseconds.get("first_token", took))
                    self._first_word = say(self._language, "answer.first", time=first)
                self._table = report.table if report.kind == "every" else ()
                if report.several and report.several.kind == "choices":
                    self.choices = report.several.versions
                found_in = {hit.chunk.source for hit in self._hits}
                self.may_ask_every = report.kind == "passages" and report.answerable and len(found_in) > 1

    def _write_duration(self, took: float) -> str:
        return f"{write_number(self._language, took / 1000, 1)} s" if took >= 1000 else f"{took:.0f} ms"

    def _take_quotes(self, text: str, markers: Sequence[int]) -> None:
        """Take the quotes as they may be shown; what is taken out of them moves their markers."""
        self.quotes = ""
        places: list[int] = []
        for at, end in pairwise([0, *markers, len(text)]):
            places += [len(self.quotes)] * bool(at)
            self.quotes += remove_invisible(text[at:end], self.quotes[-1:])
        self._quote_markers = places

    def end(self) -> None:
        """Take what was said until now for the whole answer, and find its citations if they haven't come."""
        self.words += self._visible.end()
        self.expects_words = False
        self._is_ended = True
        if not self._citations:
            self._citations = add_citations(cite_sources(self.words, self._shown_to_model), self._quoted)

    @property
    def text(self) -> str:
        """What a follow-up may refer to: the model's words, or else the quotes; without what is said of them."""
        return self.words or self.quotes

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.source for one in self._citations or self._quoted))

    @property
    def is_not_found(self) -> bool:
        return self._outcome == "not_found"

    @property
    def retrieval(self) -> Retrieval | None:
        """What was found; None until then."""
        return self._retrieval

    @property
    def may_ask_another(self) -> bool:
        """Whether a model wrote the answer or should have, so that another one may be asked as well."""
        return self._report is not None and bool(self._report.model or self._report.failure)

    def show(self, is_complete: bool = True) -> str:
        """The message as Markdown for Chainlit; of an incomplete one, without half a marker at its end."""
        if self.words:
            return self._show_words(is_complete)
        if self.is_not_found:
            return escape_markdown(self._remark)
        return "" if self.expects_words else show_quotes(self.quotes, self._quote_markers)

    def _show_words(self, is_complete: bool) -> str:
        start = max(0, len(self.words) - _LONGEST_MARKER)
        half = None if is_complete else UNFINISHED_MARKER.search(self.words, start)
        marked: list[Marked] = []
        shown = show_answer(self.words[: half.start()] if half else self.words, len(self._shown_to_model), marked)
        if self._is_ended:
            self._spots = find_spots(self._question, marked, self._shown_to_model)
        return shown

    @property
    def _has_quotes_below(self) -> bool:
        return bool(self.quotes) and bool(self.words or self.expects_words or self.is_not_found)

    @property
    def _note(self) -> str:
        return "" if self.is_not_found and not self.words else self._remark

    @property
    def _label(self) -> str:
        """What stands above the quotes; a remark that nothing was found introduces them itself."""
        return "" if self.is_not_found and not self.words else say(self._language, "answer.passages")

    def describe(self) -> dict[str, Any]:
        """The properties that Sources.jsx shows."""
        hits = (*self._shown_to_model, *self._hits[len(self._shown_to_model) :])
        citations = self._citations or self._quoted
        cards = make_cards(hits, citations, self._language)
        early = ""
        if self.is_stopped:
            early = say(self._language, "answer.stopped.early") if self.words else say(self._language, "answer.stopped")
        is_whole = self._report is not None and not self._report.failure
        end = (self.broken_off if self.text else "") or early
        return {
            "look": self._outcome or ("writing" if self.expects_words else ""),
            "reading": self._describe_reading(),
            "note": self._note,
            "label": self._label,
            "quotes": show_quotes(self.quotes, self._quote_markers) if self._has_quotes_below else "",
            "sources": cards,
            "cited": [citation.number for citation in citations],
            "spots": [describe_spot(spot) for spot in self._spots],
            "quoted": self._list_quoted(),
            "isQuoted": not self.words,
            "isUncited": is_whole and bool(self.words) and not self._spots and not self.is_not_found,
            "searchedFor": self.searched_for,
            "searchedIn": self.searched_in,
            "notices": [*self._notices, *filter(None, [self.coverage.describe(self._language), end])],
            "why": self._explain(cards),
            "madeBy": self._made_by,
            "model": self.model,
            "host": self.host,
            "by": self.by,
            "firstWord": self._first_word,
            "exports": {"csv": write_csv(self._table), "md": write_markdown(self._table)} if self._table else None,
            "written": self._write(),
        }

    def _explain(self, cards: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Why the answer is as it is, once all of it is there; None where no passages were searched for."""
        if not self._retrieval or not self._report or self._retrieval.mode == "catalog":
            return None
        cited = {citation.number for citation in self._citations}
        given = len(self._shown_to_model)
        return explain(self._retrieval, self._report, cards, given, cited, self.coverage, self._language)

    def _list_quoted(self) -> list[str]:
        """What stands before each marker of the quotes: that is what it is a quote of."""
        places = [0, *self._quote_markers]
        return [re.sub(r"\A\[\d+\]", "", self.quotes[start:end]).strip() for start, end in pairwise(places)]

    def _describe_reading(self) -> str:
        given = len(self._shown_to_model)
        if not self.expects_words or self.words:
            return ""
        if self._progress:
            return self._progress
        if not given:
            return ""
        return describe_progress(self.coverage, len(self._hits), self.model, given, self.searched_in, self._language)

    def _write(self) -> str:
        """All that there is to read, in the order of the page, as it is copied."""
        answer = self.words or (self._remark if self.is_not_found else "" if self._has_quotes_below else self.quotes)
        quotes = self.quotes if self._has_quotes_below else ""
        label = f"{self._label}:" if quotes and self._label else ""
        return "\n\n".join(filter(None, (answer, self._note, label, quotes)))
