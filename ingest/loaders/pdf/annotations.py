"""Comments and form fields of a PDF page."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

_COMMENTS = frozenset((1, 3, 9, 10, 11, 12, 13))
"""FPDF_ANNOT_TEXT, FREETEXT, HIGHLIGHT, UNDERLINE, SQUIGGLY, STRIKEOUT, STAMP."""
_WIDGET = 20


def read_annotations(page: Any) -> Iterator[str]:  # noqa: ANN401 (a pdfium page)
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
