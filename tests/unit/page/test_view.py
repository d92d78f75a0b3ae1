from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from page.view import (
    JOINER,
    MarkerStream,
    describe_place,
    escape_markdown,
    link_markers,
    make_cards,
    remove_foreign_links,
)
from rag.types import Chunk, Citation, ScoredChunk, StoredChunk
from tests.attacks import ATTACKS

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


def show_by_pieces(pieces, passages=2):
    stream = MarkerStream()
    return [stream.add(piece, passages) for piece in pieces]


@pytest.mark.parametrize("half", ["[1", "[1, ", "[1\n", "[ 1", "`", "``"])
def test_half_a_marker_is_held_back_while_streaming(half):
    assert show_by_pieces([f"Yes {half}"]) == ["Yes "]


def test_what_was_held_back_is_shown_as_soon_as_it_is_decided():
    assert show_by_pieces(["Yes [1", ", 2", "], no [", "x] `a[", "1]`", " [1]"]) == [
        "Yes ",
        "",
        f"[1]{JOINER}[2]{JOINER}, no ",
        "[x] `a",
        "[1]",
        f"` [1]{JOINER}",
    ]


@given(st.lists(answers))
def test_an_answer_in_pieces_is_shown_as_it_is_in_one(pieces):
    assert "".join(show_by_pieces([*pieces, "."])) == "".join(show_by_pieces(["".join(pieces), "."]))


@given(st.lists(st.sampled_from(["word ", "[1]", "[2, 1]", "[7]", "`a[1]` ", "``b ` [1]`` ", "```\nc[1]\n```\n"])))
def test_the_complete_answer_is_what_its_pieces_showed(pieces):
    assert "".join(show_by_pieces([*pieces, " "])) == link_markers("".join(pieces) + " ", 2)


HOSTILE = {
    "backticks": "".join("`" * length + " " for length in range(1, 1_500)),
    "open brackets": "[1, " * 250_000,
    "a marker without an end": "[" + "1, " * 300_000,
    "code without an end": "`" + "[1] " * 250_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_million_hostile_characters_are_shown_at_once_and_by_pieces(text):
    """Whatever takes more than linear time here doesn't end within the limit of a test."""
    size = 50
    shown = show_by_pieces(text[start : start + size] for start in range(0, len(text), size))
    assert min(len("".join(shown)) + 1_500, len(link_markers(text, 2))) >= len(text)


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


def test_a_card_shows_the_quote_and_the_text_alike_without_what_nobody_sees_and_its_address_is_faithful():
    text = "The ta\u200bnk \u202eholds\u202c 1.8 lit\u00adres."
    quoted = Citation(1, "a\u202efdp.md", None, "\u202eholds\u202c 1.8", section="A\x1b[1mB", text=text)
    card = make_cards([hit("a.md")], [quoted])[0]
    assert (card["quote"], card["text"]) == ("holds 1.8", "The tank holds 1.8 litres.")
    assert (card["source"], card["section"]) == ("a‹U+202E›fdp.md", "AB")
    assert card["url"] == "/corpus/a%E2%80%AEfdp.md"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_quote_is_found_in_the_text_of_its_card_whatever_they_hold(attack):
    text = f"Before {attack.text} after."
    for start in range(0, len(text), 3):
        card = make_cards([hit("a.md")], [Citation(1, "a.md", None, text[start:], text=text)])[0]
        assert card["quote"] in card["text"]
        assert not [trace for trace in attack.for_all if trace in card["text"] and not trace.isprintable()]


@pytest.mark.parametrize("pieces", [["So![1](u)"], ["So!", "[1](u)"], ["So![", "1](u)"], ["So\\!", "[1](u)"]], ids=repr)
def test_an_image_becomes_a_link(pieces):
    shown = "".join(show_by_pieces([*pieces, " "]))
    assert "![" not in shown
    assert shown == link_markers("".join(pieces) + " ", 2)


def test_a_sentence_with_a_hostile_name_is_shown_as_just_that():
    assert escape_markdown("**e**[x](y)<b>!") == r"\*\*e\*\*\[x\](y)\<b\>\!"


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
