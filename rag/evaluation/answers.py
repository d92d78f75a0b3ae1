"""How good answers are: what a model says of its own, and what the reader gets of it. Pure.

Questions with accepted answers are asked, and those that the documents can't answer. `judge_words` tells what the
model's own words are worth; beside it stands whether an accepted answer is in what the reader gets, or a warning where
there is none. Exact match and token F1 are SQuAD's; the nearest of the accepted answers decides.

A question at which the model failed has no score; it is counted and its reason told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from rag.answering.claims import Verdict
from rag.answering.events import AnswerReport, Outcome
from rag.evaluation.matching import compute_f1, holds_any, tokenize
from rag.evaluation.retrieval import Dataset, Question, Unit, find_percentile, measure_share
from rag.types import Citation

Ask = Callable[[str], AnswerReport]

OUTCOMES: tuple[str, ...] = get_args(Outcome)
VERDICTS: tuple[str, ...] = get_args(Verdict)
WORDS_OF_ANSWERABLE = ("right", "wrong", "refused", "bare", "unasked", "failed")
WORDS_OF_ABSENT = ("invented", "marked", "refused", "bare", "unasked", "failed")

_GIVE_UP_AFTER = 3
"""Failures of the model in a row after which it is asked no further question."""
_GOLDEN = 0.6180339887
"""The fractional parts of its multiples are spread evenly, wherever they end."""


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


class _Asked(NamedTuple):
    question: Question
    report: AnswerReport


def score_answer(answer: str, citations: Sequence[Citation], question: Question, unit: str) -> AnswerScore:
    """Compare one answer with what its question accepts. A citation has to name what `unit` says: page or source."""
    found = tokenize(answer)
    places: set[Unit] = {(cited.source, cited.page if unit == "page" else None) for cited in citations}
    right = places & question.relevant
    return AnswerScore(
        exact_match=float(any(found == tokenize(accepted) for accepted in question.answers)),
        token_f1=max((compute_f1(answer, accepted) for accepted in question.answers), default=0.0),
        contains=float(holds_any(answer, question.answers)),
        citation_precision=len(right) / len(places) if places else None,
        citation_recall=len(right) / len(question.relevant) if question.relevant else 0.0,
    )


def judge_words(question: Question, report: AnswerReport) -> str:
    """What the model's own words are worth, whatever is shown of them.

    ``right``: an accepted answer is in them; ``wrong``: an answer without one. ``invented``: an answer to a question
    that the documents can't answer, shown as if they could; ``marked``: the same, but its reader is warned.
    ``refused``: that the passages don't say it. ``bare``: nothing, only markers, a heading, the question or the
    instructions again, or a loop. ``unasked``: retrieval was all but certain that the documents don't say it.
    """
    worth = report.worth
    if report.failure:
        return "failed"
    if report.model is None:
        return "unasked"
    if worth is None or worth.kind != "answer":
        return "refused" if worth and worth.kind == "refusal" else "bare"
    if not question.answerable:
        return "invented" if report.outcome == "answered" else "marked"
    if holds_any(worth.text, question.answers):
        return "right"
    return "bare" if worth.is_looping else "wrong"


def answer_figures(
    dataset: Dataset,
    ask: Ask,
    *,
    model: str | None,
    limit: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Ask the questions that have accepted answers or that the documents can't answer; returns the figures.

    `model` is the name of the model that answers, None if quotes are to be scored. With a `limit`, only so many
    questions are asked, spread evenly over the dataset and its kinds. A KeyboardInterrupt ends the asking: the figures
    are then ``partial``. A figure is None where there is nothing to take it from.
    """
    eligible = [question for question in dataset.questions if question.answers or not question.answerable]
    questions = order_evenly(eligible)[:limit]
    asked, is_stopped = _ask_all(questions, ask, model is not None, progress)
    failures = [pair.report.failure for pair in asked if model is not None and pair.report.failure]
    measured = [pair for pair in asked if model is None or not pair.report.failure]
    scored = [pair for pair in measured if pair.question.answerable]
    scores = [score_answer(report.answer, report.citations, question, dataset.unit) for question, report in scored]
    return {
        "by": model or "quotes",
        "questions": sum(question.answerable for question in eligible),
        "absent": sum(not question.answerable for question in eligible),
        "planned": len(questions),
        "asked": len(asked),
        "partial": is_stopped,
        "scored": len(scores),
        "declined": sum(not report.answerable for _, report in scored),
        "failed": len(failures) + (0 if is_stopped else len(questions) - len(asked)),
        "failure": failures[-1] if failures else "",
        **{name: _average([getattr(score, name) for score in scores]) for name in AnswerScore.__slots__},
        "groups": _group(asked, model is not None),
        **_measure_model(measured),
        "each": [_describe(*pair) for pair in asked] if model is not None else [],
    }


def _describe(question: Question, report: AnswerReport) -> dict[str, Any]:
    """What came of one question, for whoever doubts the judgement."""
    return {
        "id": question.id,
        "question": question.text,
        "accepted": list(question.answers),
        "kind": question.kind,
        "language": question.language,
        "verdict": report.verdict,
        "judged": judge_words(question, report),
        "worth": report.worth.kind if report.worth else None,
        "claims": [claim.to_dict() for claim in report.claims],
        "said": report.worth.text if report.worth else "",
        "failure": report.failure,
        "outcome": report.outcome,
        "remark": report.remark,
        "quotes": report.quotes,
        "milliseconds": report.milliseconds,
    }


