"""What changed of the passages that an answer cites."""

from __future__ import annotations

import pytest

from page.conversations.aging import find_changes, list_missing
from page.suggestions import suggest_topics

ROOF = "The soil on the roof is 25 centimetres deep. Nothing with a tap root does well there."
SOURCE = {"number": 1, "source": "notes.txt", "url": "/corpus/my%20notes.txt", "quote": ROOF}
PROPS = {"cited": [1], "sources": [SOURCE, SOURCE | {"number": 2, "quote": "Never cited."}]}


def read(text: str | None):
    return {"my notes.txt": text}.get


@pytest.mark.parametrize("text", [ROOF, f"# Roof\n\n{ROOF.replace(' ', chr(10))}\n\nAnd more."])
def test_a_passage_that_still_stands_there_has_not_changed(text: str):
    assert find_changes(PROPS, read(text)) == []


def test_a_changed_sentence_is_shown_with_what_changed_in_it():
    (change,) = find_changes(PROPS, read(ROOF.replace("25", "40")))
    assert (change["number"], change["kind"]) == (1, "changed")
    assert ["old", "25"] in change["parts"]
    assert ["new", "40"] in change["parts"]


def test_a_sentence_that_nothing_took_the_place_of_is_shown_as_gone():
    (change,) = find_changes(PROPS, read("Nothing with a tap root does well there."))
    assert change["parts"] == [["old", "The soil on the roof is 25 centimetres deep."]]


def test_a_document_that_is_gone_is_said():
    (change,) = find_changes(PROPS, read(None))
    assert (change["kind"], change["source"]) == ("gone", "notes.txt")


def test_what_was_not_found_when_the_answer_was_written_is_no_change():
    shown = {"cited": [1], "sources": [SOURCE | {"quote": f"A title of ours.\n{ROOF}"}]}
    missing = list_missing(shown, read(ROOF))
    assert missing == ["A title of ours."]
    assert find_changes(shown, read(ROOF), missing) == []


def test_topics_are_other_headings_of_the_cited_documents():
    sections = ["Care", "Kettle > Descaling", "Care", "Kettle > Descaling", "1.2", "Guarantee:", "x" * 90]
    sources = [{"number": number, "section": name, "source": "a"} for number, name in enumerate(sections, start=1)]
    sources.append({"number": 9, "section": "Another matter", "source": "b"})
    assert suggest_topics({"cited": [1], "sources": sources}) == ["Descaling", "Guarantee"]
