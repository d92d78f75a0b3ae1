"""Passages for the model, widened by what stands around them in their document, as far as reading it is worth the wait.

A passage stays on its page and in its section, so that a citation of it still names the right place, and it keeps its
number. A chunk between two passages goes to the better one: nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rag.answering.prompt import build_messages, count_message_tokens, count_tokens
from rag.ranking.passages import merge_neighbours
from rag.types import Chunk, ScoredChunk, StoredChunk

if TYPE_CHECKING:
    from rag.index.index import Index

READ_TOKENS = 3_000
"""How long the messages may become by widening, as `count_tokens` estimates; a model's own count is about 2,100 for
English. More would find few more answers and make the reader wait longer for the first word.
Tuned on SQuAD: bench/RESULTS.md, "Answering and chat"."""

REACH = 2
"""Chunks on either side: about two paragraphs, which is as far as "this" and "therefore" usually reach."""

_JOINT = 3  # tokens: the line break between two chunks, and rounding

Around = Callable[[Sequence[ScoredChunk]], Sequence[Sequence[StoredChunk]]]
"""For each hit the chunks of its document from `REACH` before its first to `REACH` behind its last, in order."""


def make_around(index: Index, longest: int) -> Around:
    """Reads them from the index; `longest` is how many chunks a hit may consist of."""

    def read_around(hits: Sequence[ScoredChunk]) -> list[list[StoredChunk]]:
        ids = [hit.stored.id for hit in hits]
        return index.read(lambda snapshot: [snapshot.read_neighbours(id_, REACH, REACH + longest) for id_ in ids])

    return read_around


def widen(
    question: str, hits: Sequence[ScoredChunk], around: Around, budget_tokens: int = READ_TOKENS
) -> tuple[ScoredChunk, ...]:
    """The same passages in the same order, each perhaps longer; the best one first has what room there is.

    The messages stay within `budget_tokens`, unless they were longer before.
    """
    left = budget_tokens - count_message_tokens(build_messages(question, hits))
    passages = [_make_passage(hit, near) for hit, near in zip(hits, around(hits), strict=True)]
    taken = {id_ for passage in passages for id_ in passage.found}
    for passage in passages:
        for side in (passage.after, passage.before) * REACH:
            left -= passage.grow(side, left, taken)
    _drop_repetitions(passages)
    return tuple(passage.merge() for passage in passages)


@dataclass(slots=True)
class _Passage:
    """A hit while it grows."""

    hit: ScoredChunk
    run: list[StoredChunk]
    """The chunks that it consists of, in order."""
    before: list[StoredChunk] = field(default_factory=list)
    """Chunks that may be added in front, the nearest one last."""
    after: list[StoredChunk] = field(default_factory=list)
    """Chunks that may be added behind, the nearest one last as well."""
    found: frozenset[int] = frozenset()
    """Ids of the chunks that retrieval gave, or may have given."""

    def grow(self, side: list[StoredChunk], left: int, taken: set[int]) -> int:
        """Take the nearest chunk of a side if there is room for it, and return how many tokens that costs."""
        if not side:
            return 0
        stored = side.pop()
        cost = count_tokens(stored.chunk.text) + _JOINT
        if cost > left or stored.id in taken or not _belongs_to(stored.chunk, self.hit.chunk):
            side.clear()
            return 0
        taken.add(stored.id)
        self.run.insert(len(self.run) if side is self.after else 0, stored)
        return cost

    def merge(self) -> ScoredChunk:
        """The hit with the text of its run, in which nothing stands twice."""
        merged = _merge_run(self.run)
        return replace(self.hit, stored=merged) if merged else self.hit


def _drop_repetitions(passages: Sequence[_Passage]) -> None:
    """Where one passage goes on from another, what the chunks share stays in one of them; nothing found is cut."""
    firsts = {(passage.hit.chunk.source, passage.run[0].chunk.ordinal): passage for passage in passages}
    for passage in passages:
        last = passage.run[-1]
        following = firsts.get((last.chunk.source, last.chunk.ordinal + 1))
        if following is None:
            continue
        first = following.run[0]
        shared = first.chunk.text[: first.chunk.overlap].strip()
        if not shared or not last.chunk.text.rstrip().endswith(shared):  # a table's header is wanted in both
            continue
        if first.id not in following.found:
            following.run[0] = _replace_text(first, first.chunk.text[first.chunk.overlap :])
        elif last.id not in passage.found:
            passage.run[-1] = _replace_text(last, last.chunk.text.rstrip().removesuffix(shared), last.chunk.overlap)


def _replace_text(stored: StoredChunk, text: str, overlap: int = 0) -> StoredChunk:
    return replace(stored, chunk=replace(stored.chunk, text=text, overlap=overlap))


def _make_passage(hit: ScoredChunk, near: Sequence[StoredChunk]) -> _Passage:
    """The hit with the chunks that may be added to it; none if its document has changed since it was found."""
    first = next((place for place, stored in enumerate(near) if stored.id == hit.stored.id), len(near))
    for last in range(first, len(near)):
        merged = _merge_run(near[first : last + 1])
        if merged and merged.chunk.text == hit.chunk.text:
            before, after = near[max(0, first - REACH) : first], near[last + 1 : last + 1 + REACH]
            run = list(near[first : last + 1])
            return _Passage(hit, run, list(before), list(after[::-1]), frozenset(stored.id for stored in run))
    return _Passage(hit, [hit.stored], found=frozenset({hit.stored.id, *(stored.id for stored in near[first:])}))


def _merge_run(run: Sequence[StoredChunk]) -> StoredChunk | None:
    """The chunks as one, merged as retrieval merges hits that follow one another; None if these don't."""
    merged = merge_neighbours([ScoredChunk(stored, 0.0) for stored in run])
    return merged[0].stored if len(merged) == 1 else None


def _belongs_to(chunk: Chunk, to: Chunk) -> bool:
    """Whether the whole chunk stands in the same section and on the same page as the other."""
    is_near = (chunk.source, chunk.section, chunk.page) == (to.source, to.section, to.page)
    return is_near and chunk.page_end in (None, to.page)
