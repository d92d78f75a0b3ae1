"""The same questions with the same passages to several models: how fast each is, and how good its answers are."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from rag import cli
from rag.answering.answer import FindPassages, answer_report
from rag.answering.events import AnswerReport
from rag.answering.prompt import Around, count_tokens, make_around
from rag.assembly import open_retriever
from rag.chat.foundry import FoundryRuntime
from rag.chat.routing.configured import place_model
from rag.chat.routing.router import QuestionRouter
from rag.errors import SettingsError
from rag.evaluation.command import make_progress
from rag.evaluation.comparison_page import COLUMNS, make_page
from rag.evaluation.matching import holds_any, tokenize
from rag.index.index import Index
from rag.settings import Settings
from rag.types import Restriction, Retrieval

_MODEL_START_S = 600.0


def run_comparison(options: argparse.Namespace, settings: Settings) -> int:
    """Run the command; returns its exit code."""
    if len(options.model) < 2:
        raise SettingsError("There is nothing to compare. Give --model twice or more.")
    questions = read_questions(options.questions)
    cli.hush("rag.chat")  # failures are counted and told at the end
    with (
        closing(Index(settings.index_dir)) as index,
        closing(open_retriever(index, settings, progress=cli.say)) as retriever,
    ):
        index.require()
        around, progress = make_around(index, settings.top_k), make_progress("answers")
        report = compare_models(
            questions, options.model, settings, retriever.retrieve, around=around, progress=progress
        )
    if options.html:
        options.html.write_text(make_page(report), "utf-8")
    if options.json:
        cli.print_json(report)
    else:
        cli.show(format_table(report))
        for one in report["models"]:
            if one["failure"]:
                cli.say(f"{one['model']} failed at {one['failed']} questions: {one['failure']}")
    return 1 if any(one["failed"] for one in report["models"]) else 0


class Asked(NamedTuple):
    """A question of the file, and what is accepted as its answer; nothing where that isn't to be judged."""

    question: str
    answers: tuple[str, ...] = ()


def read_questions(path: Path) -> list[Asked]:
    """One question a line, or one JSON object as in the questions.jsonl of a dataset. Raises SettingsError."""
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        rows = [json.loads(line) if line.startswith("{") else {"question": line} for line in lines if line]
        questions = [Asked(str(row["question"]), tuple(map(str, row.get("answers", ())))) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise SettingsError(f"{path} can't be read as questions ({exc!r}). Put one question on each line.") from exc
    if not questions:
        raise SettingsError(f"{path} holds no question. Put one question on each line.")
    return questions


def compare_models(
    questions: Sequence[Asked],
    models: Sequence[str],
    settings: Settings,
    retrieve: FindPassages,
    *,
    around: Around | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Figures of each model, named ``MODEL`` or ``MODEL@URL``, and its words on each question.

    The models are loaded and asked one after another, so that none takes another's memory or processor. Private text
    stays on this machine here too: such a question counts as failed for a model elsewhere.
    """
    found = {asked.question: retrieve(asked.question) for asked in questions}

    def find_again(question: str, *, only: Restriction | None = None) -> Retrieval:
        return replace(found[question], verdict="yes")  # every model is asked every question

    figures = []
    for number, model in enumerate(models):
        own = replace(place_model(settings, model), route="local")
        with closing(QuestionRouter(own, make_runtime=partial(FoundryRuntime, may_download=False))) as router:
            router.start()
            router.settle(_MODEL_START_S)
            ask = partial(answer_report, retrieve=find_again, router=router, settings=own, around=around)
            # Not measured: the first model would pay for what this process loads, and each for its own first words.
            cli.work_while_read(ask(questions[0].question))
            reports = []
            for asked in questions:
                reports.append(cli.work_while_read(ask(asked.question)))
                progress(number * len(questions) + len(reports), len(models) * len(questions))
            figures.append(_measure(model, questions, reports))
    return {"questions": len(questions), "models": figures}


def _measure(model: str, questions: Sequence[Asked], reports: Sequence[AnswerReport]) -> dict[str, Any]:
    pairs = list(zip(questions, reports, strict=True))
    told = [report for report in reports if report.model and report.worth and not report.failure]
    first = [report.milliseconds["first_token"] - report.milliseconds["quotes"] for report in told]
    seconds = sum(report.milliseconds["total"] - report.milliseconds["first_token"] for report in told) / 1000
    texts = [report.worth.text for report in told if report.worth]
    checked = [report.worth.supported for report in told if report.worth and report.worth.supported is not None]
    judged = [holds_any(r.worth.text if r.worth else "", a.answers) for a, r in pairs if a.answers and not r.failure]
    return {
        "model": model,
        "place": next((report.place for report in told), ""),
        "answered": len(told),
        "failed": sum(bool(report.failure) for report in reports),
        "failure": next((report.failure for report in reversed(reports) if report.failure), ""),
        "first_token_ms": _round(statistics.median(first)) if first else None,
        "tokens_per_second": _round(sum(map(count_tokens, texts)) / seconds) if seconds > 0 else None,
        "total_ms": _round(statistics.median(report.milliseconds["total"] for report in told)) if told else None,
        "words": _round(statistics.mean(len(tokenize(text)) for text in texts)) if texts else None,
        "supported": _share(checked),
        "accepted": _share(judged),
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6),
        "each": [
            {"question": asked.question, "said": report.worth.text if report.worth else "", "failure": report.failure}
            for asked, report in pairs
        ],
    }


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def _round(value: float) -> float:
    return round(value, 1)


def format_table(report: dict[str, Any]) -> str:
    rows = [["model", "place", *COLUMNS.values()]]
    for one in report["models"]:
        values = ("–" if one[name] is None else f"{one[name]:,}" for name in COLUMNS)
        rows.append([one["model"], one["place"] or "–", *values])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
