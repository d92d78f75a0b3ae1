"""Question to hits: two searches, fused, looked at again, and a verdict whether the corpus holds the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from rag.errors import SettingsError
from rag.ranking.abstention import compute_confidence, is_answerable, is_in_doubt
from rag.ranking.question import AskedQuestion, LiveModel, OpenEmbedder, OpenModel, open_model, start_embedding
from rag.ranking.reranking import Rerank
from rag.ranking.search import Found, Wanted, search
from rag.ranking.searchable import Searchable
from rag.ranking.signals import Signals, choose_sentence
from rag.types import MODES, Restriction, Retrieval

_EMBEDDING_THREADS = 4  # questions of several people at once; a model takes one processor for each

T = TypeVar("T")


class Readable(Protocol):
    """An index."""

    @property
    def models_dir(self) -> Path: ...
    def read(self, fn: Callable[[Searchable], T]) -> T: ...


class Retriever:
    """Finds passages in an index; may be used by several threads at once. Whoever makes it closes it.

    `open_embedder` opens a model by its name; it is called when the first vector is needed, and when the vectors of
    another model go live. `rerank` gives a question's passages new scores, or None if the first order stands.
    """

    def __init__(self, index: Readable, open_embedder: OpenEmbedder, top_k: int, rerank: Rerank | None = None) -> None:
        self._index = index
        self._open_embedder = open_embedder
        self._top_k = top_k
        self._rerank = rerank
        self._lock = threading.Lock()
        self._model: OpenModel | None = None
        self._threads = ThreadPoolExecutor(_EMBEDDING_THREADS, "embed-question")

    def close(self) -> None:
        """Wait for the questions that are being embedded and end the threads; no question can be asked after it."""
        self._threads.shutdown()

    def retrieve(
        self,
        question: str,
        *,
        mode: str = "hybrid",
        top_k: int | None = None,
        only: Restriction | None = None,
        diversity: float = 0.0,
    ) -> Retrieval:
        """Best first. A search whose part of the index is still empty is left out; an empty index gives no hits.

        `diversity` (0…1): see `rag.ranking.passages.choose`.
        """
        if mode not in MODES:
            raise SettingsError(f"--mode is {mode!r}; it must be one of {', '.join(MODES)}.")
        began = time.perf_counter()
        wanted = Wanted(top_k or self._top_k, only, diversity, self._rerank if mode == "hybrid" else None)
        asked, found = self._search(AskedQuestion(question, mode), wanted)
        searched = time.perf_counter()
        probability = _judge(asked, found)
        ended = time.perf_counter()
        times = {"search": searched - began, "judge": ended - searched, "total": ended - began}
        embed = {"embed": asked.embedding.result().milliseconds if asked.embedding else 0.0}
        milliseconds = embed | {name: seconds * 1e3 for name, seconds in times.items()}
        answerable = is_answerable(probability, is_partial=mode == "hybrid" and asked.embedding is None)
        return Retrieval(question, mode, found.hits, answerable, probability, milliseconds)

    def measure(self, question: str, *, mode: str = "hybrid") -> Signals | None:
        """What the verdict rests on, for calibration; None for an empty index."""
        return _add_sentence(*self._search(AskedQuestion(question, mode), Wanted(self._top_k)))

    def _search(self, asked: AskedQuestion, wanted: Wanted) -> tuple[AskedQuestion, Found]:
        """On one snapshot, with the model that it names.

        A model is opened between two snapshots, because that may take a download; then the question is asked anew.
        """
        model = self._model
        while True:
            found = self._index.read(partial(self._search_with, model, asked, wanted))
            if not isinstance(found, LiveModel):
                return found
            model = self._open_model(found)

    def _search_with(
        self, model: OpenModel | None, asked: AskedQuestion, wanted: Wanted, snapshot: Searchable
    ) -> tuple[AskedQuestion, Found] | LiveModel:
        """The model that must be opened first if the snapshot's vectors are of another."""
        live = _find_live_model(snapshot) if asked.needs_vector else None
        if live is not None:
            if model is None or model.live != live:
                return live
            if model.fits:
                asked = start_embedding(asked, model, self._threads)
        return asked, search(snapshot, asked, wanted)

    def _open_model(self, live: LiveModel) -> OpenModel:
        with self._lock:
            if self._model is None or self._model.live != live:
                self._model = open_model(live, self._open_embedder, self._index.models_dir)
            return self._model


def _find_live_model(snapshot: Searchable) -> LiveModel | None:
    """None while there are no vectors."""
    name, fingerprint = snapshot.embed_model, snapshot.embedding
    if name is None or fingerprint is None or not snapshot.has_vectors:
        return None
    return LiveModel(name, fingerprint)


def _judge(asked: AskedQuestion, found: Found) -> float:
    """The probability that the corpus holds the answer."""
    if found.signals is None:
        return 0.0
    if not is_in_doubt(found.signals, asked.fingerprint):
        return compute_confidence(found.signals, asked.fingerprint)
    measured = _add_sentence(asked, found)
    return compute_confidence(measured or found.signals, asked.fingerprint)


def _add_sentence(asked: AskedQuestion, found: Found) -> Signals | None:
    """The signals, with the cosine of the best passage's best sentence if there is one."""
    if found.signals is None or asked.vector is None or asked.model is None or found.best is None:
        return found.signals
    sentence = choose_sentence(found.best.chunk.text, found.terms)
    # As if it were asked, not as a document: at once, where a batch would wait for its threads.
    vector = asked.model.embedder.embed_query(sentence)
    return replace(found.signals, sentence_cosine=float(vector @ asked.vector) / asked.spread)
