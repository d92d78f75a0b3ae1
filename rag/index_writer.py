"""Writing the index: batches that become live in one transaction, sweeping, recovery, builds side by side.

Order within a batch: chunks into the lexical index and commit; then the catalog's transaction, which is the moment of
change; then, later, the sweep of what is dead. A crash leaves the old state or the new one, and perhaps surplus in a
view, which the mark ``unclean`` makes the next writer clear away.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.catalog import Build, CatalogView, CatalogWriter, FileState, NewChunk, NewDocument
from rag.errors import IndexUnusableError
from rag.index import Index, text_hash
from rag.lexical_index import LexicalEntry, LexicalIndex
from rag.types import Chunk, StoredChunk
from rag.vector_store import VectorStore

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

_PART = 2_000  # chunks or vectors handled at a time when a view is rebuilt


class IndexWriter:
    """The one writer. Made by `Index.writing`."""

    def __init__(self, index: Index, db: CatalogWriter, notes: list[str]) -> None:
        self.db = db
        self.notes = notes
        """What had to be repaired, in sentences for the user."""
        self._index = index
        self._lexicals: dict[int, LexicalIndex] = {}
        self._store: VectorStore | None = None
        self._dead_ids: dict[int, list[int]] = {}
        self._dead_hashes: list[bytes] = []
        self._touched = False
        self._recover()

    # ---- builds

    def open_build(self, fingerprint: Mapping[str, Any], embedding: str | None, *, anew: bool = False) -> Build:
        """The build to bring up to date: the live one if it was made so, else one beside it (begun or resumed).

        `embedding` is the embedding model's own fingerprint, None while it isn't known. `anew` begins another build
        even if nothing changed. An index without any build gets its first, live at once.
        """
        live = self.db.live_build()
        if live is not None and not anew and self._is_made_so(live, fingerprint, embedding):
            self._drop_builds(keep=live.id)
            return live
        for build in self.db.builds():
            if (live is None or build.id != live.id) and self._is_made_so(build, fingerprint, embedding):
                return build
        self._touch()
        with self.db.transaction():
            build = self.db.add_build(fingerprint)
            if live is None:
                self.db.set_meta("live_build", build.id)
        return build

    def _is_made_so(self, build: Build, fingerprint: Mapping[str, Any], embedding: str | None) -> bool:
        return build.fingerprint == fingerprint and is_same_model(self.db, build, embedding)

    def refresh(self, build: Build) -> Build:
        found = self.db.build(build.id)
        assert found is not None
        return found

    def activate(self, build: Build) -> None:
        """Make the build the live one and drop all others."""
        if self.db.meta("live_build") != build.id:
            self._touch()
            with self.db.transaction():
                self.db.set_meta("live_build", build.id)
                self.db.bump("generation")
                self.db.bump("vector_generation")
        self._drop_builds(keep=build.id)

    def set_model(self, build: Build, model_fingerprint: str) -> int:
        """Tell which embedding model the build's vectors are from; returns its id."""
        known = self.refresh(build)
        if known.model_id is not None and self.db.model_fingerprint(known.model_id) == model_fingerprint:
            return known.model_id
        with self.db.transaction():
            model_id = self.db.set_build_model(build.id, model_fingerprint)
            self.db.bump("vector_generation")
        return model_id

    # ---- changes

    @contextlib.contextmanager
    def batch(self, build: Build) -> Iterator[Batch]:
        """Changes that become visible together. An exception inside undoes them all."""
        self._touch()
        batch = Batch(self, build, self._lexical(build.id))
        self.db.begin()
        try:
            yield batch
            batch.lexical.commit()
            if batch.changed:
                self.db.bump("generation")
            self.db.commit()
        except BaseException:
            self.db.rollback()
            self._lexicals.pop(build.id).close()
            raise
        self._dead_ids.setdefault(build.id, []).extend(batch.dead_ids)
        self._dead_hashes.extend(batch.dead_hashes)

    def add_vectors(self, build: Build, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Make chunks with these texts findable by the dense search."""
        self._touch()
        model_id = self.refresh(build).model_id
        assert model_id is not None
        rounded = _rounded(vectors)
        self._vectors(model_id).add(model_id, hashes, rounded.astype("float32"))
        with self.db.transaction():
            self._put_vectors(model_id, hashes, rounded)

    def _put_vectors(self, model_id: int, hashes: Sequence[bytes], rounded: np.ndarray) -> None:
        self.db.put_vectors(model_id, zip(hashes, (row.tobytes() for row in rounded), strict=True))
        self.db.bump("vector_generation")

    def sweep(self) -> None:
        """Clear dead chunks out of the views. Readers that are at work meanwhile ask again."""
        if not any(self._dead_ids.values()) and not self._dead_hashes:
            return
        with self.db.transaction():
            self.db.bump("sweeps")
        for build_id, ids in self._dead_ids.items():
            self._lexical(build_id).remove(ids)
            self._lexical(build_id).commit()
        self._remove_vectors(self.db.unused_hashes(self._dead_hashes))
        self._dead_ids, self._dead_hashes = {}, []

    def close(self) -> None:
        """Sweep, and note that everything is in order."""
        try:
            if self._touched:
                self.sweep()
        finally:
            for lexical in self._lexicals.values():
                lexical.close()
        if self._touched:
            with self.db.transaction():
                self.db.set_meta("unclean", 0)
                self.db.set_meta("views", _views_stamp(self._index.folder))

    # ---- repair

    def problems(self, *, repair: bool = False) -> list[str]:
        """Compare both views with the catalog, chunk by chunk; with `repair` also make them equal."""
        found = []
        for build in self.db.builds():
            found += self._check_lexical(build, repair)
        for model_id in {build.model_id for build in self.db.builds()} - {None}:
            assert model_id is not None
            found += self._check_vectors(model_id, repair)
        return found

    def _recover(self) -> None:
        reason = reason_to_check(self._index, self.db)
        if reason:
            self._touch()
            found = self.problems(repair=True)
            self._remove_vectors(self.db.unused_hashes())
            self._index.repair_mark.unlink(missing_ok=True)
            self.notes.append(f"{reason}: " + ("; ".join(found) + "." if found else "checked, and nothing was wrong."))

    def _check_lexical(self, build: Build, repair: bool) -> list[str]:
        live = self.db.chunk_ids(build.id)
        try:
            held = self._open_lexical(build.id).ids()
        except IndexUnusableError as exc:
            if not repair:
                return [str(exc)]
            logger.warning("%s", exc)
            shutil.rmtree(self._index.lexical_folder(build.id), ignore_errors=True)
            self._lexicals.pop(build.id, None)
            held = self._open_lexical(build.id).ids()
        missing, surplus = live - held, held - live
        if repair and (missing or surplus):
            self._begin_sweep()
            lexical = self._open_lexical(build.id)
            lexical.remove(surplus)
            lexical.add(_entry(stored) for part in _parts(sorted(missing)) for stored in self._stored(part, build.id))
            lexical.commit()
        return _differences("lexical index", "chunk", len(missing), len(surplus), repair)

    def _check_vectors(self, model_id: int, repair: bool) -> list[str]:
        known = self.db.vector_hashes(model_id)
        store = self._vectors(model_id)
        try:
            held = store.hashes(model_id)
            self._try_search(model_id, known)
        except IndexUnusableError as exc:
            if not repair:
                return [str(exc)]
            logger.warning("%s", exc)
            store.reset()
            held = set()
        missing, surplus = known - held, held - known
        if repair and (missing or surplus):
            self._begin_sweep()
            store.remove(model_id, sorted(surplus))
            for part in _parts(sorted(missing)):
                stored = self.db.vectors(model_id, part)
                store.add(model_id, list(stored), _unpack(list(stored.values())))
        return _differences("vectors", "vector", len(missing), len(surplus), repair)

    def _try_search(self, model_id: int, known: set[bytes]) -> None:
        """The graph is a file of its own, so listing what Chroma holds doesn't show that it can be searched."""
        probe = next(iter(known), None)
        if probe is not None:
            vector = _unpack(list(self.db.vectors(model_id, [probe]).values()))[0]
            self._vectors(model_id).search(model_id, vector, 10)

    # ---- parts

    def _touch(self) -> None:
        if not self._touched:
            with self.db.transaction():
                self.db.set_meta("unclean", 1)
            self._touched = True

    def _begin_sweep(self) -> None:
        with self.db.transaction():
            self.db.bump("sweeps")
            self.db.bump("generation")
            self.db.bump("vector_generation")

    def _lexical(self, build_id: int) -> LexicalIndex:
        """The build's lexical index, made anew from the catalog if it is damaged."""
        try:
            return self._open_lexical(build_id)
        except IndexUnusableError:
            build = self.db.build(build_id)
            assert build is not None
            self.notes += self._check_lexical(build, repair=True)
            return self._open_lexical(build_id)

    def _open_lexical(self, build_id: int) -> LexicalIndex:
        if build_id not in self._lexicals:
            self._lexicals[build_id] = LexicalIndex(self._index.lexical_folder(build_id))
        return self._lexicals[build_id]

    def _vectors(self, model_id: int) -> VectorStore:
        if self._store is None:
            self._store = self._index.store(self.db)
        return self._store

    def _stored(self, ids: Sequence[int], build_id: int) -> Iterable[StoredChunk]:
        return self.db.chunks(ids, build_id).values()

    def _remove_vectors(self, hashes: Sequence[bytes]) -> None:
        if not hashes:
            return
        for model_id in {build.model_id for build in self.db.builds()} - {None}:
            assert model_id is not None
            self._vectors(model_id).remove(model_id, hashes)
        with self.db.transaction():
            self.db.remove_vectors(hashes)

    def _drop_builds(self, keep: int) -> None:
        others = [build for build in self.db.builds() if build.id != keep]
        if not others:
            return
        self._touch()
        with self.db.transaction():
            self.db.bump("sweeps")
            for build in others:
                self.db.drop_build(build.id)
        for build in others:
            lexical = self._lexicals.pop(build.id, None)
            if lexical is not None:
                lexical.close()
            self._dead_ids.pop(build.id, None)
        live = self.refresh(Build(keep, {}, None))
        _remove_other_folders(self._index.lexical_folder(keep))
        with self.db.transaction():
            gone = self.db.drop_models_except([live.model_id] if live.model_id else [])
        for model_id in gone:
            self._vectors(model_id).drop_model(model_id)
        self._remove_vectors(self.db.unused_hashes())


class Batch:
    """Changes of one transaction."""

    def __init__(self, writer: IndexWriter, build: Build, lexical: LexicalIndex) -> None:
        self.lexical = lexical
        self.changed = False
        self.added = 0
        """Chunks brought in, moved and copied ones included."""
        self.dead_ids: list[int] = []
        self.dead_hashes: list[bytes] = []
        self.unembedded: dict[bytes, str] = {}
        """Texts of this batch that no vector is known for, by their hash."""
        self._writer = writer
        self._db = writer.db
        self._build = writer.refresh(build)

    def put(self, document: NewDocument, chunks: Iterable[tuple[Chunk, str | None]], replaces: int | None) -> int:
        """Put a document in the place of the one with the id `replaces`; returns its number of chunks.

        `chunks` are pairs of chunk and printed page label.
        """
        if replaces is not None:
            self.remove(replaces)
        document_id = self._db.put_document(self._build.id, document)
        count = 0
        for part in _batched(chunks, _PART):
            self._put_chunks(document_id, document, part)
            count += len(part)
        self._db.set_chunk_count(document_id, count)
        self.added += count
        self.changed = True
        return count

    def copy(self, document_id: int, source: str, state: FileState, replaces: int | None) -> int:
        """Known content under another path; returns its number of chunks. Nothing is read or embedded."""
        if replaces is not None and replaces != document_id:
            self.remove(replaces)
        new_id = self._db.copy_document(document_id, self._build.id, source, state)
        stored = self._db.document_chunks(new_id)
        self.lexical.add(_entry(chunk) for chunk in stored)
        self._note_unembedded({text_hash(chunk.chunk.embed_text): chunk.chunk.embed_text for chunk in stored})
        self.added += len(stored)
        self.changed = True
        return len(stored)

    def remove(self, document_id: int) -> None:
        ids, hashes = self._db.remove_document(document_id)
        self.dead_ids += ids
        self.dead_hashes += hashes
        self.changed = True

    def set_state(self, document_id: int, state: FileState) -> None:
        """The file was touched, its content is the same."""
        self._db.set_state(document_id, state)

    def put_vectors(self, vectors: np.ndarray) -> None:
        """Vectors of all `unembedded` texts, in their order: live together with the batch."""
        model_id = self._build.model_id
        assert model_id is not None
        hashes, rounded = list(self.unembedded), _rounded(vectors)
        self._writer._vectors(model_id).add(model_id, hashes, rounded.astype("float32"))
        self._writer._put_vectors(model_id, hashes, rounded)

    def _put_chunks(self, document_id: int, document: NewDocument, part: Sequence[tuple[Chunk, str | None]]) -> None:
        language = document.header.language
        entries, texts = [], {}
        for chunk, label in part:
            hash_ = text_hash(chunk.embed_text)
            chunk_id = self._db.put_chunk(document_id, NewChunk(chunk, label, hash_))
            entries.append(LexicalEntry(chunk_id, chunk.source, chunk.title, chunk.section, chunk.text, language))
            texts[hash_] = chunk.embed_text
        self.lexical.add(entries)
        self._note_unembedded(texts)

    def _note_unembedded(self, texts: Mapping[bytes, str]) -> None:
        known = self._db.known_hashes(self._build.model_id, list(texts)) if self._build.model_id else set()
        self.unembedded |= {hash_: text for hash_, text in texts.items() if hash_ not in known}


def is_same_model(view: CatalogView, build: Build, embedding: str | None) -> bool:
    """Whether the build's vectors are from this model; what isn't known yet doesn't differ."""
    return embedding is None or build.model_id is None or view.model_fingerprint(build.model_id) == embedding


def reason_to_check(index: Index, view: CatalogView) -> str:
    """Why both views must be compared with the catalog before anything else; empty if there is no reason."""
    live = view.live_build()
    if live is None:
        return ""
    if index.repair_mark.exists():
        return "A part of the index was found damaged"
    if view.meta("unclean"):
        return "The last run was cut short"
    if not index.lexical_folder(live.id).is_dir():
        return "The lexical index was missing or of an older version"
    if view.meta("views", -1) not in (-1, _views_stamp(index.folder)):
        return "The index folder was changed by another program"
    return ""


def set_aside_unusable(index: Index) -> list[str]:
    """Before writing: move a damaged catalog or one of an older format out of the way; returns what to tell the user.

    A catalog of a newer format is refused with IndexUnusableError: its program still wants it.
    """
    from rag.catalog import FORMAT

    if not index.exists:
        return []
    try:
        found = index.catalog.format()
    except IndexUnusableError as exc:
        if "damaged" not in str(exc):
            raise
        return _start_over(index, "was damaged")
    return _start_over(index, f"had the older format {found}") if 0 < found < FORMAT else []


def _start_over(index: Index, why: str) -> list[str]:
    aside = index.catalog.path.with_suffix(".sqlite3.set-aside")
    for suffix in ("-wal", "-shm"):
        Path(f"{index.catalog.path}{suffix}").unlink(missing_ok=True)
    os.replace(index.catalog.path, aside)
    for view in ("chroma", "lexical"):
        shutil.rmtree(index.folder / view, ignore_errors=True)
    return [f"The catalog {why}; it was set aside as {aside.name} and the index is built anew."]


def _entry(stored: StoredChunk) -> LexicalEntry:
    chunk = stored.chunk
    return LexicalEntry(stored.id, chunk.source, chunk.title, chunk.section, chunk.text, stored.language)


def _rounded(vectors: np.ndarray) -> np.ndarray:
    """As they are kept, in half precision: an error under 0.001 in a component, none that changes a ranking."""
    return vectors.astype("float16")


def _unpack(rows: Sequence[bytes]) -> np.ndarray:
    import numpy as np

    return np.stack([np.frombuffer(row, np.float16) for row in rows]).astype(np.float32)


def _differences(view: str, noun: str, missing: int, surplus: int, repaired: bool) -> list[str]:
    verbs = ("put back", "cleared away") if repaired else ("missing", "too many")
    parts = [
        f"{count} {noun}{'s' * (count != 1)} {verb}"
        for count, verb in zip((missing, surplus), verbs, strict=True)
        if count
    ]
    return [f"{view}: {' and '.join(parts)}"] if parts else []


def _views_stamp(folder: Path) -> int:
    """A number that changes when another program changes the views' files. Reading them doesn't change it."""
    seen = []
    for view in ("chroma", "lexical"):
        for path in sorted((folder / view).rglob("*")):
            with contextlib.suppress(OSError):
                stat = path.stat()
                # Opening Chroma touches its database file without changing it; lock files come and go.
                if path.is_file() and not path.name.endswith((".lock", "-journal", "-wal", "-shm")):
                    changed = 0 if path.name == "chroma.sqlite3" else stat.st_mtime_ns
                    seen.append((str(path.relative_to(folder)), stat.st_size, changed))
    return int.from_bytes(text_hash(repr(seen))[:6], "big")


def _remove_other_folders(kept: Path) -> None:
    for folder in kept.parent.iterdir() if kept.parent.is_dir() else ():
        if folder != kept:
            shutil.rmtree(folder, ignore_errors=True)


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _PART):
        yield values[start : start + _PART]


def _batched(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    part: list[Any] = []
    for value in values:
        part.append(value)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
