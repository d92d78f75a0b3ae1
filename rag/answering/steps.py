"""What the log says of an answer: how it was made and how it turned out, none of its words."""

from __future__ import annotations

import logging

from rag.answering.events import AnswerReport
from rag.logs.steps import log_step

logger = logging.getLogger(__name__)


def log_answer(report: AnswerReport) -> None:
    log_step(
        logger,
        "answered",
        {f"{name}_ms": value for name, value in report.milliseconds.items()},
        level=logging.INFO,
        verdict=report.verdict,
        outcome=report.outcome,
        route=report.route,
        model=report.model,
        place=report.place or None,
        is_private=bool(report.private),
        is_rewritten=report.searched_for != report.question,
        characters=len(report.answer),
        cited=len(report.citations),
        finish=report.finish,
        has_failed=bool(report.failure),
    )
