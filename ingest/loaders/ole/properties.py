"""What the binary Office formats share: the container's properties, opened by olefile."""

from __future__ import annotations

from typing import Any

from ingest.loaders.labels import make_one_line
from rag.types import Document


def read_header(source: str, ole: Any, page_kind: str = "") -> Document:  # noqa: ANN401 (olefile has no type hints)
    """Title, author and dates from the summary; `ole` is an open OleFileIO."""
    meta = ole.get_metadata()
    return Document(
        source,
        (),
        title=_decode_property(meta.title, meta.codepage),
        author=_decode_property(meta.author, meta.codepage),
        created=meta.create_time.isoformat() if meta.create_time else "",
        modified=meta.last_saved_time.isoformat() if meta.last_saved_time else "",
        page_kind=page_kind,
    )


def _decode_property(value: object, codepage: int | None) -> str:
    if not isinstance(value, bytes):
        return make_one_line(str(value or ""))
    name = "utf-8" if codepage in (65001, -535) else f"cp{codepage}" if codepage and codepage > 0 else "cp1252"
    try:
        text = value.decode(name, "replace")
    except LookupError:
        text = value.decode("cp1252", "replace")
    return make_one_line(text.replace("\0", ""))
