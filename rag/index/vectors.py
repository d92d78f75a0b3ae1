"""The dense view: vectors in Chroma, by the hash of the text that was embedded. Sole owner of chromadb.

A view only: what it returns counts only as far as the catalog knows it, and it can be rebuilt from the catalog's own
copy of the vectors at any time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import DiskFullError, IndexDamagedError, IndexUnusableError
from rag.index.lock import Lock, file_lock

if TYPE_CHECKING:
    import numpy as np
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

_opened = itertools.count()
_SPELLINGS = 64  # more stores than are ever open on one folder at a time

_BATCH = 2_000  # Chroma takes 5,461 records in one call; smaller batches keep a stop quick
_PAGE = 10_000  # get() of everything at once fails at 50,000 ("too many SQL variables")
_LOCK_WAIT_S = 30.0
_ROOM_BYTES = 8_000_000  # with less than this free, a failure to write is taken for a full disk
# Chroma's defaults but for sync_threshold: it writes the whole graph file each time so many vectors came in.
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_construction": 100,
    "ef_search": 100,
    "max_neighbors": 16,
    "sync_threshold": 2_000,
}


class VectorStore:
    """One collection per embedding model.

    Opening Chroma and loading its graph writes files (1.5.9), even to search, so that and every change happen under a
    lock between processes. Searching what is loaded needs none.
    """

    def __init__(self, folder: Path, generation: int | None = None, guard: Callable[[], None] = lambda: None) -> None:
        """`generation` is the caller's own mark of what the folder held when it was opened; None if it isn't known.

        `guard` is called before Chroma is let at the files, and raises if they are damaged.
        """
        self.generation = generation
        self.folder = folder
        self.users = 0
        """For the owner, who closes a store that was replaced when nobody uses it any more."""
        self._guard = guard
        self._client: ClientAPI | None = None
        self._collections: dict[int, Collection] = {}
        self._loaded: set[int] = set()
        self._mutex = threading.RLock()
        self._file_lock: Lock | None = None

    @property
    def exists(self) -> bool:
        return (self.folder / "chroma.sqlite3").is_file()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every other process and store from opening or changing the files."""
        with self._mutex:
            if self._file_lock is None:
                self._file_lock = file_lock(self.folder.with_suffix(".lock"))
            is_locked = self._lock_files(self._file_lock)
            try:
                yield
            finally:
                if is_locked:
                    self._file_lock.release()

    def _lock_files(self, lock: Lock) -> bool:
        try:
            lock.acquire(timeout=_LOCK_WAIT_S)
        except TimeoutError:
            raise IndexUnusableError(
                f"{self.folder} stayed locked for {_LOCK_WAIT_S:.0f} s by another process. Stop it and try again."
            ) from None
        except OSError:  # a folder that can't be written: nobody changes it, then
            return False
        return True

    def add(self, model_id: int, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Add normalised vectors, shape (n, dimensions); known hashes are overwritten."""
        with self.exclusive(), self._translated():
            collection = self._collection(model_id, create=True)
            assert collection is not None
            for start in range(0, len(hashes), _BATCH):
                part = slice(start, start + _BATCH)
                collection.upsert(ids=[hash_.hex() for hash_ in hashes[part]], embeddings=vectors[part])

    def remove(self, model_id: int, hashes: Sequence[bytes]) -> None:
        """Remove vectors; unknown hashes are ignored."""
        with self.exclusive(), self._translated():
            collection = self._collection(model_id, create=False)
            for start in range(0, len(hashes) if collection else 0, _BATCH):
                assert collection is not None
                collection.delete(ids=[hash_.hex() for hash_ in hashes[start : start + _BATCH]])

    def search(self, model_id: int, vector: np.ndarray, limit: int) -> list[tuple[bytes, float]]:
        """(hash, cosine similarity), best first."""
        with self._translated(), contextlib.nullcontext() if model_id in self._loaded else self.exclusive():
            collection = self._collection(model_id, create=False)
            if collection is None:
                self._guard()  # whether there should be one
                return []
            found: Any = collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
            self._loaded.add(model_id)
            # Chroma gives cosine distance; we speak similarity, higher is better.
            pairs = zip(found["ids"][0], found["distances"][0], strict=True)
            return [(bytes.fromhex(id_), 1.0 - distance) for id_, distance in pairs]

    def hashes(self, model_id: int) -> set[bytes]:
        """All that the collection holds."""
        with self.exclusive(), self._translated():
            collection = self._collection(model_id, create=False)
            if collection is None:
                return set()
            return {bytes.fromhex(id_) for id_ in _all_ids(collection)}

    def vectors(self, model_id: int, hashes: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Those of the vectors that the collection holds, as they are stored."""
        with self.exclusive(), self._translated():
            collection = self._collection(model_id, create=False)
            if collection is None or not hashes:
                return {}
            found: Any = collection.get(ids=[hash_.hex() for hash_ in hashes], include=["embeddings"])
            return {bytes.fromhex(id_): vector for id_, vector in zip(found["ids"], found["embeddings"], strict=True)}

    def model_ids(self) -> set[int]:
        """The models that there is a collection for."""
        with self.exclusive(), self._translated():
            if not self.exists:
                return set()
            return {int(collection.name.removeprefix(_PREFIX)) for collection in self._open().list_collections()}

    def drop_model(self, model_id: int) -> None:
        with self.exclusive(), self._translated():
            if self._collection(model_id, create=False) is not None:
                self._open().delete_collection(_name(model_id))
                self._collections.pop(model_id, None)
                self._loaded.discard(model_id)

    def delete_files(self) -> None:
        """Leave an empty folder. Whoever has the old files open goes on reading them."""
        with self.exclusive():
            shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        with self._mutex:
            client: Any = self._client
            if client is not None:
                client.close()
            self._client = None
            self._collections = {}
            self._loaded = set()

    def _collection(self, model_id: int, *, create: bool) -> Collection | None:
        if model_id not in self._collections:
            if not create and not self.exists:
                return None
            client = self._open()
            if create:
                found = client.get_or_create_collection(
                    _name(model_id), embedding_function=None, configuration={"hnsw": _HNSW}
                )
            elif _name(model_id) in {collection.name for collection in client.list_collections()}:
                found = client.get_collection(_name(model_id), embedding_function=None)
            else:
                return None
            self._collections[model_id] = found
        return self._collections[model_id]

    def _open(self) -> ClientAPI:
        if self._client is None:
            self._guard()
            os.environ["ANONYMIZED_TELEMETRY"] = "False"
            import chromadb
            from chromadb.config import Settings

            self.folder.mkdir(parents=True, exist_ok=True)
            # Chroma shares one system among all clients of a path, and such a system never sees what another process
            # wrote (1.5.9). Another spelling of the path is a system of its own.
            path = str(self.folder) + f"{os.sep}." * (next(_opened) % _SPELLINGS)
            self._client = chromadb.PersistentClient(path, Settings(anonymized_telemetry=False))
        return self._client

    def _has_no_room(self) -> bool:
        """Chroma doesn't always say what kept it from writing."""
        try:
            return shutil.disk_usage(self.folder).free < _ROOM_BYTES
        except OSError:
            return False

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IndexUnusableError:
            raise
        # For a damaged folder Chroma raises its own errors, plain ValueErrors and even panics (BaseException).
        except BaseException as exc:
            if isinstance(exc, KeyboardInterrupt | SystemExit | GeneratorExit):
                raise
            if DiskFullError.explains(str(exc)) or self._has_no_room():
                raise DiskFullError(self.folder, _first_line(exc)) from exc
            raise IndexDamagedError(
                f"The vectors in {self.folder} cannot be used ({_first_line(exc)}). "
                "Run python -m ingest to rebuild them.",
                "vectors",
            ) from exc


def _all_ids(collection: Collection) -> Iterable[str]:
    offset = 0
    while page := collection.get(include=[], limit=_PAGE, offset=offset)["ids"]:
        yield from page
        offset += len(page)


_PREFIX = "model-"  # Chroma wants names of at least three characters


def _name(model_id: int) -> str:
    return f"{_PREFIX}{model_id}"


def _first_line(exc: BaseException) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:200]