def order_evenly(questions: Sequence[Question]) -> list[Question]:
    """The questions in an order whose every beginning is spread evenly over the kinds, and over each kind's questions.

    So a limit, and what was asked before an interruption, stand for the whole.
    """
    groups: dict[tuple[bool, str, str], list[Question]] = {}
    for question in questions:
        groups.setdefault((question.answerable, question.kind, question.language), []).append(question)
    placed = []
    for number, group in enumerate(groups.values()):
        spread = sorted(range(len(group)), key=lambda place: place * _GOLDEN % 1)
        offset = (number + 1) * _GOLDEN % 1
        placed += [((rank + offset) / len(group), group[place]) for rank, place in enumerate(spread)]
    return [question for _, question in sorted(placed, key=lambda one: one[0])]


def _ask_all(
    questions: Sequence[Question], ask: Ask, by_model: bool, progress: Callable[[int, int], None]
) -> tuple[list[_Asked], bool]:
    """The questions with their answers, fewer than `questions` if the model is gone; and whether it was interrupted."""
    asked: list[_Asked] = []
    try:
        for question in questions:
            asked.append(_Asked(question, ask(question.text)))
            progress(len(asked), len(questions))
            last = [report.failure for _, report in asked[-_GIVE_UP_AFTER:]]
            if by_model and len(last) == _GIVE_UP_AFTER and all(last):
                break
    except KeyboardInterrupt:
        return asked, True
    return asked, False


def _group(asked: Sequence[_Asked], by_model: bool) -> dict[str, Any]:
    """The shares of all questions, of each kind and of each language; absent questions always apart."""

    def measure_by(name: str) -> dict[str, Any]:
        values = sorted({getattr(pair.question, name) for pair in asked} - {""})
        return {
            value: _split([pair for pair in asked if getattr(pair.question, name) == value], by_model)
            for value in values
        }

    return {"all": _split(asked, by_model), "by_kind": measure_by("kind"), "by_language": measure_by("language")}


def _split(asked: Sequence[_Asked], by_model: bool) -> dict[str, Any]:
    parts = {
        "answerable": [pair for pair in asked if pair.question.answerable],
        "absent": [pair for pair in asked if not pair.question.answerable],
    }
    return {name: _measure_group(part, name == "absent", by_model) for name, part in parts.items() if part}


def _measure_group(asked: Sequence[_Asked], is_absent: bool, by_model: bool) -> dict[str, Any]:
    """Shares of what the model said, of all that were asked; and of what is read, of those at which it didn't fail."""
    words = Counter(judge_words(*pair) for pair in asked)
    names = (WORDS_OF_ABSENT if is_absent else WORDS_OF_ANSWERABLE) if by_model else ()
    read = [pair for pair in asked if not (by_model and pair.report.failure)]
    outcomes = {name: measure_share(pair.report.outcome == name for pair in read) for name in OUTCOMES}
    if is_absent:
        reader = {"reader_warned": measure_share(pair.report.outcome != "answered" for pair in read)}
    else:
        reader = {"reader_finds": measure_share(_is_read(*pair) for pair in read)}
    return {
        "questions": len(asked),
        **{name: round(words[name] / len(asked), 4) for name in names},
        **reader,
        **outcomes,
    }


def _is_read(question: Question, report: AnswerReport) -> bool:
    """Whether an accepted answer stands in what the reader gets: in the quotes, or in the model's words if shown."""
    shown = report.worth.text if report.worth and report.worth.kind == "answer" else ""
    return any(holds_any(text, question.answers) for text in (shown, report.quotes))


def _measure_model(measured: Sequence[_Asked]) -> dict[str, Any]:
    """How much of what it says its passages say, how well it refuses, and how fast it is.

    Of the questions that it was asked and didn't fail at.
    """
    answered = [pair for pair in measured if pair.report.model is not None]
    refused = [pair for pair in answered if judge_words(*pair) == "refused"]
    times = [pair.report.milliseconds["first_token"] for pair in answered if "first_token" in pair.report.milliseconds]
    claims = [claim.verdict for pair in answered for claim in pair.report.claims]
    return {
        "claims": {
            "checked": len(claims),
            **{verdict: measure_share(claim == verdict for claim in claims) for verdict in VERDICTS},
        },
        "refusals": {
            "precision": measure_share(not question.answerable for question, _ in refused),
            "recall": measure_share(
                judge_words(*pair) == "refused" for pair in answered if not pair.question.answerable
            ),
        },
        "first_word_ms": {f"p{percent}": find_percentile(times, percent) if times else None for percent in (50, 95)},
        "words_per_second": _measure_speed([pair.report for pair in answered]),
    }


def _measure_speed(reports: Sequence[AnswerReport]) -> float | None:
    """Words a second from the first one to the end of the answer; those that were cut off tell nothing of it."""
    whole = [report for report in reports if report.worth and not report.worth.is_looping and report.milliseconds]
    words = sum(len(tokenize(report.worth.text)) for report in whole if report.worth)
    seconds = sum(report.milliseconds["total"] - report.milliseconds["first_token"] for report in whole) / 1000
    return round(words / seconds, 1) if seconds > 0 else None


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None
