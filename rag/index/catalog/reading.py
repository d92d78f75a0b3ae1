"""Reading the catalog, within one snapshot: as a whole, and what one of its builds holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rag.index.catalog.database import MANY, Connection, MalformedValueError, run_over_parts
from rag.index.catalog.records import (
    Build,
    CatalogEntry,
    DocumentInfo,
    Failure,
    FileDigest,
    FileInfo,
    FileState,
    KnownFile,
    Meta,
)
from rag.types import Chunk, Restriction, StoredChunk

# CROSS keeps SQLite from going through all documents of the build to find 100 chunks: .4 ms, not 11, at 100,000 chunks.
_OF_DOCUMENTS = "FROM chunks c CROSS JOIN documents d ON d.id = c.document"
_STORED = (
    "SELECT c.id, d.source, c.ordinal, c.text, d.title, c.section, c.page, c.page_end, c.overlap, d.language, c.label,"
    f" d.page_kind {_OF_DOCUMENTS}"
)
_TITLE = "CASE WHEN json_valid(d.header) THEN coalesce(json_extract(d.header, '$.title'), '') ELSE '' END"
"""The whole title; that of the chunks, in the column, may be shortened."""
_INFO = (
    f"SELECT d.source, {_TITLE}, d.language, d.chunk_count, d.header FROM documents d"
    " WHERE d.build = ? AND d.reason IS NULL"
)
_BUILD = "SELECT b.id, b.fingerprint, b.model, m.fingerprint FROM builds b LEFT JOIN models m ON m.id = b.model"
_DATE = "CASE d.date WHEN '' THEN date(d.mtime_ns / 1000000000, 'unixepoch', 'localtime') ELSE d.date END"
_WITHOUT_VECTOR = "NOT EXISTS (SELECT 1 FROM vectors v WHERE v.model = ? AND v.hash = c.hash)"


@dataclass
class CatalogView:
    """The catalog as a whole, read within one snapshot, or as the transaction at hand has it."""

    connection: Connection

    def read_meta(self) -> dict[Meta, int]:
        """All figures that the catalog tells of itself; 0 for what was never set."""
        found = dict.fromkeys(Meta, 0)
        for key, value in self.connection.execute("SELECT key, value FROM meta"):
            if not isinstance(value, int):
                raise MalformedValueError(f"{key} is no number")
            found[key] = value
        return found

    # ---- builds

    def find_build(self, build_id: int) -> Build | None:
        """The build with the id, as it is now."""
        row = self.connection.execute(f"{_BUILD} WHERE b.id = ?", (build_id,)).fetchone()
        return None if row is None else Build(row[0], _load_json(row[1]), *row[2:])

    def find_live_build(self) -> Build | None:
        """The build that readers search; None before the first sync."""
        return self.find_build(self.read_meta()[Meta.LIVE_BUILD])

    def list_builds(self) -> list[Build]:
        """The live build and those that are being made, oldest first."""
        rows = self.connection.execute(f"{_BUILD} ORDER BY b.id").fetchall()
        return [Build(row[0], _load_json(row[1]), *row[2:]) for row in rows]

    def view_build(self, build: Build) -> BuildView:
        """What the build holds."""
        return BuildView(self.connection, build)

    # ---- vectors

    def read_vectors(self, model_id: int, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        """The packed vectors of the texts with these hashes, as far as they have one."""
        statement = f"SELECT hash, vector FROM vectors WHERE hash IN {MANY} AND model = ?"
        return dict(run_over_parts(self.connection, statement, hashes, (model_id,)))

    def iterate_vectors(self, model_id: int, part: int = 10_000) -> Iterator[list[tuple[bytes, bytes]]]:
        """(hash, packed vector) of all texts, in lists of at most `part`."""
        cursor = self.connection.execute("SELECT hash, vector FROM vectors WHERE model = ?", (model_id,))
        while rows := cursor.fetchmany(part):
            yield rows

    def read_vector_hashes(self, model_id: int) -> set[bytes]:
        """The hashes of all texts that have a vector."""
        return {row[0] for row in self.connection.execute("SELECT hash FROM vectors WHERE model = ?", (model_id,))}

    def find_known_hashes(self, model_id: int, hashes: Sequence[bytes]) -> set[bytes]:
        """Which of these texts have a vector."""
        statement = f"SELECT hash FROM vectors WHERE hash IN {MANY} AND model = ?"
        return {row[0] for row in run_over_parts(self.connection, statement, hashes, (model_id,))}

    # ---- the folder

    def read_mounts(self) -> set[str]:
        """The folders of the corpus that were mount points, or links to folders, when they were last looked at."""
        return {row[0] for row in self.connection.execute("SELECT source FROM mounts")}

    # ---- the views' files

    def read_file_digests(self) -> dict[str, FileDigest]:
        """The noted state of the views' files, by their path below the index folder."""
        rows = self.connection.execute("SELECT name, size, mtime_ns, digest FROM files")
        return {row[0]: FileDigest(*row[1:]) for row in rows}


