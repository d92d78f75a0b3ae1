"""How good a model's answers are: against accepted answers, and their citations against the places of the answer. Pure.

Exact match and token F1 are SQuAD's: case, punctuation and English articles don't count, and the best of the accepted
answers does. An answer in sentences rarely matches exactly; `contains` says how often an accepted answer is in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.evaluation import Dataset, Question, Unit
from rag.types import Citation

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7ff\u0e00-\u0e7f]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7ff]+"
)
_MARKER = re.compile(r"\[\d{1,3}\]")

Ask = Callable[[str], tuple[str, Sequence[Citation]]]
"""Question to the answer's text and its citations."""


@dataclass(frozen=True, slots=True)
class AnswerScore:
    exact_match: float
    token_f1: float
    contains: float
    citation_precision: float | None
    """Share of the cited places that are right; None without citations."""
    citation_recall: float
    """Share of the right places that are cited."""


def score_answer(answer: str, citations: Sequence[Citation], question: Question, unit: str) -> AnswerScore:
    found = _tokens(answer)
    accepted = [_tokens(text) for text in question.answers]
    places: set[Unit] = {(cited.source, cited.page if unit == "page" else None) for cited in citations}
    right = places & question.relevant
    return AnswerScore(
        exact_match=float(found in accepted),
        token_f1=max((_f1(found, tokens) for tokens in accepted), default=0.0),
        contains=float(any(_contains(found, tokens) for tokens in accepted)),
        citation_precision=len(right) / len(places) if places else None,
        citation_recall=len(right) / len(question.relevant) if question.relevant else 0.0,
    )


def answer_figures(
    dataset: Dataset, ask: Ask, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, float | None]:
    """Means over the answerable questions that come with accepted answers; each None without any."""
    questions = [question for question in dataset.questions if question.answerable and question.answers]
    scores = []
    for done, question in enumerate(questions, start=1):
        answer, citations = ask(question.text)
        scores.append(score_answer(answer, citations, question, dataset.unit))
        progress(done, len(questions))
    return {name: _mean([getattr(score, name) for score in scores]) for name in AnswerScore.__slots__}


def _tokens(text: str) -> list[str]:
    return _WORD.findall(_ARTICLE.sub(" ", _MARKER.sub(" ", text).casefold()))


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    shared = sum((Counter(found) & Counter(wanted)).values())
    return 2 * shared / (len(found) + len(wanted)) if shared else 0.0


def _contains(found: Sequence[str], wanted: Sequence[str]) -> bool:
    size = len(wanted)
    return bool(size) and any(list(found[i : i + size]) == list(wanted) for i in range(len(found) - size + 1))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None
