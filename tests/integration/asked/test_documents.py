"""One document is summed up, several are compared: in their own words, and above them in a model's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from rag.answering.events import Progress, Token
from rag.answering.followup import Turn
from rag.chat.state import ModelState
from rag.index.snapshot import Snapshot


class ScriptedModel:
    """Takes the same notes of every part, and has one answer to all else; keeps what it was asked."""

    def __init__(self, answer: str, note: str = "A note.", context_length: int = 4096) -> None:
        self.state = ModelState("ready", "", model_id="tiny", route="local", context_length=context_length)
        self._answer, self._note = answer, note
        self.asked: list[str] = []

    async def refresh(self) -> ModelState:
        return self.state

    async def stream(
        self, messages: Sequence[dict[str, str]], most: int, finish: Any = None
    ) -> AsyncGenerator[str, None]:
        self.asked.append(messages[-1]["content"])
        yield self._note if "facts of this part" in self.asked[-1] else self._answer


def test_without_a_model_a_document_is_told_in_its_own_sentences(desk):
    report = desk.report("Summarise the lease")
    text = " ".join(
        stored.chunk.text for stored in desk.index.read(lambda held: held.read_source_chunks("flat/lease.txt"))
    )
    assert (report.kind, report.outcome, report.model) == ("document", "answered", None)
    assert report.table
    assert all(row["quote"] in text and row["source"] == "flat/lease.txt" for row in report.table)
    assert report.failure


def test_a_comparison_says_what_only_one_and_what_both_say(desk):
    report = desk.report("compare the March and the April minutes")
    only_march, rest = report.answer.split("Only in minutes/minutes-2026-04-09.md:")
    only_april, both = rest.split("In both:")
    assert "40 euros" in only_march
    assert "45 euros" in only_april
    assert "The hedge is cut in spring." in both
    assert "hedge" not in only_march + only_april


def test_several_documents_of_the_name_are_offered_and_none_is_guessed(desk):
    report = desk.report("summarise the invoice")
    assert (report.kind, report.outcome) == ("document", "unsure")
    assert {row["source"] for row in report.table} == {"invoices/invoice-17.txt", "invoices/invoice-18.txt"}
    assert desk.report("summarise it").outcome == "unsure"


def test_it_is_the_document_that_was_spoken_of(desk):
    turns = (Turn("How high is the rent?", "950 euros", sources=("flat/lease.txt",)),)
    report = desk.report("summarise it", turns=turns)
    assert {row["source"] for row in report.table} == {"flat/lease.txt"}


def test_what_names_no_document_is_a_question_to_the_passages(desk):
    assert desk.report("summary of the warranty conditions").kind == "passages"


def test_a_model_s_words_get_the_markers_of_the_pages_that_say_them(desk):
    model = ScriptedModel("The rent is 950 euros a month. The notice period is three months.")
    report = desk.report("summarise the lease", router=model)
    assert report.answer == "The rent is 950 euros a month. [1] The notice period is three months. [1]"
    assert report.citations[0].source == "flat/lease.txt"
    assert (report.model, len(model.asked)) == ("tiny", 1)
    assert "English" in model.asked[0]


def test_a_long_document_is_read_in_parts_and_the_notes_become_the_answer(desk):
    final = "The ship Aurora left harbour 3 with 30 sailors on board."
    model = ScriptedModel(final, context_length=1600)
    events = desk.list_events("summarise saga.txt", router=model)
    progress = [event for event in events if isinstance(event, Progress)]
    assert len(model.asked) > 2
    assert [one.done for one in progress] == list(range(len(model.asked)))
    assert {one.total for one in progress} == {len(model.asked)}
    assert "A note.\nA note." in model.asked[-1]
    whole = events[-1].report
    assert whole.answer.startswith(f"{final} [")
    assert [event.text for event in events if isinstance(event, Token)][-1] == whole.answer


@pytest.mark.parametrize("question", ["Fass lease.txt zusammen", "总结一下lease.txt"])
def test_the_program_says_it_in_the_language_of_the_question(desk, question):
    assert not desk.report(question).answer.startswith("What")
    assert desk.index.read(Snapshot.count_all)[0] == 7
