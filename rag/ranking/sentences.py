"""How close the sentences of a few passages are to a question: the best one says more than the passage as a whole.

A passage of ten sentences has one vector for ten matters. The vectors of the passages that were read lately are kept,
so that a small folder's are soon all there.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np

from rag.text.language import detect_languages
from rag.text.sentences import split_sentences

REMEMBERED_PASSAGES = 500
"""Passages whose sentences' vectors are kept: some ten of 1.5 KB each, 8 MB in all."""

REMEMBERED_TEXTS = 4_000
"""Single texts whose vectors are kept, the sentences that were compared for the quotes: 6 MB."""


class SentenceReader:
    """Compares questions with the sentences of passages; used by several threads at once."""

    def __init__(self, embed: Callable[[str], np.ndarray]) -> None:
        self._embed = embed
        self._passages = _Memory()
        self._texts = _Memory()

    def find_best_cosines(self, asked: np.ndarray, passages: Sequence[str], threads: Executor) -> list[float]:
        """The highest cosine of a sentence of each passage with `asked`, a question's vector.

        The sentences are embedded in `threads`, one by one: a text alone takes no longer than its share of a batch.
        """
        return [float((self._read(passage, threads) @ asked).max()) for passage in passages]

    def embed(self, texts: Sequence[str], threads: Executor) -> list[np.ndarray]:
        """The vector of each text; those that aren't remembered are embedded in `threads`."""
        remembered = {text: self._texts.recall(text) for text in texts}
        known = {text: vector for text, vector in remembered.items() if vector is not None}
        new = [text for text in remembered if text not in known]
        for text, made in zip(new, threads.map(self._embed, new), strict=True):
            self._texts.keep(text, made, REMEMBERED_TEXTS)
            known[text] = made
        return [known[text] for text in texts]

    def _read(self, passage: str, threads: Executor) -> np.ndarray:
        """The vectors of the passage's sentences, a row each; of the whole, if it has none."""
        vectors = self._passages.recall(passage)
        if vectors is None:
            language = detect_languages(passage)[0][0]
            sentences = [passage[unit.start : unit.end] for unit in split_sentences(passage, language)]
            vectors = np.stack(list(threads.map(self._embed, sentences or [passage])))
            self._passages.keep(passage, vectors, REMEMBERED_PASSAGES)
        return vectors


class _Memory:
    """Vectors by their text; those that weren't asked for the longest are forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()

    def recall(self, text: str) -> np.ndarray | None:
        with self._lock:
            if text in self._known:
                self._known.move_to_end(text)
            return self._known.get(text)

    def keep(self, text: str, vectors: np.ndarray, most: int) -> None:
        with self._lock:
            self._known[text] = vectors
            while len(self._known) > most:
                self._known.popitem(last=False)
