"""Kill `python -m ingest` at random moments, and see that the next run makes everything right by itself.

    python -m bench.kill [KILLS] [SEED]

Each round changes a folder at random, starts a run in a process of its own, kills it (SIGKILL), sometimes kills the
next one too, lets one run to its end, and compares chunks, views and answers with those of a fresh index.
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ingest.pipeline import Pipeline
from ingest.sync import sync_corpus
from rag.index.index import Index
from rag.models.embedder import Embedder
from rag.ranking.retriever import Retriever
from rag.settings import DEFAULT_EMBED_MODEL, Settings
from rag.types import Retrieval

ROOT = Path(__file__).parents[1]
# Chroma writes its graph at every 2,000 vectors; at every 100 there are more chances to die in the midst of it.
CHILD = """
import sys
from rag.index import vectors as vector_store
vector_store._HNSW["sync_threshold"] = 100
from ingest.__main__ import main
sys.exit(main())
"""
CHUNK_SIZES = (64, 96)
QUESTIONS, TOP_K = 8, 6  # asked after each round
WORDS = "amber birch cedar delta ember fjord grove heron inlet juniper kelp lagoon meadow nettle orchard pebble".split()


@dataclass
class Tally:
    kills: int = 0
    while_writing: int = 0
    """Kills that the next run noticed, so that it checked both views."""
    repaired: int = 0
    """Of those, how many had left something to put right."""
    wrong: list[str] = field(default_factory=list)


class RememberingPipeline(Pipeline):
    """Embeds each text once, however many fresh indexes it makes: a text's vector is always the same."""

    def __init__(self, settings: Settings, models_dir: Path) -> None:
        super().__init__(settings, models_dir)
        self._known: dict[str, np.ndarray] = {}

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= dict(zip(new, super().embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])


class Victim:
    """A folder, its index, and the runs that are killed."""

    def __init__(self, root: Path, models_dir: Path, seed: int) -> None:
        self.corpus, self.folder = root / "corpus", root / "index"
        self.root, self.models_dir = root, models_dir
        self.random = random.Random(seed)
        self.chunk_size = CHUNK_SIZES[0]
        self.tally = Tally()
        self._pipelines: dict[int, RememberingPipeline] = {}  # for fresh builds, by chunk size
        self._run_s = 4.0
        self.folder.mkdir(parents=True)
        (self.folder / "models").symlink_to(models_dir)
        for number in range(24):
            self._write(f"base/{number % 4}/{number}.txt")
        self.finish()

    def close(self) -> None:
        for pipeline in self._pipelines.values():
            pipeline.close()

    def round(self) -> None:
        for _ in range(self.random.randint(1, 12)):
            self._change()
        if self.random.random() < 0.08:
            self.chunk_size = self.random.choice(CHUNK_SIZES)
        for _ in range(self.random.choice((1, 1, 2))):
            self.kill()
        self.finish()
        self.tally.wrong += self.problems()

    def kill(self) -> None:
        process = self._start(*(["--rebuild"] if self.random.random() < 0.08 else []))
        time.sleep(self.random.uniform(0.3, 1.1) * self._run_s)
        process.kill()
        process.communicate()
        self.tally.kills += 1

    def finish(self) -> None:
        began = time.monotonic()
        output, errors = self._start().communicate()
        self._run_s = 0.7 * self._run_s + 0.3 * (time.monotonic() - began)
        if not output:
            self.tally.wrong.append(f"a run failed: {errors[-500:]}")
            return
        notes = " ".join(json.loads(output)["notes"])
        self.tally.while_writing += "cut short" in notes
        self.tally.repaired += "cut short" in notes and "nothing was wrong" not in notes

    def problems(self) -> list[str]:
        questions = [" ".join(self.random.choices(WORDS, k=self.random.randint(1, 5))) for _ in range(QUESTIONS)]
        wanted, wanted_answers = self._fresh(questions)
        with closing(Index(self.folder)) as index:
            found = _chunks(index)
            problems = [f"lost: {chunk}" for chunk in wanted if chunk not in found]
            problems += [f"stale or doubled: {chunk}" for chunk in found if found.count(chunk) != wanted.count(chunk)]
            pairs = zip(_ask(index, self._pipeline, questions), wanted_answers, strict=True)
            problems += [f"another answer: {had.question!r}" for had, wants in pairs if not _is_same(had, wants)]
            status = index.status()
            if status.vectors != status.chunks:
                problems.append(f"{status.chunks - status.vectors} chunks without a vector")
            with index.writing() as writer:
                return [*problems, *writer.notes, *writer.find_problems()]

    @property
    def _pipeline(self) -> RememberingPipeline:
        if self.chunk_size not in self._pipelines:
            settings = Settings(self.corpus, self.root / "parsing", chunk_size=self.chunk_size, chunk_overlap=0)
            self._pipelines[self.chunk_size] = RememberingPipeline(settings, self.models_dir)
        return self._pipelines[self.chunk_size]

    def _fresh(self, questions: list[str]) -> tuple[list[tuple[str, int, str]], list[Retrieval]]:
        folder = self.root / "fresh"
        try:
            with closing(Index(folder)) as index:
                sync_corpus(index, self._pipeline)
                return _chunks(index), _ask(index, self._pipeline, questions)
        finally:
            shutil.rmtree(folder)

    def _start(self, *options: str) -> subprocess.Popen[str]:
        place = ("--corpus", str(self.corpus), "--index", str(self.folder), "--json")
        environment = {**os.environ, "RAG_CHUNK_SIZE": str(self.chunk_size), "RAG_CHUNK_OVERLAP": "0"}
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, *place, *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _change(self) -> None:
        files = sorted(path for path in self.corpus.rglob("*") if path.is_file())
        file = self.random.choice(files)
        how = self.random.choice(("write", "write", "write", "edit", "delete", "rename", "copy", "tree"))
        if how == "write" or len(files) < 15:
            self._write(f"{self.random.choice('abc')}/{self.random.randint(0, 20)}.txt")
        elif how == "edit":
            file.write_text(file.read_text() + "\n\n" + self._paragraph())
        elif how == "delete":
            file.unlink()
        elif how == "rename":
            os.replace(file, file.with_name(f"renamed-{self.random.randint(0, 20)}.txt"))
        elif how == "copy":
            shutil.copyfile(file, file.with_name(f"copy-{self.random.randint(0, 1_000_000)}.txt"))
        else:
            file.parent.rename(file.parent.with_name(f"tree-{self.random.randint(0, 1_000_000)}"))

    def _write(self, source: str) -> None:
        path = self.corpus / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(self._paragraph() for _ in range(self.random.randint(1, 6))))

    def _paragraph(self) -> str:
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randint(10, 30))).capitalize() + "."


