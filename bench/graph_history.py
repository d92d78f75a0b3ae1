"""How far Chroma's graph depends on its history: the one thing in a large index that does.

    python -m bench.graph_history                                  what an exact search costs beside Chroma's
    python -m bench.graph_history INDEX QUESTIONS.jsonl [VECTORS]  how far graphs with another history differ

Of the vectors of an index (see `bench.retrieval`), two graphs hold the same: one was filled with them alone, the other
in another order, with half as many others that were removed again. Each question asks both, as deep as a search does.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from rag.index.index import Index
from rag.index.vectors import VectorStore, pack_vectors, unpack_vectors
from rag.index.views import KeyedVectors
from rag.models.embedder import Embedder
from rag.settings import DEFAULT_EMBED_MODEL

_QUESTIONS = 300
_DEPTH, _SLACK, _SHOWN = 100, 20, 6
_PART = 2_000
_COUNTS = (5_000, 10_000, 20_000, 40_000)
_DIMENSIONS = 384
_MODEL = 1


def main(folder: Path, questions: Path, count: int) -> None:
    hashes, vectors = _read_vectors(folder, count + count // 2)
    asked = [json.loads(line)["question"] for line in islice(questions.open(encoding="utf-8"), _QUESTIONS)]
    with tempfile.TemporaryDirectory() as root:
        fresh, old = (VectorStore(Path(root) / name, None, lambda: None) for name in ("fresh", "old"))
        _add(fresh, hashes[:count], vectors[:count])
        order = random.Random(1).sample(range(len(hashes)), len(hashes))
        _add(old, [hashes[place] for place in order], vectors[order])
        old.remove(_MODEL, hashes[count:])
        with closing(fresh), closing(old), closing(Embedder.open(DEFAULT_EMBED_MODEL, folder / "models")) as embedder:
            embedded = [embedder.embed_query(question) for question in asked]
            _compare(fresh, old, hashes[:count], vectors[:count], embedded)


def compare_costs() -> None:
    """Of vectors at random, since the costs don't depend on what they mean."""
    random_numbers = np.random.default_rng(1)
    for count in _COUNTS:
        vectors = random_numbers.normal(size=(count, _DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        hashes = [place.to_bytes(16, "big") for place in range(count)]
        exact = KeyedVectors.unpack([(place, row.tobytes()) for place, row in enumerate(pack_vectors(vectors))])
        with tempfile.TemporaryDirectory() as root, closing(VectorStore(Path(root), None, lambda: None)) as store:
            _add(store, hashes, vectors)
            store.search(_MODEL, vectors[0], _DEPTH)
            exact_ms = _time_ms(partial(exact.rank, limit=_DEPTH), vectors)
            chroma_ms = _time_ms(partial(store.search, _MODEL, limit=_DEPTH), vectors)
        print(f"{count:6} vectors: exact {exact_ms:.2f} ms, Chroma {chroma_ms:.2f} ms a search")


def _time_ms(search: Callable[[np.ndarray], object], vectors: np.ndarray) -> float:
    """Median of many searches."""
    times = []
    for vector in vectors[:_QUESTIONS]:
        began = time.perf_counter()
        search(vector)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def _read_vectors(folder: Path, count: int) -> tuple[list[bytes], np.ndarray]:
    with closing(Index(folder)) as index:
        rows = index.read(lambda snapshot: snapshot.read_chunk_vectors())[:count]
    return [id_.to_bytes(16, "big") for id_, _ in rows], unpack_vectors([packed for _, packed in rows])


def _add(store: VectorStore, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
    for start in range(0, len(hashes), _PART):
        store.add(_MODEL, hashes[start : start + _PART], vectors[start : start + _PART])


def _compare(
    fresh: VectorStore, old: VectorStore, hashes: list[bytes], vectors: np.ndarray, questions: Sequence[np.ndarray]
) -> None:
    tops: list[list[list[bytes]]] = []
    for question in questions:
        cosines = vectors @ question
        scores = dict(zip(hashes, cosines.tolist(), strict=True))
        exact = [hashes[place] for place in np.argsort(-cosines)[:_DEPTH]]
        found = [[hash_ for hash_, _ in store.search(_MODEL, question, _DEPTH + _SLACK)] for store in (fresh, old)]
        tops.append([exact, *(sorted(one, key=lambda hash_: -scores[hash_])[:_DEPTH] for one in found)])
    for name, one, other in (("fresh, exact", 1, 0), ("old, exact", 2, 0), ("fresh, old", 1, 2)):
        shared = np.mean([len({*top[one]} & {*top[other]}) / _DEPTH for top in tops])
        same = np.mean([top[one] == top[other] for top in tops])
        shown = np.mean([top[one][:_SHOWN] == top[other][:_SHOWN] for top in tops])
        equal = f"all equal {same:.3f}, first {_SHOWN} equal {shown:.3f}"
        print(f"{name:13} shared of {_DEPTH} {shared:.4f}, {equal}")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        compare_costs()
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 20_000)
