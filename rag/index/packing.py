"""Vectors as the catalog keeps them, and the identity of the text that each was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np

Key = TypeVar("Key")

BYTES_A_COMPONENT = 2


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


def rank_by_cosine(rows: Sequence[tuple[Key, bytes]], vector: np.ndarray) -> list[tuple[Key, float]]:
    """Keys of packed vectors with their cosines to the vector, best first."""
    import numpy as np

    if not rows:
        return []
    cosines = unpack_vectors([packed for _, packed in rows]) @ vector
    return [(rows[place][0], float(cosines[place])) for place in np.argsort(-cosines, kind="stable")]
