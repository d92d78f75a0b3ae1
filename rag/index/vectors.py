"""The dense view: vectors in Chroma, by the hash of the text that was embedded. Sole owner of chromadb.

A view only: what it returns counts only as far as the catalog knows it, and it can be made anew from the catalog's own
copy of the vectors, packed as told here, at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import IndexDamagedError, IndexUnusableError, advise_repair, explain_system_error
from rag.index.lock import Lock, make_file_lock

if TYPE_CHECKING:
    import numpy as np
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

BYTES_A_COMPONENT = 2
"""The size of each number of a packed vector."""

_opened = itertools.count()
_SPELLINGS = 64  # more stores than are ever open on one folder at a time

_BATCH = 2_000  # Chroma takes 5,461 records in one call; smaller batches keep a stop quick
_PAGE = 10_000  # get() of everything at once fails at 50,000 ("too many SQL variables")
_LOCK_WAIT_S = 30.0
_CHROMAS_OWN = {"InternalError", "NotFoundError", "PanicException"}
"""Errors by which Chroma tells of its files. A panic is a BaseException whose class can't be imported."""
# Chroma's defaults but for sync_threshold: it writes the whole graph file each time so many vectors came in.
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_construction": 100,
    "ef_search": 100,
    "max_neighbors": 16,
    "sync_threshold": 2_000,
}


