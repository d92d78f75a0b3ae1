"""PDF: text, outline, labels, forms and comments by pdfium at its speed; pypdf as second try. The path through it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.loaders.encrypted import explain_encrypted
from ingest.loaders.mail import read_attachment
from ingest.loaders.pdf.layout import compose
from ingest.loaders.pdf.lines import PageLines
from ingest.loaders.pdf.mending import mend_text
from ingest.loaders.pdf.ocr import Recogniser
from ingest.loaders.pdf.properties import read_outline, read_properties
from ingest.loaders.pdf.repair import load_by_pypdf
from ingest.loaders.pdf.text_reader import TextReader
from ingest.loaders.pdf.title import find_title
from ingest.loaders.reading import Reading, ReadOptions
from rag.errors import LoadError
from rag.types import Page

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_FIRST_PAGES = 6
"""Read before the rest, for the title."""


def load_pdf(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Pages by their physical number, with the printed label beside it."""
    import pypdfium2 as pdfium

    try:
        pdf = _open(data, options)
        count = len(pdf)
    except pdfium.PdfiumError as error:
        return load_by_pypdf(source, data, options, str(error))
    if count == 0:
        return load_by_pypdf(source, data, options, "it has no pages")
    header = read_properties(source, pdf)
    lines = TextReader(pdf).read_pages()
    first = list(itertools.islice(lines, _FIRST_PAGES))
    if not header.title:
        header = replace(header, title=_find_title(first))
    reading = Reading(header, iter(()))
    reading.pages = _read_pages(pdf, itertools.chain(first, lines), options, reading)
    return reading


def _find_title(first: list[PageLines]) -> str:
    return mend_text(find_title(first)).strip()


def _open(data: bytes, options: ReadOptions) -> pdfium.PdfDocument:
    """Raises LoadError if no password fits, PdfiumError if pdfium refuses the file."""
    import pypdfium2 as pdfium

    for password in (None, *options.passwords):
        try:
            pdf = pdfium.PdfDocument(data, password=password)
            len(pdf)
            return pdf
        except pdfium.PdfiumError as error:
            if "password" not in str(error).lower():
                raise
    raise LoadError(explain_encrypted(options))


def _read_pages(
    pdf: pdfium.PdfDocument, lines: Iterator[PageLines], options: ReadOptions, reading: Reading
) -> Iterator[Page]:
    empty: list[int] = []
    recogniser = Recogniser(options)
    number = 0
    for page, text in compose(lines, read_outline(pdf)):
        number = page.number
        if not page.lines and _has_content(pdf, page.number):
            text = f"{recogniser.read(partial(_draw_page, pdf, page.number))}\n\n{text}".strip()
            if not text:
                empty.append(page.number)
        yield Page(page.number, text, page.label)
    yield from (Page(number, text) for text in _read_attachments(pdf, options))
    if recogniser.pages_read:
        reading.notes.append(f"{recogniser.pages_read} of {number} pages read by OCR")
    if empty:
        reading.empty_kind = "scanned"
        reading.notes.append(f"scanned: {_describe_empty(len(empty), number)}; {recogniser.give_advice()}")


def _describe_empty(empty: int, total: int) -> str:
    if empty == total:
        return f"{total} page{'s' if total > 1 else ''} without text"
    return f"{empty} of {total} pages without text"


def _has_content(pdf: pdfium.PdfDocument, number: int) -> bool:
    """Whether anything is drawn on the page: a blank page isn't a scanned one."""
    import pypdfium2.raw as raw

    page = pdf[number - 1]
    try:
        return bool(raw.FPDFPage_CountObjects(page.raw) > 0)
    finally:
        page.close()


def _draw_page(pdf: pdfium.PdfDocument, number: int) -> Any:  # noqa: ANN401 (a PIL image)
    """The page at 300 dots an inch, at most 20 megapixels."""
    page = pdf[number - 1]
    width, height = page.get_size()
    scale = min(300 / 72, (20e6 / max(1.0, width * height)) ** 0.5)
    image = page.render(scale=scale, grayscale=True).to_pil()
    page.close()
    return image


def _read_attachments(pdf: pdfium.PdfDocument, options: ReadOptions) -> Iterator[str]:
    import pypdfium2 as pdfium

    for index in range(min(pdf.count_attachments(), 200)):
        try:
            attachment = pdf.get_attachment(index)
            name, data = attachment.get_name(), bytes(attachment.get_data())
        except (pdfium.PdfiumError, UnicodeDecodeError):
            continue
        yield "\n\n".join(read_attachment(name, data, options))
