"""The figures of an evaluation as a table for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from rag.evaluation.answers import OUTCOMES, WORDS_OF_ABSENT, WORDS_OF_ANSWERABLE
from rag.evaluation.retrieval import METRICS
from rag.types import Verdict

_WIDTH = 18
_ABSTENTION = {
    "auroc": "abstention, AUROC",
    "auroc_far": "abstention, AUROC against far-off questions",
    "auroc_near": "abstention, AUROC against near misses",
    "ece": "expected calibration error",
    "risk@50%": "unanswerable among the surest half (share)",
    "risk@80%": "unanswerable among the surest 80 % (share)",
    "no_rate_answerable": "verdict no though it can (share)",
    "no_rate_absent": "verdict no, and it cannot (share)",
    "no_precision": "cannot, and verdict no (share of verdicts no)",
    "yes_rate_absent": "verdict yes though it cannot (share)",
    "unsure_rate": "verdict unsure (share)",
    "false_answer_rate": "answered though the corpus cannot (share)",
    "false_decline_rate": "declined though it can (share)",
}
_ANSWERS = {
    "exact_match": "exact match (share)",
    "token_f1": "token F1",
    "contains": "an accepted answer in it (share)",
    "citation_precision": "cited places that are right (share)",
    "citation_recall": "right places that are cited (share)",
}
_CLAIMS = {
    "supported": "sentences that their passages say (share)",
    "partly": "sentences that they say in part (share)",
    "not": "sentences that they don't say (share)",
}
_REFUSALS = {
    "precision": "refused, and it cannot be answered (share)",
    "recall": "cannot be answered, and it refused (share)",
}
_TIMES = {"p50": "first word of the model, p50, ms", "p95": "first word of the model, p95, ms"}
_SPEED = {"words_per_second": "words a second"}
_NARROW = 11
_LABEL = 20
_PARTS = {
    "answerable": ("questions with accepted answers", WORDS_OF_ANSWERABLE, "reader_finds"),
    "absent": ("questions that the documents can't answer", WORDS_OF_ABSENT, "reader_warned"),
}
_HEADS = {"reader_finds": "found", "reader_warned": "warned", "not_found": "not found"}
_LEGEND = """right: an accepted answer is in the model's words; wrong: an answer without one; invented: an answer to
what the documents can't answer, shown without a warning; marked: the same with one; refused: that the passages don't
say it; bare: no answer at all; unasked: retrieval said no. found: an accepted answer stands in the quotes or in the
model's words; warned: the reader is told that the answer is unsure or not there."""


def format_report(report: Mapping[str, Any], baseline: Mapping[str, Any] | None = None) -> str:
    """The report as a table for people; with a baseline, each figure is followed by its change."""
    before = baseline or {}
    lines = [f"{report['questions']:,} questions, found by {report['unit']}", ""]
    lines.append(f"{'':10}" + "".join(f"{name:>{_WIDTH}}" for name in METRICS))
    for mode, figures in report["modes"].items():
        old = before.get("modes", {}).get(mode, {})
        lines.append(f"{mode:10}" + "".join(_format_cell(figures.get(name), old.get(name)) for name in METRICS))
    for mode, figures in report.get("protocols", {}).items():
        old = before.get("protocols", {}).get(mode, {})
        lines += ["", mode] if figures else []
        lines += _format_lines({name: name.replace("_", " ") for name in figures}, figures, old)
    lines.append("")
    lines += _format_lines(_ABSTENTION, report["abstention"], before.get("abstention", {}))
    times = {name: f"{name}, ms" for name in ("p50", "p95")}
    lines += _format_lines(times, report["milliseconds"], before.get("milliseconds", {}), digits=1)
    lines += _format_verdicts(report["abstention"], before.get("abstention", {}))
    if "answers" in report:
        lines += ["", *_format_answers(report["answers"], before.get("answers", {}))]
    return "\n".join(lines)


