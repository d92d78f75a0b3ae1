"""PDF: text, outline, labels, forms and comments by pdfium at its speed; pypdf as second try. Sole owner of both."""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.loaders.encrypted import explain_encrypted
from ingest.loaders.mail import read_attachment
from ingest.loaders.pdf.layout import Line, PageLines, compose, find_title, mend_text
from ingest.loaders.pdf.ocr import Recogniser
from ingest.loaders.reading import Reading, ReadOptions
from rag.errors import LoadError
from rag.types import Document, Page

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_FIRST_PAGES = 6
"""Read before the rest, for the title."""
_CELL_GAP = 1.2
"""Word space, in letter sizes, from which on it separates cells. Justified text was seen to stretch spaces to 0.8."""


def load_pdf(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Pages by their physical number, with the printed label beside it."""
    import pypdfium2 as pdfium

    try:
        pdf = _open(data, options)
        count = len(pdf)
    except pdfium.PdfiumError as error:
        return _load_by_pypdf(source, data, options, str(error))
    if count == 0:
        return _load_by_pypdf(source, data, options, "it has no pages")
    header = _read_header(source, pdf)
    lines = _Reader(pdf, options).read_pages()
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


def _read_header(source: str, pdf: pdfium.PdfDocument) -> Document:
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


def _clean_author(author: str) -> str:
    author = " ".join(author.split())[:300]
    return "" if author.lower().strip("()") in ("anonymous", "unknown", "user", "admin", "administrator") else author


def parse_pdf_date(date: str) -> str:
    """``D:20220403193102+02'00'`` → ``2022-04-03T19:31:02+02:00``; as much of it as there is."""
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
    """Page number → its entries as (level, title); empty if it has too few to be the document's headings."""
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


def _read_pages(
    pdf: pdfium.PdfDocument, lines: Iterator[PageLines], options: ReadOptions, reading: Reading
) -> Iterator[Page]:
    empty: list[int] = []
    recogniser = Recogniser(options)
    number = 0
    for page, text in compose(lines, _read_outline(pdf)):
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


_BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]")


class _Reader:
    """Takes the lines from pdfium's pages."""

    def __init__(self, pdf: pdfium.PdfDocument, options: ReadOptions) -> None:
        import pypdfium2.raw as raw

        self._pdf = pdf
        self._char_box = raw.FPDFText_GetCharBox
        self._box = tuple(ctypes.c_double() for _ in range(4))
        self._pointers = tuple(map(ctypes.byref, self._box))
        self._name = ctypes.create_string_buffer(128)

    def read_pages(self) -> Iterator[PageLines]:
        import pypdfium2 as pdfium

        for index in range(len(self._pdf)):
            try:
                yield self._read_page(index)
            except pdfium.PdfiumError:  # one broken page; its number stays
                yield PageLines(index + 1, None, [])

    def _read_page(self, index: int) -> PageLines:
        label = self._pdf.get_page_label(index) or None
        page = self._pdf[index]
        try:
            text_page = page.get_textpage()
            try:
                lines = list(self._read_lines(text_page))
            finally:
                text_page.close()
            extra = "\n\n".join(_read_annotations(page))
        finally:
            page.close()
        return PageLines(index + 1, label if label != str(index + 1) else None, lines, extra)

    def _read_lines(self, text_page: pdfium.PdfTextPage) -> Iterator[Line]:
        text = text_page.get_text_range()
        if not text.isascii():
            text = _BEYOND_16_BITS.sub("\\g<0>\x1f", text)  # pdfium counts such letters as two
        start = 0
        for raw_line in text.split("\n"):
            line = raw_line.rstrip("\r ")
            begin = start + len(line) - len(line.lstrip())
            end = start + len(line)
            start += len(raw_line) + 1
            if begin < end:
                yield self._read_line(text_page, text, begin, end)

    def _read_line(self, text_page: pdfium.PdfTextPage, text: str, begin: int, end: int) -> Line:
        import pypdfium2.raw as raw

        size = float(raw.FPDFText_GetFontSize(text_page.raw, begin))
        left, _, bottom, top = self._measure_letter(text_page, begin)
        if size <= 1.5:  # a size of 1 scaled by a matrix: measure the letter instead
            size = max(1.0, (top - bottom) * 1.3)
        right = self._measure_letter(text_page, end - 1)[1]
        cuts: list[float] = []
        cells = "".join(self._split_cells(text_page, text, begin, end, size, cuts))
        return Line(_tidy_cells(cells), left, right, bottom, size, self._is_bold(text_page, begin), tuple(cuts))

    def _split_cells(
        self, text_page: pdfium.PdfTextPage, text: str, begin: int, end: int, size: float, cuts: list[float]
    ) -> Iterator[str]:
        """The words with a space or, where cells stand apart, a tab between them; `cuts` takes where cells begin."""
        at = begin
        for found in re.finditer(r" +", text[begin:end]):
            stop, next_word = begin + found.start(), begin + found.end()
            place = self._measure_letter(text_page, next_word)[0]
            is_apart = place - self._measure_letter(text_page, stop - 1)[1] > _CELL_GAP * size
            if is_apart:
                cuts.append(place)
            yield text[at:stop] + ("\t" if is_apart else " ")
            at = next_word
        yield text[at:end]

    def _measure_letter(self, text_page: pdfium.PdfTextPage, index: int) -> tuple[float, float, float, float]:
        """Left, right, bottom, top in points."""
        left, right, bottom, top = self._box
        self._char_box(text_page.raw, index, *self._pointers)
        return left.value, right.value, bottom.value, top.value

    def _is_bold(self, text_page: pdfium.PdfTextPage, index: int) -> bool:
        import pypdfium2.raw as raw

        flags = ctypes.c_int()
        raw.FPDFText_GetFontInfo(text_page.raw, index, self._name, 128, flags)
        name = self._name.value.lower()
        return b"bold" in name or b"black" in name or b"heavy" in name


