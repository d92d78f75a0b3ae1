"""Of a question's files that could not be read the answer says so, and of no others."""

from __future__ import annotations

import pytest

from rag.asked.unread import describe_unread
from rag.index.catalog.records import Failure

FAILURES = [
    Failure("scans/MEDRPT-2024_medical_report_scan.pdf", "scanned: 3 pages without text.", "unreadable", 0.0),
    Failure("lease.pdf", "encrypted", "unreadable", 0.0),
    Failure("Jahresbericht_Garten.docx", "damaged", "unreadable", 0.0),
    Failure("2024-03.pdf", "damaged", "unreadable", 0.0),
]


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("What was the diagnosis in the medical report?", "MEDRPT-2024_medical_report_scan.pdf"),
        ("When does the lease end?", "lease.pdf"),
        ("Was steht im Jahresbericht des Gartens?", "Jahresbericht_Garten.docx"),
    ],
)
def test_a_file_that_the_question_means_is_named_with_its_reason(question: str, source: str):
    said = describe_unread(question, FAILURES)
    assert said.count("could not be read") == 1
    assert source in said
    assert ".)" not in said


@pytest.mark.parametrize(
    "question",
    ["How do I report a fault?", "What happened in March 2024?", "Was kostet der Garten?", "of the and"],
)
def test_no_other_file_is_named(question: str):
    assert describe_unread(question, FAILURES) == ""