def _chunks(index: Index) -> list[tuple[str, int, str]]:
    found = index.read(lambda snapshot: snapshot.read_chunks(list(snapshot.read_chunk_ids())))
    return sorted((stored.chunk.source, stored.chunk.ordinal, stored.chunk.text) for stored in found.values())


def _ask(index: Index, pipeline: Pipeline, questions: list[str]) -> list[Retrieval]:
    with closing(Retriever(index, lambda name: pipeline.embedder, TOP_K)) as retriever:
        return [retriever.retrieve(question) for question in questions]


def _is_same(one: Retrieval, other: Retrieval) -> bool:
    """The same passages in the same order and the same verdict; figures to a millionth."""
    shown = [(answer.answerable, [hit.chunk for hit in answer.hits]) for answer in (one, other)]
    figures = [[answer.confidence, *(hit.score for hit in answer.hits)] for answer in (one, other)]
    return shown[0] == shown[1] and all(math.isclose(*pair, rel_tol=1e-6) for pair in zip(*figures, strict=True))


def run(kills: int, root: Path, models_dir: Path, seed: int, say: Callable[[str], None] = lambda text: None) -> Tally:
    with closing(Victim(root, models_dir, seed)) as victim:
        while victim.tally.kills < kills and not victim.tally.wrong:
            victim.round()
            say(f"{victim.tally.kills} kills, {victim.tally.while_writing} while writing")
        return victim.tally


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        models_dir = Path(folder) / "models"
        Embedder.open(DEFAULT_EMBED_MODEL, models_dir)
        began = time.monotonic()
        tally = run(kills, Path(folder), models_dir, seed, lambda text: print(text, file=sys.stderr, flush=True))
    print(f"seed {seed}: {tally.kills} kills in {time.monotonic() - began:.0f} s;")
    print(f"{tally.while_writing} while the index was being written, {tally.repaired} left something to repair;")
    print("nothing lost, doubled or stale" if not tally.wrong else "\n".join(["WRONG:", *tally.wrong[:20]]))
    return bool(tally.wrong)


if __name__ == "__main__":
    sys.exit(main())
