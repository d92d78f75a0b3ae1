"""PDF from its bytes to its pages: pdfium reads it fast, OCR reads pictures of pages, pypdf has the second try."""

from __future__ import annotations

import ctypes
import itertools
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ingest.loaders.encrypted import explain_encrypted
from ingest.loaders.mail import read_attachment
from ingest.loaders.pdf.annotations import open_form
from ingest.loaders.pdf.buttons import GroupValues
from ingest.loaders.pdf.glyphs import GlyphReader
from ingest.loaders.pdf.headings import clean_title, find_title
from ingest.loaders.pdf.layout import compose
from ingest.loaders.pdf.lines import PageLines, TextReader, mend_text
from ingest.loaders.reading import Reading, ReadOptions
from rag.errors import LoadError
from rag.types import Document, Page

if TYPE_CHECKING:
    import pypdf
    import pypdfium2 as pdfium
    from PIL.Image import Image

_FIRST_PAGES = 6
"""How many pages are read before the others, to find the title on them."""

# What is said of a PDF without text, or of pages that lack theirs.
_SCANNED = "scanned: {pages} without text; {advice}"
_UNNAMED_LETTERS = "{pages} in fonts that don't say what their letters are; {advice}"
_INSTALL = "install Tesseract to read them"
_TIME_IS_UP = "OCR was ended after {seconds} s"
_FAILED = "Tesseract failed: {said}"
_NONE_FOUND = "OCR found none on them"
_BY_PYPDF = "damaged, but readable by pypdf"
_PAGES_FAILED = "{failed} of {number} pages cannot be read"


