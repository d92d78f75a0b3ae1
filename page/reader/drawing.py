"""The pages of a PDF for a reader's eyes: sizes, outline, pictures, letters with places, and where a quote stands.

It runs in a process of its own, `page.reader.program`, since a damaged file may take pdfium down with it.
"""

from __future__ import annotations

import io
import itertools
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from page.reader.quotes import find_quote_spans

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_KEPT_OPEN = 4
_HELD_BYTES = 64_000_000
"""A larger file is read from the disk page by page, and not kept open: on Windows that would keep it from deletion."""
_MOST_PIXELS = 16_000_000
_MOST_PAGES = 20_000
_MOST_ENTRIES = 2_000
_MOST_LETTERS = 60_000
"""Letters of a page that can be selected; more are a plotter's drawing."""
_FINE = 100_000
"""Steps of a page's width in which pdfium tells places."""

Box = tuple[float, float, float, float]
"""Left, top, width and height as shares of the page's."""


class UnreadableError(Exception):
    """pdfium can't open the file, or has no such page."""


def load_libraries() -> None:
    """Load now what the first page would wait for: half a second, on a busy machine two."""
    import pypdfium2  # noqa: F401 (loading it is all)
    from PIL import Image

    Image.preinit()


class Shelf:
    """The documents that were opened last, so that turning a page doesn't open the file again."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, int, int], pdfium.PdfDocument] = OrderedDict()

    def take(self, path: Path, passwords: Sequence[str]) -> pdfium.PdfDocument:
        """Raises UnreadableError."""
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns)
        if key not in self._open:
            self._open[key] = _open_pdf(path, passwords, status.st_size)
            while len(self._open) > _KEPT_OPEN:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(key)
        return self._open[key]


def _open_pdf(path: Path, passwords: Sequence[str], size: int) -> pdfium.PdfDocument:
    import pypdfium2 as pdfium

    data = path.read_bytes() if size <= _HELD_BYTES else path
    for password in (None, *passwords):
        try:
            pdf = pdfium.PdfDocument(data, password=password)
            if len(pdf):
                _prepare_form(pdf)
                return pdf
        except pdfium.PdfiumError as error:
            if "password" not in str(error).lower():
                raise UnreadableError(str(error)) from error
    raise UnreadableError("no known password opens it, or it has no pages")


def _prepare_form(pdf: pdfium.PdfDocument) -> None:
    """Have the fields of its form drawn, if it has one; XFA forms have none that pdfium draws."""
    import pypdfium2 as pdfium

    try:
        pdf.init_forms()
    except pdfium.PdfiumError:
        return


def list_sizes(pdf: pdfium.PdfDocument) -> list[tuple[float, float]]:
    """Width and height of each page in points, as it is looked at."""
    sizes = (pdf.get_page_size(number) for number in range(min(len(pdf), _MOST_PAGES)))
    return [(round(width, 1), round(height, 1)) for width, height in sizes]


def list_outline(pdf: pdfium.PdfDocument) -> list[dict[str, Any]]:
    """The outline's entries that lead to a page: level from 0, title and page from 1."""
    import pypdfium2 as pdfium

    entries: list[dict[str, Any]] = []
    try:
        for entry in itertools.islice(pdf.get_toc(max_depth=6), _MOST_ENTRIES):
            target = entry.get_dest()
            page = target.get_index() if target else None
            if page is not None:
                entries.append({"level": entry.level, "title": entry.get_title(), "page": page + 1})
    except (pdfium.PdfiumError, UnicodeDecodeError, RecursionError):
        return entries
    return entries


def draw(pdf: pdfium.PdfDocument, number: int, width: int) -> tuple[str, bytes]:
    """The page in so many pixels' width: its picture's type and bytes. Raises UnreadableError."""
    with _Page(pdf, number) as page:
        points, height = page.raw_page.get_size()
        scale = min(width / max(points, 1.0), (_MOST_PIXELS / max(1.0, points * height)) ** 0.5)
        image = page.raw_page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB")
        is_photo = page.has_pictures()
    written = io.BytesIO()
    if is_photo:
        image.save(written, "JPEG", quality=88)
    else:
        image.save(written, "PNG", compress_level=1)
    return ("image/jpeg" if is_photo else "image/png"), written.getvalue()


