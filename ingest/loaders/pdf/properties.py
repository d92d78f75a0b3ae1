"""What a PDF says of itself: title, author, dates, language, and its outline."""

from __future__ import annotations

import ctypes
import itertools
import re
from typing import TYPE_CHECKING

from ingest.loaders.pdf.title import clean_title
from rag.types import Document

if TYPE_CHECKING:
    import pypdfium2 as pdfium


def read_properties(source: str, pdf: pdfium.PdfDocument) -> Document:
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


def read_outline(pdf: pdfium.PdfDocument) -> dict[int, list[tuple[int, str]]]:
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