def load_pdf(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Pages by their physical number, with the printed label beside it. Raises LoadError if nothing opens the file."""
    import pypdfium2 as pdfium

    try:
        pdf = _open(data, options)
        count = len(pdf)
    except pdfium.PdfiumError as error:
        return _load_by_pypdf(source, data, options, str(error))
    if count == 0:
        return _load_by_pypdf(source, data, options, "it has no pages")
    header = _read_properties(source, pdf)
    glyphs, values = GlyphReader(data, options.passwords), GroupValues(data, options.passwords)
    lines = TextReader(pdf, glyphs, values).read_pages()
    first = list(itertools.islice(lines, _FIRST_PAGES))
    if not header.title:
        header = replace(header, title=mend_text(find_title(first)).strip())
    reading = Reading(header, iter(()))
    reading.pages = _read_pages(pdf, itertools.chain(first, lines), options, reading)
    return reading


def _open(data: bytes, options: ReadOptions) -> pdfium.PdfDocument:
    """The open file. Raises LoadError if no password fits, PdfiumError if pdfium refuses the file."""
    import pypdfium2 as pdfium

    for password in (None, *options.passwords):
        try:
            pdf = pdfium.PdfDocument(data, password=password)
            len(pdf)
            open_form(pdf)
            return pdf
        except pdfium.PdfiumError as error:
            if "password" not in str(error).lower():
                raise
    raise LoadError(explain_encrypted(options))


# What a PDF says of itself


def _read_properties(source: str, pdf: pdfium.PdfDocument) -> Document:
    """Title, author, dates and language as far as they are real ones, not what a program put there."""
    import pypdfium2 as pdfium

    try:
        meta = pdf.get_metadata_dict(skip_empty=True)
    except (pdfium.PdfiumError, UnicodeDecodeError):
        meta = {}
    return Document(
        source,
        (),
        title=clean_title(meta.get("Title", "")),
        author=_clean_author(meta.get("Author", "")),
        created=parse_pdf_date(meta.get("CreationDate", "")),
        modified=parse_pdf_date(meta.get("ModDate", "")),
        language=_read_language(pdf),
        page_kind="page",
        loader="pypdfium2",
    )


def _clean_author(author: str) -> str:
    """The author, or nothing if it is a program's stopgap."""
    author = " ".join(author.split())[:300]
    return "" if author.lower().strip("()") in ("anonymous", "unknown", "user", "admin", "administrator") else author


def parse_pdf_date(date: str) -> str:
    """``2022-04-03T19:31:02+02:00`` for ``D:20220403193102+02'00'``; of a shorter date what there is."""
    found = re.match(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?(?:([+-])(\d\d)'?(\d\d)?|(Z))?", date)
    if not found:
        return ""
    year, month, day, hour, minute, second, sign, zone_hour, zone_minute, zulu = found.groups()
    text = "-".join(part for part in (year, month, day) if part)
    if hour and day:
        text += f"T{hour}:{minute}:{second or '00'}"
        text += f"{sign}{zone_hour}:{zone_minute or '00'}" if sign else "Z" if zulu else ""
    return text


def _read_language(pdf: pdfium.PdfDocument) -> str:
    import pypdfium2.raw as raw

    buffer = (ctypes.c_ushort * 32)()
    length = raw.FPDFCatalog_GetLanguage(pdf, buffer, ctypes.sizeof(buffer))
    text = bytes(buffer)[: max(0, min(length, 64) - 2)].decode("utf-16-le", "ignore")
    return text[:2].lower() if re.match(r"[A-Za-z]{2}\b", text) else ""


def _read_outline(pdf: pdfium.PdfDocument) -> dict[int, list[tuple[int, str]]]:
    """The levels and titles of the outline's entries by page number; none if they are too few to be its headings."""
    import pypdfium2 as pdfium

    found: dict[int, list[tuple[int, str]]] = {}
    count = 0
    try:
        for entry in itertools.islice(pdf.get_toc(max_depth=6), 5_000):
            target = entry.get_dest()
            page = target.get_index() if target else None
            if page is not None:
                found.setdefault(page + 1, []).append((entry.level + 1, entry.get_title()))
                count += 1
    except (pdfium.PdfiumError, UnicodeDecodeError, RecursionError):
        return {}
    return found if count >= 3 else {}


# Its pages


def _read_pages(
    pdf: pdfium.PdfDocument, lines: Iterator[PageLines], options: ReadOptions, reading: Reading
) -> Iterator[Page]:
    empty = unreadable = 0
    recogniser = _Recogniser(options)
    number = 0
    for page, text in compose(lines, _read_outline(pdf)):
        number = page.number
        if page.is_unreadable or (not page.lines and _has_content(pdf, page.number)):
            seen = recogniser.read(partial(_draw_page, pdf, page.number))
            text = f"{seen}\n\n{page.extra}".strip() if seen else text
            unreadable += page.is_unreadable and not seen
            empty += not (text or page.is_unreadable)
        yield Page(page.number, text, page.label)
    yield from (Page(number, text) for text in _read_attachments(pdf, options))
    if recogniser.pages_read:
        reading.notes.append(f"{recogniser.pages_read} of {number} pages read by OCR")
    if empty or unreadable:
        reading.empty_kind = "scanned"
    if empty:
        reading.notes.append(_SCANNED.format(pages=_count_pages(empty, number), advice=recogniser.give_advice()))
    if unreadable:
        pages = _count_pages(unreadable, number)
        reading.notes.append(_UNNAMED_LETTERS.format(pages=pages, advice=recogniser.give_advice()))


def _count_pages(count: int, total: int) -> str:
    if count == total:
        return f"{total} page{'s' if total > 1 else ''}"
    return f"{count} of {total} pages"


def _has_content(pdf: pdfium.PdfDocument, number: int) -> bool:
    """Whether anything is drawn on the page; a blank page isn't a scanned one."""
    import pypdfium2.raw as raw

    page = pdf[number - 1]
    try:
        return bool(raw.FPDFPage_CountObjects(page.raw) > 0)
    finally:
        page.close()


def _draw_page(pdf: pdfium.PdfDocument, number: int) -> Image:
    """The page at 300 dots an inch, at most 20 megapixels."""
    page = pdf[number - 1]
    width, height = page.get_size()
    scale = min(300 / 72, (20e6 / max(1.0, width * height)) ** 0.5)
    image: Image = page.render(
        scale=scale, grayscale=True, may_draw_forms=False
    ).to_pil()  # its values are read as text
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


# Pictures of pages

_PAGE_S = 60
"""Seconds that OCR may take for one page; it usually takes 1 to 3."""


class _Recogniser:
    """Reads pictures of pages with Tesseract, until the document's time for that is used up."""

    def __init__(self, options: ReadOptions) -> None:
        self._languages = options.ocr_languages
        self._budget_s = options.ocr_seconds
        self._more_time = options.more_time
        self._until: float | None = None
        self._problem = "" if shutil.which("tesseract") else _INSTALL
        self.pages_read = 0

    def read(self, picture: Callable[[], Image]) -> str:
        """The page's text; empty if Tesseract is absent, the time is up, or the page has none."""
        self._until = self._until or time.monotonic() + self._budget_s
        if self._problem:
            return ""
        if time.monotonic() > self._until:
            self._problem = _TIME_IS_UP.format(seconds=f"{self._budget_s:g}")
            return ""
        self._more_time(_PAGE_S * 1.5)
        text = self._recognise(picture())
        self.pages_read += bool(text)
        return text

    def _recognise(self, image: Image) -> str:
        import pytesseract

        try:
            text = pytesseract.image_to_string(image, lang=self._languages or None, timeout=_PAGE_S)
        except pytesseract.TesseractError as error:
            self._problem = _FAILED.format(said=str(error.message)[:150])
            return ""
        except RuntimeError:  # pytesseract's way to say that the time is up
            return ""
        return str(text).strip()

    def give_advice(self) -> str:
        """The sentence for the report: why pages stayed without text, and what to do."""
        return self._problem or _NONE_FOUND


# The second try


def _load_by_pypdf(source: str, data: bytes, options: ReadOptions, why: str) -> Reading:
    """Read a file that pdfium refuses with pypdf, which is slower but repairs more; `why` is pdfium's reason."""
    import io
    import logging

    import pypdf
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not any(reader.decrypt(password) for password in ("", *options.passwords)):
            raise LoadError(explain_encrypted(options))
        count = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LoadError(f"it is a damaged PDF ({why.rstrip('.')}); replace it with a good copy") from error
    if count == 0:
        raise LoadError("it is a PDF without pages")
    header = Document(source, (), page_kind="page", loader="pypdf")
    reading = Reading(header, iter(()), [_BY_PYPDF])
    reading.pages = _read_by_pypdf(reader, reading)
    return reading


def _read_by_pypdf(reader: pypdf.PdfReader, reading: Reading) -> Iterator[Page]:
    failed = 0
    for number in range(1, len(reader.pages) + 1):
        try:
            text = reader.pages[number - 1].extract_text()
        except Exception:  # pypdf fails in many ways on a damaged page; the other pages count
            failed += 1
            text = ""
        yield Page(number, mend_text(text))
    if failed:
        reading.notes.append(_PAGES_FAILED.format(failed=failed, number=number))
