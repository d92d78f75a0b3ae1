"""What the server counts for Prometheus: questions, how long they took, what became of them. Owns prometheus_client.

There is no text of a document or a question among it, and no name of a file; labels take only the values named here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from rag.answering.events import AnswerReport, Done, Event, Token
from rag.index.index import IndexStatus

CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""From a search of some milliseconds to an answer by a model on a slow processor."""


class Metrics:
    """There is one in a server. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._questions = Counter(
            "pagewise_questions",
            "Questions that were answered, by how retrieval judged them, how the answer looks and where its words are"
            " from.",
            ("verdict", "outcome", "route"),
            registry=registry,
        )
        self._stages = Histogram(
            "pagewise_stage_seconds",
            "Seconds from the question until a stage was reached: retrieve, quotes, first_token, total.",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._pieces = Counter(
            "pagewise_answer_pieces",
            "Pieces of text that models wrote, as their servers sent them: mostly a token each.",
            registry=registry,
        )
        self._failures = Counter(
            "pagewise_failures",
            "What failed: model, when it gave no answer or broke off; question, when there was no answer at all.",
            ("part",),
            registry=registry,
        )
        for part in ("model", "question"):
            self._failures.labels(part)
        self._index = Gauge(
            "pagewise_index",
            "What the index holds: documents, passages, vectors, failed, bytes.",
            ("what",),
            registry=registry,
        )
        self._model_ready = Gauge(
            "pagewise_model_ready", "1 while a language model answers, else 0.", registry=registry
        )

    async def watch(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """The events of an answer, counted as they pass."""
        try:
            async with aclosing(events):
                async for event in events:
                    self.note_event(event)
                    yield event
        except Exception:
            self.note_failure("question")
            raise

    def note_event(self, event: Event) -> None:
        match event:
            case Token():
                self.note_piece()
            case Done(report):
                self.note_answer(report)

    def note_answer(self, report: AnswerReport) -> None:
        self._questions.labels(report.verdict, report.outcome, report.route).inc()
        for stage in ("retrieve", "quotes", "first_token", "total"):
            if stage in report.milliseconds:
                self._stages.labels(stage).observe(report.milliseconds[stage] / 1000)
        if report.failure:
            self.note_failure("model")

    def note_piece(self) -> None:
        """A model wrote a piece of text."""
        self._pieces.inc()

    def note_failure(self, part: Literal["model", "question"]) -> None:
        self._failures.labels(part).inc()

    def render(self, held: IndexStatus, *, is_model_ready: bool) -> bytes:
        """All of it in Prometheus' text format, of type `CONTENT_TYPE`."""
        sizes = {
            "documents": held.documents,
            "passages": held.chunks,
            "vectors": held.vectors,
            "failed": len(held.failures),
            "bytes": held.bytes,
        }
        for what, count in sizes.items():
            self._index.labels(what).set(count)
        self._model_ready.set(is_model_ready)
        return generate_latest(self._registry)
