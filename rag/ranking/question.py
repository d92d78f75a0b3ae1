"""A question on its way: what is known of it before the index is searched, and the model that embeds it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rag.models.fingerprint import share_vectors
from rag.ranking.coverage import UNDECIDED, measure_coverage, measure_spread

if TYPE_CHECKING:
    from tokenizers import Tokenizer

logger = logging.getLogger(__name__)


class QuestionEmbedder(Protocol):
    """An embedding model; used by several threads at once."""

    @property
    def fingerprint(self) -> str: ...
    def embed_query(self, text: str) -> np.ndarray: ...


OpenEmbedder = Callable[[str], QuestionEmbedder]
"""From a model's name."""


@dataclass(frozen=True, slots=True)
class LiveModel:
    """The embedding model whose vectors are live, as the index names it."""

    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A live model, opened, with what is asked of it once."""

    live: LiveModel
    embedder: QuestionEmbedder
    tokenizer: Tokenizer
    spread: float
    """Standard deviation of the cosines of texts that have nothing to do with each other."""

    @property
    def fits(self) -> bool:
        """Whether its vectors can be compared with those of the index."""
        return share_vectors(self.embedder.fingerprint, self.live.fingerprint)


def open_model(live: LiveModel, open_embedder: OpenEmbedder, models_dir: Path) -> OpenModel:
    """Warns of a model that is no longer the one that the index was made with."""
    from rag.models.embedder import load_tokenizer

    embedder = open_embedder(live.name)
    model = OpenModel(live, embedder, load_tokenizer(live.name, models_dir), measure_spread(embedder.embed_query))
    if not model.fits:
        logger.warning(
            "The embedding model %s has changed since the documents were embedded, so questions are searched for by"
            " their words alone. Run pagewise ingest to embed the documents anew.",
            live.name,
        )
    return model


@dataclass(frozen=True, slots=True)
class Embedding:
    """A question's vector, and how long it took."""

    vector: np.ndarray
    milliseconds: float


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """What is known of a question before the index is searched."""

    text: str
    mode: str
    model: OpenModel | None = None
    """None for a question without a vector; likewise `embedding`."""
    embedding: Future[Embedding] | None = None
    """On its way while the words are searched for."""
    coverage: float = UNDECIDED
    """Of the question by the model's vocabulary."""

    @property
    def needs_vector(self) -> bool:
        return self.mode != "lexical" and bool(self.text.strip())

    @property
    def spread(self) -> float:
        return self.model.spread if self.model else 1.0

    @property
    def fingerprint(self) -> str:
        """Of the embedding model; empty without a vector."""
        return self.model.embedder.fingerprint if self.model else ""

    @property
    def vector(self) -> np.ndarray | None:
        """Waits for it; None for a question without one."""
        return None if self.embedding is None else self.embedding.result().vector


def start_embedding(asked: AskedQuestion, model: OpenModel, threads: Executor) -> AskedQuestion:
    """The vector is computed in another thread; the search waits for it when it is needed."""
    embedding = threads.submit(_embed, model.embedder, asked.text)
    return replace(asked, model=model, embedding=embedding, coverage=measure_coverage(model.tokenizer, asked.text))


def _embed(embedder: QuestionEmbedder, question: str) -> Embedding:
    began = time.perf_counter()
    vector = embedder.embed_query(question)
    return Embedding(vector, (time.perf_counter() - began) * 1e3)
