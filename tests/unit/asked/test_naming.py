from __future__ import annotations

import pytest

from rag.asked.naming import Named, find_documents

DOCUMENTS = [
    Named("flat/lease-2021.pdf", changed="2021-05-01"),
    Named("flat/lease-2024.pdf", changed="2024-05-01"),
    Named("minutes/2026-03-12.md", "Minutes of the allotment society"),
    Named("minutes/2026-04-09.md", "Minutes of the allotment society"),
    Named("wohnung/Mietvertrag_Altbau.pdf"),
    Named("Quarterly report.docx"),
    Named("terms-and-conditions.txt"),
]


@pytest.mark.parametrize(
    ("target", "language", "sources"),
    [
        ("Quarterly report.docx", "en", ["Quarterly report.docx"]),
        ("quarterly report", "en", ["Quarterly report.docx"]),
        ("lease", "en", ["flat/lease-2024.pdf", "flat/lease-2021.pdf"]),
        ("lease 2021", "en", ["flat/lease-2021.pdf"]),
        ("April minutes", "en", ["minutes/2026-04-09.md"]),
        ("Mietvertrag", "de", ["wohnung/Mietvertrag_Altbau.pdf"]),
        ("terms conditions", "en", ["terms-and-conditions.txt"]),
        ("lease conditions", "en", []),
        ("the document", "en", []),
    ],
)
def test_a_document_is_found_by_its_name_or_title_the_newest_first(target, language, sources):
    assert find_documents(target, DOCUMENTS, language) == sources
