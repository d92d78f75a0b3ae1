"""Several processes ask in a loop while another one writes: nothing is missing, half there, or there twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from ingest.sync import SyncOptions, sync_corpus
from rag.index.index import Index
from tests.tiny import problems_of, settle, tiny_pipeline

ROOT = Path(__file__).parents[3]
CHUNKS = 30
READER = """
import json, sys
from pathlib import Path
from rag.index.index import Index
from tests.tiny import TinyEmbedder

index, vector = Index(Path(sys.argv[1])), TinyEmbedder().embed_query("common")
wrong, versions, asked = [], set(), 0

def ask(snapshot):
    found = {}
    for name, ids in (("lexical", [hit.id for hit in snapshot.search_words("common", 500)]),
                      ("dense", [i for i, _ in snapshot.search_vectors(vector, 500)])):
        stored = snapshot.read_chunks(ids)
        found[name] = sorted((stored[i].chunk.source, stored[i].chunk.ordinal, stored[i].chunk.text) for i in ids)
    return found

print("ready", flush=True)
while not Path(sys.argv[2]).exists() or asked < 20:
    for name, chunks in index.read(ask).items():
        edited = [chunk for chunk in chunks if chunk[0] == "edited.txt"]
        version = {text.split()[2] for _, _, text in edited}
        moved = {source for source, _, _ in chunks} - {"edited.txt", "still.txt"}
        if len(version) != 1 or [ordinal for _, ordinal, _ in edited] != list(range(CHUNKS)):
            wrong.append(f"{name}: edited.txt has {len(edited)} chunks of {sorted(version)}")
        if len(moved) != 1 or len(chunks) != CHUNKS + 2:
            wrong.append(f"{name}: {len(chunks)} chunks, moved file is {sorted(moved)}")
        versions |= version
    asked += 1
print(json.dumps({"asked": asked, "versions": sorted(versions), "wrong": wrong[:5]}))
""".replace("CHUNKS", str(CHUNKS))


def write(corpus, version):
    (corpus / "edited.txt").write_text("\n\n".join(f"common part{n} version{version}" for n in range(CHUNKS)))


def start_reader(index, end):
    return subprocess.Popen(
        [sys.executable, "-c", READER, str(index), str(end)], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8"
    )


def test_readers_in_other_processes_see_whole_states_only_and_the_last_one_in_the_end(tmp_path):
    corpus, end = tmp_path / "corpus", tmp_path / "end"
    corpus.mkdir()
    write(corpus, 0)
    (corpus / "still.txt").write_text("common still")
    (corpus / "here.txt").write_text("common moving")
    with closing(Index(tmp_path / "index")) as index:
        sync_corpus(index, tiny_pipeline(corpus, index.folder))
        readers = [start_reader(index.folder, end) for _ in range(2)]
        assert [reader.stdout.readline() for reader in readers] == ["ready\n"] * 2
        names = ["here.txt", "there.txt"]
        for version in range(1, 13):
            write(corpus, version)
            os.rename(corpus / names[0], corpus / names[1])
            names.reverse()
            settle(corpus)
            sync_corpus(index, tiny_pipeline(corpus, index.folder), SyncOptions(rebuild=version % 4 == 0))
        end.touch()
        told = [json.loads(reader.communicate(timeout=100)[0]) for reader in readers]
        assert [reader["wrong"] for reader in told] == [[], []]
        assert all("version12" in reader["versions"] for reader in told)
        assert any(len(reader["versions"]) > 2 for reader in told)
        assert problems_of(index) == []
