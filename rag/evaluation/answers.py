"""How good answers are: compared with accepted answers, and their citations with the places of the answer. Pure.

Exact match and token F1 are SQuAD's: case, punctuation and English articles don't count, and the nearest of the
accepted answers decides. An answer in sentences rarely matches exactly; `contains` says how often an accepted answer
is in it.

What a user gets is scored: where the documents don't seem to hold the answer, that is the sentence that says so and the
nearest passages. A question at which the model failed has no score; it is counted and its reason told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rag.answering.events import AnswerReport
from rag.evaluation.retrieval import Dataset, Question, Unit
from rag.types import Citation

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7ff\u0e00-\u0e7f]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7ff]+"
)
_MARKER = re.compile(r"\[\d{1,3}\]")

Ask = Callable[[str], AnswerReport]

_GIVE_UP_AFTER = 3
"""Failures of the model in a row after which it is asked no further question."""


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """How good one answer is. Each figure is from 0 to 1, and higher is better."""

    exact_match: float
    token_f1: float
    contains: float
    citation_precision: float | None
    """Share of the cited places that are right; None without citations."""
    citation_recall: float
    """Share of the right places that are cited."""


def score_answer(answer: str, citations: Sequence[Citation], question: Question, unit: str) -> AnswerScore:
    """Compare one answer with what its question accepts. A citation has to name what `unit` says: page or source."""
    found = _tokenize(answer)
    accepted = [_tokenize(text) for text in question.answers]
    places: set[Unit] = {(cited.source, cited.page if unit == "page" else None) for cited in citations}
    right = places & question.relevant
    return AnswerScore(
        exact_match=float(found in accepted),
        token_f1=max((_compute_f1(found, tokens) for tokens in accepted), default=0.0),
        contains=float(any(_contains(found, tokens) for tokens in accepted)),
        citation_precision=len(right) / len(places) if places else None,
        citation_recall=len(right) / len(question.relevant) if question.relevant else 0.0,
    )


def answer_figures(
    dataset: Dataset,
    ask: Ask,
    *,
    model: str | None,
    limit: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Ask the answerable questions that have accepted answers; returns the means of their scores, and counts.

    `model` is the name of the model that answers, None if quotes are to be scored. With a `limit`, only so many
    questions are asked, spread evenly over the dataset. A mean is None if no answer could be scored.
    """
    eligible = [question for question in dataset.questions if question.answerable and question.answers]
    questions = _spread(eligible, limit)
    pairs = _ask_all(questions, ask, model is not None, progress)
    failures = [report.failure for _, report in pairs if model is not None and report.failure]
    scored = [pair for pair in pairs if model is None or not pair[1].failure]
    scores = [score_answer(report.answer, report.citations, question, dataset.unit) for question, report in scored]
    return {
        "by": model or "quotes",
        "questions": len(eligible),
        "scored": len(scores),
        "declined": sum(not report.answerable for _, report in scored),
        "failed": len(questions) - len(scores),
        "failure": failures[-1] if failures else "",
        **{name: _average([getattr(score, name) for score in scores]) for name in AnswerScore.__slots__},
    }


def _spread(questions: Sequence[Question], limit: int | None) -> list[Question]:
    count = min(limit or len(questions), len(questions))
    return [questions[place * len(questions) // count] for place in range(count)]


def _ask_all(
    questions: Sequence[Question], ask: Ask, by_model: bool, progress: Callable[[int, int], None]
) -> list[tuple[Question, AnswerReport]]:
    """The questions with their answers; they are fewer than `questions` if the model is gone."""
    pairs: list[tuple[Question, AnswerReport]] = []
    for question in questions:
        pairs.append((question, ask(question.text)))
        progress(len(pairs), len(questions))
        last = [report.failure for _, report in pairs[-_GIVE_UP_AFTER:]]
        if by_model and len(last) == _GIVE_UP_AFTER and all(last):
            break
    return pairs


def _tokenize(text: str) -> list[str]:
    return _WORD.findall(_ARTICLE.sub(" ", _MARKER.sub(" ", text).casefold()))


def _compute_f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    if not found or not wanted:
        return float(found == wanted)
    shared = sum((Counter(found) & Counter(wanted)).values())
    return 2 * shared / (len(found) + len(wanted)) if shared else 0.0


def _contains(found: Sequence[str], wanted: Sequence[str]) -> bool:
    size = len(wanted)
    return bool(size) and any(list(found[i : i + size]) == list(wanted) for i in range(len(found) - size + 1))


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None
