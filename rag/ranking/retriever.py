"""Question to hits: a search with the embedding model that is live, and a verdict whether the corpus has the answer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from rag.errors import IndexMissingError, SettingsError
from rag.logs.steps import log_step
from rag.models.manifest import share_vectors
from rag.ranking.abstention import choose_verdict, compute_confidence, find_calibration, is_in_doubt
from rag.ranking.question import NO_WORDS, is_foreign
from rag.ranking.search import (
    Found,
    LiveModel,
    OpenModel,
    QuestionEmbedder,
    Rerank,
    Searchable,
    Wanted,
    find_live_model,
    search,
)
from rag.ranking.sentences import SentenceReader
from rag.ranking.signals import Signals, choose_sentence, measure_coverage
from rag.types import MODES, Restriction, Retrieval

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

_EMBEDDING_THREADS = 4  # questions of several people at once; a model takes one processor for each

_KNOWN = 0.1
"""Coverage of a question below which the cosines of its language's sentences are chance."""

OpenEmbedder = Callable[[str], QuestionEmbedder]
"""Opens an embedding model by its name."""

T = TypeVar("T")


class Readable(Protocol):
    """An index."""

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
        rerank = self._rerank if mode == "hybrid" else None
        found = self._search(Wanted(question, mode, top_k or self._top_k, only, diversity, rerank))
        searched = time.perf_counter()
        probability = self._judge(found)
        ended = time.perf_counter()
        milliseconds = {
            "embed": found.embedding.milliseconds if found.embedding else 0.0,
            "search": (searched - began) * 1e3,
            "judge": (ended - searched) * 1e3,
            "total": (ended - began) * 1e3,
        }
        asked = found.embedding
        verdict = choose_verdict(probability, asked.coverage if asked and asked.model.calibration else None)
        if verdict == "no" and is_foreign(question, found.hits):
            verdict = "unsure"
        log_step(
            logger,
            "searched",
            {f"{name}_ms": round(value, 1) for name, value in milliseconds.items()},
            mode=mode,
            hits=len(found.hits),
            best=round(found.hits[0].score, 3) if found.hits else None,
            probability=round(probability, 3),
            verdict=verdict,
            by_meaning=found.embedding is not None,
        )
        words = found.words if verdict != "yes" else NO_WORDS
        return Retrieval(
            question,
            mode,
            found.hits,
            verdict,
            probability,
            milliseconds,
            words.unknown,
            words.known,
            found.reprints,
        )

    def measure(self, question: str, *, mode: str = "hybrid") -> Signals | None:
        """What the verdict rests on, for calibration; None for an empty index."""
        return self._measure_sentence(self._search(Wanted(question, mode, self._top_k)))

    def compare_sentences(self, question: str, sentences: Sequence[str]) -> list[float] | None:
        """How close each sentence is to the question; None without vectors, or if the model doesn't know the language.

        It counts in standard deviations of texts that have nothing to do with each other, times how well the model's
        vocabulary covers the question.
        """
        live = self._index.read(find_live_model)
        model = self._open_model(live) if live else None
        coverage = measure_coverage(model.embedder.tokenizer, question) if model else 0.0
        if model is None or coverage < _KNOWN:
            return None
        asked, *vectors = model.sentences.embed((question, *sentences), self._threads)
        return [float(vector @ asked) / model.embedder.spread * coverage for vector in vectors]

    def embed(self, texts: Sequence[str]) -> tuple[str, np.ndarray]:
        """The name of the model whose vectors are live, and a row for each text, made as those of passages are.

        Raises IndexMissingError while there are no vectors.
        """
        name, embedder = self.open_embedder()
        return name, embedder.embed_documents(texts)

    def open_embedder(self) -> tuple[str, QuestionEmbedder]:
        """The name of the model whose vectors are live, and that model. Raises as `embed` does."""
        live = self._index.read(find_live_model)
        if live is None:
            raise IndexMissingError("The index has no vectors yet. Try again once the documents are embedded.")
        return live.name, self._open_model(live).embedder

    def _search(self, wanted: Wanted) -> Found:
        """Search with the model whose vectors are live.

        That is most likely the model of the last question. A model is opened between two looks at the index, because
        that may take a download; if the vectors of another one are live, the question is asked anew.
        """
        live = self._model.live if self._model else self._index.read(find_live_model)
        while True:
            model = self._open_model(live) if live and wanted.needs_vector else None
            found = self._index.read(partial(search, wanted=wanted, model=model, threads=self._threads))
            if not wanted.needs_vector or found.live == live:
                return found
            live = found.live

    def _open_model(self, live: LiveModel) -> OpenModel:
        """Warns of a model that is no longer the one that the index was made with."""
        with self._lock:
            if self._model is None or self._model.live != live:
                embedder = self._open_embedder(live.name)
                fits = share_vectors(embedder.fingerprint, live.fingerprint)
                sentences = SentenceReader(embedder.embed_query)
                calibration = find_calibration(embedder.fingerprint)
                self._model = OpenModel(live, embedder, fits, sentences, calibration)
                if not fits:
                    logger.warning(
                        "The embedding model %s has changed since the documents were embedded, so questions are"
                        " searched for by their words alone. Run pagewise ingest to embed the documents anew.",
                        live.name,
                    )
            return self._model

    def _judge(self, found: Found) -> float:
        """The probability that the corpus holds the answer."""
        if found.signals is None:
            return 0.0
        calibration = found.embedding.model.calibration if found.embedding else None
        probability = compute_confidence(found.signals, calibration)
        if calibration and is_in_doubt(probability):
            probability = compute_confidence(self._measure_sentence(found) or found.signals, calibration)
        return probability

    def _measure_sentence(self, found: Found) -> Signals | None:
        """The signals, with the cosine of the best passage's best sentence if there is one."""
        if found.signals is None or found.embedding is None or found.best is None:
            return found.signals
        asked, sentence = found.embedding, choose_sentence(found.best.chunk.text, found.terms)
        # As if it were asked, not as a document: at once, where a batch would wait for its threads.
        vector = asked.model.embedder.embed_query(sentence)
        return replace(found.signals, sentence_cosine=float(vector @ asked.vector) / asked.model.embedder.spread)
