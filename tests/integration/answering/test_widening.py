"""Widened passages on a real index: they are what their document says there, on the page that they are cited with."""

from __future__ import annotations

import shutil
from contextlib import closing

import pytest

from ingest.pipeline import Pipeline
from ingest.sync import sync_corpus
from rag.answering.citations import cite_sources
from rag.answering.prompt import make_around, widen
from rag.assembly import open_retriever
from rag.index.index import Index
from rag.settings import Settings
from rag.types import Chunk, ScoredChunk
from tests.files import pdf

TOPICS = ("granite", "slate", "marble", "basalt", "chalk", "sandstone", "gneiss", "quartz")
QUESTION = "Where is basalt quarried, and for how long have people done so?"


def paragraphs(place: str) -> list[str]:
    return [
        f"{topic.title()} is quarried in {place} number {number}. People have done so for {number + 3} centuries. "
        f"The {topic} from there is loaded onto barges and brought to the towns along the coast. "
        f"What is left of the {topic} is ground and strewn on the paths."
        for number, topic in enumerate(TOPICS, start=1)
    ]


@pytest.fixture(scope="module")
def index(models_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stones")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "valleys.md").write_text("# Valleys\n\n" + "\n\n".join(paragraphs("valley")))
    lines = [[(72, 760 - 20 * row, 10, line) for row, line in enumerate(_lines(page))] for page in ("gorge", "plain")]
    (folder / "corpus" / "stones.pdf").write_bytes(pdf(lines))
    shutil.copytree(models_dir, folder / "index" / "models")
    settings = Settings.load({}, corpus_dir=folder / "corpus", index_dir=folder / "index", chunk_size=48)
    with closing(Index(settings.index_dir)) as index, closing(Pipeline(settings, index.models_dir)) as pipeline:
        sync_corpus(index, pipeline)
        yield index


def _lines(place: str) -> list[str]:
    return [sentence.strip() + "." for text in paragraphs(place) for sentence in text.split(".") if sentence.strip()]


def page_text(index: Index, chunk: Chunk) -> str:
    """All that was read on the chunk's page."""
    found = index.read(lambda snapshot: snapshot.read_chunks(sorted(snapshot.read_chunk_ids())))
    stored = [found[id_].chunk for id_ in sorted(found)]
    mine = [one for one in stored if (one.source, one.page) == (chunk.source, chunk.page)]
    return _flat("".join(one.text if not one.overlap else one.text[one.overlap :] for one in mine))


def _flat(text: str) -> str:
    return "".join(text.split())


def find_hits(index: Index) -> tuple[ScoredChunk, ...]:
    with closing(open_retriever(index, Settings(index_dir=index.folder))) as retriever:
        return retriever.retrieve(QUESTION, top_k=6).hits


def test_widened_passages_say_what_their_page_says_and_are_cited_with_it(index):
    hits = find_hits(index)
    wide = widen(QUESTION, hits, make_around(index, 6), 3_000)
    assert len(wide) == len(hits)
    assert sum(len(one.chunk.text) for one in wide) > 1.5 * sum(len(one.chunk.text) for one in hits)
    for number, (hit, one) in enumerate(zip(hits, wide, strict=True), start=1):
        assert (one.chunk.source, one.chunk.page) == (hit.chunk.source, hit.chunk.page)
        assert _flat(one.chunk.text) in page_text(index, one.chunk)
        (citation,) = cite_sources(f"The stone is ground and strewn on the paths [{number}].", wide)
        assert _flat(citation.quote) in page_text(index, one.chunk)
        assert citation.page == hit.chunk.page


def test_no_paragraph_is_read_twice(index):
    hits = find_hits(index)
    text = _flat(" ".join(one.chunk.text for one in widen(QUESTION, hits, make_around(index, 6), 100_000)))
    for place in ("valley", "gorge", "plain"):
        for paragraph in paragraphs(place):
            assert text.count(_flat(paragraph.split(".")[0] + ".")) <= 1
