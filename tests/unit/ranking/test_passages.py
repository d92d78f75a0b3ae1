import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.index.lexical.entry import term_key
from rag.ranking.passages import Candidate, choose, find_reprints, merge_neighbours
from rag.types import Chunk, ScoredChunk, StoredChunk


def hit(id_, score, source="a.md", ordinal=0, text="text", page=None, overlap=0, section=""):
    chunk = Chunk(source, ordinal, text, section=section, page=page, overlap=overlap)
    return ScoredChunk(StoredChunk(id_, chunk), score)


def candidate(id_, score, words, source):
    return Candidate(id_, source, score, np.array(list(map(term_key, words.split())), np.uint32))


def chosen(ranking, top_k, diversity=0.0):
    return [found.id for found in choose(ranking, top_k, diversity)]


def test_the_best_are_chosen_in_order():
    ranking = [candidate(n, 10 - n, f"w{n}", f"{n}.md") for n in range(5)]
    assert chosen(ranking, 3) == [0, 1, 2]


def test_a_repetition_in_another_document_is_shown_once():
    text = " ".join(f"w{n}" for n in range(40))
    ranking = [candidate(1, 9, text, "a.md"), candidate(2, 8, text + " 2024", "b.md"), candidate(3, 7, "other", "c.md")]
    assert chosen(ranking, 3) == [1, 3]


def test_one_document_leaves_places_to_others_that_are_nearly_as_good():
    ranking = [candidate(n, 10 - n / 10, f"w{n}", "a.md") for n in range(6)] + [candidate(9, 9, "x", "b.md")]
    assert chosen(ranking, 4) == [0, 1, 9, 2]


def test_one_document_keeps_all_places_if_it_is_much_better():
    ranking = [candidate(n, 10 - n / 10, f"w{n}", "a.md") for n in range(6)] + [candidate(9, 2, "x", "b.md")]
    assert chosen(ranking, 4) == [0, 1, 2, 3]


@given(
    st.lists(st.tuples(st.floats(-5, 50), st.sampled_from("abc"), st.sampled_from("uvwxyz"))),
    st.sampled_from([0.0, 0.6]),
)
def test_scores_stand_in_the_order_of_the_ranks(passages, diversity):
    ranked = sorted(passages, reverse=True)
    ranking = [candidate(n, score, f"{word} w{n % 5}", source) for n, (score, source, word) in enumerate(ranked)]
    scores = [found.score for found in choose(ranking, 8, diversity)]
    assert scores == sorted(scores, reverse=True)


def test_diversity_prefers_what_is_unlike_the_chosen():
    ranking = [candidate(1, 10, "a b c d", "1"), candidate(2, 9, "a b c e", "2"), candidate(3, 7, "x y z", "3")]
    assert chosen(ranking, 2, diversity=0.8) == [1, 3]
    assert chosen(ranking, 2) == [1, 2]


def test_passages_without_words_are_not_repetitions_of_each_other():
    assert len(choose([candidate(1, 2, "", "1"), candidate(2, 1, "", "2")], 5)) == 2


def test_neighbours_on_a_page_become_one_passage_without_the_overlap():
    first, second = hit(1, 3, text="One. Two.", page=4), hit(2, 5, ordinal=1, text="Two. Three.", page=4, overlap=4)
    (merged,) = merge_neighbours([second, first])
    assert (merged.chunk.text, merged.stored.id, merged.score) == ("One. Two. Three.", 1, 5)


def test_the_white_space_between_what_is_repeated_and_what_follows_is_kept():
    first, second = hit(1, 3, text="One. Two."), hit(2, 5, ordinal=1, text="Two. Three.", overlap=5)
    table, rows = hit(3, 2, text="| a |\n| 1 |", source="t"), hit(4, 1, "t", 1, "| a |\n| 2 |", overlap=6)
    assert [merged.chunk.text for merged in merge_neighbours([first, second, table, rows])] == [
        "One. Two. Three.",
        "| a |\n| 1 |\n| 2 |",
    ]


def test_three_in_a_row_are_joined_whatever_their_rank():
    hits = [hit(2, 9, ordinal=1, text="B"), hit(3, 8, ordinal=2, text="C"), hit(1, 7, ordinal=0, text="A")]
    (merged,) = merge_neighbours(hits)
    assert merged.chunk.text == "A\nB\nC"


def test_passages_of_other_pages_sections_or_documents_stay_apart():
    hits = [
        hit(1, 9, page=1),
        hit(2, 8, ordinal=1, page=2),
        hit(3, 7, ordinal=2, page=2, section="Other"),
        hit(4, 6, source="b.md", ordinal=3, page=2),
    ]
    assert [found.stored.id for found in merge_neighbours(hits)] == [1, 2, 3, 4]


def test_a_reprint_of_another_document_with_another_number_is_known_beside_the_hits():
    words = " ".join(f"word{number}" for number in range(30))
    ranking = [
        candidate(1, 3, f"{words} 120", "fees-2023"),
        candidate(2, 2, f"{words} 135", "fees-2025"),
        candidate(3, 1, f"{words} 120", "copy"),
    ]
    chosen = choose(ranking, 2)
    assert [one.id for one in chosen] == [1]
    assert [one.id for one in find_reprints(ranking, chosen, 3)] == [2]
