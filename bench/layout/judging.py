"""The labelled pages, and whether the loader reads them as expected."""

from __future__ import annotations

import difflib

from bench.layout.columns import make_column_pages
from bench.layout.headings import make_heading_pages
from bench.layout.page import LabelledPage
from bench.layout.paragraphs import make_paragraph_pages, make_script_pages
from bench.layout.running_heads import make_running_head_pages, make_title_pages
from bench.layout.tables import make_table_pages, make_word_table_pages
from ingest.loaders.pdf import pages
from ingest.loaders.reading import ReadOptions
from rag.errors import LoadError

PAGES = (
    *make_column_pages(),
    *make_table_pages(),
    *make_word_table_pages(),
    *make_paragraph_pages(),
    *make_script_pages(),
    *make_heading_pages(),
    *make_running_head_pages(),
    *make_title_pages(),
)
Texts = list[str]


def read_texts(data: bytes) -> Texts:
    """The title that the loader finds, then each page's text."""
    try:
        reading = pages.load_pdf("page.pdf", data, ReadOptions(ocr_seconds=0))
        return [reading.header.title, *(page.text for page in reading.pages)]
    except LoadError:
        return [""]


def judge(page: LabelledPage) -> str:
    """How the page differs from what is expected; empty if it doesn't."""
    texts = read_texts(page.data)
    expected, read = page.expected, texts[page.number] if len(texts) > page.number else ""
    if page.title and texts[0] != page.title:
        expected, read = f"title: {page.title}\n{expected}", f"title: {texts[0]}\n{read}"
    lines = difflib.unified_diff(expected.splitlines(), read.splitlines(), "expected", "read", lineterm="", n=1)
    return "\n".join(lines)
