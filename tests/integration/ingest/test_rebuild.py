"""Words soon and vectors later; an index made anew beside the one that serves."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from ingest.sync import SyncOptions, sync_corpus
from tests.tiny import TinyEmbedder, TinyPipeline, chunks_of, found_by_vector, found_by_words, problems_of


def test_words_are_found_before_vectors_and_a_later_sync_goes_on_with_the_newest(place):
    for number in range(200):
        os.utime(place.put(f"{number:03}.txt", f"common number{number}"), (number, number))
    report = sync_corpus(place.index, place.pipeline(), SyncOptions(must_stop=lambda: bool(place.embedder.texts)))
    assert (report.chunks, report.pending) == (200, 200 - report.embedded)
    assert 0 < report.embedded < 200
    assert found_by_words(place.index, "common") == {f"{number:03}.txt" for number in range(200)}
    assert place.embedder.texts[0] == "common number199"
    assert found_by_vector(place.index, "common number199") == {"199.txt"}
    assert place.index.status().vectors == report.embedded
    assert place.sync() == {"embedded": report.pending}
    assert len(set(place.embedder.texts)) == len(place.embedder.texts) == 200


def test_a_small_change_is_found_by_words_and_vectors_at_once(filled):
    filled.put("new.txt", "heron")
    seen = []

    class Watching(TinyEmbedder):
        def embed_documents(self, texts):
            seen.append(found_by_words(filled.index, "heron"))
            return super().embed_documents(texts)

    filled.embedder = Watching()
    assert filled.sync() == {"added": 1, "embedded": 1}
    assert seen == [set()]


def test_another_chunk_size_is_built_beside_and_the_old_index_serves_until_it_is_whole(filled):
    filled.chunk_size = 500
    seen = []

    class Watching(TinyEmbedder):
        def embed_documents(self, texts):
            seen.append((len(chunks_of(filled.index)), found_by_vector(filled.index, "amber")))
            return super().embed_documents(texts)

    filled.embedder = Watching()
    filled.sync()
    assert seen == [(5, {"a.txt"})]
    assert "chunk_size 220 → 500" in " ".join(filled.report.notes)
    assert filled.report.chunks == 3
    assert len(list((filled.index.folder / "lexical").iterdir())) == 1


def test_an_unchanged_text_is_not_embedded_again_by_a_rebuild(filled):
    filled.embedder = TinyEmbedder()
    assert filled.sync(rebuild=True) == {"added": 3, "reused": 5}
    assert sorted(filled.pipe.read) == ["a.txt", "tree/b.txt", "tree/deep/c.txt"]


def test_an_aborted_rebuild_changes_nothing_and_reverted_settings_end_it(filled):
    filled.put("many.txt", "\n\n".join(f"number{n}" for n in range(200)))
    filled.sync()
    before = chunks_of(filled.index)
    filled.chunk_size = 500
    report = sync_corpus(filled.index, filled.pipeline(), SyncOptions(must_stop=lambda: True))
    assert 0 < report.embedded < 100
    assert chunks_of(filled.index) == before
    assert filled.index.status().rebuilding
    filled.chunk_size = 220
    assert filled.sync() == {}
    assert chunks_of(filled.index) == before
    assert not filled.index.status().rebuilding


def test_an_interrupted_rebuild_goes_on_where_it_was(filled):
    filled.put("many.txt", "\n\n".join(f"number{n}" for n in range(200)))
    filled.sync()
    filled.chunk_size = 500
    done = sync_corpus(filled.index, filled.pipeline(), SyncOptions(must_stop=lambda: True)).embedded
    assert filled.sync() == {"embedded": 102 - done}
    assert filled.pipe.read == []


def test_a_file_removed_during_a_rebuild_is_gone_from_the_old_index_too(filled):
    filled.chunk_size = 500

    class Stopping(TinyPipeline):
        def parse(self, jobs):
            (filled.corpus / "a.txt").unlink(missing_ok=True)
            yield from super().parse(jobs)

        def embed(self, texts):
            raise KeyboardInterrupt

    pipeline = Stopping(replace(filled.pipeline().settings, chunk_size=500))
    with pytest.raises(KeyboardInterrupt):
        sync_corpus(filled.index, pipeline)
    assert found_by_words(filled.index, "cedar") == {"tree/b.txt"}
    filled.embedder = TinyEmbedder()
    filled.sync()
    assert "a.txt" not in {source for source, _, _ in chunks_of(filled.index)}


def test_another_embedding_model_is_never_mixed_with_the_old(filled):
    filled.embedder = TinyEmbedder("tiny/2")
    assert filled.sync() == {"added": 3, "embedded": 5}
    assert "embedding model" in " ".join(filled.report.notes)
    assert problems_of(filled.index) == []  # a collection of the old model would be one


def test_a_first_sync_with_a_model_that_is_already_there_is_one_small_change(place):
    place.put("a.txt", "amber")
    assert place.sync() == {"added": 1, "embedded": 1}
