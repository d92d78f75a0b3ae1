"""Texts for the measurements: made words, as frequent as words are, in sentences, paragraphs and files."""

from __future__ import annotations

import random
from itertools import accumulate
from pathlib import Path

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
_WORDS = 8_000
_SENTENCE, _PARAGRAPH = range(6, 22), range(3, 7)


def write_texts(folder: Path, files: int, paragraphs: int, seed: int = 1) -> int:
    """Write so many text files of so many paragraphs each; gives the characters of all."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(_SYLLABLES, k=rng.choice((1, 2, 2, 3, 3, 4)))) for _ in range(_WORDS)]
    weights = list(accumulate(1 / rank for rank in range(1, _WORDS + 1)))  # Zipf's law
    folder.mkdir(parents=True, exist_ok=True)
    characters = 0
    for number in range(files):
        text = "\n\n".join(_make_paragraph(rng, words, weights) for _ in range(paragraphs))
        (folder / f"text{number}.txt").write_text(f"Report {number}\n\n{text}\n")
        characters += len(text)
    return characters


def _make_paragraph(rng: random.Random, words: list[str], weights: list[float]) -> str:
    sentences = (
        rng.choices(words, cum_weights=weights, k=rng.choice(_SENTENCE)) for _ in range(rng.choice(_PARAGRAPH))
    )
    return " ".join(" ".join(sentence).capitalize() + "." for sentence in sentences)
