"""Document → chunks, sized by the embedding model's own tokenizer.

A chunk never crosses a page and never exceeds the model's limit, title and section included. Every character of a page
except white space at a chunk's edges is in some chunk. Breaks are sought at headings, then paragraphs, sentences, table
rows or lines of code, then words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ingest.splitting.blocks import HEADING, PROSE, Block, HeadingPath, split_blocks
from ingest.splitting.pieces import Piece, find_last_break, holds, split_pieces
from ingest.splitting.tokens import TokenCounter, Tokens
from rag.errors import SettingsError
from rag.types import Chunk, Document, Page

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL_TOKENS = 2
"""[CLS] and [SEP], which the model adds to every text."""

_Section = tuple[tuple[str, ...], list[Block]]
"""Heading path, and the blocks below it."""

_SMALL = 3
"""Sections that fill no more than a third of a chunk together are kept together."""

_TITLE_TOKENS = 16
"""Enough for most titles, and leaves the section half of the 34 tokens beside a chunk of the default size."""

_GRAMMARS = {
    ".py": ("tree_sitter_python", "language"),
    ".pyi": ("tree_sitter_python", "language"),
    ".js": ("tree_sitter_javascript", "language"),
    ".mjs": ("tree_sitter_javascript", "language"),
    ".cjs": ("tree_sitter_javascript", "language"),
    ".jsx": ("tree_sitter_javascript", "language"),
    ".ts": ("tree_sitter_typescript", "language_typescript"),
    ".tsx": ("tree_sitter_typescript", "language_tsx"),
    ".java": ("tree_sitter_java", "language"),
    ".c": ("tree_sitter_c", "language"),
    ".h": ("tree_sitter_c", "language"),
    ".cpp": ("tree_sitter_cpp", "language"),
    ".cc": ("tree_sitter_cpp", "language"),
    ".cxx": ("tree_sitter_cpp", "language"),
    ".hpp": ("tree_sitter_cpp", "language"),
    ".cs": ("tree_sitter_c_sharp", "language"),
    ".go": ("tree_sitter_go", "language"),
    ".rs": ("tree_sitter_rust", "language"),
}
"""Grammar module and function by file name ending."""
_LONGEST_TEXT = 400_000
"""Characters split at a time."""
_SURELY_LONGER = 20
"""Characters for each token of a chunk; code has 3 or 4."""
_LONGEST_CODE = 300_000
"""Characters. Longer code is generated; it is split by lines."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A chunk to be: ``text[start:end]``, of which ``text[start:fresh]`` repeats the one before."""

    start: int
    fresh: int
    end: int
    header: tuple[int, int] | None
    is_cut: bool


