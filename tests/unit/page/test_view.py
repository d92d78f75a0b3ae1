from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from page.view import JOINER, describe_place, link_markers, make_cards, remove_foreign_links
from rag.types import Chunk, Citation, ScoredChunk, StoredChunk

answers = st.lists(st.sampled_from(["[", "]", "1", "2", "9", ",", " ", "`", "``", "```\n", "word ", "\n"])).map("".join)


def test_a_marker_becomes_the_name_of_its_link():
    assert link_markers("Yes [1].", 1) == f"Yes [1]{JOINER}."


def test_a_marker_of_several_numbers_becomes_one_link_for_each():
    assert link_markers("Yes [1, 2].", 2) == f"Yes [1]{JOINER}[2]{JOINER}."


def test_a_marker_without_a_passage_stays_as_it_is():
    assert link_markers("Yes [1, 7] and [0].", 2) == "Yes [1, 7] and [0]."


def test_code_is_left_alone():
    text = "`argv[1]` and ``a ` [1]`` and\n```\nrow[1]\n```\n"
    assert link_markers(text + "so [1]", 1) == f"{text}so [1]{JOINER}"


def test_a_stray_backtick_hides_no_marker_once_the_answer_is_complete():
    assert link_markers("5 o`clock [1]", 1) == f"5 o`clock [1]{JOINER}"


@pytest.mark.parametrize("half", ["[1", "[1, ", "[1\n", "[ 1"])
def test_half_a_marker_is_held_back_while_streaming(half):
    assert link_markers(f"Yes {half}", 1, is_streaming=True) == "Yes "


@given(answers)
def test_what_is_shown_while_streaming_only_ever_grows(text):
    shown = [link_markers(text[:end], 2, is_streaming=True) for end in range(len(text) + 1)]
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))


@given(answers)
def test_without_the_joiners_nothing_but_the_form_of_markers_changes(text):
    def plain(answer):
        return answer.replace(JOINER, "").replace("][", ",").replace(" ", "")

    assert plain(link_markers(text, 2)) == plain(text)


def hit(source, page=None):
    return ScoredChunk(StoredChunk(1, Chunk(source, 0, "The whole passage.", page=page)), 1.0)


def test_a_card_of_a_cited_passage_has_its_quote_and_the_others_have_none():
    quoted = Citation(2, "b.md", None, "whole", text="The whole passage.")
    assert [card["quote"] for card in make_cards([hit("a.md"), hit("b.md")], [quoted])] == ["", "whole"]


def test_only_a_pdf_has_a_page_to_show():
    assert [card["page"] for card in make_cards([hit("a.PDF", 3), hit("b.pptx", 3)], [])] == [3, None]


def test_a_source_with_spaces_and_umlauts_has_a_valid_address():
    assert make_cards([hit("Pläne/a b#.md")], [])[0]["url"] == "/corpus/Pl%C3%A4ne/a%20b%23.md"


def test_a_place_tells_the_printed_number_where_it_differs():
    assert describe_place(Citation(1, "a.pdf", 4, "", label="iv")) == "page iv (4)"


def test_a_place_is_called_what_the_document_calls_it():
    assert describe_place(Citation(1, "a.pptx", 4, "", page_kind="slide")) == "slide 4"


def test_a_text_without_pages_has_no_place():
    assert describe_place(Citation(1, "a.md", None, "")) == ""


def test_links_to_other_hosts_are_taken_out_and_our_own_stay():
    html = (
        '<link rel="icon" href="/favicon"><link\n href="https://fonts.example/css?a=b" rel="stylesheet"/><p>https://x'
    )
    assert remove_foreign_links(html) == '<link rel="icon" href="/favicon"><p>https://x'
