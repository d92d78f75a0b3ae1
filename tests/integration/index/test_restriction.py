"""Both searches keep to a folder, a file type and a period, whichever way they take."""

from __future__ import annotations

import contextlib
import datetime

import pytest

from rag.index.catalog.records import FileState, NewDocument
from rag.index.index import Index
from rag.types import Chunk, Document, Restriction
from tests.tiny import TinyEmbedder


@pytest.fixture(scope="module", autouse=True)
def through_chroma():
    """As in an index of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.index.snapshot._REMEMBERED_CHUNKS", 0)
        yield


@pytest.fixture
def dated(tmp_path):
    """Documents in folders, of several types, with dates of their own or of their files."""
    dates = {"a/one.md": "2021-05-03", "a/b/two.md": "2023-11-30T10:00:00Z", "ab/three.txt": 2019, "four.TXT": 2024}
    with contextlib.closing(Index(tmp_path / "index")) as index, index.writing() as writer:
        build = writer.open_build({"embed_model": "tiny"}, None)
        writer.set_model(build, "tiny/1")
        with writer.batch(build) as batch:
            for source, date in dates.items():
                batch.put(
                    dated_document(source, date), [(Chunk(source, 0, f"This amber is from {source}."), None)], None
                )
            batch.put_vectors(TinyEmbedder().embed_documents(list(batch.unembedded.values())))
        yield index


def dated_document(source, date):
    created = date if isinstance(date, str) else ""
    year = date if isinstance(date, int) else 1999
    changed_ns = int(datetime.datetime(year, 7, 1, 12).timestamp()) * 10**9
    return NewDocument(Document(source, (), created=created), FileState(1, changed_ns, 1), source.encode())


def all_by_words(index, only):
    hits = index.read(lambda snapshot: snapshot.search_words("Where is the amber from?", 9, only))
    return sources_of(index, [(hit.id, hit.score) for hit in hits])


def all_by_vector(index, only):
    hits = index.read(lambda snapshot: snapshot.search_vectors(TinyEmbedder().embed_query("amber"), 9, only))
    return sources_of(index, hits)


def sources_of(index, hits):
    return {stored.chunk.source for stored in index.read(lambda s: s.read_chunks([id_ for id_, _ in hits])).values()}


ALL = {"a/one.md", "a/b/two.md", "ab/three.txt", "four.TXT"}


@pytest.mark.parametrize(
    ("only", "sources"),
    [
        (Restriction(), ALL),
        (Restriction("a"), {"a/one.md", "a/b/two.md"}),
        (Restriction("a/b/"), {"a/b/two.md"}),
        (Restriction("four.TXT"), {"four.TXT"}),
        (Restriction("none"), set()),
        (Restriction(file_type="txt"), {"ab/three.txt", "four.TXT"}),
        (Restriction(file_type=".Md"), {"a/one.md", "a/b/two.md"}),
        (Restriction(since="2021"), ALL - {"ab/three.txt"}),
        (Restriction(until="2021"), {"a/one.md", "ab/three.txt"}),
        (Restriction(since="2021-05-03", until="2023-11"), {"a/one.md", "a/b/two.md"}),
        (Restriction(since="2021-05-04", until="2023-10"), set()),
        (Restriction("a", "md", "2022"), {"a/b/two.md"}),
        (Restriction(within=("a/b", "four.TXT")), {"a/b/two.md", "four.TXT"}),
        (Restriction("a", within=("a/b/", "four.TXT")), {"a/b/two.md"}),
        (Restriction("a/b", also=("four.TXT",)), {"a/b/two.md", "four.TXT"}),
        (
            Restriction("none", "pdf", "2030", also=("a/one.md", "ab/three.txt", "gone.md")),
            {"a/one.md", "ab/three.txt"},
        ),
        (Restriction(until="1980", also=("four.TXT",)), {"four.TXT"}),
        (Restriction(also=("four.TXT",)), ALL),
    ],
)
@pytest.mark.parametrize("exact", [4_000, 0])
def test_both_searches_keep_to_the_documents_that_may_be_found(dated, monkeypatch, only, sources, exact):
    """A few chunks are searched one by one, many through Chroma: the same is found."""
    monkeypatch.setattr("rag.index.snapshot._EXACT_CHUNKS", exact)
    assert all_by_words(dated, only) == sources
    assert all_by_vector(dated, only) == sources
    assert dated.read(lambda snapshot: snapshot.count(only)) == len(sources)


def test_the_exact_search_and_chroma_s_give_the_same_cosines(dated, monkeypatch):
    vector = TinyEmbedder().embed_query("amber two")
    exact = dict(dated.read(lambda snapshot: snapshot.search_vectors(vector, 9, Restriction())))
    monkeypatch.setattr("rag.index.snapshot._EXACT_CHUNKS", 0)
    assert dict(dated.read(lambda snapshot: snapshot.search_vectors(vector, 9, Restriction()))) == pytest.approx(
        exact, abs=1e-3
    )
