"""A question to every document: a row for each, counted by the program, kept for the next time."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from rag.answering.events import Done, Progress, Told
from rag.asked.export import export_table, write_csv, write_markdown
from rag.chat.state import ModelState
from rag.errors import ModelUnavailableError, SettingsError
from rag.types import Restriction

INVOICES = Restriction(folder="invoices")


def read_rows(report: Any) -> dict[str, str]:
    return {row["source"]: row["plain"] or row["answer"] for row in report.table if row["answer"]}


def test_each_document_gives_its_amount_and_the_program_adds_them_up(desk):
    report = desk.report("What is the total of each invoice?")
    assert report.kind == "every"
    assert read_rows(report) == {"invoices/invoice-17.txt": "1240.5", "invoices/invoice-18.txt": "310"}
    counted = {"documents": 8, "read": 7, "with_answer": 2, "without_answer": 5, "failed": 1}
    assert report.counts == {**counted, "sum": "1550.50", "amounts": 2, "currency": "EUR"}
    assert "Sum of 2 amounts: 1550.50 EUR." in report.answer
    assert report.answer.startswith("Documents read: 7 of 8. Hold nothing on it: 5. Could not be read: 1.")
    assert {cited.source for cited in report.citations} == set(read_rows(report))
    assert all(row["quote"] in row_text(desk, row["source"]) for row in report.table if row["answer"])


def test_each_currency_has_a_sum_of_its_own(make_desk):
    desk = make_desk(
        {
            "invoice-1.txt": "Invoice 1\n\nPaper. Total: 40.10 euros.\n",
            "invoice-2.txt": "Invoice 2\n\nInk. Total: $ 20.20\n",
            "invoice-3.txt": "Invoice 3\n\nPens. Total: 9.90 EUR\n",
        }
    )
    report = desk.report("What is the total of each invoice?")
    assert report.counts["sums"] == {"EUR": "50.00", "USD": "20.20"}
    assert "sum" not in report.counts
    assert "50.00 EUR" in report.answer
    assert "20.20 USD" in report.answer


def row_text(desk: Any, source: str) -> str:
    return " ".join(one.chunk.text for one in desk.index.read(lambda held: held.read_source_chunks(source)))


def test_conditions_are_counted_and_filters_obeyed(desk):
    report = desk.report("Which of these invoices have a total over 500 euros?", only=INVOICES)
    assert (report.counts["matching"], report.counts["documents"], report.counts["sum"]) == (1, 2, "1240.50")
    assert "invoice-18" not in report.answer
    dates = desk.report("Wann ist jede Rechnung fällig?", only=INVOICES, every=True)
    assert read_rows(dates) == {"invoices/invoice-17.txt": "2026-05-31", "invoices/invoice-18.txt": "2026-06-15"}
    assert dates.answer.startswith("Gelesene Dokumente: 2 von 2.")


def test_any_question_may_be_put_to_every_document(desk):
    asked = desk.list_events("How high is the deposit?", every=True)
    assert read_rows(asked[-1].report) == {"flat/lease.txt": "1900"}
    assert next(event.source for event in asked if isinstance(event, Progress)) == "flat/lease.txt"


def test_what_was_answered_before_a_stop_is_not_asked_again(desk):
    question = "What is the fee in each of the minutes?"

    async def stop_after(rows: int) -> None:
        async with aclosing(desk.ask(question)) as events:
            async for event in events:
                rows -= isinstance(event, Told)
                if not rows:
                    return

    asyncio.run(stop_after(3))
    events = desk.list_events(question)
    assert len([event for event in events if isinstance(event, Progress)]) == 4
    assert len([event for event in desk.list_events(question) if isinstance(event, Progress)]) == 0
    fees = {"minutes/minutes-2026-03-12.md": "40", "minutes/minutes-2026-04-09.md": "45"}
    assert read_rows(events[-1].report) == fees


class OneLiner:
    """A model that says the same of every document, or fails."""

    def __init__(self, says: str) -> None:
        self.state = ModelState("ready", "", model_id=f"says {says}", route="local")
        self._says = says

    async def refresh(self) -> ModelState:
        return self.state

    async def stream(
        self, messages: Sequence[dict[str, str]], most: int, finish: Any = None
    ) -> AsyncGenerator[str, None]:
        if not self._says:
            raise ModelUnavailableError("The model has gone.")
        yield self._says


def test_a_model_s_answer_counts_only_in_documents_that_bear_it_out(desk):
    report = desk.report("What is the total of each invoice?", router=OneLiner("310.00 euros"), only=INVOICES)
    assert read_rows(report) == {"invoices/invoice-17.txt": "1240.5", "invoices/invoice-18.txt": "310"}
    failed = desk.list_events("What is the total of each invoice?", router=OneLiner(""), only=INVOICES)
    assert isinstance(failed[-1], Done)
    assert read_rows(failed[-1].report) == read_rows(report)
    assert "has gone" in failed[-1].report.failure


def test_the_table_is_exported_and_no_cell_is_a_formula(desk, tmp_path):
    report = desk.report("What is the total of each invoice?")
    export_table(report, tmp_path / "a.csv", tmp_path / "a.md")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text("utf-8"))))
    assert len(rows) == 7
    assert {row["source"]: row["plain"] for row in rows if row["answer"]} == read_rows(report)
    assert (tmp_path / "a.md").read_text("utf-8").count("\n") == 9
    assert "'=HYPERLINK(1)" in write_csv([{"source": "=HYPERLINK(1)"}])
    assert "a \\| b" in write_markdown([{"answer": "a | b"}])
    with pytest.raises(SettingsError, match="only a question to every document"):
        export_table(desk.report("hello"), tmp_path / "b.csv", None)
    with pytest.raises(SettingsError, match="can't be written"):
        export_table(report, tmp_path / "none" / "b.csv", None)
