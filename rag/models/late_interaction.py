"""Question and passage to a score by late interaction: each token of the question finds its best match in the passage.

Both are read by themselves, and every token becomes a vector. The score is the mean, over the question's tokens, of the
greatest cosine with one of the passage's (O. Khattab, M. Zaharia, ColBERT, SIGIR 2020, with the mean in place of the
sum). The model comes with a package, see `rag.models.packaged`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.models.deadline import STEPS, run_until
from rag.models.manifest import TOKENIZER_FILE
from rag.models.onnx import OnnxModel, read_tokenizer
from rag.models.packaged import LATE_NAMES, LATE_PACKAGE, check_scores, open_packaged_reranker

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from rag.models.onnx import Vectors

_DIMENSIONS = 384
_MAX_TOKENS = 300
"""What the model was trained with, for passages."""
_OUTPUT = "last_hidden_state"
_QUESTION_MARK, _PASSAGE_MARK = "[unused0]", "[unused1]"
"""The tokens, behind the first one, by which the model knows what it reads."""

_LOGITS = 200.0
"""What a unit of the score is worth in logits of the packaged cross-encoder, in which the fusion counts: chosen on
everyday, SQuAD, code and documentation questions (the table is in `bench/RESULTS.md`)."""

_PROBE_SCORES = (182.03, 151.08, 138.68, 164.77)
"""What the model gives the passages of `check_scores` on a processor with VNNI instructions."""

_NO_LIMIT = 1e9
"""Milliseconds."""


class LateInteraction:
    """The late-interaction model, running. It may be used by several threads at once; they share the processors."""

    def __init__(self, folder: Path) -> None:
        self._model = OnnxModel(folder, _MAX_TOKENS, _DIMENSIONS, _OUTPUT)
        self._questions = _read_tokenizer(folder, _QUESTION_MARK)
        self._passages = _read_tokenizer(folder, _PASSAGE_MARK)

    @classmethod
    def open(cls) -> LateInteraction:
        """Raises EmbeddingModelError if the package is missing, or the model isn't the one that was measured."""
        folder, _ = open_packaged_reranker(LATE_PACKAGE)
        model = cls(folder)
        check_scores(
            LATE_NAMES[0], lambda question, passages: model.score(question, passages, _NO_LIMIT), _PROBE_SCORES
        )
        return model

    def score(self, question: str, passages: Sequence[str], budget_ms: float) -> list[float]:
        """Relevance of the first passages, in order, in logits of the packaged cross-encoder: higher is better.

        Of as many as there is time for, see `rag.models.deadline`.
        """
        model, deadline = self._model, time.perf_counter() + budget_ms / 1e3
        asked = _normalise(model.run(self._questions.encode(question)))
        return run_until(
            deadline,
            lambda some: [_LOGITS * _match(asked, _normalise(tokens)) for tokens in model.run_each(some)],
            [self._passages.encode(passage) for passage in passages],
            steps=STEPS,
            at_once=model.processors,
        )

    def close(self) -> None:
        """End the model's threads, once what they run is done. It can't be used any more."""
        self._model.close()


def _read_tokenizer(folder: Path, mark: str) -> Tokenizer:
    """The tokenizer of texts that begin with that mark."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = read_tokenizer(folder / TOKENIZER_FILE)
    tokenizer.post_processor = TemplateProcessing(
        single=f"[CLS] {mark} $A [SEP]",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", mark, "[SEP]")],
    )
    tokenizer.enable_truncation(_MAX_TOKENS)
    return tokenizer


def _normalise(tokens: Vectors) -> Vectors:
    """The tokens' vectors, each of length 1."""
    import numpy as np

    normalised: Vectors = tokens / np.linalg.norm(tokens, axis=1, keepdims=True)
    return normalised


def _match(question: Vectors, passage: Vectors) -> float:
    return float((question @ passage.T).max(axis=1).mean())
