"""A document's title: what its properties say if it is one, else what the document calls itself."""

from __future__ import annotations

import re
from collections import Counter
from statistics import median

from ingest.loaders.pdf.headings import reads_like_heading, round_size
from ingest.loaders.pdf.lines import PageLines
from ingest.loaders.pdf.mending import mend_text
from ingest.loaders.pdf.running_heads import find_edges, make_key

# Tuned on the pages of bench/layout; what each one does to them: bench/RESULTS.md, Loaders.
_NAME_LETTERS = 12
"""Fewest letters of a running head that names the document."""
_LONGEST_NAME = 80
"""Most letters of such a running head."""
_NAMED_PAGES = 3
"""Pages that have such a running head, at least, of the first six without the very first."""
_TITLE_SIZE = 1.2
"""Letter size of a title on the first page at least, in usual sizes of that page."""
_TITLE_LINES = 3
"""Most lines of a title."""

_NO_TITLE = re.compile(
    r"(?i)^(?:untitled.*|\(?anonymous\)?|unspecified|document\d*|title|slide \d+|powerpoint presentation|no title"
    r"|none|null|microsoft (?:word|powerpoint|excel) - .*"
    r"|.*\.(?:docx?|pptx?|xlsx?|pdf|tex|dvi|indd|qxd|rtf|odt|html?|txt|pages|fm|p65)"
    r"|[\W\d_]*|(?:https?|file):.*|[^\s]*[\\/][^\s]*|[a-z0-9]+(?:[-_][a-z0-9]+){2,})$"
)


def clean_title(title: str) -> str:
    """The title, or nothing if it is a file's name, a number or a program's stopgap."""
    title = " ".join(mend_text(title).split())
    return "" if _NO_TITLE.match(title) or not any(letter.isalpha() for letter in title) else title[:300]


_PAGE_AT_END = re.compile(r"[\s|·•–—-]*(?:page\s*)?\d{1,4}\s*(?:(?:of|/)\s*\d+)?\s*$", re.IGNORECASE)
_NO_NAME = re.compile(r"contents|confidential|copyright|allrights|^see|\.$|^page|draft|http|www\.|^notesto|unaudited")
"""Running heads that don't name the document."""


def find_title(pages: list[PageLines]) -> str:
    """What a document without a title calls itself: a running head with words, else its largest line."""
    edges = [find_edges(page.lines) for page in pages]
    counts = Counter(
        key
        for found in edges[1:]
        for key in found
        if _NAME_LETTERS <= len(key) <= _LONGEST_NAME and not _NO_NAME.search(key)
    )
    for key, count in counts.most_common(3):
        if count >= _NAMED_PAGES:
            line = next(line.text for page in pages[1:] for line in page.lines if make_key(line.text) == key)
            return _PAGE_AT_END.sub("", line).replace("\t", " ")
    first = pages[0].lines if pages else []
    usual = median(line.size for line in first) if first else 0.0
    best = max(first, key=lambda line: line.size, default=None)
    if best is None or best.size < usual * _TITLE_SIZE or not reads_like_heading(best.text):
        return ""
    same = [line.text for line in first if round_size(line.size) == round_size(best.size)]
    return " ".join(" ".join(same[:_TITLE_LINES]).split())
