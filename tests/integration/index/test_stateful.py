"""Whatever is done to the folder, and wherever a sync dies: after the next one the index equals the folder."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from ingest.sync import SyncOptions, sync_corpus
from rag.index import index as index_module
from rag.index.index import Index
from tests.tiny import (
    SINGLE_PRECISION,
    TinyEmbedder,
    answers_of,
    chunks_of,
    found_by_vector,
    found_by_words,
    passages,
    problems_of,
    tiny_pipeline,
)

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext  # not on every system

INDEX_CODE = str(Path(index_module.__file__).parent)
KILLED = 99  # exit code
MOST_STEPS = 1_800  # of a sync: some end sooner
WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron"]
PARAGRAPHS = [f"{word} {other}" for word in WORDS[:4] for other in WORDS[4:]]

QUESTIONS = ["amber ember", "Where is the heron of the cedar grove?", "birch zeppelin"]

names = st.sampled_from(["a.txt", "b.txt", "B.txt", "c d#%.txt", "é.txt", "é.txt", "🐟.md"])
folders = st.sampled_from(["", "one/", "one/two/", "three/"])
paths = st.builds(lambda folder, name: folder + name, folders, names)
HOW = st.sampled_from(["rename", "copy", "link", "delete", "touch", "empty"])
texts = st.lists(st.sampled_from(PARAGRAPHS), max_size=4).map("\n\n".join) | st.just("BAD")


def sync_until_killed(corpus: Path, folder: Path, chunk_size: int, rebuild: bool, step: int) -> None:
    """In a process of its own: sync, and die when a function of the index begins or ends for the so-manieth time."""
    left = step

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        if event in ("call", "return") and frame.f_code.co_filename.startswith(INDEX_CODE):
            left -= 1
            if not left:
                os._exit(KILLED)  # as if killed: nothing is written, closed or tidied up any more

    sys.setprofile(count)
    sync_corpus(Index(folder), tiny_pipeline(corpus, folder, chunk_size=chunk_size), SyncOptions(rebuild=rebuild))


def start_processes() -> SpawnContext | ForkServerContext:
    """Processes begin in milliseconds, where the system allows, because what they import is imported once."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["chromadb", "tantivy", __name__])
    return context


PROCESSES = start_processes()


