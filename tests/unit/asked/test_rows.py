"""What each of many made documents answers, without a model: documents and questions of a seed nothing was tuned on."""

from __future__ import annotations

import pytest

from bench.every.__main__ import is_right
from bench.every.made import MadeSet, make_invoices, make_minutes
from rag.answering.values import find_condition, find_dates, find_values
from rag.asked.kinds import find_kind
from rag.asked.lexicon import read_question
from rag.asked.rows import find_core, find_row, read_wanted
from rag.types import Chunk, StoredChunk


def answer_all(made: MadeSet, question: str) -> dict[str, dict[str, object]]:
    core = find_core(read_question(question, find_kind(question).language))
    field, wanted, condition = read_wanted(question, core)
    texts = {name: text.replace("</p>", "\n\n").replace("<p>", "") for name, text in made.files.items()}
    rows = [
        find_row(core, field, wanted, condition, [StoredChunk(1, Chunk(name, 0, text), "en")])
        for name, text in texts.items()
    ]
    return {row.source: row.to_dict() for row in rows if row.answer}


@pytest.mark.parametrize("make", [make_invoices, make_minutes])
def test_most_answers_are_found_and_few_are_wrong(make):
    made = make(7, 8)
    held = right = given = 0
    for question, answers in made.questions:
        found = answer_all(made, question)
        held, given = held + len(answers), given + len(found)
        right += sum(is_right(found.get(source), answer) for source, answer in answers.items())
    assert right / held > 0.9
    assert right / given > 0.9


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("due on 3 May 2026, sent 04.05.2026", ["2026-05-03", "2026-05-04"]),
        ("Fällig am 12. März 2026", ["2026-03-12"]),
        ("vence el 1 de abril de 2026", ["2026-04-01"]),
        ("May 7, 2026", ["2026-05-07"]),
        ("2026年3月9日", ["2026-03-09"]),
        ("19 Aug 2025, Sept. 3, 2025 and 11-08-2025", ["2025-08-19", "2025-09-03", "2025-08-11"]),
        ("12,2026-03-09,2026-03-11", ["2026-03-09", "2026-03-11"]),
        ("31.02.2026 and version 1.2.3", []),
    ],
)
def test_dates_are_read_in_many_forms(text, days):
    assert [value.plain for value in find_dates(text)] == days


def test_amounts_are_told_from_other_numbers():
    text = "Invoice 17 of 3 items: 1.240,50 € plus 20 % tax, EUR 310"
    assert [value.plain for value in find_values(text, "amount")] == ["1240.5", "310"]


@pytest.mark.parametrize(
    ("question", "plain", "holds"),
    [
        ("Which invoices are over 500 euros?", "500.5", True),
        ("Welche Rechnungen liegen unter 500 Euro?", "500.5", False),
        ("which contracts end before 2026-06-01?", "2026-05-31", True),
        ("哪些合同在2026年到期？", "2026-05-31", True),
        ("how many of these contracts expire in 2025?", "2026-05-31", False),
    ],
)
def test_a_condition_is_read_from_the_question(question, plain, holds):
    condition = find_condition(question)
    assert condition
    assert condition.holds(plain) is holds


INVOICE = """Rechnung
Malerei Kunz, Kassel
Nr.: 118/25
Kassel, 02. Dez. 2025
Auftraggeber: Sabine Hartwig
Zwischensumme\t5.210,00 EUR
MwSt. 19 %\t989,90 EUR
Total inkl. MwSt.\t6.199,90 EUR
Anzahlung erhalten 1.000,00 EUR
Zu überweisen\t5.199,90 EUR
Bitte zahlen Sie binnen 14 Tagen."""
MINUTES = """Board meeting of 2 May 2025
Judith Moss (chair), Ole Bach, M. Dunne
Apologies: Peter Holt
The motion was carried by 2 votes to 1. We meet again on 6 June 2025."""
CONTRACT = """Lease between Dana Whitfield ("the Landlord") and Omar Aziz ("the Tenant")
It begins on 1 Sept 2025 and ends on 31 May 2026.
Either party may end it by sixty (60) days' written notice."""


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (INVOICE, "What is the total of each invoice?", "6.199,90 EUR"),
        (INVOICE, "How much must I pay on each bill?", "5.199,90 EUR"),
        (INVOICE, "Quel est le montant de la TVA ?", "989,90 EUR"),
        (INVOICE, "What is the net amount?", "5.210,00 EUR"),
        (INVOICE, "Von wann ist die Rechnung?", "02. Dez. 2025"),
        (INVOICE, "When is each invoice due?", "14 Tagen"),
        (INVOICE, "What is the invoice number?", "118/25"),
        (INVOICE, "Who sent the invoice?", "Malerei Kunz"),
        (INVOICE, "Who is the customer?", "Sabine Hartwig"),
        (INVOICE, "Which invoices are unpaid?", "5.199,90 EUR"),
        (INVOICE, "What is the deposit?", ""),
        (INVOICE, "Who chaired the meeting?", ""),
        (MINUTES, "Qui a présidé la réunion ?", "Judith Moss"),
        (MINUTES, "Who was absent?", "Peter Holt"),
        (MINUTES, "Wann ist die nächste Sitzung?", "6 June 2025"),
        (MINUTES, "When was each meeting held?", "2 May 2025"),
        (MINUTES, "How did they vote?", "The motion was carried by 2 votes to 1."),
        (CONTRACT, "Wer ist der Vermieter?", "Dana Whitfield"),
        (CONTRACT, "Who is the tenant?", "Omar Aziz"),
        (CONTRACT, "When does the contract begin?", "1 Sept 2025"),
        (CONTRACT, "Quel est le préavis ?", "60 days"),
    ],
)
def test_a_value_is_found_by_what_names_it(text, question, answer):
    assert answer_all(MadeSet({"paper.txt": text}), question).get("paper.txt", {}).get("answer", "") == answer
