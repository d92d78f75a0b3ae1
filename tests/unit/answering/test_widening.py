from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.prompt import build_messages, count_message_tokens
from rag.answering.widening import REACH, widen
from rag.ranking.passages import merge_neighbours
from rag.types import Chunk, ScoredChunk, StoredChunk

PLENTY = 100_000


def document(count, source="a.md", first_id=1, **fields):
    """Chunks that each begin with the last sentence of the one before."""
    stored = []
    for n in range(count):
        repeated = f"{source} ends {n - 1}. " if n else ""
        text = f"{repeated}{source} begins {n}. {source} ends {n}. "
        stored.append(StoredChunk(first_id + n, Chunk(source, n, text, overlap=len(repeated), **fields)))
    return stored


def hit(stored, score=1.0):
    return ScoredChunk(stored, score)


def around(*documents):
    """As the index gives it, with two merged chunks at most."""

    def found(hits):
        near = []
        for one in hits:
            mine = next((d for d in documents if one.stored.id in [stored.id for stored in d]), ())
            at = one.chunk.ordinal
            near.append([stored for stored in mine if at - REACH <= stored.chunk.ordinal <= at + REACH + 2])
        return near

    return found


def ordinals(passage):
    """Which chunks' own text is in it, once each."""
    return [n for n in range(40) if f"begins {n}." in passage.chunk.text]


def test_a_passage_is_widened_on_both_sides_without_repeating_what_its_chunks_share():
    chunks = document(9)
    (wide,) = widen("?", [hit(chunks[4])], around(chunks), PLENTY)
    assert ordinals(wide) == [2, 3, 4, 5, 6]
    assert all(wide.chunk.text.count(f"ends {n}.") == 1 for n in range(1, 7))
    assert (wide.score, wide.stored.id) == (1.0, chunks[2].id)


def test_at_the_edges_of_a_document_there_is_less():
    chunks = document(4)
    first, last = widen("?", [hit(chunks[0]), hit(chunks[3])], around(chunks), PLENTY)
    assert (ordinals(first), ordinals(last)) == ([0, 1, 2], [3])


def test_what_lies_between_two_passages_goes_to_the_better_one_and_numbers_stay():
    chunks = document(9)
    better, worse = widen("?", [hit(chunks[5]), hit(chunks[3])], around(chunks), PLENTY)
    assert (ordinals(better), ordinals(worse)) == ([4, 5, 6, 7], [1, 2, 3])


def test_what_two_passages_share_where_they_meet_is_read_once():
    chunks = document(9)
    wide = widen("?", [hit(chunks[5]), hit(chunks[3])], around(chunks), PLENTY)
    text = " ".join(passage.chunk.text for passage in wide)
    assert [n for n in range(1, 8) if text.count(f"ends {n}.") != 1] == []


def test_what_was_found_is_never_cut():
    chunks = document(9)
    wide = widen("?", [hit(chunks[3]), hit(chunks[5])], around(chunks), PLENTY)
    assert chunks[3].chunk.text in wide[0].chunk.text
    assert chunks[5].chunk.text in wide[1].chunk.text


def test_a_tables_header_is_kept_in_both_passages():
    header = "Year\tSales\n"
    rows = [StoredChunk(n, Chunk("t.csv", n, f"{header}{2000 + n}\t{n}\n", overlap=len(header))) for n in range(8)]
    wide = widen("?", [hit(rows[1]), hit(rows[4])], around(rows), PLENTY)
    assert all(passage.chunk.text.count(header) == 1 for passage in wide)


def test_the_best_passage_has_what_room_there_is():
    one, other = document(9), document(9, "b.md", 100)
    hits = [hit(one[4]), hit(other[4])]
    bare = count_message_tokens(build_messages("?", hits))
    first, second = widen("?", hits, around(one, other), bare + 70)
    assert len(ordinals(first)) > 1
    assert ordinals(second) == [4]


def test_a_passage_of_merged_neighbours_is_widened_around_all_of_them():
    chunks = document(9)
    (merged,) = merge_neighbours([hit(chunks[3]), hit(chunks[4])])
    (wide,) = widen("?", [merged], around(chunks), PLENTY)
    assert ordinals(wide) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("other", [{"page": 8}, {"page_end": 8}, {"section": "Other"}])
def test_a_passage_stays_on_its_page_and_in_its_section(other):
    chunks = document(5, page=7, page_end=7, section="Care")
    chunks[3] = replace(chunks[3], chunk=replace(chunks[3].chunk, **other))
    (wide,) = widen("?", [hit(chunks[2])], around(chunks), PLENTY)
    assert ordinals(wide) == [0, 1, 2]
    assert wide.chunk.page == 7


def test_a_passage_whose_document_has_changed_meanwhile_stays_as_it_was():
    chunks = document(5)
    changed = [replace(stored, chunk=replace(stored.chunk, text="New.")) for stored in chunks]
    for near in (changed, []):
        assert widen("?", [hit(chunks[2])], around(near), PLENTY) == (hit(chunks[2]),)


def test_passages_that_are_too_long_already_are_left_alone():
    chunks = document(5)
    assert widen("?", [hit(chunks[2])], around(chunks), 10) == (hit(chunks[2]),)


@given(places=st.lists(st.integers(0, 14), min_size=1, max_size=6, unique=True), budget=st.integers(0, 1500))
def test_nothing_is_read_twice_the_order_stays_and_the_budget_holds(places, budget):
    chunks = document(15)
    hits = merge_neighbours([hit(chunks[place]) for place in places])[:4]
    wide = widen("How?", hits, around(chunks), budget)
    read = [ordinal for passage in wide for ordinal in ordinals(passage)]
    assert len(read) == len(set(read))
    assert all(set(ordinals(before)) <= set(ordinals(after)) for before, after in zip(hits, wide, strict=True))
    messages = (count_message_tokens(build_messages("How?", passages)) for passages in (hits, wide))
    bare, size = messages
    assert size <= max(bare, budget)
