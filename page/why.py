"""Why an answer is as it is, in plain words: what was searched, what was found, who wrote. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rag.answering.events import AnswerReport
from rag.text.hostile import remove_invisible
from rag.types import Retrieval, ScoredChunk

_VERDICTS = {
    "yes": "The search takes it that your documents answer this",
    "unsure": "The search is unsure whether your documents answer this",
    "no": "The search is all but certain that your documents don't answer this",
}
_MODES = {
    "hybrid": "by their words and by their meaning",
    "dense": "by their meaning",
    "lexical": "by their words",
}
_OUTCOMES = {
    "answered": "",
    "unsure": "What was written was compared with the passages, and not all of it stands there plainly.",
    "not_found": "",
}


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

    @property
    def remark(self) -> str:
        """What the answer has to say of it; empty if all was read."""
        if not self.is_partial:
            return ""
        return f"Asked while files were being read: this rests on {self.done:,} of {self.total:,} that were to be read."


def describe_progress(coverage: Coverage, passages: int, model: str, given: int, only: str) -> str:
    """What is going on while a model reads."""
    where = f"{only}" if only else _count(coverage.documents, "document")
    partly = f" ({coverage.done:,} of {coverage.total:,} files read so far)" if coverage.is_partial else ""
    return f"Searched {where}{partly}, found {_count(passages, 'passage')}; {model} is reading {given:,} of them …"


def explain(
    retrieval: Retrieval,
    report: AnswerReport,
    cards: Sequence[dict[str, Any]],
    given: int,
    cited: Collection[int],
    coverage: Coverage,
) -> dict[str, Any]:
    """Sentences, and the passages with how well they fit, as JSON values. A model read `given` of them."""
    passages = [
        {
            **{name: card[name] for name in ("number", "source", "place")},
            "fit": _describe_fit(hit),
            "isGiven": card["number"] <= given,
            "isCited": card["number"] in cited,
        }
        for card, hit in zip(cards, retrieval.hits, strict=False)
    ]
    return {"said": _list_sentences(retrieval, report, given, coverage), "passages": passages}


def _list_sentences(retrieval: Retrieval, report: AnswerReport, given: int, coverage: Coverage) -> list[str]:
    searched = f"Searched {_count(coverage.documents, 'document')} {_MODES[retrieval.mode]}"
    took = retrieval.milliseconds.get("total")
    said = [f"{searched}{f' in {took:,.0f} ms' if took else ''}."]
    said.append(f"{_VERDICTS[retrieval.verdict]} ({retrieval.confidence:.0%}).")
    if retrieval.unknown_words:
        said.append(f"No document has these words of the question: {', '.join(retrieval.unknown_words)}.")
    said.append(_describe_writer(report, given))
    said.append(_OUTCOMES[report.outcome])
    return [remove_invisible(sentence) for sentence in said if sentence]


def _describe_writer(report: AnswerReport, given: int) -> str:
    if report.model is None:
        return "No model wrote this: the sentences that fit best are quoted word for word."
    first = report.milliseconds.get("first_token", 0.0) / 1000
    why = f", since {report.why}" if report.why else ""
    return (
        f"{report.model} {report.place} read {_count(given, 'passage')}{why}; its first word came after {first:,.1f} s."
    )


def _describe_fit(hit: ScoredChunk) -> list[str]:
    """How near a passage is: its meaning from −1 to 1, its words without a limit, both together."""
    meaning = [f"meaning {hit.dense:.2f}"] if hit.dense is not None else []
    words = [f"words {hit.lexical:.1f}"] if hit.lexical is not None else []
    return [*meaning, *words, f"together {hit.score:.3f}"]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