class FolderAndIndex(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="folder-and-index-"))
        self.corpus = self.root / "corpus"
        self.corpus.mkdir()
        self.chunk_size = 220
        self.known: set[str] = set()
        self.open()
        self.reader = Index(self.root / "index")
        for path, text in (
            ("a.txt", PARAGRAPHS[0]),
            ("one/b.txt", "\n\n".join(PARAGRAPHS[:3])),
            ("one/two/c.md", "BAD"),
        ):
            self.write(path, text)
        self.sync_whole(rebuild=False, reopen=False)

    def open(self) -> None:
        self.index = Index(self.root / "index")

    def teardown(self) -> None:
        if hasattr(self, "root"):
            self.index.close()
            self.reader.close()
            shutil.rmtree(self.root)

    # ---- the folder

    @rule(path=paths, text=texts)
    def write(self, path: str, text: str) -> None:
        target = self.corpus / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_dir():
            target.write_text(text)

    @rule(path=paths, text=texts)
    def replace_by_rename(self, path: str, text: str) -> None:
        target = self.corpus / path
        if target.parent.is_dir():
            temporary = target.with_name(target.name + ".tmp")
            temporary.write_text(text)
            os.replace(temporary, target)

    @precondition(lambda self: self.files())
    @rule(data=st.data(), to=paths, how=HOW, then_sync=st.booleans())
    def change(self, data: st.DataObject, to: str, how: str, then_sync: bool) -> None:
        self.change_one(data, to, how)
        if then_sync:
            self.sync_whole(rebuild=False, reopen=False)

    def change_one(self, data: st.DataObject, to: str, how: str) -> None:
        file = data.draw(st.sampled_from(self.files()))
        target = self.corpus / to
        target.parent.mkdir(parents=True, exist_ok=True)
        if how == "rename":
            os.replace(file, target)
        elif how == "copy" and file.resolve() != target.resolve():
            shutil.copyfile(file, target)
        elif how == "link" and not target.exists() and not target.is_symlink():
            target.symlink_to(file)
        elif how == "delete":
            file.unlink()
        elif how == "touch":
            os.utime(file)
        elif how == "empty":
            os.truncate(file, 0)

    @rule(old=st.sampled_from(["one", "three", "one/two"]), new=st.sampled_from(["four", "one/five", "three"]))
    def move_tree(self, old: str, new: str) -> None:
        if (self.corpus / old).is_dir() and not (self.corpus / new).exists() and not new.startswith(f"{old}/"):
            (self.corpus / new).parent.mkdir(parents=True, exist_ok=True)
            os.rename(self.corpus / old, self.corpus / new)

    @rule(size=st.sampled_from([220, 500]))
    def set_chunk_size(self, size: int) -> None:
        self.chunk_size = size

    # ---- the index

    @rule(step=st.integers(1, MOST_STEPS), rebuild=st.booleans())
    def sync_and_die(self, step: int, rebuild: bool) -> None:
        self.forget_texts()
        arguments = (self.corpus, self.index.folder, self.chunk_size, rebuild, step)
        process = PROCESSES.Process(target=sync_until_killed, args=arguments)
        process.start()
        process.join()
        assert process.exitcode in (0, KILLED)
        if not process.exitcode:
            self.check()

    @rule(done=st.integers(0, 2))
    def sync_and_stop(self, done: int) -> None:
        answers = iter([False] * done)
        self.sync(must_stop=lambda: next(answers, True))

    @rule(rebuild=st.booleans(), reopen=st.booleans())
    def sync_whole(self, rebuild: bool, reopen: bool) -> None:
        if reopen:
            self.index.close()
            self.open()
        report = self.sync(rebuild=rebuild)
        assert report.pending == 0
        self.check()
        self.known = {text for _, _, text in self.wanted()}

    def sync(self, **options):
        self.forget_texts()
        embedder = TinyEmbedder()
        pipeline = tiny_pipeline(self.corpus, self.index.folder, chunk_size=self.chunk_size, embedder=embedder)
        report = sync_corpus(self.index, pipeline, SyncOptions(**options))
        assert not self.known & set(embedder.texts), "embedded again"
        assert report.embedded == len(embedder.texts) == len(set(embedder.texts))
        return report

    def forget_texts(self) -> None:
        """A sync may forget the vectors of texts that are no longer in the folder."""
        self.known &= {text for _, _, text in self.wanted()}

    def check(self) -> None:
        wanted = self.wanted()
        assert chunks_of(self.index) == wanted
        assert chunks_of(self.reader) == wanted
        by_text: dict[str, set[str]] = {}
        for source, _, text in wanted:
            by_text.setdefault(text, set()).add(source)
        for text, sources in list(by_text.items())[:3]:
            assert sources <= found_by_words(self.reader, text)
            assert found_by_vector(self.reader, text) == sources
        self.check_answers()
        assert problems_of(self.index) == []
        failed = {failure.source for failure in self.index.status().failures}
        assert failed == {source for source, text in self.folder().items() if text == "BAD"}

    def check_answers(self) -> None:
        """The answers are those of a fresh index of the same folder, by exact search and through Chroma."""
        with closing(Index(self.root / "fresh")) as fresh, pytest.MonkeyPatch.context() as patch:
            sync_corpus(fresh, tiny_pipeline(self.corpus, fresh.folder, chunk_size=self.chunk_size))
            assert answers_of(self.index, QUESTIONS) == answers_of(fresh, QUESTIONS)
            patch.setattr("rag.index.snapshot._REMEMBERED_CHUNKS", 0)
            through_chroma = partial(answers_of, questions=QUESTIONS, cosine_error=SINGLE_PRECISION)
            assert through_chroma(self.reader) == through_chroma(fresh)
        shutil.rmtree(self.root / "fresh")

    def wanted(self) -> list[tuple[str, int, str]]:
        return sorted(
            (source, ordinal, passage)
            for source, text in self.folder().items()
            if text != "BAD"
            for ordinal, passage in enumerate(passages(text, self.chunk_size))
        )

    def folder(self) -> dict[str, str]:
        return {path.relative_to(self.corpus).as_posix(): path.read_text() for path in self.files()}

    def files(self) -> list[Path]:
        return sorted(path for path in self.corpus.rglob("*") if path.is_file())


def test_the_index_equals_the_folder_after_every_sync():
    run_state_machine_as_test(
        FolderAndIndex,
        settings=settings(
            max_examples=int(os.environ.get("STATEFUL_EXAMPLES", "8")),
            stateful_step_count=14,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