class Splitter:
    """Splits documents for one embedding model.

    `chunk_size` bounds a chunk's text and `max_tokens` what the model reads: title, section, text and two special
    tokens. `overlap` bounds the sentences repeated from the chunk before. All in tokens.
    """

    def __init__(self, tokenizer: Tokenizer, *, chunk_size: int, overlap: int, max_tokens: int) -> None:
        if chunk_size > max_tokens - SPECIAL_TOKENS:
            raise SettingsError(
                f"RAG_CHUNK_SIZE is {chunk_size}, but the embedding model reads at most {max_tokens - SPECIAL_TOKENS}"
                " tokens; choose a smaller chunk size."
            )
        self._tokenizer = tokenizer
        self._counter = TokenCounter(tokenizer)
        self._size = chunk_size
        self._overlap = overlap
        self._room = max_tokens - SPECIAL_TOKENS

    def split(self, header: Document, pages: Iterable[Page], syntax: str = "markdown") -> Iterator[Chunk]:
        """Chunks in reading order. Pages are taken one by one; `header.page_kind` says whether it has pages."""
        title = self._shorten(header.title, min(_TITLE_TOKENS, self._room - self._size))
        room = self._room - self._counter.count(title)
        path = HeadingPath()
        ordinal = 0
        number: int | None = None
        for page in pages:
            if header.page_kind in ("slide", "sheet") and page.number != number:
                path = HeadingPath()  # one doesn't go on where the one before ended, as pages do
            number = page.number if header.page_kind else None
            for text in _cut_text(page.text):
                functions = self._find_functions(text, header.source) if syntax == "code" else []
                for section, body, tokens, overlap in self._split_page(text, syntax, path, functions):
                    place = self._name_section(section, header.title, room - tokens)
                    yield Chunk(header.source, ordinal, body, title, place, number, number, overlap)
                    ordinal += 1

    def _find_functions(self, text: str, source: str) -> list[int]:
        """Where llama-index would begin a chunk of this code; nothing if it fits one chunk or no grammar is known."""
        grammar = _GRAMMARS.get(PurePosixPath(source).suffix.lower())
        if not grammar or self._counter.count(text) <= self._size or len(text) > _LONGEST_CODE:
            return []
        from llama_index.core.node_parser import CodeSplitter  # 2.4 s and 100 MB, once in a worker that meets code
        from tree_sitter import Language, Parser

        module, function = grammar
        parser = Parser(Language(getattr(import_module(module), function)()))
        splitter = CodeSplitter(
            language=module, parser=parser, count_mode="token", max_tokens=self._size, tokenizer=self._encode
        )
        try:
            parts = splitter.split_text(text)
        except (ValueError, RecursionError):  # not the language that its name says, or nested without end
            return []
        return _find_starts(text, parts)

    def _encode(self, text: str) -> Sequence[int]:
        """The tokens, for their number; of text that is surely longer than a chunk only as many as it has characters.

        The library asks for every node, and those within it again: exact numbers would take the square of the length.
        """
        if len(text) > _SURELY_LONGER * self._size:
            return range(len(text))
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _split_page(
        self, text: str, syntax: str, path: HeadingPath, functions: list[int]
    ) -> Iterator[tuple[tuple[str, ...], str, int, int]]:
        """Heading path, text, its tokens, and how many of its characters repeat what came before."""
        tokens = Tokens(self._counter, text)
        for section, group in self._merge_small(_split_sections(text, syntax, path), tokens):
            pieces = [
                part
                for block in group
                for piece in split_pieces(text, block)
                for part in self._cut_piece(text, piece, tokens)
            ]
            for span in self._pack(text, pieces, tokens, functions):
                for body, count, overlap in self._cut_bodies(text, span, tokens):
                    yield section, body, count, overlap

    def _merge_small(self, sections: Iterable[_Section], tokens: Tokens) -> Iterator[_Section]:
        """Sections of a line or two together, under the headings that they share: alone they would say too little."""
        pending: _Section | None = None
        for section in sections:
            if pending is None:
                pending = section
            elif tokens.count(pending[1][0].start, section[1][-1].end) <= self._size // _SMALL:
                pending = (_find_shared(pending[0], section[0]), pending[1] + section[1])
            else:
                yield pending
                pending = section
        if pending is not None:
            yield pending

    def _cut_piece(self, text: str, piece: Piece, tokens: Tokens) -> Iterator[Piece]:
        """The piece itself, or if it is too long for a chunk, its parts cut at lines, clauses, words or anywhere."""
        limit = self._size - (self._count_header_tokens(piece.header, tokens))
        start, is_cut = piece.start, False
        while tokens.count(start, piece.end) > limit:
            furthest = tokens.fit(start, piece.end, limit)
            stop = find_last_break(text, start, furthest)
            yield replace(piece, start=start, end=stop or furthest, is_cut=is_cut or not stop, is_whole=False)
            start, is_cut = stop or furthest, not stop
        yield replace(piece, start=start, is_cut=is_cut, is_whole=start == piece.start)

    def _count_header_tokens(self, header: tuple[int, int] | None, tokens: Tokens) -> int:
        """0 also for a header so long that repeating it would leave no room for rows."""
        used = tokens.count(*header) if header else 0
        return used if used <= self._size // 2 else 0

    def _pack(self, text: str, pieces: list[Piece], tokens: Tokens, starts: list[int]) -> Iterator[_Span]:
        """Fill chunks with as many pieces as fit; of code as many as end before one of `starts`."""
        first = 0
        while first < len(pieces):
            head = self._find_repeated_header(pieces[first], tokens)
            start = self._find_overlap_start(pieces, first, tokens) if first else pieces[0].start
            used = tokens.count(*head) if head else 0
            last = first
            while last + 1 < len(pieces) and used + tokens.count(start, pieces[last + 1].end) <= self._size:
                last += 1
            if starts and last + 1 < len(pieces):
                last = self._find_piece_before(text, pieces, first, last, tokens, starts)
            is_cut = any(piece.is_cut for piece in pieces[first : last + 1])
            yield _Span(start, pieces[first].start, pieces[last].end, head, is_cut)
            first = last + 1

    def _find_piece_before(
        self, text: str, pieces: list[Piece], first: int, last: int, tokens: Tokens, starts: list[int]
    ) -> int:
        """The last piece before the outermost start that leaves a chunk of a third at least; else `last`."""
        best, least = last, 1_000
        for index in range(last, first, -1):
            if tokens.count(pieces[first].start, pieces[index].end) <= self._size // _SMALL:
                break
            at = pieces[index + 1].start
            indent = at - text.rfind("\n", 0, at)
            if indent < least and holds(starts, pieces[index + 1]):
                best, least = index, indent
        return best

    def _find_repeated_header(self, piece: Piece, tokens: Tokens) -> tuple[int, int] | None:
        return piece.header if self._count_header_tokens(piece.header, tokens) else None

    def _find_overlap_start(self, pieces: list[Piece], first: int, tokens: Tokens) -> int:
        """Where the whole sentences begin that the chunk from `first` on repeats: none beside tables and code."""
        start = pieces[first].start
        spare = min(self._overlap, self._size - tokens.count(start, pieces[first].end))
        for piece in reversed(pieces[:first]):
            if piece.kind != PROSE or pieces[first].kind != PROSE or not piece.is_whole:
                break
            if tokens.count(piece.start, pieces[first].start) > spare:
                break
            start = piece.start
        return start

    def _cut_bodies(self, text: str, span: _Span, tokens: Tokens) -> Iterator[tuple[str, int, int]]:
        """The chunk's text, tokens and overlap; several where the real count of a cut run is above the limit."""
        raw = text[span.start : span.end]
        body = raw.strip()
        if not body:
            return
        lead = len(raw) - len(raw.lstrip())
        header = text[slice(*span.header)].strip() + "\n" if span.header else ""
        whole = header + body
        count = tokens.count(span.start, span.end) + (tokens.count(*span.header) if span.header else 0)
        if span.is_cut or not self._counter.is_additive:
            count = self._counter.count(whole)
        if count > self._size and len(body) > 1:
            middle = (max(span.start + lead, span.fresh) + span.end) // 2
            yield from self._cut_bodies(text, _Span(span.fresh, span.fresh, middle, None, True), tokens)
            yield from self._cut_bodies(text, _Span(middle, middle, span.end, None, True), tokens)
        else:
            yield whole, count, len(header) + max(0, span.fresh - span.start - lead)

    def _shorten(self, text: str, limit: int) -> str:
        """The words from the beginning that fit `limit` tokens."""
        text = " ".join(text.split())[: limit * 20]
        if self._counter.count(text) <= limit:
            return text
        words = text.split()
        return " ".join(words[: bisect_right(range(1, len(words)), limit, key=lambda n: self._count_words(words[:n]))])

    def _count_words(self, words: Sequence[str]) -> int:
        return self._counter.count(" ".join(words))

    def _name_section(self, path: tuple[str, ...], title: str, spare: int) -> str:
        """The heading path; the outermost headings go first where it is too long, and the title isn't said twice."""
        if path and path[0] == title:
            path = path[1:]
        for first in range(len(path)):
            section = " > ".join(path[first:])
            if self._counter.count(section) <= spare:
                return section
        return self._shorten(path[-1], spare) if path else ""