def _tidy_cells(text: str) -> str:
    """Signs that stand apart from their number belong to it."""
    if "\t" not in text:
        return text
    text = re.sub(r"([$€£¥(])[\t ]+(?=[\d(—–])", r"\1", text)
    text = re.sub(r"(?<=[\d)—–]) (?=\(?[$€£¥][\d(—–])", "\t", text)
    return re.sub(r"(?<=[\d)])[\t ]+([%)])", r"\1", text)


_COMMENTS = frozenset((1, 3, 9, 10, 11, 12, 13))
"""FPDF_ANNOT_TEXT, FREETEXT, HIGHLIGHT, UNDERLINE, SQUIGGLY, STRIKEOUT, STAMP."""
_WIDGET = 20


def _read_annotations(page: Any) -> Iterator[str]:  # noqa: ANN401 (a pdfium page)
    """Comments, and the values of form fields."""
    import pypdfium2.raw as raw

    for index in range(min(raw.FPDFPage_GetAnnotCount(page.raw), 2_000)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if kind in _COMMENTS and (text := _read_string(annotation, b"Contents")):
            author = _read_string(annotation, b"T")
            yield f"({author}: {text})" if author else f"({text})"
        elif kind == _WIDGET and (value := _read_string(annotation, b"V")):
            name = _read_string(annotation, b"TU") or _read_string(annotation, b"T")
            yield f"{name}: {value}" if name else value
        raw.FPDFPage_CloseAnnot(annotation)


def _read_string(annotation: Any, key: bytes) -> str:  # noqa: ANN401 (a pdfium annotation)
    import pypdfium2.raw as raw

    length = raw.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if length <= 2:
        return ""
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    raw.FPDFAnnot_GetStringValue(annotation, key, buffer, length)
    return " ".join(bytes(buffer)[: length - 2].decode("utf-16-le", "replace").split())


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


def _load_by_pypdf(source: str, data: bytes, options: ReadOptions, why: str) -> Reading:
    """The second try, on files that pdfium refuses. Slower, but it repairs more."""
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
    reading = Reading(header, iter(()), ["damaged, but readable by pypdf"])
    reading.pages = _read_by_pypdf(reader, reading)
    return reading


def _read_by_pypdf(reader: Any, reading: Reading) -> Iterator[Page]:  # noqa: ANN401 (pypdf.PdfReader, imported late)
    failed = 0
    for number in range(1, len(reader.pages) + 1):
        try:
            text = reader.pages[number - 1].extract_text()
        except Exception:  # pypdf fails in many ways on a damaged page; the other pages count
            failed += 1
            text = ""
        yield Page(number, mend_text(text))
    if failed:
        reading.notes.append(f"{failed} of {number} pages cannot be read")
