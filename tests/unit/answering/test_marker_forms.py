from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.marker_forms import MarkerReader
from rag.types import Chunk, ScoredChunk, StoredChunk
from tests.growth import check_linear

FILES = (("manuals/kettle-manual.pdf", 4), ("other.md", None), ("manuals/kettle-manual.pdf", 9))
HITS = [
    ScoredChunk(StoredChunk(i, Chunk(source, i, "The guarantee lasts for 36 months.", page=page)), 1.0)
    for i, (source, page) in enumerate(FILES)
]
MONTHS = "The guarantee lasts for 36 months"


def read(text: str, *, given: str = "[1] manuals/kettle-manual.pdf, page 4", size: int = 1) -> str:
    reader = MarkerReader(HITS, given)
    return "".join([*(reader.take(text[at : at + size]) for at in range(0, len(text), size)), reader.end()])


@pytest.mark.parametrize(
    "form",
    [
        *("{1}", "{{1}}", "[@1]", "〖1〗", "⟦1⟧", "⟨1⟩", "<1>", "(1)", "（1）", "«1»", "\\[1\\]"),
        *("[^1^]", "[**1**]", "[1:2]", "[kettle-manual.pdf]"),
        *("[doc_1]", "[S1]", "[P1]", "[ID 1]", "[id: 1]", "[chunk 1]", "[Text 1]", "[Auszug 1]", "[see 1]", "[cf. 1]"),
        *("[passage_1]", "[passage-1]", "[Source: Passage 1]", "【1:0†source】", "[1, page 4]", "[Passage 1, p. 4]"),
        *("[1: kettle-manual.pdf]", "[1, kettle-manual.pdf, page 4]", "[document 1, section 2]"),
        *("(Passage 1)", "(Source 1)", "(source: 1)", "(see passage 1)", "(vgl. Quelle 1)", "(Passage 1, page 4)"),
        *("(出典1)", "（来源：1）", "¹", "^1^", "$^{1}$", "<sup>1</sup>", "<sup>[1]</sup>", "\\cite{1}"),
        *("<source>1</source>", '<ref name="1"/>', '<source id="1">', "(kettle-manual.pdf, page 4)"),
        *("[Source: manuals/kettle-manual.pdf]", "【kettle-manual.pdf†source】"),
        *("— Passage 1", "– source 1"),
        *("[[1]]", "[[source:1]]", "[1](https://a.example/x)", "[[1]](#1)", "[1](kettle-manual.pdf)", "①"),
        "$^{[1]}$",
    ],
)
def test_each_way_to_name_a_source_becomes_ours(form: str):
    joined = "" if form[0] in "¹^$" else " "
    for size in (1, 3, 1000):
        assert read(f"{MONTHS}{joined}{form}. And more.", size=size) == f"{MONTHS} [1]. And more."


@pytest.mark.parametrize(
    ("form", "ours"),
    [
        ("{1, 2}", "[1, 2]"),
        ("{1}{2}", "[1][2]"),
        ("[1 or 2]", "[1, 2]"),
        ("[1 2]", "[1, 2]"),
        ("(Passages 1 and 3)", "[1, 3]"),
        ("^1", "[1]"),
        ("①②", "[1, 2]"),
        ("¹²", "[1, 2]"),
        ("¹,³", "[1, 3]"),
        ("(kettle-manual.pdf, page 9)", "[3]"),
        ("(other.md)", "[2]"),
    ],
)
def test_several_sources_and_files_are_told_apart(form: str, ours: str):
    assert read(f"{MONTHS} {form}.".replace(" ¹", "¹")) == f"{MONTHS} {ours}."


@pytest.mark.parametrize(
    "text",
    [
        f"{MONTHS} [1], [2], [3-4] and [1 and 2].",
        "Press (1) then (2) to start, as (a) says.",
        "1. Press\n(1) press\n(2) hold (see page 1).",
        "`x = {1}` and print(1). f(2).",
        "See <https://a.b> and <b>bold</b>; 1 <2> 3.",
        "50 m², 10² km², x² + y² and x^2^; $1 to $2.",
        "The set {1} is open, {1, 2} too; array[1, n].",
        "In (2019), (9), [Figure 1], [Step 2], [p. 1] and [Page 2].",
        "The tap — Passage 1 of the ship — is shut, says – as ever – the sailor.",
        "① Press it, then ② wait. 2 ^3 and x^1 too; [a](https://b.c).",
        f"{MONTHS} [1] (or longer).",
        "A long (parenthesis with a file.pdf that nobody has).",
        "An open { and ( and [ and < and ^ and \\ at the end \\",
    ],
)
def test_what_means_something_else_stays(text: str):
    assert read(text) == read(text, size=1000) == text


@pytest.mark.parametrize(
    "listed",
    [
        "Sources:\n[1] kettle-manual.pdf, page 4",
        "**Sources:**\n\n- [1] manuals/kettle-manual.pdf\n- [2] A title of its own",
        "References\n1. kettle-manual.pdf, page 4\n2. other.md",
        "[^1]: kettle-manual.pdf, page 4",
        "[1]: kettle-manual.pdf, page 4\n[2]: other.md",
        "Source: Passage 1",
        "(Source: kettle-manual.pdf)",
        "Quelle: [1]",
        "*Source: kettle-manual.pdf, page 4*",
        "## Sources\n* Passage 1",
    ],
)
def test_a_list_of_sources_below_the_answer_is_no_part_of_it(listed: str):
    for size in (1, 5, 1000):
        assert read(f"{MONTHS} [1].\n\n{listed}", size=size) == f"{MONTHS} [1]."
        assert read(f"{MONTHS}.\n{listed}\n", size=size).startswith(f"{MONTHS}. [1")


@pytest.mark.parametrize("said", ["Sources of heat are listed in it.", "Source: the manual says so.", "Source:\n- gas"])
def test_an_answer_about_sources_is_kept(said: str):
    assert read(f"{MONTHS} [1].\n{said}") == f"{MONTHS} [1].\n{said}"


@pytest.mark.parametrize("form", ["{1}", "(1)", "«1»", "[S1]", "<1>"])
def test_what_the_documents_say_themselves_is_no_marker(form: str):
    text = f"Press the button {form}."
    assert read(text, given=f"Press the button {form}, then wait.") == text


def test_a_marker_is_shown_as_soon_as_it_is_one():
    reader = MarkerReader(HITS, "")
    assert [reader.take(piece) for piece in (MONTHS, " [", "1]", " (Pass", "age 2) ", "x")] == [
        *(MONTHS, " ", "[1]", " ", "", "[2] x"),
    ]


@given(text=st.text(alphabet="[](){}<>12¹² .,abc`$^\\\n", max_size=60), size=st.integers(1, 7))
def test_pieces_make_no_difference_and_nothing_else_is_changed(text: str, size: int):
    whole = read(text, size=10_000)
    assert read(text, size=size) == whole
    assert "".join(c for c in whole if c in "abc`\n") == "".join(c for c in text if c in "abc`\n")


@pytest.mark.parametrize("piece", ["(", "[1", "{1} ", "<sup>", "¹", "(Passage 1", " ", "$^", "\\cite{", "(a.b ", "1, "])
def test_a_long_text_takes_time_by_its_length(piece: str):
    check_linear(lambda length: read(piece * (length // len(piece)), size=8), 500)