@dataclass
class BuildView:
    """What one build holds, read within one snapshot, or as the transaction at hand has it."""

    connection: Connection
    build: Build

    # ---- documents

    def read_known_files(self) -> dict[str, KnownFile]:
        """All files of the build, failed ones included, by their source."""
        rows = self.connection.execute(
            "SELECT source, id, size, mtime_ns, ctime_ns, sha256, reason FROM documents WHERE build = ?",
            (self.build.id,),
        )
        return {row[0]: KnownFile(row[1], FileState(*row[2:5]), *row[5:]) for row in rows}

    def read_file_states(self) -> Iterator[tuple[str, tuple[int, int, int], str | None]]:
        """(source, state, why it could not be indexed): `read_known_files` at a fraction of its cost."""
        rows = self.connection.execute(
            "SELECT source, size, mtime_ns, ctime_ns, reason FROM documents WHERE build = ?", (self.build.id,)
        )
        for source, size, mtime_ns, ctime_ns, reason in rows:
            yield source, (size, mtime_ns, ctime_ns), reason

    def list_documents(self) -> list[DocumentInfo]:
        """The indexed documents, in the order of their sources."""
        return [_make_info(row) for row in self.connection.execute(f"{_INFO} ORDER BY d.source", (self.build.id,))]

    def list_entries(self, only: Restriction | None = None) -> list[CatalogEntry]:
        """The indexed documents that may be found, in the order of their sources."""
        allowed, values = _make_condition(only)
        rows = self.connection.execute(
            f"SELECT d.id, d.source, {_TITLE}, d.language, d.chunk_count, substr({_DATE}, 1, 10), d.sha256,"
            " date(max(d.mtime_ns, d.ctime_ns) / 1000000000, 'unixepoch', 'localtime')"
            f" FROM documents d WHERE d.build = ? AND d.reason IS NULL{allowed} ORDER BY d.source",
            (self.build.id, *values),
        )
        return [CatalogEntry(*row) for row in rows]

    def measure_documents(self) -> dict[str, tuple[int, int]]:
        """The bytes of each indexed document's file and the characters of its text, by source. Reads all texts."""
        rows = self.connection.execute(
            "SELECT d.source, d.size, coalesce(sum(length(c.text) - c.overlap), 0) FROM documents d"
            " LEFT JOIN chunks c ON c.document = d.id WHERE d.build = ? AND d.reason IS NULL GROUP BY d.id",
            (self.build.id,),
        )
        return {source: (size, length) for source, size, length in rows}

    def list_sources(self) -> list[str]:
        """The sources of the indexed documents, in order: `list_documents` at a fraction of its cost."""
        rows = self.connection.execute(
            "SELECT source FROM documents WHERE build = ? AND reason IS NULL ORDER BY source", (self.build.id,)
        )
        return [row[0] for row in rows]

    def find_document(self, source: str) -> DocumentInfo | None:
        """The indexed document of exactly this source."""
        row = self.connection.execute(f"{_INFO} AND d.source = ?", (self.build.id, source)).fetchone()
        return None if row is None else _make_info(row)

    def list_files(self) -> list[FileInfo]:
        """All files of the build, failed ones included, in the order of their sources: what a list shows of them."""
        last_page = "(SELECT coalesce(page_end, page) FROM chunks WHERE document = d.id ORDER BY ordinal DESC LIMIT 1)"
        format_ = "CASE WHEN json_valid(d.header) THEN json_extract(d.header, '$.format') END"
        rows = self.connection.execute(
            f"SELECT d.source, {_TITLE}, coalesce({format_}, ''), d.page_kind, {last_page}, d.date, d.mtime_ns, d.size,"
            f" d.chunk_count, d.sha256, d.reason, d.kind FROM documents d WHERE d.build = ? ORDER BY d.source",
            (self.build.id,),
        )
        return [FileInfo(*row) for row in rows]

    def list_failures(self) -> list[Failure]:
        """The files that could not be indexed, in the order of their sources."""
        rows = self.connection.execute(
            "SELECT source, reason, kind, since FROM documents WHERE build = ? AND reason IS NOT NULL ORDER BY source",
            (self.build.id,),
        )
        return [Failure(*row) for row in rows]

    # ---- chunks

    def read_chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """The chunks with these ids that belong to the build."""
        statement = f"{_STORED} WHERE c.id IN {MANY} AND d.build = ?"
        return {row[0]: _make_chunk(row) for row in run_over_parts(self.connection, statement, ids, (self.build.id,))}

    def read_places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
        """Source and ordinal of these chunks: all that a ranking needs of `read_chunks`, at a fifth of the cost."""
        statement = f"SELECT c.id, d.source, c.ordinal {_OF_DOCUMENTS} WHERE c.id IN {MANY} AND d.build = ?"
        rows = run_over_parts(self.connection, statement, ids, (self.build.id,))
        return {id_: (source, ordinal) for id_, source, ordinal in rows}

    def select_live(self, ids: Sequence[int], only: Restriction | None = None) -> set[int]:
        """Which of these chunks belong to the build and may be found: `read_chunks` without reading any text."""
        allowed, values = _make_condition(only)
        statement = f"SELECT c.id {_OF_DOCUMENTS} WHERE c.id IN {MANY} AND d.build = ?{allowed}"
        return {row[0] for row in run_over_parts(self.connection, statement, ids, (self.build.id, *values))}

    def find_ids_by_hash(self, hashes: Sequence[bytes], only: Restriction | None = None) -> dict[bytes, list[int]]:
        """The chunks of the build that carry these texts and may be found, in the order of their ids."""
        allowed, values = _make_condition(only)
        statement = f"SELECT c.hash, c.id {_OF_DOCUMENTS} WHERE c.hash IN {MANY} AND d.build = ?{allowed} ORDER BY c.id"
        found: dict[bytes, list[int]] = {}
        for hash_, id_ in run_over_parts(self.connection, statement, hashes, (self.build.id, *values)):
            found.setdefault(hash_, []).append(id_)
        return found

    def read_neighbours(self, chunk_id: int, before: int, after: int) -> list[StoredChunk]:
        """The chunk with those around it in its document, in order."""
        rows = self.connection.execute(
            f"{_STORED} WHERE c.document = (SELECT document FROM chunks WHERE id = ?) AND c.ordinal BETWEEN"
            " (SELECT ordinal - ? FROM chunks WHERE id = ?) AND (SELECT ordinal + ? FROM chunks WHERE id = ?)"
            " ORDER BY c.ordinal",
            (chunk_id, before, chunk_id, after, chunk_id),
        )
        return [_make_chunk(row) for row in rows]

    def read_document_chunks(self, document_id: int) -> list[StoredChunk]:
        """All chunks of a document, in order."""
        rows = self.connection.execute(f"{_STORED} WHERE c.document = ? ORDER BY c.ordinal", (document_id,))
        return [_make_chunk(row) for row in rows]

    def read_first_chunk(self, document_id: int) -> StoredChunk | None:
        """The chunk with which a document begins; None for one that was replaced meanwhile, or has no text."""
        row = self.connection.execute(f"{_STORED} WHERE c.document = ? ORDER BY c.ordinal LIMIT 1", (document_id,))
        return next(map(_make_chunk, row), None)

    def read_openings(self, sources: Sequence[str]) -> dict[str, str]:
        """The text of each document's first chunk, by its source; documents without text are left out."""
        statement = (
            "SELECT d.source, c.text FROM documents d CROSS JOIN chunks c ON c.document = d.id"
            f" WHERE d.source IN {MANY} AND d.build = ? AND c.ordinal = 0"
        )
        return dict(run_over_parts(self.connection, statement, sources, (self.build.id,)))

    def read_source_chunks(self, source: str) -> list[StoredChunk]:
        """All chunks of the document of exactly this source, in order."""
        rows = self.connection.execute(
            f"{_STORED} WHERE d.build = ? AND d.source = ? ORDER BY c.ordinal", (self.build.id, source)
        )
        return [_make_chunk(row) for row in rows]

    def read_chunk_ids(self) -> set[int]:
        """The ids of all chunks of the build."""
        rows = self.connection.execute(
            "SELECT c.id FROM documents d JOIN chunks c ON c.document = d.id WHERE d.build = ?", (self.build.id,)
        )
        return {row[0] for row in rows}

    def read_chunk_vectors(self, only: Restriction | None = None) -> list[tuple[int, bytes]]:
        """(chunk id, packed vector) of all chunks that may be found and have one."""
        allowed, values = _make_condition(only)
        return self.connection.execute(
            "SELECT c.id, v.vector FROM documents d CROSS JOIN chunks c ON c.document = d.id"
            " CROSS JOIN vectors v ON v.model = ? AND v.hash = c.hash"
            f" WHERE d.build = ? AND d.reason IS NULL{allowed}",
            (self.build.model_id, self.build.id, *values),
        ).fetchall()

    # ---- counts

    def count(self, only: Restriction | None = None) -> int:
        """How many chunks may be found."""
        allowed, values = _make_condition(only)
        row = self.connection.execute(
            f"SELECT coalesce(sum(d.chunk_count), 0) FROM documents d WHERE d.build = ? AND d.reason IS NULL{allowed}",
            (self.build.id, *values),
        ).fetchone()
        return int(row[0])

    def count_documents(self, folder: str) -> int:
        """How many indexed documents lie below the folder."""
        row = self.connection.execute(
            "SELECT count(*) FROM documents WHERE build = ? AND reason IS NULL AND source >= ? AND source < ?",
            (self.build.id, f"{folder}/", f"{folder}0"),  # "0" is what follows "/"
        ).fetchone()
        return int(row[0])

    def count_all(self) -> tuple[int, int, int]:
        """Indexed documents, their chunks, and how many of the chunks have a vector."""
        documents, chunks = self.connection.execute(
            "SELECT count(*), coalesce(sum(chunk_count), 0) FROM documents WHERE build = ? AND reason IS NULL",
            (self.build.id,),
        ).fetchone()
        # Pending chunks are few or none most of the time, so count those.
        return documents, chunks, chunks - self.count_pending()

    def count_pending(self) -> int:
        """How many chunks have no vector."""
        row = self.connection.execute(
            "SELECT count(*) FROM documents d JOIN chunks c ON c.document = d.id"
            f" WHERE d.build = ? AND {_WITHOUT_VECTOR}",
            (self.build.id, self.build.model_id),
        ).fetchone()
        return int(row[0])

    def list_pending(self) -> list[tuple[bytes, int]]:
        """(hash, id of a chunk with that text), one for each text without a vector, newest files first."""
        rows = self.connection.execute(
            "SELECT c.hash, min(c.id), max(d.mtime_ns) AS newest FROM documents d JOIN chunks c ON c.document = d.id"
            f" WHERE d.build = ? AND {_WITHOUT_VECTOR} GROUP BY c.hash ORDER BY newest DESC, min(c.id)",
            (self.build.id, self.build.model_id),
        )
        return [(row[0], row[1]) for row in rows]


