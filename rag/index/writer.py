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

from rag.errors import DiskFullError, IndexDamagedError, IndexUnusableError
from rag.index.catalog import FORMAT, Build, CatalogWriter, FileState, NewChunk, NewDocument
from rag.index.lexical import LexicalEntry, LexicalIndex
from rag.index.reader import BEING_MADE, Index, is_same_model, pack_vectors, text_hash, unpack_vectors
from rag.index.stamps import lexical_stamp, vectors_stamp
from rag.index.vectors import VectorStore
from rag.types import Chunk, StoredChunk

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
        self._dead_ids: dict[int, list[int]] = {}
        self._dead_hashes: list[bytes] = []
        self._touched = False

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
        self._lexical(build.id)  # so that it is there even if the folder is empty
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
        with batch.until_done:
            self.db.begin()
            try:
                with _lexical_errors(self._index.folder):
                    yield batch
                    batch.lexical.commit()
                if batch.changed:
                    self.db.bump("generation")
                self.db.commit()
            except BaseException:
                # The lexical index may hold chunks whose ids the catalog will give out again: no other batch may
                # follow before the two are compared. The mark "unclean" stays, so the next writer does that.
                self.db.rollback()
                raise
        self._dead_ids.setdefault(build.id, []).extend(batch.dead_ids)
        self._dead_hashes.extend(batch.dead_hashes)

    def add_vectors(self, build: Build, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Make chunks with these texts findable by the dense search."""
        self._touch()
        model_id = self.refresh(build).model_id
        assert model_id is not None
        with self.store.exclusive():
            packed = self.add_to_view(model_id, hashes, vectors)
            with self.db.transaction():
                self.keep_vectors(model_id, hashes, packed)

    def add_to_view(self, model_id: int, hashes: Sequence[bytes], vectors: np.ndarray) -> np.ndarray:
        """Returns the vectors as the catalog keeps them."""
        packed = pack_vectors(vectors)
        self.store.add(model_id, hashes, packed.astype("float32"))
        return packed

    def keep_vectors(self, model_id: int, hashes: Sequence[bytes], packed: np.ndarray) -> None:
        """Within a transaction, and with the view's files locked since `add_to_view`."""
        self.db.put_vectors(model_id, zip(hashes, (row.tobytes() for row in packed), strict=True))
        self.db.bump("vector_generation")
        self._stamp_vectors()

    def sweep(self) -> None:
        """Clear dead chunks out of the views. Readers that are at work meanwhile ask again."""
        if not any(self._dead_ids.values()) and not self._dead_hashes:
            return
        self._begin_sweep()
        for build_id, ids in self._dead_ids.items():
            self._change_lexical(build_id, remove=ids)
        self._remove_vectors(self.db.unused_hashes(self._dead_hashes))
        self._dead_ids, self._dead_hashes = {}, []

    def close(self) -> None:
        """Sweep, and note that everything is in order."""
        if not self._touched:
            return self.abandon()
        try:
            self.sweep()
        finally:
            self.abandon()
        with self.db.transaction():
            self.db.set_meta("unclean", 0)
            self.db.set_meta("lexical_stamp", lexical_stamp(self._index.folder / "lexical"))

    def abandon(self) -> None:
        """Leave everything as it is, for the next writer to check."""
        for lexical in self._lexicals.values():
            with contextlib.suppress(IndexUnusableError):
                lexical.close()
        self._lexicals = {}

    # ---- repair

    def problems(self) -> list[str]:
        """Compare both views with the catalog, chunk by chunk; empty if they are equal."""
        builds = self.db.builds()
        found = [text for build in builds for text in self._compare_lexical(build)]
        model_ids = {build.model_id for build in builds if build.model_id is not None}
        found += [text for model_id in model_ids for text in self._compare_vectors(model_id)]
        found += [f"lexical index: {folder} belongs to no build" for folder in self._idle_folders()]
        found += [f"vectors: model {model_id} belongs to no build" for model_id in self.store.model_ids() - model_ids]
        if self.db.meta("vectors_stamp") != vectors_stamp(self.store.folder):
            found.append("vectors: the files are not as they were left")
        return found

    def recover(self) -> None:
        """Make good what a crash or another program did to the views."""
        if not self.db.builds():
            return self._empty_views()
        reasons = self._index.reasons_to_check(self.db)
        if not reasons:
            return
        self._touch()
        found = self._repair_lexical("lexical" in reasons) + self._repair_vectors("vectors" in reasons)
        self._clear_leftovers()
        self._index.repair_mark.unlink(missing_ok=True)
        why = "; ".join(dict.fromkeys(reasons.values()))
        self.notes.append(f"{why}: " + ("; ".join(found) + "." if found else "checked, and nothing was wrong."))

    def _empty_views(self) -> None:
        """Without a build nothing in them counts, and their numbers would be given out again."""
        self._index.repair_mark.unlink(missing_ok=True)
        shutil.rmtree(self._index.folder / "lexical", ignore_errors=True)
        if self.store.folder.exists():
            self._index.empty_store()
        with self.db.transaction():
            self.db.set_meta("vectors_stamp", 0)

    def _repair_lexical(self, anew: bool) -> list[str]:
        found: list[str] = []
        for build in self.db.builds():
            try:
                if anew or not self._index.lexical_folder(build.id).is_dir():
                    raise IndexDamagedError("It is made anew.", "lexical")
                missing, surplus = self._lexical_differences(build)
            except IndexUnusableError:
                self._empty_lexical(build.id)
                missing, surplus = self.db.chunk_ids(build.id), set()
            if missing or surplus:
                self._begin_sweep()
                self._change_lexical(build.id, remove=surplus, add=missing)
            found += _differences("lexical index", "chunk", len(missing), len(surplus), repaired=True)
        return found

    def _repair_vectors(self, anew: bool) -> list[str]:
        model_ids = {build.model_id for build in self.db.builds() if build.model_id is not None}
        if not anew:
            try:
                return [text for model_id in model_ids for text in self._mend_vectors(model_id)]
            except IndexDamagedError as exc:
                logger.warning("%s", exc)
        self._begin_sweep(vectors_stamp=BEING_MADE)
        self._index.empty_store()
        found = [text for model_id in model_ids for text in self._mend_vectors(model_id)]
        with self.store.exclusive(), self.db.transaction():
            self._stamp_vectors()
            self.db.bump("vector_generation")
        return found

    def _mend_vectors(self, model_id: int) -> list[str]:
        missing, surplus = self._vector_differences(model_id)
        if missing or surplus:
            self._begin_sweep()
            with self.store.exclusive():
                self.store.remove(model_id, sorted(surplus))
                for part in _parts(sorted(missing)):
                    stored = self.db.vectors(model_id, part)
                    self.store.add(model_id, list(stored), unpack_vectors(list(stored.values())))
                with self.db.transaction():
                    self.db.bump("vector_generation")
                    if self.db.meta("vectors_stamp") != BEING_MADE:
                        self._stamp_vectors()
        return _differences("vectors", "vector", len(missing), len(surplus), repaired=True)

    def _clear_leftovers(self) -> None:
        """What a crash kept from being cleared away."""
        model_ids = {build.model_id for build in self.db.builds() if build.model_id is not None}
        for folder in self._idle_folders():
            shutil.rmtree(folder, ignore_errors=True)
        with self.db.transaction():
            self.db.drop_models_except(model_ids)
        self._drop_models(self.store.model_ids() - model_ids)
        self._remove_vectors(self.db.unused_hashes())

    def _compare_lexical(self, build: Build) -> list[str]:
        try:
            missing, surplus = self._lexical_differences(build)
        except IndexUnusableError as exc:
            return [str(exc)]
        return _differences("lexical index", "chunk", len(missing), len(surplus), repaired=False)

    def _lexical_differences(self, build: Build) -> tuple[set[int], set[int]]:
        """Chunks that it lacks, and that it has too many."""
        live, held = self.db.chunk_ids(build.id), self._open_lexical(build.id).ids()
        return live - held, held - live

    def _compare_vectors(self, model_id: int) -> list[str]:
        try:
            missing, surplus = self._vector_differences(model_id)
        except IndexUnusableError as exc:
            return [str(exc)]
        return _differences("vectors", "vector", len(missing), len(surplus), repaired=False)

    def _vector_differences(self, model_id: int) -> tuple[set[bytes], set[bytes]]:
        known, held = self.db.vector_hashes(model_id), self.store.hashes(model_id)
        probe = next(iter(known & held), None)
        if probe is not None:  # the graph is a file of its own, so the list alone doesn't show that it can be searched
            vector = unpack_vectors(list(self.db.vectors(model_id, [probe]).values()))[0]
            self.store.search(model_id, vector, 10)
        return known - held, held - known

    # ---- parts

    @property
    def store(self) -> VectorStore:
        return self._index.writers_store

    def _touch(self) -> None:
        if not self._touched:
            with self.db.transaction():
                self.db.set_meta("unclean", 1)
            self._touched = True

    def _begin_sweep(self, **meta: int) -> None:
        """From here on a reader's search may miss what its snapshot still lists, so it asks again."""
        with self.db.transaction():
            self.db.bump("sweeps")
            for key, value in meta.items():
                self.db.set_meta(key, value)
                self.db.bump("vector_generation")

    def _lexical(self, build_id: int) -> LexicalIndex:
        """The build's lexical index, made anew from the catalog if it is damaged."""
        try:
            return self._open_lexical(build_id)
        except IndexUnusableError as exc:
            logger.warning("%s", exc)
            self.notes.append("The lexical index was damaged and is made anew.")
            self._empty_lexical(build_id)
            self._change_lexical(build_id, add=self.db.chunk_ids(build_id))
            return self._open_lexical(build_id)

    def _open_lexical(self, build_id: int) -> LexicalIndex:
        if build_id not in self._lexicals:
            self._lexicals[build_id] = LexicalIndex(self._index.lexical_folder(build_id))
        return self._lexicals[build_id]

    def _empty_lexical(self, build_id: int) -> None:
        self._close_lexical(build_id)
        self._begin_sweep()
        shutil.rmtree(self._index.lexical_folder(build_id), ignore_errors=True)

    def _change_lexical(self, build_id: int, *, remove: Iterable[int] = (), add: Iterable[int] = ()) -> None:
        """In one commit; after it readers open the index anew."""
        with _lexical_errors(self._index.folder):
            lexical = self._open_lexical(build_id)
            lexical.remove(remove)
            for part in _parts(sorted(add)):
                lexical.add(_entry(stored) for stored in self.db.chunks(part, build_id).values())
            lexical.commit()
        with self.db.transaction():
            self.db.bump("generation") if add else None

    def _close_lexical(self, build_id: int) -> None:
        lexical = self._lexicals.pop(build_id, None)
        if lexical is not None:
            lexical.close()

    def _stamp_vectors(self) -> None:
        self.db.set_meta("vectors_stamp", vectors_stamp(self.store.folder))

    def _remove_vectors(self, hashes: Sequence[bytes]) -> None:
        if not hashes:
            return
        with self.store.exclusive():
            for model_id in {build.model_id for build in self.db.builds() if build.model_id is not None}:
                self.store.remove(model_id, hashes)
            with self.db.transaction():
                self.db.remove_vectors(hashes)
                self._stamp_vectors()

    def _drop_models(self, model_ids: Iterable[int]) -> None:
        for model_id in model_ids:
            with self.store.exclusive():
                self.store.drop_model(model_id)
                with self.db.transaction():
                    self._stamp_vectors()

    def _drop_builds(self, keep: int) -> None:
        others = [build for build in self.db.builds() if build.id != keep]
        if not others:
            return
        self._touch()
        self._begin_sweep()
        with self.db.transaction():
            for build in others:
                self.db.drop_build(build.id)
        for build in others:
            self._close_lexical(build.id)
            self._dead_ids.pop(build.id, None)
        self._clear_leftovers()

    def _idle_folders(self) -> list[Path]:
        """Lexical folders of no build, or of another version."""
        parent = self._index.folder / "lexical"
        used = {self._index.lexical_folder(build.id) for build in self.db.builds()}
        return [folder for folder in parent.iterdir() if folder not in used] if parent.is_dir() else []


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
        self.until_done = contextlib.ExitStack()
        """What is held until the batch is committed or undone."""
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

    @property
    def has_model(self) -> bool:
        return self._build.model_id is not None

    def put_vectors(self, vectors: np.ndarray) -> None:
        """Vectors of all `unembedded` texts, in their order: live together with the batch."""
        model_id = self._build.model_id
        assert model_id is not None
        hashes = list(self.unembedded)
        self.until_done.enter_context(self._writer.store.exclusive())
        packed = self._writer.add_to_view(model_id, hashes, vectors)
        self._writer.keep_vectors(model_id, hashes, packed)

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


@contextlib.contextmanager
def _lexical_errors(folder: Path) -> Iterator[None]:
    """The lexical index calls everything unusable; a full disk is another matter than damage."""
    try:
        yield
    except (DiskFullError, IndexDamagedError):
        raise
    except IndexUnusableError as exc:
        if DiskFullError.explains(str(exc)):
            raise DiskFullError(folder, str(exc)) from exc
        raise IndexDamagedError(str(exc), "lexical") from exc


def set_aside_unusable(index: Index) -> list[str]:
    """Before writing: move a damaged catalog or one of an older format out of the way; returns what to tell the user.

    A catalog of a newer format is refused with IndexUnusableError: its program still wants it.
    """
    if not index.exists:
        _remove_log(index.catalog.path)
        return []
    try:
        found = index.catalog.format()
        is_sound = "catalog" not in index.repairs_wanted() or index.catalog.is_sound()
    except IndexDamagedError:
        is_sound = False
    if not is_sound:
        return _start_over(index, "was damaged")
    return _start_over(index, f"had the older format {found}") if 0 < found < FORMAT else []


def _start_over(index: Index, why: str) -> list[str]:
    aside = index.catalog.path.with_suffix(".sqlite3.set-aside")
    try:
        os.replace(index.catalog.path, aside)
        _remove_log(index.catalog.path)
    except OSError as exc:
        raise IndexUnusableError(
            f"{index.catalog.path} {why} and cannot be moved away ({exc.strerror or exc}). Stop what else uses it."
        ) from exc
    return [f"The catalog {why}; it was set aside as {aside.name} and the index is built anew."]


def _remove_log(path: Path) -> None:
    """SQLite would take an old log for the new catalog's."""
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _entry(stored: StoredChunk) -> LexicalEntry:
    chunk = stored.chunk
    return LexicalEntry(stored.id, chunk.source, chunk.title, chunk.section, chunk.text, stored.language)


def _differences(view: str, noun: str, missing: int, surplus: int, repaired: bool) -> list[str]:
    verbs = ("put back", "cleared away") if repaired else ("missing", "too many")
    parts = [
        f"{count} {noun}{'s' * (count != 1)} {verb}"
        for count, verb in zip((missing, surplus), verbs, strict=True)
        if count
    ]
    return [f"{view}: {' and '.join(parts)}"] if parts else []


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
