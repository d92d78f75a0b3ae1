"""The dense view: vectors in Chroma, by the hash of the text that was embedded. Sole owner of chromadb.

A view only: what it returns counts only as far as the catalog knows it, and it can be rebuilt from the catalog's own
copy of the vectors at any time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import IndexUnusableError

if TYPE_CHECKING:
    import numpy as np
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

_opened = itertools.count()
_SPELLINGS = 64  # more stores than are ever open on one folder at a time

_BATCH = 2_000  # Chroma takes 5,461 records in one call; smaller batches keep a stop quick
_PAGE = 10_000  # get() of everything at once fails at 50,000 ("too many SQL variables")
# Chroma's defaults but for sync_threshold: it writes the whole graph file each time so many vectors came in.
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_construction": 100,
    "ef_search": 100,
    "max_neighbors": 16,
    "sync_threshold": 2_000,
}


class VectorStore:
    """One collection per embedding model. Not locked: the index allows one writer at a time."""

    def __init__(self, folder: Path, generation: int = 0) -> None:
        """`generation` is the caller's own mark of what the folder held when it was opened."""
        self.generation = generation
        self.folder = folder
        self._client: ClientAPI | None = None
        self._collections: dict[int, Collection] = {}

    @property
    def exists(self) -> bool:
        return (self.folder / "chroma.sqlite3").is_file()

    def add(self, model_id: int, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Add normalised vectors, shape (n, dimensions); known hashes are overwritten."""
        with self._translated():
            collection = self._collection(model_id, create=True)
            assert collection is not None
            for start in range(0, len(hashes), _BATCH):
                part = slice(start, start + _BATCH)
                collection.upsert(ids=[hash_.hex() for hash_ in hashes[part]], embeddings=vectors[part])

    def remove(self, model_id: int, hashes: Sequence[bytes]) -> None:
        """Remove vectors; unknown hashes are ignored."""
        with self._translated():
            collection = self._collection(model_id, create=False)
            for start in range(0, len(hashes) if collection else 0, _BATCH):
                assert collection is not None
                collection.delete(ids=[hash_.hex() for hash_ in hashes[start : start + _BATCH]])

    def search(self, model_id: int, vector: np.ndarray, limit: int) -> list[tuple[bytes, float]]:
        """(hash, cosine similarity), best first."""
        with self._translated():
            collection = self._collection(model_id, create=False)
            if collection is None:
                return []
            found: Any = collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
            # Chroma gives cosine distance; we speak similarity, higher is better.
            pairs = zip(found["ids"][0], found["distances"][0], strict=True)
            return [(bytes.fromhex(id_), 1.0 - distance) for id_, distance in pairs]

    def hashes(self, model_id: int) -> set[bytes]:
        """All that the collection holds."""
        with self._translated():
            collection = self._collection(model_id, create=False)
            if collection is None:
                return set()
            return {bytes.fromhex(id_) for id_ in _all_ids(collection)}

    def vectors(self, model_id: int, hashes: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Those of the vectors that the collection holds, as they are stored."""
        with self._translated():
            collection = self._collection(model_id, create=False)
            if collection is None or not hashes:
                return {}
            found: Any = collection.get(ids=[hash_.hex() for hash_ in hashes], include=["embeddings"])
            return {bytes.fromhex(id_): vector for id_, vector in zip(found["ids"], found["embeddings"], strict=True)}

    def drop_model(self, model_id: int) -> None:
        with self._translated():
            if self._collection(model_id, create=False) is not None:
                self._open().delete_collection(_name(model_id))
                self._collections.pop(model_id, None)

    def reset(self) -> None:
        """Start again with an empty folder."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        client: Any = self._client
        if client is not None:
            client.close()
        self._client = None
        self._collections = {}

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
            os.environ["ANONYMIZED_TELEMETRY"] = "False"
            import chromadb
            from chromadb.config import Settings

            self.folder.mkdir(parents=True, exist_ok=True)
            # Chroma shares one system among all clients of a path, and such a system never sees what another process
            # wrote (1.5.9). Another spelling of the path is a system of its own.
            path = str(self.folder) + f"{os.sep}." * (next(_opened) % _SPELLINGS)
            self._client = chromadb.PersistentClient(path, Settings(anonymized_telemetry=False))
        return self._client

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
            raise IndexUnusableError(
                f"The vectors in {self.folder} cannot be used ({_first_line(exc)}). "
                "Run python -m ingest to rebuild them."
            ) from exc


def _all_ids(collection: Collection) -> Iterable[str]:
    offset = 0
    while page := collection.get(include=[], limit=_PAGE, offset=offset)["ids"]:
        yield from page
        offset += len(page)


def _name(model_id: int) -> str:
    return f"model-{model_id}"  # Chroma wants at least three characters


def _first_line(exc: BaseException) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:200]