def lay_out(pdf: pdfium.PdfDocument, number: int, quote: str, around: str) -> dict[str, Any]:
    """The page's text in runs with their places, and the boxes of the quote. Raises UnreadableError."""
    with _Page(pdf, number) as page:
        letters = page.read_letters()
        runs = [[*box, text] for text, box in page.list_runs(letters)]
        spans = find_quote_spans(letters, quote, around) if quote else []
        marks = [box for start, end in spans for box in page.list_boxes(start, end)]
        return {"page": number, "runs": runs, "marks": marks, "letters": sum(map(str.isalnum, letters))}


class _Page:
    """An open page; its number counts from 1."""

    def __init__(self, pdf: pdfium.PdfDocument, number: int) -> None:
        import pypdfium2 as pdfium

        if not 1 <= number <= len(pdf):
            raise UnreadableError(f"there is no page {number}")
        try:
            self.raw_page = pdf[number - 1]
            self._text = self.raw_page.get_textpage()
        except pdfium.PdfiumError as error:
            raise UnreadableError(str(error)) from error

    def __enter__(self) -> _Page:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()
        self.raw_page.close()

    def has_pictures(self) -> bool:
        """Whether a picture covers a good part of it, as on a scan."""
        import pypdfium2.raw as raw

        width, height = self.raw_page.get_size()
        for found in itertools.islice(self.raw_page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=2), 50):
            left, bottom, right, top = found.get_bounds()
            if (right - left) * (top - bottom) > 0.2 * width * height:
                return True
        return False

    def read_letters(self) -> str:
        """One letter for each of pdfium's places, so that positions are its own."""
        import pypdfium2.raw as raw

        count = min(self._text.count_chars(), _MOST_LETTERS)
        return "".join(
            chr(code) if (code := raw.FPDFText_GetUnicode(self._text.raw, at)) else " " for at in range(count)
        )

    def list_runs(self, letters: str) -> Iterator[tuple[str, Box]]:
        """The lines of the text, each with its box; a line that goes on elsewhere is several."""
        start = 0
        for at, letter in enumerate(f"{letters}\n"):
            if letter in "\r\n":
                if text := letters[start:at].strip():
                    boxes = self.list_boxes(start, at)
                    yield from ((text, _join(boxes)),) if boxes else ()
                start = at + 1

    def list_boxes(self, start: int, end: int) -> list[Box]:
        """The boxes that cover these letters, a line or a part of one each."""
        import ctypes

        import pypdfium2.raw as raw

        count = raw.FPDFText_CountRects(self._text.raw, start, end - start)
        boxes = []
        for index in range(max(count, 0)):
            sides = [ctypes.c_double() for _ in range(4)]
            if raw.FPDFText_GetRect(self._text.raw, index, *map(ctypes.byref, sides)):
                left, top, right, bottom = (side.value for side in sides)
                boxes.append(self._place(left, bottom, right, top))
        return [box for box in boxes if box[2] > 0 and box[3] > 0]

    def _place(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A box of the page's own space as it is looked at, turned and cut as the page is."""
        import ctypes

        import pypdfium2.raw as raw

        xs, ys = [], []
        for x, y in ((left, bottom), (right, top)):
            across, down = ctypes.c_int(), ctypes.c_int()
            raw.FPDF_PageToDevice(
                self.raw_page.raw, 0, 0, _FINE, _FINE, 0, x, y, ctypes.byref(across), ctypes.byref(down)
            )
            xs.append(across.value / _FINE)
            ys.append(down.value / _FINE)
        return min(xs), min(ys), round(max(xs) - min(xs), 5), round(max(ys) - min(ys), 5)


def _join(boxes: Sequence[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, round(right - left, 5), round(bottom - top, 5)
