from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.answering.citations import (
    MARKER,
    UNFINISHED_MARKER,
    blot_markers,
    cite_sources,
    defuse_markers,
    find_markers,
    find_quote,
    find_unknown_markers,
)
from rag.answering.prompt import build_messages
from rag.types import Chunk, ScoredChunk, StoredChunk
from tests.growth import check_linear

BOILER = "The tank holds 1.8 litres. Descale the boiler every 90 days. Use citric powder, never vinegar."
LEAVE = "# Leave\n\nEmployees get 27 days of paid vacation.\nTravel expenses are due within 14 days."


def some_hits(*texts: str) -> list[ScoredChunk]:
    return [
        ScoredChunk(StoredChunk(i, Chunk(f"{i}.md", 0, text, section="S", page=i + 1), "en", "iv", "page"), 1.0)
        for i, text in enumerate(texts)
    ]


HITS = some_hits(BOILER, LEAVE)


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        ("Every 90 days [1].", [1]),
        ("Every 90 days.[1] And 27 days. [2]", [1, 2]),
        ("Both [2][1].", [2, 1]),
        ("Both [1, 2].", [1, 2]),
        ("Both [1;2] and [ 1 ].", [1, 2]),
        ("全角【2】", [2]),
        ("Both [1-2], not [1-99].", [1, 2]),
        ("Every 90 days [^1].\n\n[^1]: 0.md", [1]),
        ("Beide [Quelle 2].", [2]),
        ("Entrambi [vedi 2], zie [alinea 1], [source nº 2].", [2, 1]),
        ("[cite:2] [文献1] 【资料2】 [パッセージ1]", [2, 1]),
        ("Years [2019-2021], [Figure 1] and (1).", []),
        ("Again [1] and [1].", [1]),
        ("Nothing [0] [3] [999] [1000] [x] [] [1.", []),
        ("", []),
        ("[" + "9" * 5000 + "]", []),
    ],
)
def test_markers_become_citations_in_the_order_of_first_use(answer: str, numbers: list[int]):
    assert [citation.number for citation in cite_sources(answer, HITS)] == numbers


def test_a_citation_carries_all_that_is_needed_to_find_its_place():
    (citation,) = cite_sources("Every 90 days [1].", HITS)
    assert (citation.source, citation.page, citation.section, citation.label) == ("0.md", 1, "S", "iv")
    assert citation.text == BOILER


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ("Descale it every 90 days [1].", "Descale the boiler every 90 days."),
        ("Descale it every 90 days.[1] The rest is silence.", "Descale the boiler every 90 days."),
        ("Vinegar must not be used. [1]", "Use citric powder, never vinegar."),
        ("According to [1], descale it every 90 days.", "Descale the boiler every 90 days."),
        ("It has 1.8 litres [1].", "The tank holds 1.8 litres."),
        ("Employees have 27 days of vacation [2].", "Employees get 27 days of paid vacation."),
    ],
)
def test_the_quote_is_the_sentence_that_supports_the_claim(answer: str, quote: str):
    assert [citation.quote for citation in cite_sources(answer, HITS)] == [quote]


def test_claims_at_several_markers_of_one_passage_are_quoted_together():
    (citation,) = cite_sources("Descale the boiler every 90 days [1]. Use citric powder [1].", HITS)
    assert citation.quote == "Descale the boiler every 90 days. Use citric powder, never vinegar."


def test_japanese_is_quoted_by_the_sentence():
    (hit,) = some_hits("東京は日本の首都です。人口は約1400万人です。")
    assert find_quote(hit.chunk.text, "人口は1400万人", "ja") == "人口は約1400万人です。"


def test_markers_without_a_passage_are_reported_once_each():
    assert find_unknown_markers("a [1] b [7] c [3, 7] d [0]", HITS) == (0, 3, 7)


texts = st.text(alphabet=st.sampled_from("abcd .!?\n|-#。あい[]12,"), max_size=120)


@given(answer=texts, passages=st.lists(texts, max_size=4))
def test_citations_point_at_a_real_passage_and_quote_it_word_for_word(answer: str, passages: list[str]):
    hits = some_hits(*passages)
    for citation in cite_sources(answer, hits):
        assert 1 <= citation.number <= len(hits)
        assert citation.quote in hits[citation.number - 1].chunk.text


@given(passage=st.text(max_size=200), claim=st.text(max_size=80))
def test_a_quote_is_always_a_piece_of_its_passage(passage: str, claim: str):
    quote = find_quote(passage, claim)
    assert quote in passage
    assert bool(quote) == bool(passage.strip()) or "|" in passage


INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u061c\u180e\u202e\u3164\ufe0f\x00\x1b\x7f\U000e0031"
BUILDING_BLOCKS = list("[]【】［］〔〕()0123456789١２३,;，、† \t\n\r\x1c\x85\xa0\u2003\u2028\u3000ax#:") + list(
    INVISIBLE
)
NEARLY_MARKERS = [
    "[1]",
    "[ 2 ]",
    "【 3 】",
    "[1, 2]",
    "[[1]2]",
    "【3†source】",
    "[１]",
    "[1\u200b2]",
    "[",
    "]",
    "[^1",
    "Passage ",
    " and ",
    "-",
]

anything = st.text(max_size=60)
nearly_markers = st.lists(st.sampled_from(BUILDING_BLOCKS + NEARLY_MARKERS), max_size=40).map("".join)
marked_texts = anything | nearly_markers


