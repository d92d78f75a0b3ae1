"""Equal folders give equal answers, whatever their indexes have been through."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.sync import sync_corpus
from rag.index.index import Index
from tests.tiny import answers_of, tiny_pipeline

WORDS = "garden roof irrigation repair notice period tenant heron valve filter spring boiler lease week ferry".split()
QUESTIONS = [
    "Who repairs the roof garden irrigation?",
    "How long is the notice period?",
    "heron",
    "Which ferry zeppelin?",
]


def write(corpus: Path, name: str, seed: int, paragraphs: int = 3) -> None:
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(4, 30))) for _ in range(paragraphs)]
    (corpus / name).write_text("\n\n".join(texts))


def sync(index: Index, corpus: Path) -> None:
    sync_corpus(index, tiny_pipeline(corpus, index.folder))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(12):
        write(folder, f"{number}.txt", number)
    (folder / "copy of 3.txt").write_bytes((folder / "3.txt").read_bytes())
    return folder


@pytest.fixture
def index(tmp_path: Path, corpus: Path) -> Iterator[Index]:
    with closing(Index(tmp_path / "index")) as opened:
        sync(opened, corpus)
        yield opened


def check_like_fresh(index: Index, corpus: Path) -> None:
    with closing(Index(index.folder.with_name("fresh"))) as fresh:
        sync(fresh, corpus)
        assert answers_of(index, QUESTIONS) == answers_of(fresh, QUESTIONS)


def test_files_that_came_and_went_leave_no_trace(index, corpus):
    for number in range(60):
        write(corpus, f"note {number}.txt", 1_000 + number, paragraphs=1 + number % 3)
    sync(index, corpus)
    for number in range(57):  # while some of them stay, their words do too, in the middle of what is gone
        (corpus / f"note {number}.txt").unlink()
    sync(index, corpus)
    check_like_fresh(index, corpus)


def test_edits_and_renames_leave_no_trace(index, corpus):
    original = (corpus / "5.txt").read_bytes()
    for turn in range(8):
        write(corpus, "5.txt", 2_000 + turn, paragraphs=9)
        (corpus / f"{turn}.txt").rename(corpus / "renamed.txt")
        sync(index, corpus)
        (corpus / "renamed.txt").rename(corpus / f"{turn}.txt")
    (corpus / "5.txt").write_bytes(original)
    sync(index, corpus)
    check_like_fresh(index, corpus)


def test_the_order_in_which_files_came_leaves_no_trace(tmp_path, corpus):
    with closing(Index(tmp_path / "grown")) as grown:
        later = {path: path.read_bytes() for path in corpus.iterdir()}
        for path in later:
            path.unlink()
        for path, content in sorted(later.items(), reverse=True):
            path.write_bytes(content)
            sync(grown, corpus)
        check_like_fresh(grown, corpus)