def _load_json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, TypeError) as exc:
        raise MalformedValueError("a text is no JSON") from exc
    if not isinstance(value, dict):
        raise MalformedValueError("a text isn't the JSON that was written")
    return value


def _make_info(row: tuple[Any, ...]) -> DocumentInfo:
    return DocumentInfo(row[0], row[1], row[2], row[3], _load_json(row[4]))


def _make_chunk(row: tuple[Any, ...]) -> StoredChunk:
    id_, source, ordinal, text, title, section, page, page_end, overlap, language, label, page_kind = row
    chunk = Chunk(source, ordinal, text, title, section, page, page_end, overlap)
    return StoredChunk(id_, chunk, language, label, page_kind)


def _make_condition(only: Restriction | None) -> tuple[str, list[str]]:
    """A SQL condition on a document ``d``, with AND before it, and its values."""
    if only is None:
        return "", []
    conditions: list[str] = []
    values: list[str] = []
    if folder := (only.folder or "").strip("/"):
        conditions.append("(d.source = ? OR d.source >= ? AND d.source < ?)")
        values += [folder, f"{folder}/", f"{folder}0"]  # "0" is what follows "/"
    if only.within:
        places = [place.strip("/") for place in only.within]
        conditions.append(f"({' OR '.join(['d.source = ? OR d.source >= ? AND d.source < ?'] * len(places))})")
        values += [value for place in places for value in (place, f"{place}/", f"{place}0")]
    if only.file_type:
        conditions.append("lower(substr(d.source, -length(?))) = ?")
        values += [ending := "." + only.file_type.lstrip(".").lower(), ending]
    for relation, limit in ((">=", only.since), ("<=", only.until)):
        if limit is not None:
            conditions.append(f"substr({_DATE}, 1, length(?)) {relation} ?")
            values += [limit, limit]
    if not conditions:
        return "", []
    restricted = f"({' AND '.join(conditions)})"
    return f" AND ({' OR '.join([restricted, *['d.source = ?'] * len(only.also)])})", [*values, *only.also]