def _cut_text(text: str) -> Iterator[str]:
    """The text in parts that are cheap to hold tokens of; cut at an empty line, a line's end or a space."""
    start = 0
    while len(text) - start > _LONGEST_TEXT:
        end = start + _LONGEST_TEXT
        cut = next((cut for mark in ("\n\n", "\n", " ") if (cut := text.rfind(mark, start, end)) > start), end - 1) + 1
        yield text[start:cut]
        start = cut
    yield text[start:] if start else text


def _split_sections(text: str, syntax: str, path: HeadingPath) -> Iterator[_Section]:
    """Blocks under one heading. Headings with nothing between them stay together."""
    group: list[Block] = []
    titles = path.list_titles()
    has_body = False
    for block in split_blocks(text, syntax):
        if block.kind == HEADING:
            if has_body:
                yield titles, group
                group, has_body = [], False
            path.enter(block.level, block.title)
            titles = path.list_titles()
        elif not has_body:
            has_body = not text[block.start : block.end].isspace()
        group.append(block)
    if group:
        yield titles, group


def _find_starts(text: str, parts: list[str]) -> list[int]:
    """Where each part begins in the text that they were cut from."""
    found: list[int] = []
    at = 0
    for part in parts:
        place = text.find(part, at) if part else -1
        if place >= 0:
            found.append(place)
            at = place + len(part)
    return found


def _find_shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The headings that both paths begin with."""
    pairs = zip(one, other, strict=False)
    return tuple(first for first, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