def _format_verdicts(figures: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    """A table of retrieval's verdicts: a line for each kind of question."""
    verdicts = get_args(Verdict)
    rows, earlier = figures.get("verdicts_by_kind", {}), old.get("verdicts_by_kind", {})
    if rows:
        yield from ("", f"{'verdicts (per cent)':{_LABEL}}{'asked':>6}" + _format_heads(verdicts))
    for kind, counts in rows.items():
        shares, before = (
            {verdict: counted.get(verdict, 0) / sum(counted.values()) for verdict in verdicts} if counted else {}
            for counted in (counts, earlier.get(kind))
        )
        yield f"{kind[: _LABEL - 1]:{_LABEL}}{sum(counts.values()):>6,}{_format_percents(verdicts, shares, before)}"


def _format_heads(columns: Sequence[str]) -> str:
    return "".join(f"{_HEADS.get(name, name):>{_NARROW}}" for name in columns)


def _format_answers(figures: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    asked = f"{figures['scored']:,} of {figures['questions']:,} questions with accepted answers"
    by = "quotes, since no model answers" if figures["by"] == "quotes" else figures["by"]
    yield f"answers by {by}: {asked}, {figures['declined']:,} of them declined"
    if figures["partial"]:
        yield f"these figures are partial: stopped after {figures['asked']:,} of {figures['planned']:,} questions"
    if "asked" in old:
        part = f"of {old['planned']:,}, where it was stopped; it is partial" if old["partial"] else "asked"
        yield f"baseline: answers by {old['by']}, {old['asked']:,} questions {part}"
    if figures["failed"]:
        yield f"left out, since the model failed: {figures['failed']:,} questions. {figures['failure']}"
    yield from _format_lines(_ANSWERS, figures, old)
    if figures["by"] != "quotes":
        yield from _format_lines(_CLAIMS, figures.get("claims", {}), old.get("claims", {}))
        yield from _format_lines(_REFUSALS, figures["refusals"], old.get("refusals", {}))
        yield from _format_lines(_TIMES, figures["first_word_ms"], old.get("first_word_ms", {}), digits=0)
        yield from _format_lines(_SPEED, figures, old, digits=1)
    for part in _PARTS:
        yield from _format_part(part, figures, old.get("groups", {}))
    if figures["asked"]:
        yield from ("", _LEGEND)


def _format_part(part: str, figures: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    """A table of those questions: a line for all of them, for each kind and for each language."""
    rows = list(_list_rows(part, figures["groups"]))
    if not rows:
        return
    title, words, reader = _PARTS[part]
    columns = (*(words if figures["by"] != "quotes" else ()), reader, *OUTCOMES)
    earlier = dict(_list_rows(part, old))
    yield from ("", f"{title} (per cent)")
    yield f"{'':{_LABEL}}{'asked':>6}" + _format_heads(columns)
    for label, shares in rows:
        cells = _format_percents(columns, shares, earlier.get(label, {}))
        yield f"{label[: _LABEL - 1]:{_LABEL}}{shares['questions']:>6,}{cells}"


def _list_rows(part: str, groups: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if part in groups.get("all", {}):
        yield "all", groups["all"][part]
    for name, mark in (("by_kind", ""), ("by_language", "language ")):
        for value, parts in groups.get(name, {}).items():
            if part in parts:
                yield mark + value, parts[part]


def _format_percents(columns: Sequence[str], shares: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    cells = []
    for name in columns:
        share, before = shares[name], old.get(name)
        change = f" ({100 * (share - before):+.0f})" if share is not None and before is not None else ""
        cells.append("–" if share is None else f"{100 * share:.0f}{change}")
    return "".join(f"{cell:>{_NARROW}}" for cell in cells)


def _format_lines(
    names: Mapping[str, str], figures: Mapping[str, Any], old: Mapping[str, Any], digits: int = 4
) -> list[str]:
    return [f"{text:46}{_format_cell(figures.get(name), old.get(name), digits)}" for name, text in names.items()]


def _format_cell(value: float | None, old: float | None, digits: int = 4) -> str:
    if value is None:
        return f"{'–':>{_WIDTH}}"
    change = f" ({value - old:+.{digits}f})" if old is not None else ""
    return f"{f'{value:.{digits}f}{change}':>{_WIDTH}}"
