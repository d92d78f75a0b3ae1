"""What embedders in tests borrow from the default model: its tokenizer, and how the spread of cosines is measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.models.embedder import load_tokenizer
from rag.models.probes import UNRELATED_TEXTS, measure_spread
from rag.settings import DEFAULT_EMBED_MODEL

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@cache
def packaged_tokenizer() -> Tokenizer:
    return load_tokenizer(DEFAULT_EMBED_MODEL, Path("no models"))


def spread_of(embed: Callable[[str], np.ndarray]) -> float:
    return measure_spread(np.stack([embed(text) for text in UNRELATED_TEXTS]))
