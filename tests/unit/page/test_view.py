from __future__ import annotations

from page.view import describe_place, make_cards, remove_foreign_links
from rag.types import Chunk, Citation, ScoredChunk, StoredChunk


def hit(source, page=None):
    return ScoredChunk(StoredChunk(1, Chunk(source, 0, "The whole passage.", page=page)), 1.0)


def test_a_card_of_a_cited_passage_has_its_quote_and_the_others_have_none():
    quoted = Citation(2, "b.md", None, "whole", text="The whole passage.")
    assert [card["quote"] for card in make_cards([hit("a.md"), hit("b.md")], [quoted])] == ["", "whole"]


def test_a_card_leads_to_the_reader_at_its_page_and_passage():
    cards = make_cards([hit("a b#.pdf", 3), hit("b.md")], [])
    assert [card["reader"] for card in cards] == ["/read/a%20b%23.pdf?page=3&passage=0", "/read/b.md?passage=0"]


def test_a_source_with_spaces_and_umlauts_has_a_valid_address():
    assert make_cards([hit("Pläne/a b#.md")], [])[0]["url"] == "/corpus/Pl%C3%A4ne/a%20b%23.md"


def test_a_card_shows_the_quote_without_what_nobody_sees_and_its_address_is_faithful():
    text = "The ta\u200bnk \u202eholds\u202c 1.8 lit\u00adres."
    quoted = Citation(1, "a\u202efdp.md", None, "\u202eholds\u202c 1.8", section="A\x1b[1mB", text=text)
    card = make_cards([hit("a.md")], [quoted])[0]
    assert card["quote"] == "holds 1.8"
    assert (card["source"], card["section"]) == ("a‹U+202E›fdp.md", "AB")
    assert card["url"] == "/corpus/a%E2%80%AEfdp.md"


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
