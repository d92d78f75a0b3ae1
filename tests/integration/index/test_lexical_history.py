"""Scores and order by words are those of the live chunks, whatever else the lexical index has held."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from tantivy import Occur, Query

from rag.index.lexical.entry import LexicalEntry, make_schema, open_folder
from rag.index.lexical.index import LexicalIndex

WORDS = [f"{first}{second}" for first in ("bar", "dol", "fen", "gil", "kom", "lun") for second in ("ak", "od", "ur")]
QUESTIONS = ["barak", "dolod fenur", "gilak komod lunur barur dolak", "barak zeppelin"]


def make_entry(number: int, *, longest: int = 400) -> LexicalEntry:
    rng = random.Random(number)
    weights = [1 / (1 + place) for place in range(len(WORDS))]
    text = " ".join(rng.choices(WORDS, weights, k=rng.randint(1, longest)))
    return LexicalEntry(number, f"folder/{number // 3}.txt", number % 3, "", "", text, "en")


def make_index(folder, *steps: tuple[Iterable[LexicalEntry], Iterable[int]]) -> LexicalIndex:
    """Each step adds and removes in one commit."""
    index = LexicalIndex(folder)
    for entries, dead in steps:
        index.add(entries)
        index.remove(dead)
        index.commit()
    return index


def find(index: LexicalIndex, question: str, limit: int) -> list[tuple[int, object]]:
    return [(hit.id, pytest.approx(hit.score, rel=1e-6)) for hit in index.search(question, limit)]


def test_scores_are_tantivy_s_while_nothing_is_deleted(tmp_path):
    index = make_index(tmp_path, (map(make_entry, range(300)), ()))
    schema = make_schema()
    searcher = open_folder(schema, tmp_path).searcher()
    for question in QUESTIONS:
        terms = [Query.term_query(schema, "terms", term.text) for term in index.find_terms(question)]
        query = Query.boolean_query([(Occur.Should, term) for term in terms])
        theirs = [score for score, _ in searcher.search(query, 100).hits]
        assert [hit.score for hit in index.search(question, 100)] == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("limit", [1, 10, 100])
def test_what_was_deleted_leaves_no_trace(tmp_path, limit):
    live = [make_entry(number) for number in range(300)]
    dead = [make_entry(number, longest=40) for number in range(300, 900)]
    mixed = [*live[:150], *dead[:500], *live[150:250], *dead[500:]]
    old = make_index(
        tmp_path / "old", (mixed, ()), (live[250:], [entry.id for entry in dead[:-1]]), ((), [dead[-1].id])
    )
    fresh = make_index(tmp_path / "fresh", (reversed(live), ()))
    for question in QUESTIONS:
        assert old.find_terms(question) == fresh.find_terms(question)
        assert find(old, question, limit) == find(fresh, question, limit)
    assert old.languages == fresh.languages


def test_of_equal_chunks_the_same_are_found_in_whatever_order_they_came(tmp_path):
    first, second = (
        [LexicalEntry(id_, f"{number}.txt", 1, "", "", "the ferry leaves", "en") for number, id_ in enumerate(ids)]
        for ids in (range(300), range(300, 0, -1))
    )
    came_first = make_index(tmp_path / "first", (first, ()))
    came_last = make_index(tmp_path / "second", (second[200:], ()), (second[:200], ()))
    places = [
        [300 - hit.id for hit in came_last.search("ferry", 10)],
        [hit.id for hit in came_first.search("ferry", 10)],
    ]
    assert len(places[0]) == 10
    assert places[0] == places[1]


def test_a_chunk_put_back_alone_is_not_taken_for_its_document_s_first(tmp_path):
    entries = [LexicalEntry(number, "ferry.txt", number, "", "", f"harbour {number}", "en") for number in range(4)]
    repaired = make_index(tmp_path / "repaired", (entries[:2], ()), (entries[3:], ()), (entries[2:3], ()))
    fresh = make_index(tmp_path / "fresh", (entries, ()))
    assert find(repaired, "ferry harbour", 10) == find(fresh, "ferry harbour", 10)
    assert repaired.read_context("ferry.txt") == fresh.read_context("ferry.txt")
