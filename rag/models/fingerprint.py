"""What a model's fingerprint says of its vectors; `Manifest.fingerprint` in `rag.models.manifest` makes it."""

from __future__ import annotations

import json
from typing import Any

_PRECISION = 2
"""Its place among a fingerprint's parts, after the model's name and the digest of its weights."""


def read_weights(fingerprint: str) -> tuple[str, str] | None:
    """The model's name and the digest of its weights; None for what is no fingerprint of an exported model."""
    parts = _read_parts(fingerprint)
    return (str(parts[0]), str(parts[1])) if parts else None


def share_vectors(one: str, other: str) -> bool:
    """Whether a question embedded by one of the models can be searched for among the vectors of the other.

    They may differ in precision alone: a reduced one is kept only if its vectors agree with the original's.
    """
    return one == other or _without_precision(one) == _without_precision(other) is not None


def _without_precision(fingerprint: str) -> list[Any] | None:
    parts = _read_parts(fingerprint)
    return parts and parts[:_PRECISION] + parts[_PRECISION + 1 :]


def _read_parts(fingerprint: str) -> list[Any] | None:
    try:
        parts = json.loads(fingerprint)
    except ValueError:
        return None
    return parts if isinstance(parts, list) and len(parts) > _PRECISION else None
