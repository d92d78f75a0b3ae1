"""Is the catalog's content what was written? By SQLite's own check and by our digests of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rag.index.catalog.database import MANY, Connection, list_columns, remake_indices, run_over_parts
from rag.index.catalog.digests import DOCUMENT_DIGEST, VECTOR_DIGEST
from rag.index.catalog.meta import FORMAT, Meta
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.schema import FILES
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


def restore_structure(connection: Connection) -> bool:
    """Make anew what can be: indices, the format in the file's head, notes about files. False if that isn't enough.

    What is damaged beyond that raises as it is read.
    """
    if not is_structure_sound(connection) and not (remake_indices(connection) and is_structure_sound(connection)):
        return False
    keys = ", ".join(f"'{key}'" for key in Meta)
    connection.execute(f"DELETE FROM meta WHERE key NOT IN ({keys}) OR typeof(value) <> 'integer'")
    if list_columns(connection, FILES.name):
        connection.execute(f"DELETE FROM {FILES.name}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    view = CatalogView(connection)
    for build in view.list_builds():
        view.find_model_fingerprint(build.model_id)
    return True


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


@dataclass(frozen=True, slots=True)
class Removed:
    """What `remove_damaged` took away."""

    documents: int
    vectors: int
    hashes: list[bytes]
    """Of the texts of the documents' chunks."""


def remove_damaged(db: CatalogWriter) -> Removed:
    """Within a transaction: forget damaged documents and vectors, so that the sync reads and embeds them anew."""
    documents = [id_ for ids in find_damaged_documents(db) for id_ in ids]
    vectors = [id_ for ids in find_damaged_vectors(db) for id_ in ids]
    hashes = [hash_ for document_id in documents for hash_ in db.remove_document(document_id)[1]]
    run_over_parts(db.connection, f"DELETE FROM vectors WHERE id IN {MANY}", vectors)
    for orphans in _ORPHANS:
        db.connection.execute(f"DELETE FROM {orphans}")
    return Removed(len(documents), len(vectors), hashes)


def add_missing_digests(db: CatalogWriter) -> None:
    """Within a transaction: of rows that an earlier version wrote. They are taken for sound as they are."""
    for table, digest in (("documents", DOCUMENT_DIGEST), ("vectors", VECTOR_DIGEST)):
        db.connection.execute(f"UPDATE {table} SET digest = {digest} WHERE digest IS NULL")
