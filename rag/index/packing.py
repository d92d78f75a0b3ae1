"""Vectors as the catalog keeps them, and the identity of the text that each was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BYTES_A_COMPONENT = 2

_ROUNDING = 1.1e-3
"""By which the difference of two products is less wrong: half precision leaves a vector's length off by 1 in 2,048."""


_NO_LENGTH = 1e-9
"""Of the vector of a text without a token."""


def hash_text(embed_text: str) -> bytes:
    """Identity of a text to embed: 16 bytes of BLAKE2b, so that 2⁶⁴ texts collide less likely than not."""
    return hashlib.blake2b(embed_text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def pack_vectors(vectors: np.ndarray) -> np.ndarray:
    """In half precision: an error under 0.001 in a component, none that changes a ranking."""
    return vectors.astype("float16")


def unpack_vectors(rows: Sequence[bytes]) -> np.ndarray:
    """Shape (n, dimensions), in single precision. There must be at least one."""
    import numpy as np

    return np.stack([np.frombuffer(row, np.float16) for row in rows]).astype(np.float32)


def rank_by_cosine(vectors: np.ndarray, vector: np.ndarray, limit: int) -> list[tuple[int, float]]:
    """(row, cosine), best first: the `limit` best rows, and what ties with the last of them.

    `vector` is normalised. In double precision, row by row, so that a cosine doesn't depend on the other rows.
    """
    import numpy as np

    # Not by BLAS: its threads wait for one another, which takes 6 ms of a busy processor where this takes .3.
    rough = np.einsum("ij,j->i", vectors, vector)
    candidates = np.arange(len(rough))
    if len(rough) > limit:
        last = np.partition(rough, -limit)[-limit]
        candidates = np.flatnonzero(rough >= last - _ROUNDING)
    chosen = vectors[candidates].astype(np.float64)
    cosines = (chosen * vector.astype(np.float64)).sum(axis=1) / np.maximum(
        np.sqrt((chosen**2).sum(axis=1)), _NO_LENGTH
    )
    order = np.argsort(-cosines, kind="stable").tolist()
    least = cosines[order[min(limit, len(order)) - 1]]
    return [(int(candidates[place]), float(cosines[place])) for place in order if cosines[place] >= least]


@dataclass(frozen=True, slots=True)
class ChunkVectors:
    """Chunks with their vectors."""

    ids: Sequence[int]
    vectors: np.ndarray | None
    """Shape (n, dimensions); None without a chunk."""

    @classmethod
    def unpack(cls, rows: Sequence[tuple[int, bytes]]) -> ChunkVectors:
        return cls([id_ for id_, _ in rows], unpack_vectors([packed for _, packed in rows]) if rows else None)

    def rank(self, vector: np.ndarray, limit: int) -> list[tuple[int, float]]:
        """(chunk id, cosine), as `rank_by_cosine`."""
        if self.vectors is None:
            return []
        return [(self.ids[row], cosine) for row, cosine in rank_by_cosine(self.vectors, vector, limit)]
