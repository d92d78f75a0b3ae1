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


class SentenceReader:
    """Compares questions with the sentences of passages; used by several threads at once."""

    def __init__(self, embed: Callable[[str], np.ndarray]) -> None:
        self._embed = embed
        self._lock = threading.Lock()
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()

    def find_best_cosines(self, asked: np.ndarray, passages: Sequence[str], threads: Executor) -> list[float]:
        """The highest cosine of a sentence of each passage with `asked`, a question's vector.

        The sentences are embedded in `threads`, one by one: a text alone takes no longer than its share of a batch.
        """
        return [float((self._read(passage, threads) @ asked).max()) for passage in passages]

    def _read(self, passage: str, threads: Executor) -> np.ndarray:
        """The vectors of the passage's sentences, a row each; of the whole, if it has none."""
        with self._lock:
            vectors = self._known.get(passage)
            if vectors is not None:
                self._known.move_to_end(passage)
                return vectors
        language = detect_languages(passage)[0][0]
        sentences = [passage[unit.start : unit.end] for unit in split_sentences(passage, language)]
        vectors = np.stack(list(threads.map(self._embed, sentences or [passage])))
        with self._lock:
            self._known[passage] = vectors
            while len(self._known) > REMEMBERED_PASSAGES:
                self._known.popitem(last=False)
        return vectors
