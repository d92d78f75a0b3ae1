from typing import Any

import pytest

from rag.evaluation.report import format_report
from rag.evaluation.retrieval import load_baseline, save_baseline

PLAIN: dict[str, Any] = {
    "questions": 5,
    "unit": "source",
    "modes": {"hybrid": {"hit@1": 0.5, "recall@5": 1.0}},
    "abstention": {"auroc": 0.75, "verdicts_by_kind": {"far": {"no": 3, "unsure": 1}}},
    "milliseconds": {"p50": 7.0, "p95": 9.0},
}
READ: dict[str, Any] = {"answered": 0.75, "unsure": 0.25, "not_found": 0.0}
HELD = {"questions": 4, "right": 0.5, "wrong": 0.25, "refused": 0.25, "bare": 0.0, "unasked": 0.0, "failed": 0.0}
GONE = {"questions": 4, "invented": 0.25, "marked": 0.5, "refused": 0.25, "bare": 0.0, "unasked": 0.0, "failed": 0.0}
GROUP: dict[str, Any] = {
    "answerable": {**HELD, "reader_finds": 0.75, **READ},
    "absent": {**GONE, "reader_warned": None, **READ},
}
ANSWERS: dict[str, Any] = {
    "by": "tiny:1",
    "questions": 2000,
    "absent": 40,
    "planned": 8,
    "asked": 8,
    "partial": False,
    "scored": 190,
    "declined": 12,
    "failed": 0,
    "failure": "",
    "exact_match": 0.25,
    "token_f1": 0.5,
    "contains": 0.75,
    "citation_precision": None,
    "citation_recall": 0.5,
    "groups": {"all": GROUP, "by_kind": {"near": {"absent": GROUP["absent"]}}, "by_language": {"da": GROUP}},
    "claims": {"checked": 8, "supported": 0.75, "partly": 0.125, "not": 0.125},
    "refusals": {"precision": 0.5, "recall": 0.125},
    "first_word_ms": {"p50": 1234.5, "p95": None},
    "words_per_second": 8.25,
}


def lines_of(answers, baseline=None):
    return format_report({**PLAIN, "answers": answers}, baseline).splitlines()


def find_line(lines, start):
    (line,) = [line for line in lines if line.startswith(start)]
    return line.removeprefix(start).split()


@pytest.fixture
def saved(tmp_path):
    save_baseline(tmp_path / "before.json", {**PLAIN, "answers": ANSWERS})
    return load_baseline(tmp_path / "before.json")


def test_a_baseline_is_compared_figure_by_figure(saved):
    after = {**PLAIN, "modes": {"hybrid": {"hit@1": 1.0, "recall@5": 1.0}}}
    assert "1.0000 (+0.5000)" in format_report(after, saved)
    assert "exact match" not in format_report(after, saved)
    assert "(" not in format_report(after).split("abstention")[0]


def test_the_scores_of_answers_have_lines_and_changes_of_their_own(saved):
    lines = lines_of({**ANSWERS, "exact_match": 0.5}, saved)
    assert "answers by tiny:1: 190 of 2,000 questions with accepted answers, 12 of them declined" in lines
    assert find_line(lines, "exact match (share)") == ["0.5000", "(+0.2500)"]
    assert find_line(lines, "cited places that are right (share)") == ["–"]
    assert find_line(lines, "sentences that their passages say (share)") == ["0.7500", "(+0.0000)"]
    assert find_line(lines, "words a second") == ["8.2", "(+0.0)"]
    assert find_line(lines, "first word of the model, p95, ms") == ["–"]


def test_each_kind_and_language_has_a_line_with_its_changes(saved):
    held = {**GROUP["answerable"], "right": 0.75, "wrong": 0.0}
    groups = {**ANSWERS["groups"], "by_language": {"da": {"answerable": held}}}
    lines = lines_of({**ANSWERS, "groups": groups}, saved)
    changed = ["4", "75", "(+25)", "0", "(-25)", "25", "(+0)"]
    assert find_line(lines, "language da")[: len(changed)] == changed
    assert find_line(lines_of(ANSWERS), "near") == ["4", "25", "50", "25", "0", "0", "0", "–", "75", "25", "0"]


def test_the_table_says_when_quotes_were_scored_and_how_often_the_model_failed():
    read = {"questions": 4, "reader_finds": 0.75, **READ}
    groups = {"all": {"answerable": read}, "by_kind": {}, "by_language": {}}
    lines = lines_of({**ANSWERS, "by": "quotes", "failed": 3, "failure": "It broke off.", "groups": groups})
    assert any(line.startswith("answers by quotes, since no model answers") for line in lines)
    assert "left out, since the model failed: 3 questions. It broke off." in lines
    assert find_line(lines, "all") == ["4", "75", "75", "25", "0"]
    assert not any("first word" in line or "refused, and" in line for line in lines)


def test_each_kind_has_a_line_with_its_verdicts(saved):
    assert find_line(lines_of(ANSWERS), "far") == ["4", "0", "25", "75"]
    surer = {**PLAIN, "abstention": {"verdicts_by_kind": {"far": {"no": 4}, "table": {"yes": 2}}}}
    lines = format_report(surer, saved).splitlines()
    assert find_line(lines, "far") == ["4", "0", "(+0)", "0", "(-25)", "100", "(+25)"]
    assert find_line(lines, "table") == ["2", "100", "0", "0"]


def test_partial_figures_are_marked_on_either_side(saved):
    partial = {**ANSWERS, "partial": True, "asked": 3}
    assert "these figures are partial: stopped after 3 of 8 questions" in lines_of(partial)
    stopped = "baseline: answers by tiny:1, 3 questions of 8, where it was stopped; it is partial"
    assert stopped in lines_of(ANSWERS, {**PLAIN, "answers": partial})
    assert "baseline: answers by tiny:1, 8 questions asked" in lines_of(ANSWERS, saved)
    assert not any("partial" in line for line in lines_of(ANSWERS, saved))


def test_a_baseline_of_an_older_version_has_no_changes_where_it_has_no_figures():
    old = {name: ANSWERS[name] for name in ("by", "questions", "scored", "declined", "exact_match")}
    lines = lines_of(ANSWERS, {**PLAIN, "answers": old})
    assert find_line(lines, "exact match (share)") == ["0.2500", "(+0.0000)"]
    assert find_line(lines, "near")[:2] == ["4", "25"]
