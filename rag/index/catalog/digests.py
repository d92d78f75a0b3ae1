"""Content checksums of the catalog's rows: SQLite has none, and a text with a flipped bit is a text too.

Each document has one over its own row and its chunks, each vector one over itself and its text's hash. SQLite computes
them from the rows as they stand, so that writing and checking can't differ.
"""

from __future__ import annotations

from collections.abc import Iterable

from rag.index.catalog.database import DIGEST_FUNCTION
from rag.index.catalog.schema import CHUNKS, DOCUMENTS, VECTORS


def _make_expression(table: str, columns: Iterable[str], *more: str) -> str:
    values = [*(f"CAST({table}.{column} AS BLOB)" for column in columns), *more]
    return f"{DIGEST_FUNCTION}({', '.join(values)})"


_CHUNK = _make_expression("c", CHUNKS.list_columns("document"))
_CHUNKS = f"(SELECT CAST(coalesce(sum({_CHUNK}), 0) AS BLOB) FROM chunks c WHERE c.document = documents.id)"

DOCUMENT_DIGEST = _make_expression(
    "documents", DOCUMENTS.list_columns("build", "size", "mtime_ns", "ctime_ns", "digest"), _CHUNKS
)
"""Of a row of `documents`. The file's state isn't part of it: a wrong one only has the file looked at again."""
VECTOR_DIGEST = _make_expression("vectors", VECTORS.list_columns("digest"))
"""Of a row of `vectors`."""
