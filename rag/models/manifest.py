"""What is known of an exported model: written beside it, read before it is opened, and put into its fingerprint."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rag.models.source import locate

EXPORT_VERSION = 1
"""Raise it when exported models would give other vectors, so that cached ones are made again."""

MODEL_FILE, TOKENIZER_FILE, _MANIFEST_FILE = "model.onnx", "tokenizer.json", "manifest.json"

WEIGHTS_FILE = f"{MODEL_FILE}.data"
"""Beside the graph: ONNX Runtime maps this file into memory, where it would read and copy weights within the graph."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the exported model's results resemble the original's on the probes, 1 where they are equal.

    A text's vectors are compared by their cosine, the scores of a question's passages by their concordance.
    """

    mean: float
    minimum: float

    def reaches(self, mean: float, minimum: float) -> bool:
        return self.mean >= mean and self.minimum >= minimum


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What the model wants before a question and before a passage; mostly nothing."""

    query: str = ""
    document: str = ""


# Prefixes of model families whose configuration files leave them out, from the models' own cards.
_FAMILY_PREFIXES = (
    (
        r"e5-.*instruct",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
        "",
    ),
    (r"(^|[-_])e5-", "query: ", "passage: "),
    (r"bge-(small|base|large)-en", "Represent this sentence for searching relevant passages: ", ""),
    (r"bge-(small|base|large)-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    (r"nomic-embed-text", "search_query: ", "search_document: "),
)


def find_family_prefixes(name: str) -> Prefixes:
    """The prefixes that a family of models was trained with, by the model's name; empty for most."""
    base = name.rsplit("/", 1)[-1].lower()
    for pattern, query, document in _FAMILY_PREFIXES:
        if re.search(pattern, base):
            return Prefixes(query, document)
    return Prefixes()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of an export. It is written last: where there is one, the export is whole."""

    model: str
    digest: str
    """SHA-256 of the weights, or the hub's revision."""
    precision: str
    """``int8``, ``int8-unsigned`` (for processors without VNNI instructions) or ``fp32``."""
    dimensions: int
    """How many numbers a vector has; 1 for a model that scores pairs."""
    max_tokens: int
    prefixes: Prefixes
    agreement: Agreement
    spread: float
    """Standard deviation of the cosines of texts that have nothing to do with each other; 0 for a model that scores
    pairs."""
    files: dict[str, int]
    """The size of each file in bytes, by its name."""
    remark: str = ""
    """Why the model stayed in full precision; empty for one that was quantised."""
    version: int = EXPORT_VERSION

    @property
    def fingerprint(self) -> str:
        """A JSON list that changes whenever the model's results may change."""
        parts = (self.model, self.digest, self.precision, *asdict(self.prefixes).values(), f"export {self.version}")
        return json.dumps(parts, ensure_ascii=False)

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The manifest of a whole export; None if there is none or a file isn't as it was written."""
        try:
            raw = json.loads((folder / _MANIFEST_FILE).read_text("utf-8"))
            prefixes, agreement = Prefixes(**raw.pop("prefixes")), Agreement(**raw.pop("agreement"))
            manifest = cls(prefixes=prefixes, agreement=agreement, **raw)
            sizes = {name: (folder / name).stat().st_size for name in manifest.files}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return manifest if manifest.version == EXPORT_VERSION and sizes == manifest.files else None

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / _MANIFEST_FILE).write_text(text + "\n", "utf-8")


def read_fingerprint(model_name: str, models_dir: Path) -> str | None:
    """The fingerprint of the cached export, None if there is none yet. Reads one small file."""
    manifest = Manifest.read(models_dir / locate(model_name).key)
    return manifest.fingerprint if manifest else None


# What a fingerprint says of the model's vectors

_PRECISION = 2
"""The place of the precision among a fingerprint's parts, after the model's name and the digest of its weights."""


def read_weights(fingerprint: str) -> tuple[str, str] | None:
    """The model's name and the digest of its weights; None for what is no fingerprint of an exported model."""
    parts = _read_parts(fingerprint)
    return (str(parts[0]), str(parts[1])) if parts else None


def share_vectors(one: str, other: str) -> bool:
    """Whether a question embedded by one of the models can be searched for among the vectors of the other.

    The two may differ in precision alone: a reduced one is kept only if its vectors agree with the original's.
    """
    if one == other:
        return True
    left, right = _read_parts(one), _read_parts(other)
    if left is None or right is None:
        return False
    return (left[:_PRECISION], left[_PRECISION + 1 :]) == (right[:_PRECISION], right[_PRECISION + 1 :])


@cache  # each search asks, and a process meets no more than a few fingerprints
def _read_parts(fingerprint: str) -> tuple[Any, ...] | None:
    try:
        parts = json.loads(fingerprint)
    except ValueError:
        return None
    return tuple(parts) if isinstance(parts, list) and len(parts) > _PRECISION else None
