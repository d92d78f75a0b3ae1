"""Is the catalog's content what was written? By SQLite's own check and by our digests of the rows."""

from __future__ import annotations

from collections.abc import Iterator

from rag.index.catalog.database import MANY, Connection, list_columns, run_over_parts
from rag.index.catalog.digests import DOCUMENT_DIGEST, VECTOR_DIGEST
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.writing import CatalogWriter

_DOCUMENTS_A_STEP, _VECTORS_A_STEP = 200, 5_000  # a few hundredths of a second each
_ORPHANS = (
    "documents WHERE build NOT IN (SELECT id FROM builds)",
    "chunks WHERE document NOT IN (SELECT id FROM documents)",
    "vectors WHERE model NOT IN (SELECT id FROM models)",
)


def is_structure_sound(connection: Connection) -> bool:
    """SQLite's own check of all pages and indices: about a second for each GB."""
    return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")


def has_digests(view: CatalogView) -> bool:
    """Whether the catalog was ever written by a version that makes them."""
    return "digest" in list_columns(view.connection, "vectors")


def find_damaged_documents(view: CatalogView) -> Iterator[list[int]]:
    """Ids of documents that aren't what was written, themselves or their chunks. In steps, so that it can be left."""
    return _find_damaged(view, "documents", DOCUMENT_DIGEST, _DOCUMENTS_A_STEP)


def find_damaged_vectors(view: CatalogView) -> Iterator[list[int]]:
    """Row ids of vectors that aren't what was written, in steps."""
    return _find_damaged(view, "vectors", VECTOR_DIGEST, _VECTORS_A_STEP)


def _find_damaged(view: CatalogView, table: str, digest: str, step: int) -> Iterator[list[int]]:
    statement = f"SELECT id, digest <> {digest} FROM {table} WHERE id > ? ORDER BY id LIMIT ?"
    last = -1
    while rows := view.connection.execute(statement, (last, step)).fetchall():
        last = rows[-1][0]
        yield [id_ for id_, is_damaged in rows if is_damaged]  # NULL where there is no digest yet


def count_orphans(view: CatalogView) -> int:
    """Rows that belong to nothing, because what names their owner is damaged."""
    return sum(view.connection.execute(f"SELECT count(*) FROM {orphans}").fetchone()[0] for orphans in _ORPHANS)


def remove_damaged(db: CatalogWriter) -> tuple[int, int]:
    """Within a transaction: forget damaged documents and vectors, so that the sync reads and embeds them anew.

    Returns how many documents and how many vectors.
    """
    documents = [id_ for ids in find_damaged_documents(db) for id_ in ids]
    vectors = [id_ for ids in find_damaged_vectors(db) for id_ in ids]
    for document_id in documents:
        db.remove_document(document_id)
    run_over_parts(db.connection, f"DELETE FROM vectors WHERE id IN {MANY}", vectors)
    for orphans in _ORPHANS:
        db.connection.execute(f"DELETE FROM {orphans}")
    return len(documents), len(vectors)


def add_missing_digests(db: CatalogWriter) -> None:
    """Within a transaction: of rows that an earlier version wrote. They are taken for sound as they are."""
    for table, digest in (("documents", DOCUMENT_DIGEST), ("vectors", VECTOR_DIGEST)):
        db.connection.execute(f"UPDATE {table} SET digest = {digest} WHERE digest IS NULL")
