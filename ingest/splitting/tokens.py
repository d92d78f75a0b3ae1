"""Counting tokens as the embedding model's tokenizer does, at the speed that splitting needs."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class TokenCounter:
    """Counts tokens with the model's tokenizer. Knows the words it has met: a text's words are mostly the same few."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._unknown = tokenizer.token_to_id("[UNK]")
        # This one splits at white space and punctuation whatever stands around them: words can be counted one by one,
        # which is 8 times faster than texts. A part of a text, cut between words, has the same tokens as there.
        self.is_additive = type(tokenizer.pre_tokenizer).__name__ == "BertPreTokenizer"
        self._words: dict[str, tuple[int, ...]] = {}

    def count(self, text: str) -> int:
        """What the model's own tokenizer says, special tokens left out."""
        return len(self._tokenizer.encode(text, add_special_tokens=False)) if text else 0

    def find_starts(self, text: str) -> list[int]:
        """Where each token begins."""
        if not self.is_additive:
            return self._encode_starts(text)
        starts: list[int] = []
        words = self._words
        for found in _WORD.finditer(text):
            at = found.start()
            offsets = words.get(found[0])
            if offsets is None:
                offsets = self._learn(found[0])
            for offset in offsets:
                starts.append(at + offset)
        return starts

    def _learn(self, word: str) -> tuple[int, ...]:
        offsets = tuple(self._encode_starts(word))
        if len(word) <= 40:
            if len(self._words) >= _MOST_WORDS:
                self._words.clear()
            self._words[word] = offsets
        return offsets

    def _encode_starts(self, text: str) -> list[int]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        starts: list[int] = []
        for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if token == self._unknown and end - start > 2:
                # A run that the model doesn't know (Thai, Khmer, base64) is one token, whatever its length. Two
                # characters a token gives passages of about the length that other scripts get.
                starts.extend(range(start, end, 2))
            else:
                starts.append(start)
        return starts


_WORD = re.compile(r"[^\s!-/:-@\[-`{-~]+|[!-/:-@\[-`{-~]")
"""A run without white space and ASCII punctuation, or one such sign: BERT's tokenizers never join them."""
_MOST_WORDS = 200_000


class Tokens:
    """Where the tokens of a text begin."""

    def __init__(self, counter: TokenCounter, text: str) -> None:
        self._starts = counter.find_starts(text)

    def count(self, start: int, end: int) -> int:
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def fit(self, start: int, end: int, limit: int) -> int:
        """The furthest position up to `end` that keeps ``text[start:position]`` within `limit` tokens."""
        last = bisect_left(self._starts, start) + limit
        return min(end, self._starts[last]) if last < len(self._starts) else end