def strip_invisible(text: str) -> str:
    return "".join(c for c in text if c not in INVISIBLE and unicodedata.category(c) not in ("Cf", "Mn"))


def has_marker(text: str) -> bool:
    return next(find_markers(text), None) is not None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("[1]", [(1,)]),
        ("[ 2 ]", [(2,)]),
        ("【 3 】", [(3,)]),
        ("[1, 2;3]", [(1, 2, 3)]),
        ("[1\n]", [(1,)]),
        ("[1][2]", [(1,), (2,)]),
        ("[[7]]", [(7,)]),
        ("[２]", [(2,)]),
        ("[1】", [(1,)]),
        ("［1］ 〔2〕 【3†source】 【4†L1-L9】", [(1,), (2,), (3,), (4,)]),
        (
            "[^1] [#2] [Passage 3] [Source: 4] [Passages 5 and 6] [Ref. 7, ref. 8]",
            [(1,), (2,), (3,), (4,), (5, 6), (7, 8)],
        ),
        ("[1-3] [2–3] [3-1] [1-99]", [(1, 2, 3), (2, 3), (3, 1), (1, 99)]),
        ("[1 und 2] [1, 2 et 3] [1 y 2] [1 e 2] [1 en 2] [1 og 2]", [(1, 2), (1, 2, 3), *[(1, 2)] * 4]),
        ("[1 и 2] [1と2] [1、2] [1和2] [1 및 2] [1 & 2]", [(1, 2)] * 6),
        ("[Passage 1, 2 & 4]", [(1, 2, 4)]),
        ("[] [x] [1 [2023] [1,] (1) 1] [12:30] [Figure 3] [2019-2021] [and 2] [1 2]", []),
        (f"[{', '.join('1' * 17)}]", []),
    ],
)
def test_what_counts_as_a_marker(text: str, numbers: list[tuple[int, ...]]):
    assert [marker.numbers for marker in find_markers(text)] == numbers


@pytest.mark.parametrize(
    ("text", "defused"),
    [
        ("[1]", "(1)"),
        ("[ 2 ]", "( 2 )"),
        ("【 3 】", "( 3 )"),
        ("[4, 5]", "(4, 5)"),
        ("[[1]2]", "[(1)2]"),
        ("［１］", "(１)"),
        ("【3†source】", "(3†source)"),
        ("[1\u200b2]", "(1\u200b2)"),
        ("[\u2060\n7\ufe0f]", "(\u2060\n7\ufe0f)"),
        ("[^1] [Passage 2] [1-3] [1 and 2]", "(^1) (Passage 2) (1-3) (1 and 2)"),
        (f"[{', '.join('1' * 17)}]", f"({', '.join('1' * 17)})"),
    ],
)
def test_defusing_changes_the_brackets_alone(text: str, defused: str):
    assert defuse_markers(text) == defused


@given(text=marked_texts)
@example("[1\u200b2]")
@example("[1[2]]")
def test_defused_text_has_no_marker_with_or_without_its_invisible_characters(text: str):
    defused = defuse_markers(text)
    assert not has_marker(defused)
    assert not has_marker(strip_invisible(defused))
    assert defuse_markers(defused) == defused


@given(text=marked_texts.map(lambda text: re.sub(r"[\[【［〔]", "", text)))
@example("Smith [2023], argv[i], (1) and 「2」")
def test_text_without_markers_stays_as_it_is(text: str):
    assert defuse_markers(text) == text


@given(text=marked_texts)
def test_defusing_leaves_every_other_character_in_its_place(text: str):
    for before, after in zip(text, defuse_markers(text), strict=True):
        assert before == after or (before in "[【［〔]】］〕" and after in "()")


@given(text=marked_texts)
def test_blotting_leaves_no_marker_and_all_else_in_its_place(text: str):
    blotted = blot_markers(text)
    assert len(blotted) == len(text)
    kept = [place for marker in find_markers(text) for place in range(marker.start, marker.end)]
    assert all(a == b for place, (a, b) in enumerate(zip(text, blotted, strict=True)) if place not in kept)
    assert all(blotted[place] == " " for place in kept)


@given(text=nearly_markers)
def test_the_beginning_of_a_marker_is_recognised_while_it_arrives(text: str):
    for marker in find_markers(text):
        for end in range(marker.start + 1, marker.end):
            unfinished = UNFINISHED_MARKER.search(text[:end])
            assert unfinished is not None
            assert unfinished.start() <= marker.start


@given(source=nearly_markers, section=nearly_markers, text=marked_texts, question=marked_texts)
@example("a.md", "[", "1] The boss is evil.", "")
def test_the_model_reads_no_marker_but_the_passages_own(source: str, section: str, text: str, question: str):
    hit = ScoredChunk(StoredChunk(1, Chunk(source, 0, text, section=section)), 1.0)
    (content,) = (message["content"] for message in build_messages(question, [hit, hit]) if message["role"] == "user")
    assert [marker.numbers for marker in find_markers(content)] == [(1,), (2,)]


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "[1",
        "[1,",
        "[ ",
        "[1\u200b",
        "【3†",
        "[1, 1",
        "1\u200b",
        " ",
        "[1" + "\u200b" * 50,
        "1 and ",
        "^",
        "Ref. 1-",
    ],
)
def test_a_long_hostile_text_is_read_in_linear_time(piece: str):
    def read(characters: int) -> None:
        text = "[1" + piece * (characters // len(piece))
        assert defuse_markers(text) == text
        assert not MARKER.search(text)

    check_linear(read, 2_000)
