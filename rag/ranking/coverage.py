"""How well an embedding model's vocabulary covers a text: what it spells letter by letter it has not learnt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_DENSE_SCRIPTS = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7ff\uf900-\ufaff]")
_UNKNOWN = frozenset({"[UNK]", "<unk>"})

# Letters of a token in a language that the model knows (the table is in `bench/RESULTS.md`). A character of a dense
# script says more.
_LETTERS = 4.0
_DENSE_LETTERS = 1.7

UNDECIDED = 0.5
"""For a text without letters."""


def measure_vocabulary_coverage(text: str, tokens: Sequence[str], offsets: Sequence[tuple[int, int]]) -> float:
    """0 if every letter is a token of its own or unknown, 1 if tokens are as long as in a language well known."""
    units = least = 0.0
    count = end_before = 0
    for token, (start, end) in zip(tokens, offsets, strict=True):
        sizes = [_weigh_letter(letter) for letter in text[max(start, end_before) : end] if letter.isalpha()]
        end_before = max(end, end_before)
        if sizes:
            known_as = len(sizes) if token in _UNKNOWN else 1
            units += sum(sizes)
            least += known_as * sum(sizes) / len(sizes)
            count += known_as
    if not count:
        return UNDECIDED
    return min(1.0, max(0.0, (units - least) / max(count - least, 1e-9)))


def measure_coverage(tokenizer: Tokenizer, question: str) -> float:
    """How well the model's vocabulary covers the question, 0…1."""
    encoding = tokenizer.encode(question, add_special_tokens=False)
    return measure_vocabulary_coverage(question, encoding.tokens, encoding.offsets)


def measure_spread(embed: Callable[[str], np.ndarray]) -> float:
    """Standard deviation of the cosines of texts that have nothing to do with each other."""
    vectors = np.stack([embed(text) for text in _PROBES])
    cosines = (vectors @ vectors.T)[np.triu_indices(len(_PROBES), 1)]
    return float(cosines.std())


_PROBES = (
    "How much annual leave does an employee get?",
    "The river floods the valley every spring after the snow melts.",
    "Net sales rose by eight percent compared with the same quarter last year.",
    "Who painted the ceiling of the chapel?",
    "Replace the filter and tighten the screws before starting the pump.",
    "The enzyme breaks down proteins in the small intestine.",
    "When was the bridge opened to traffic?",
    "The function returns null if the file does not exist.",
    "Add the flour and knead the dough for ten minutes.",
    "The court dismissed the claim for lack of evidence.",
    "What is the boiling point of ethanol?",
    "The team won the final after extra time.",
    "Passengers must check in at least one hour before departure.",
    "The committee approved the budget for the coming year.",
    "Which king signed the treaty that ended the war?",
    "Our galaxy contains several hundred billion stars.",
    "The patient was treated with antibiotics for two weeks.",
    "How do I reset my password?",
    "The novel tells the story of a family over three generations.",
    "Students learn to read music and play an instrument.",
    "Temperatures will fall below zero in the north tonight.",
    "The warranty does not cover damage caused by improper use.",
    "What language is spoken in the capital of Brazil?",
    "Solar panels convert light into electricity.",
)


def _weigh_letter(letter: str) -> float:
    return 1 / (_DENSE_LETTERS if _DENSE_SCRIPTS.match(letter) else _LETTERS)
