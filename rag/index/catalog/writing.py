"""Changing the catalog, and the checksums of its rows. Every change happens within a transaction.

SQLite has no checksums of content, and a text with a flipped bit is a text too. So each document has one over its own
row and its chunks, each vector one over itself and its text's hash. SQLite computes them from the rows as they stand,
so that writing and checking can't differ.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rag.index.catalog.database import DIGEST_FUNCTION, MANY, run_over_parts
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import Build, FileDigest, FileState, Meta, NewChunk, NewDocument, encode_header
from rag.index.catalog.schema import CHUNKS, DOCUMENTS, VECTORS
from rag.text.dates import iso_day


def _make_digest(table: str, columns: Iterable[str], *more: str) -> str:
    """The expression that computes the checksum of a row's columns, and of what is given beside them."""
    values = [*(f"CAST({table}.{column} AS BLOB)" for column in columns), *more]
    return f"{DIGEST_FUNCTION}({', '.join(values)})"


_CHUNK_DIGEST = _make_digest("c", CHUNKS.list_columns("document"))
DOCUMENT_DIGEST = _make_digest(
    "documents",
    DOCUMENTS.list_columns("build", "size", "mtime_ns", "ctime_ns", "digest"),
    f"(SELECT CAST(coalesce(sum({_CHUNK_DIGEST}), 0) AS BLOB) FROM chunks c WHERE c.document = documents.id)",
)
"""The checksum of a row of `documents`. The file's state isn't part of it: a wrong one has the file looked at again."""
VECTOR_DIGEST = _make_digest("vectors", VECTORS.list_columns("digest"))
"""The checksum of a row of `vectors`."""

_INSERT_DOCUMENT, _INSERT_CHUNK = DOCUMENTS.insert_statement(), CHUNKS.insert_statement()
_COPY_DOCUMENT = DOCUMENTS.copy_statement("build", "source", *FileState._fields, condition="id = ?")
_COPY_CHUNKS = CHUNKS.copy_statement("document", condition="document = ? ORDER BY ordinal")
_PUT_VECTOR = (
    "INSERT OR REPLACE INTO vectors (model, hash, vector, digest)"
    f" SELECT model, hash, vector, {VECTOR_DIGEST} FROM (SELECT ? AS model, ? AS hash, ? AS vector) AS vectors"
)