def hash_text(embed_text: str) -> bytes:
    """Identity of a text to embed: 16 bytes of BLAKE2b, so that 2⁶⁴ texts collide less likely than not."""
    return hashlib.blake2b(embed_text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def pack_vectors(vectors: np.ndarray) -> np.ndarray:
    """The vectors in half precision: an error under 0.001 in a component, none that changes a ranking."""
    return vectors.astype("float16")


def unpack_vectors(rows: Sequence[bytes]) -> np.ndarray:
    """The packed vectors as an array of the shape (n, dimensions), in single precision. There must be at least one."""
    import numpy as np

    return np.frombuffer(b"".join(rows), np.float16).reshape(len(rows), -1).astype(np.float32)


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
        """How many use it now: the owner closes a store that was replaced when it is 0."""
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
                self._file_lock = make_file_lock(self.folder.with_suffix(".lock"))
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

    # ---- changing

    def add(self, model_id: int, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Add normalised vectors, shape (n, dimensions); known hashes are overwritten."""
        if vectors.ndim != 2 or len(vectors) != len(hashes):
            raise ValueError(f"{len(hashes)} texts can't have vectors of the shape {vectors.shape}.")
        with self.exclusive(), self._translate_work():
            collection = self._make_collection(model_id)
            for start in range(0, len(hashes), _BATCH):
                part = slice(start, start + _BATCH)
                collection.upsert(ids=[hash_.hex() for hash_ in hashes[part]], embeddings=vectors[part])

    def remove(self, model_id: int, hashes: Sequence[bytes]) -> None:
        """Remove vectors; unknown hashes are ignored."""
        with self.exclusive(), self._translate_work():
            collection = self._find_collection(model_id)
            for start in range(0, len(hashes) if collection else 0, _BATCH):
                assert collection is not None
                collection.delete(ids=[hash_.hex() for hash_ in hashes[start : start + _BATCH]])

    def drop_model(self, model_id: int) -> None:
        """Remove all vectors of a model; unknown ones are ignored."""
        with self.exclusive(), self._translate_work():
            if self._find_collection(model_id) is not None:
                self._open().delete_collection(_name_collection(model_id))
                self._collections.pop(model_id, None)
                self._loaded.discard(model_id)

    def delete_files(self) -> None:
        """Leave an empty folder. Whoever has the old files open goes on reading them."""
        with self.exclusive():
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- reading

    def search(self, model_id: int, vector: np.ndarray, limit: int) -> list[tuple[bytes, float]]:
        """(hash, cosine similarity), best first."""
        if model_id in self._loaded:
            with self._translate_work():
                return _query(self._collections[model_id], vector, limit)
        with self.exclusive(), self._translate_opening():
            collection = self._find_collection(model_id)
            if collection is None:
                self._guard()  # whether there should be one
                return []
            found = _query(collection, vector, limit)
            self._loaded.add(model_id)
            return found

    def list_hashes(self, model_id: int) -> set[bytes]:
        """The hashes of all texts that the collection has a vector of."""
        with self.exclusive(), self._translate_work():
            collection = self._find_collection(model_id)
            return {bytes.fromhex(id_) for id_ in _iterate_ids(collection)} if collection else set()

    def read_vectors(self, model_id: int, hashes: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """The vectors of these texts as they are stored; those that the collection lacks are left out."""
        with self.exclusive(), self._translate_work():
            collection = self._find_collection(model_id)
            if collection is None or not hashes:
                return {}
            found: Any = collection.get(ids=[hash_.hex() for hash_ in hashes], include=["embeddings"])
            return {bytes.fromhex(id_): vector for id_, vector in zip(found["ids"], found["embeddings"], strict=True)}

    def has_our_settings(self, model_id: int) -> bool:
        """Whether the collection ranks as we made it to: damage to its settings would change every score."""
        with self.exclusive(), self._translate_work():
            collection = self._find_collection(model_id)
            if collection is None:
                return True
            hnsw: Any = collection.configuration_json["hnsw"]
            return all(hnsw.get(name) == _HNSW[name] for name in ("space", "ef_search", "max_neighbors"))

    def list_model_ids(self) -> set[int]:
        """The models that there is a collection for."""
        with self.exclusive(), self._translate_opening():
            if not self.exists:
                return set()
            return {int(collection.name.removeprefix(_PREFIX)) for collection in self._open().list_collections()}

    def close(self) -> None:
        with self._mutex:
            client: Any = self._client
            if client is not None:
                client.close()
            self._client = None
            self._collections = {}
            self._loaded = set()

    # ---- opening

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

    def _make_collection(self, model_id: int) -> Collection:
        """The model's collection, made if there is none."""
        if model_id not in self._collections:
            with self._translate_opening():
                self._collections[model_id] = self._open().get_or_create_collection(
                    _name_collection(model_id), embedding_function=None, configuration={"hnsw": _HNSW}
                )
        return self._collections[model_id]

    def _find_collection(self, model_id: int) -> Collection | None:
        if model_id not in self._collections:
            with self._translate_opening():
                if not self.exists:
                    return None
                client, name = self._open(), _name_collection(model_id)
                if name not in {collection.name for collection in client.list_collections()}:
                    return None
                self._collections[model_id] = client.get_collection(name, embedding_function=None)
        return self._collections[model_id]

    # ---- errors

    @contextlib.contextmanager
    def _translate_opening(self) -> Iterator[None]:
        """Take whatever goes wrong while Chroma opens its files for damage, unless the system says why it went wrong.

        Chroma tells of damage by its own errors, by plain ValueErrors and even by panics.
        """
        try:
            yield
        except (IndexUnusableError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as exc:
            reason = _describe_briefly(exc)
            raise explain_system_error(exc, self.folder) or IndexDamagedError(
                f"The vectors in {self.folder} cannot be opened ({reason}). {advise_repair(self.folder.parent)}",
                "vectors",
            ) from exc

    @contextlib.contextmanager
    def _translate_work(self) -> Iterator[None]:
        """Translate what the system and Chroma say of files that are open already. Others stay as they are."""
        try:
            yield
        except BaseException as exc:
            is_chromas = type(exc).__name__ in _CHROMAS_OWN
            if not is_chromas and not isinstance(exc, OSError):
                raise
            error = explain_system_error(exc, self.folder)
            if error is None:
                self._check_by_opening()
                error = IndexUnusableError(f"The vectors in {self.folder} cannot be used ({_describe_briefly(exc)}).")
            raise error from exc

    def _check_by_opening(self) -> None:
        """Open the files anew, graphs included, without disturbing who searches. Raises IndexDamagedError."""
        with self.exclusive(), contextlib.closing(VectorStore(self.folder, guard=self._guard)) as fresh:
            fresh._file_lock = self._file_lock
            for model_id in fresh.list_model_ids():
                collection = fresh._find_collection(model_id)
                assert collection is not None
                with fresh._translate_opening():
                    found: Any = collection.get(limit=1, include=["embeddings"])["embeddings"]
                    if len(found):
                        _query(collection, found[0], 1)


def _query(collection: Collection, vector: np.ndarray, limit: int) -> list[tuple[bytes, float]]:
    found: Any = collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
    # Chroma gives cosine distance; we speak similarity, higher is better.
    pairs = zip(found["ids"][0], found["distances"][0], strict=True)
    return [(bytes.fromhex(id_), 1.0 - distance) for id_, distance in pairs]


def _iterate_ids(collection: Collection) -> Iterable[str]:
    offset = 0
    while page := collection.get(include=[], limit=_PAGE, offset=offset)["ids"]:
        yield from page
        offset += len(page)


_PREFIX = "model-"  # Chroma wants names of at least three characters


def _name_collection(model_id: int) -> str:
    return f"{_PREFIX}{model_id}"


def _describe_briefly(exc: BaseException) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:200]
