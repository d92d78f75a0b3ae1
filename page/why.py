"""Why an answer is as it is, in plain words: what was searched, what was found, who wrote. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from page.texts import say, say_count, write_number
from rag.answering.events import AnswerReport
from rag.text.hostile import remove_invisible
from rag.types import Retrieval, ScoredChunk


@dataclass(frozen=True, slots=True)
class Coverage:
    """What could be searched when a question was asked."""

    documents: int = 0
    done: int = 0
    """Files that were read, of `total`; both are 0 unless files are still being read."""
    total: int = 0

    @property
    def is_partial(self) -> bool:
        return self.done < self.total

    def describe(self, language: str) -> str:
        """What the answer has to say of it; empty if all was read."""
        return say(language, "answer.partial", **self.count_files(language)) if self.is_partial else ""

    def count_files(self, language: str) -> dict[str, str]:
        return {"done": write_number(language, self.done), "total": write_number(language, self.total)}


def describe_progress(coverage: Coverage, passages: int, model: str, given: int, only: str, language: str) -> str:
    """What is going on while a model reads."""
    where = only or say_count(language, "documents", coverage.documents)
    if coverage.is_partial:
        where = say(language, "answer.so.far", where=where, **coverage.count_files(language))
    found = say_count(language, "passages", passages)
    return say(language, "answer.searching", where=where, passages=found, model=model, given=given)


def say_who(report: AnswerReport, language: str) -> str:
    """Which model answered, where, and why it was that one: ``phi-4-mini on this machine, since it asks for code``; or
    ``llama3.2, leaves this machine: example.org``.
    """
    if report.model is None:
        return say(language, "answer.quotes") if report.kind == "passages" else "Pagewise"
    why = f", since {report.why}" if report.why else ""
    return name_model(report.model, report.place, language) + remove_invisible(why)


def name_model(model: str, place: str, language: str) -> str:
    """A model and where it runs: ``on this machine``, or ``at`` and a host; the name alone while that is unknown."""
    if place.startswith("at "):
        who = say(language, "answer.away", model=model, host=place[3:])
    else:
        who = say(language, "answer.here", model=model) if place else model
    return remove_invisible(who)


def explain(
    retrieval: Retrieval,
    report: AnswerReport,
    cards: Sequence[dict[str, Any]],
    given: int,
    cited: Collection[int],
    coverage: Coverage,
    language: str,
) -> dict[str, Any]:
    """Sentences, and the passages with how well they fit, as JSON values. A model read `given` of them."""
    passages = [
        {
            **{name: card[name] for name in ("number", "source", "place")},
            "fit": _describe_fit(hit, language),
            "isGiven": card["number"] <= given,
            "isCited": card["number"] in cited,
        }
        for card, hit in zip(cards, retrieval.hits, strict=False)
    ]
    return {"said": _list_sentences(retrieval, report, given, coverage, language), "passages": passages}


def _list_sentences(
    retrieval: Retrieval, report: AnswerReport, given: int, coverage: Coverage, language: str
) -> list[str]:
    searched = say(
        language, f"why.searched.{retrieval.mode}", documents=say_count(language, "documents", coverage.documents)
    )
    if took := retrieval.milliseconds.get("total"):
        searched += " " + say(language, "why.took", milliseconds=write_number(language, took))
    said = [searched]
    said.append(say(language, f"why.verdict.{retrieval.verdict}", percent=round(100 * retrieval.confidence)))
    if retrieval.unknown_words:
        said.append(say(language, "why.unknown", words=", ".join(retrieval.unknown_words)))
    said.append(_describe_writer(report, given, language))
    if report.outcome == "unsure":
        said.append(say(language, "why.compared"))
    return [remove_invisible(sentence) for sentence in said]


def _describe_writer(report: AnswerReport, given: int, language: str) -> str:
    if report.model is None:
        return say(language, "why.quoted")
    first = write_number(language, report.milliseconds.get("first_token", 0.0) / 1000, 1)
    passages = say_count(language, "passages", given)
    return say(language, "why.written", who=say_who(report, language), passages=passages, seconds=first)


def _describe_fit(hit: ScoredChunk, language: str) -> list[str]:
    """How near a passage is: its meaning from −1 to 1, its words without a limit, both together."""
    fit = []
    if hit.dense is not None:
        fit.append(say(language, "why.meaning", value=write_number(language, hit.dense, 2)))
    if hit.lexical is not None:
        fit.append(say(language, "why.words", value=write_number(language, hit.lexical, 1)))
    return [*fit, say(language, "why.together", value=write_number(language, hit.score, 3))]