class CatalogWriter(CatalogView):
    """Write access. Every change happens between `begin` and `commit`."""

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo what was not committed, if there is something."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Changes that become lasting together; an exception undoes them all."""
        self.begin()
        try:
            yield
            self.commit()
        finally:
            self.roll_back()

    def set_meta(self, key: Meta, value: int) -> None:
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def increase(self, *keys: Meta) -> None:
        """Add one to each of these figures."""
        found = self.read_meta()
        for key in keys:
            self.set_meta(key, found[key] + 1)

    def begin_sweep(self) -> None:
        """From here on a reader's search may miss what its snapshot still lists, so it asks again."""
        with self.transaction():
            self.increase(Meta.SWEEPS)

    # ---- builds and models

    def add_build(self, fingerprint: Mapping[str, Any]) -> Build:
        text = json.dumps(fingerprint, sort_keys=True)
        cursor = self.connection.execute("INSERT INTO builds (fingerprint, started) VALUES (?, ?)", (text, time.time()))
        return Build(_expect_id(cursor.lastrowid), json.loads(text))

    def drop_build(self, build_id: int) -> None:
        """Forget the build with its documents and chunks."""
        self.connection.execute(
            "DELETE FROM chunks WHERE document IN (SELECT id FROM documents WHERE build = ?)", (build_id,)
        )
        self.connection.execute("DELETE FROM documents WHERE build = ?", (build_id,))
        self.connection.execute("DELETE FROM builds WHERE id = ?", (build_id,))

    def set_build_model(self, build_id: int, embedding: str) -> int:
        """Give the build its embedding model, by the model's fingerprint; returns the model's id."""
        self.connection.execute("INSERT OR IGNORE INTO models (fingerprint) VALUES (?)", (embedding,))
        row = self.connection.execute("SELECT id FROM models WHERE fingerprint = ?", (embedding,)).fetchone()
        self.connection.execute("UPDATE builds SET model = ? WHERE id = ?", (row[0], build_id))
        return int(row[0])

    def drop_models_except(self, model_ids: Iterable[int]) -> None:
        """Forget the models that no build uses, and their vectors."""
        kept = set(model_ids)
        gone = [row for row in self.connection.execute("SELECT id FROM models").fetchall() if row[0] not in kept]
        self.connection.executemany("DELETE FROM vectors WHERE model = ?", gone)
        self.connection.executemany("DELETE FROM models WHERE id = ?", gone)

    # ---- documents and chunks

    def put_document(self, build_id: int, document: NewDocument) -> int:
        """Insert a document without chunks and return its id; its old version must have been removed."""
        header = document.header
        values = {
            "build": build_id,
            "source": header.source,
            **document.state._asdict(),
            "sha256": document.sha256,
            "loader": header.loader,
            "header": encode_header(header),
            "language": header.language,
            "page_kind": header.page_kind,
            "title": header.title,
            "chunk_count": 0,
            "reason": document.reason,
            "kind": document.kind,
            "since": time.time(),
            "date": iso_day(header.modified) or iso_day(header.created),
            "digest": None,
        }
        return _expect_id(self.connection.execute(_INSERT_DOCUMENT, values).lastrowid)

    def put_chunk(self, document_id: int, new: NewChunk) -> int:
        """Insert a chunk and return its id."""
        chunk = new.chunk
        values = {
            "document": document_id,
            "ordinal": chunk.ordinal,
            "text": chunk.text,
            "section": chunk.section,
            "page": chunk.page,
            "page_end": chunk.page_end,
            "label": new.label,
            "overlap": chunk.overlap,
            "hash": new.hash,
        }
        return _expect_id(self.connection.execute(_INSERT_CHUNK, values).lastrowid)

    def finish_document(self, document_id: int, chunk_count: int, title: str) -> None:
        """When all chunks of a document are in: note how many they are, their title and the checksum of it all."""
        self.connection.execute(
            "UPDATE documents SET chunk_count = ?, title = ? WHERE id = ?", (chunk_count, title, document_id)
        )
        self._seal_document(document_id)

    def _seal_document(self, document_id: int) -> None:
        self.connection.execute(f"UPDATE documents SET digest = {DOCUMENT_DIGEST} WHERE id = ?", (document_id,))

    def copy_document(self, document_id: int, build_id: int, source: str, state: FileState) -> int:
        """The same content under another path; returns the new document's id. Its chunks get new ids."""
        cursor = self.connection.execute(_COPY_DOCUMENT, (build_id, source, *state, document_id))
        new_id = _expect_id(cursor.lastrowid)
        self.connection.execute(_COPY_CHUNKS, (new_id, document_id))
        self._seal_document(new_id)
        return new_id

    def set_state(self, document_id: int, state: FileState) -> None:
        self.connection.execute(
            "UPDATE documents SET size = ?, mtime_ns = ?, ctime_ns = ? WHERE id = ?", (*state, document_id)
        )

    def remove_document(self, document_id: int) -> tuple[list[int], list[bytes]]:
        """Forget a document; returns the ids and the hashes of the chunks that it had."""
        rows = self.connection.execute("SELECT id, hash FROM chunks WHERE document = ?", (document_id,)).fetchall()
        self.connection.execute("DELETE FROM chunks WHERE document = ?", (document_id,))
        self.connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        return [row[0] for row in rows], [row[1] for row in rows]

    # ---- vectors

    def put_vectors(self, model_id: int, vectors: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep packed vectors, (hash of the text, vector) each; known ones are overwritten."""
        self.connection.executemany(_PUT_VECTOR, ((model_id, hash_, vector) for hash_, vector in vectors))

    def list_unused_hashes(self) -> list[bytes]:
        """The hashes of texts that have a vector and that no chunk carries any more."""
        rows = self.connection.execute(
            "SELECT DISTINCT hash FROM vectors v WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.hash = v.hash)"
        )
        return [row[0] for row in rows]

    def select_unused_hashes(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Which of these texts no chunk carries any more; each is named once."""
        rows = run_over_parts(self.connection, f"SELECT DISTINCT hash FROM chunks WHERE hash IN {MANY}", hashes)
        used = {row[0] for row in rows}
        return [hash_ for hash_ in dict.fromkeys(hashes) if hash_ not in used]

    def remove_vectors(self, hashes: Sequence[bytes]) -> None:
        run_over_parts(self.connection, f"DELETE FROM vectors WHERE hash IN {MANY}", hashes)

    # ---- the folder

    def set_mounts(self, mounts: Iterable[str]) -> None:
        """Note the mount points, and links to folders, in the place of those that were noted before."""
        self.connection.execute("DELETE FROM mounts")
        self.connection.executemany("INSERT INTO mounts VALUES (?)", [(source,) for source in mounts])

    # ---- the views' files

    def set_file_digests(self, digests: Mapping[str, FileDigest]) -> None:
        """Note the state of all files of the views, in the place of what was noted before."""
        self.connection.execute("DELETE FROM files")
        rows = ((name, *digest) for name, digest in digests.items())
        self.connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?)", rows)


def _expect_id(row_id: int | None) -> int:
    assert row_id is not None  # only a statement that inserts nothing gives None
    return row_id
