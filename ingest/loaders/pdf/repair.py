"""The second try, on files that pdfium refuses. Owner of pypdf, which is slower but repairs more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.loaders.encrypted import explain_encrypted
from ingest.loaders.pdf.mending import mend_text
from ingest.loaders.reading import Reading, ReadOptions
from rag.errors import LoadError
from rag.types import Document, Page


def load_by_pypdf(source: str, data: bytes, options: ReadOptions, why: str) -> Reading:
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
