"""Whether the catalog's content is what was written: by SQLite's own check, and by our checksums of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from rag.errors import IndexDamagedError
from rag.index.catalog.database import (
    MANY,
    Catalog,
    Connection,
    open_database,
    remake_indices,
    run_over_parts,
    translate_errors,
)
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import FORMAT, Meta
from rag.index.catalog.schema import FILES
from rag.index.catalog.writing import DOCUMENT_DIGEST, VECTOR_DIGEST, CatalogWriter

_DOCUMENTS_A_STEP, _VECTORS_A_STEP = 200, 5_000  # a few hundredths of a second each
_ORPHANS = (
    "documents WHERE build NOT IN (SELECT id FROM builds)",
    "chunks WHERE document NOT IN (SELECT id FROM documents)",
    "vectors WHERE model NOT IN (SELECT id FROM models)",
)


def is_structure_sound(connection: Connection) -> bool:
    """SQLite's own check of all pages and indices: about a second for each GB."""
    return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")


def restore(catalog: Catalog) -> bool:
    """Make good what the catalog can by itself; False if it must be made anew. About a second for each GB.

    Indices, the format in the file's head and the notes about files are made anew. Rows of documents and vectors that
    are damaged stay: `remove_damaged` sees to them.
    """
    try:
        with translate_errors(catalog.path), closing(open_database(catalog.path)) as connection:
            if not is_structure_sound(connection) and not _remake_indices(connection):
                return False
            keys = ", ".join(f"'{key}'" for key in Meta)
            connection.execute(f"DELETE FROM meta WHERE key NOT IN ({keys}) OR typeof(value) <> 'integer'")
            connection.execute(f"DELETE FROM {FILES.name}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            CatalogView(connection).list_builds()  # raises if what it reads is damaged
            return True
    except IndexDamagedError:
        return False


def _remake_indices(connection: Connection) -> bool:
    """Whether the structure is sound once all indices are made anew from the rows."""
    return remake_indices(connection) and is_structure_sound(connection)


def find_damaged_documents(view: CatalogView) -> Iterator[list[int]]:
    """The ids of documents that aren't what was written, they or their chunks; in steps, so that it can be left."""
    return _find_damaged(view, "documents", DOCUMENT_DIGEST, _DOCUMENTS_A_STEP)


def find_damaged_vectors(view: CatalogView) -> Iterator[list[int]]:
    """The row ids of vectors that aren't what was written, in steps too."""
    return _find_damaged(view, "vectors", VECTOR_DIGEST, _VECTORS_A_STEP)


def _find_damaged(view: CatalogView, table: str, digest: str, step: int) -> Iterator[list[int]]:
    statement = f"SELECT id, digest IS NOT {digest} FROM {table} WHERE id > ? ORDER BY id LIMIT ?"
    last = -1
    while rows := view.connection.execute(statement, (last, step)).fetchall():
        last = rows[-1][0]
        yield [id_ for id_, is_damaged in rows if is_damaged]


def count_orphans(view: CatalogView) -> int:
    """How many rows belong to nothing, because what names their owner is damaged."""
    return sum(view.connection.execute(f"SELECT count(*) FROM {orphans}").fetchone()[0] for orphans in _ORPHANS)


@dataclass(frozen=True, slots=True)
class Removed:
    """What `remove_damaged` took away."""

    documents: int
    vectors: int
    hashes: list[bytes]
    """The hashes of the texts that the documents' chunks carried."""


def remove_damaged(db: CatalogWriter) -> Removed:
    """Within a transaction: forget damaged documents and vectors, so that the sync reads and embeds them anew."""
    documents = [id_ for ids in find_damaged_documents(db) for id_ in ids]
    vectors = [id_ for ids in find_damaged_vectors(db) for id_ in ids]
    hashes = [hash_ for document_id in documents for hash_ in db.remove_document(document_id)[1]]
    run_over_parts(db.connection, f"DELETE FROM vectors WHERE id IN {MANY}", vectors)
    for orphans in _ORPHANS:
        db.connection.execute(f"DELETE FROM {orphans}")
    return Removed(len(documents), len(vectors), hashes)
