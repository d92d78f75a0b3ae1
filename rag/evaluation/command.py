"""The command eval: indexes a dataset, measures retrieval and the model's answers, and shows or keeps the figures."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

from rag import cli
from rag.answering.answer import answer_report
from rag.answering.prompt import make_around
from rag.assembly import open_retriever
from rag.chat.foundry import FoundryRuntime
from rag.chat.routing.router import QuestionRouter
from rag.evaluation.answers import answer_figures
from rag.evaluation.protocols import measure_protocols
from rag.evaluation.report import format_report
from rag.evaluation.retrieval import Dataset, build_index, evaluate, load_baseline, save_baseline
from rag.index.index import Index
from rag.settings import Settings
from rag.types import MODES

_MODEL_START_S = 600.0
"""How long a model that is on the disk already may take to be loaded. A run takes longer than that in vain without it;
where there is none to wait for, nothing waits."""
_ESTIMATE_AFTER = 3
"""Questions after which it is told how long the others will take; the first one often waits for the model."""


def run_evaluation(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    settings = cli.load_settings(options, model=options.model, top_k=options.top_k)
    dataset = Dataset.load(options.dataset)
    baseline = load_baseline(options.baseline) if options.baseline else None
    modes = MODES if options.mode == "all" else (options.mode,)
    with (
        closing(Index(options.built or build_index(dataset, settings))) as index,
        closing(open_retriever(index, settings, progress=cli.say)) as retriever,
    ):
        index.require()
        progress = make_progress("questions asked")
        report = evaluate(dataset, retriever.retrieve, modes, progress, measure_protocols)
        if options.answers:
            ask = partial(
                answer_report,
                retrieve=retriever.retrieve,
                settings=settings,
                around=make_around(index, settings.top_k),
                compare=retriever.compare_sentences,
            )
            report["answers"] = _measure_answers(dataset, ask, settings, options.limit)
    if options.save:
        save_baseline(options.save, report)
    if options.json:
        cli.print_json(report)
    else:
        cli.show(format_report(report, baseline))
    answers = report.get("answers", {})
    return 128 + signal.SIGINT if answers.get("partial") else 1 if answers.get("failed") else 0


def _measure_answers(
    dataset: Dataset, ask: Callable[..., Any], settings: Settings, limit: int | None
) -> dict[str, Any]:
    """Measure the answers of the model that the settings name or, without one, the quotes that stand in for it."""
    cli.hush("rag.chat")  # failures are counted and told at the end
    runtime = partial(FoundryRuntime, may_download=False)
    with closing(QuestionRouter(settings, make_runtime=runtime)) as router:
        router.start()
        state = router.settle(_MODEL_START_S)
        if not state.is_ready:
            router.close()  # one that comes later would answer only some of the questions
            cli.say(" ".join(filter(None, (state.detail, state.fix, "Quotes are scored in its place."))))
        figures = answer_figures(
            dataset,
            lambda question: cli.work_while_read(ask(question, router=router)),
            model=state.model_id if state.is_ready else None,
            limit=limit,
            progress=make_progress("answers scored"),
        )
    if figures["partial"]:
        done = f"{figures['asked']:,} of {figures['planned']:,}"
        cli.say(f"\nStopped. The figures are those of the {done} questions that were asked; they are partial.")
    if figures["failed"]:
        cli.say(f"{figures['failed']:,} questions were left out, since the model failed: {figures['failure']}")
    return figures


def make_progress(what: str, clock: Callable[[], float] = time.monotonic) -> Callable[[int, int], None]:
    """A function that shows on a terminal how much is done, and how long the rest will take at the pace so far."""
    began, widest = clock(), 0

    def show(done: int, total: int) -> None:
        nonlocal widest
        if sys.stderr.isatty():
            line = f"{done:,} of {total:,} {what}" + _estimate_rest(done, total, clock() - began)
            widest = max(widest, len(line))
            sys.stderr.write(f"\r{line:{widest}}" + ("\n" if done == total else ""))
            sys.stderr.flush()

    return show


def _estimate_rest(done: int, total: int, seconds: float) -> str:
    if not _ESTIMATE_AFTER <= done < total:
        return ""
    rest = seconds / done * (total - done)
    if rest < 90:
        return f", about {rest:.0f} s left"
    minutes = round(rest / 60)
    return f", about {minutes} min left" if minutes < 90 else f", about {minutes // 60} h {minutes % 60} min left"
