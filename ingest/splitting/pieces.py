"""What a chunk is packed from: sentences, table rows and lines of code in any script, and their tokens."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.splitting.blocks import CODE, PROSE, TABLE, Block

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# A run of marks is tried from its first alone: tried from each, a page of full stops takes the square of its length.
_SENTENCE_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|[。！？｡]+[」』”）]*|[।॥។៕؟۔]+"
    r"|\n[ \t]*\n|\n(?=[ \t]*(?:[-*+•–]|\d{1,3}[.)])[ \t])"
)
_CLAUSE_END = re.compile(r"[,;:—][\s]+|[、，；：]")
_WORD_END = re.compile(r"\s+")
_LINE_END = re.compile(r"\n+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Figs?|Eq|Sec|vs|cf|al|bzw|ca|vgl|Abb|Art|Abs)\.$"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that is kept together: a sentence, a row, a line. Pieces follow one another without a gap."""

    start: int
    end: int
    kind: str
    header: tuple[int, int] | None = None
    """For a table row: where the header lies that a chunk beginning with this row must repeat."""
    is_whole: bool = True
    """False for a part of a sentence or row."""
    is_cut: bool = False
    """Whether an edge lies inside a run without spaces: then its tokens may differ from those of the whole text."""


def split_pieces(text: str, block: Block) -> Iterator[Piece]:
    """The block's pieces, which cover it."""
    if block.kind == PROSE:
        yield from _split_spans(text, block.start, block.end, _SENTENCE_END, PROSE)
    elif block.kind == TABLE:
        header = (block.start, block.body) if block.body > block.start else None
        if header:
            yield Piece(*header, TABLE)
        for row in _split_spans(text, block.body, block.end, _LINE_END, TABLE):
            yield Piece(row.start, row.end, TABLE, header)
    elif block.kind == CODE:
        yield from _split_spans(text, block.start, block.end, _LINE_END, CODE)
    else:
        yield Piece(block.start, block.end, block.kind)


def _split_spans(text: str, start: int, end: int, pattern: re.Pattern[str], kind: str) -> Iterator[Piece]:
    """Pieces that end where `pattern` ends, the white space after it included."""
    for found in pattern.finditer(text, start, end):
        stop = found.end()
        if stop <= start:  # within the white space that the piece before took along
            continue
        if found[0][0] == "." and _ABBREVIATION.search(text, max(start, found.start() - 8), found.start() + 1):
            continue
        while stop < end and text[stop].isspace() and not (kind == TABLE and text[stop] == "\t"):  # an empty cell
            stop += 1
        yield Piece(start, stop, kind)
        start = stop
    if start < end:
        yield Piece(start, end, kind)


def find_last_break(text: str, start: int, end: int) -> int:
    """Where to break in the last half of ``text[start:end]``: a line's end, a clause's, a word's; 0 if none."""
    half = (start + end) // 2
    for pattern in (_LINE_END, _CLAUSE_END, _WORD_END):
        best = 0
        for found in pattern.finditer(text, half, end):
            best = found.end()
        if best > start:
            return best
    return 0


def holds(places: list[int], piece: Piece) -> bool:
    """Whether one of the places, which are sorted, lies in the piece."""
    at = bisect_left(places, piece.start)
    return at < len(places) and places[at] < piece.end


class TokenCounter:
    """Counts tokens with the model's tokenizer. Knows the words it has met: a text's words are mostly the same few."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._unknown = tokenizer.token_to_id("[UNK]")
        # BERT's tokenizer splits at white space and punctuation whatever stands around them: its words can be counted
        # one by one, which is 8 times faster than whole texts, and a part of a text that is cut between words has the
        # same tokens alone as in the text.
        self.is_additive = type(tokenizer.pre_tokenizer).__name__ == "BertPreTokenizer"
        self._words: dict[str, tuple[int, ...]] = {}

    def count(self, text: str) -> int:
        """How many tokens the model's own tokenizer makes of the text, special tokens left out."""
        return len(self._tokenizer.encode(text, add_special_tokens=False)) if text else 0

    def find_starts(self, text: str) -> list[int]:
        """The positions at which the text's tokens begin, in order."""
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
    """The tokens of one text, counted once; then every part of the text is measured by two look-ups."""

    def __init__(self, counter: TokenCounter, text: str) -> None:
        self._starts = counter.find_starts(text)

    def count(self, start: int, end: int) -> int:
        """How many tokens begin in ``text[start:end]``."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def fit(self, start: int, end: int, limit: int) -> int:
        """The furthest position up to `end` that keeps ``text[start:position]`` within `limit` tokens."""
        last = bisect_left(self._starts, start) + limit
        return min(end, self._starts[last]) if last < len(self._starts) else end
