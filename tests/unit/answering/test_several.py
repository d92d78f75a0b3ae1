from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.remarks import say_several
from rag.answering.several import ReadDates, find_several
from rag.types import Chunk, Retrieval, ScoredChunk, StoredChunk, Verdict

FEES = {
    "fees-2023.md": "The membership fee is 120 euros a year.",
    "fees-2025.md": "The membership fee is 135 euros a year.",
}
CONTRACTS = {
    "phone-contract.txt": "Phone contract\n\nThe contract expires on 3 May 2026.",
    "gym-contract.txt": "Gym contract\n\nThe contract expires on 31 December 2025.",
}
MEETINGS = {
    "call-draft.md": "The deadline for papers is 15 May 2026.",
    "call-final.md": "The deadline for papers is 29 May 2026.",
}
BACKUPS = {
    "runbook.md": "# Backups\n\nReviewed in January 2024.\n\nFull backups are kept for 30 days and then deleted.",
    "change-1187.txt": "Change record\n\n3 March 2025\n\nFull backups now stay for 90 days before they are removed.",
}
LESSONS = {
    "preise_2024.md": "# Preise\n\n| Leistung | Preis |\n|---|---|\n| Fahrstunde | 58 € |\n| Grundbetrag | 390 € |",
    "aushang.txt": "Ab März kostet eine Fahrstunde 64 €. Der Grundbetrag bleibt bei 390 €.",
}
FERRIES = {
    "2025-02-03 booking.txt": "The ferry to Bergen, departure 09:30 on 18 July 2025.",
    "2025-06-20 change.txt": "Your ferry to Bergen on 18 July 2025 will leave at 11:15.",
}
MACHINES = {
    "tarn.md": "# Tarn plotter\n\n- Warranty: 36 months\n- Power draw in use: 95 W",
    "kestrel.md": "# Kestrel printer\n\n- Warranty: 24 months\n- Power draw in use: 420 W",
}


def hits_of(files: dict[str, str]) -> list[ScoredChunk]:
    return [
        ScoredChunk(StoredChunk(number, Chunk(source, 0, text), "en"), 1.0)
        for number, (source, text) in enumerate(files.items(), start=1)
    ]


def find(question: str, hits: Sequence[ScoredChunk], read_dates: ReadDates | None = None, verdict: Verdict = "yes"):
    return find_several(Retrieval(question, "hybrid", tuple(hits), verdict, 0.9), read_dates)


@pytest.mark.parametrize(
    ("question", "files", "kind", "values"),
    [
        ("What is the membership fee?", FEES, "versions", ["135 euros", "120 euros"]),
        ("When is the deadline for papers?", MEETINGS, "versions", ["15 May 2026", "29 May 2026"]),
        ("When does it expire?", CONTRACTS, "choices", ["3 May 2026", "31 December 2025"]),
        ("how long do we keep full backups?", BACKUPS, "versions", ["90 days", "30 days"]),
        ("fahrstunde", LESSONS, "versions", ["58 €", "64 €"]),
        ("what time does the ferry to Bergen leave", FERRIES, "versions", ["11:15", "09:30"]),
        ("how much power does it draw in use", MACHINES, "choices", ["95 w", "420 w"]),
    ],
)
def test_documents_that_answer_differently_are_versions_or_several_things(question, files, kind, values):
    several = find(question, hits_of(files))
    assert several
    assert several.kind == kind
    assert [version.value for version in several.versions] == values


@pytest.mark.parametrize(
    ("question", "files"),
    [
        ("When does the gym contract expire?", CONTRACTS),
        ("Who pays the membership fee?", FEES),
        ("What is the membership fee?", {**FEES, "fees-2025.md": FEES["fees-2023.md"]}),
        ("What is the membership fee?", {"fees.md": FEES["fees-2023.md"], "rye.md": "A loaf of rye costs 4 euros."}),
        ("Wie hoch ist der Beitrag im Verein für die Mitglieder?", FEES),
        ("how much power does the tarn draw in use", MACHINES),
        ("Was kostet der Grundbetrag?", LESSONS),
        ("What was the membership fee in 2023?", FEES),
        ("Where is the membership fee of euros paid?", FEES),
    ],
)
def test_what_is_asked_of_one_thing_or_said_alike_is_told_as_before(question, files):
    assert find(question, hits_of(files)) is None


def test_where_an_answer_is_not_sure_only_values_that_are_asked_for_are_told():
    machines = hits_of(MACHINES)
    assert find("which machine draws most in use", machines, verdict="yes")
    assert find("which machine draws most in use", machines, verdict="unsure") is None
    assert find("what does the membership cost", hits_of(FEES), verdict="unsure")
    assert find("what does the membership cost", hits_of(FEES), verdict="no") is None


def test_the_newest_document_is_told_by_its_name_its_first_lines_or_the_catalog():
    named = find("What is the membership fee?", hits_of(FEES))
    assert named
    assert named.newest == "fees-2025.md"
    assert [version.date for version in named.versions] == ["2025", "2023"]
    draft, final = hits_of(MEETINGS)
    undated = find("When is the deadline for papers?", (draft, final))
    assert undated
    assert undated.newest == ""
    days = {"call-draft.md": "2026-01-05", "call-final.md": "2026-02-01"}
    dated = find("When is the deadline for papers?", (draft, final), lambda: days)
    assert dated
    assert dated.newest == "call-final.md"


def test_the_reader_is_told_both_values_with_documents_and_dates():
    hits = tuple(hits_of(FEES))
    several = find("What is the membership fee?", hits)
    assert several
    told = say_several(Retrieval("What is the membership fee?", "hybrid", hits, "yes", 0.9), several)
    assert told == (
        "Your documents differ: 135 euros (fees-2025.md, 2025); 120 euros (fees-2023.md, 2023)."
        " The newest is fees-2025.md."
    )
