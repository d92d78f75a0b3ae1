"""How long it takes for the index to equal the folder again. Prints a table; takes some minutes.

    python -m bench.sync [noop] [watch] [rename] [words]

noop    `python -m ingest` as a process on 10,000 and on 100,000 unchanged files, beside loading sentence-transformers
watch   one changed file among 10,000, from its being saved to its being found by words and by vector
rename  a renamed folder of 1,000 files
words   1,000 new documents of three pages: until the last is found by its words, and until the last vector

Where embedding isn't what is measured (noop, watch, rename) the many files get random vectors under the real model's
fingerprint, so that the index need not be embedded first.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from ingest.pipeline import Pipeline
from ingest.report import Progress
from ingest.sync import SyncOptions, sync_corpus
from ingest.watcher import CorpusWatcher
from rag.index.index import Index
from rag.models.embedder import Embedder
from rag.settings import DEFAULT_EMBED_MODEL, Settings

ROOT = Path(__file__).parents[1]
FILES = 10_000
MANY_FILES = 100_000
DOCUMENTS, WORDS_A_PAGE = 1_000, 300
_random, _vectors = random.Random(3), np.random.default_rng(3)
_VOCABULARY = ["".join(_random.choice("aeioulnrst") for _ in range(_random.randint(3, 9))) for _ in range(5_000)]


class RandomVectors(Pipeline):
    """The real reading, and no model."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        vectors = _vectors.normal(size=(len(texts), self.embedder.dimensions))
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def text(words: int) -> str:
    return " ".join(_random.choice(_VOCABULARY) for _ in range(words)) + "."


def make(root: Path, models_dir: Path, files: int) -> Settings:
    """A corpus of short files, 500 in a folder, and its index."""
    settings = Settings(corpus_dir=root / "corpus", index_dir=root / "index")
    settings.index_dir.mkdir(parents=True)
    (settings.index_dir / "models").symlink_to(models_dir)
    for number in range(files):
        path = settings.corpus_dir / f"{number // 500:03}" / f"{number:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Document {number}. {text(40)}")
    pipeline = RandomVectors(settings, models_dir)
    with closing(Index(settings.index_dir)) as index, closing(pipeline):
        sync_corpus(index, pipeline)
    return settings


def row(what: str, figure: float, unit: str, note: str = "") -> None:
    print(f"{what:<62} {figure:>10,.2f} {unit:<6} {note}", flush=True)


def process(*command: str) -> tuple[float, float]:
    """Seconds by the clock, and of the processor, of the fastest of three runs."""
    figures = []
    for _ in range(3):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
        spent = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.append((spent, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return min(figures)


def noop(root: Path, models_dir: Path) -> None:
    find = "from rag.models.source import locate; "
    load = (
        f"{find}from sentence_transformers import SentenceTransformer as S; S(locate('{DEFAULT_EMBED_MODEL}').folder)"
    )
    reference, reference_cpu = process("-c", load)
    row("load sentence-transformers and its model, whole process", reference, "s", f"processor {reference_cpu:.2f} s")
    for files in (FILES, MANY_FILES):
        settings = make(root / f"noop-{files}", models_dir, files)
        place = ("--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir))
        process("-m", "ingest", *place)
        clock, cpu = process("-m", "ingest", *place)
        note = f"processor {cpu:.2f} s; {reference / clock:.0f} (processor {reference_cpu / cpu:.0f}) times faster"
        row(f"python -m ingest, {files:,} unchanged files, whole process", clock, "s", note)
        shutil.rmtree(root / f"noop-{files}")


def watch(root: Path, models_dir: Path) -> None:
    settings = make(root / "watch", models_dir, FILES)
    index, pipeline = Index(settings.index_dir), Pipeline(settings, models_dir)
    watcher = CorpusWatcher(index, pipeline)
    watcher.start()
    _wait(lambda: watcher.status.report is not None)
    embedder, figures = pipeline.embedder, []
    for number in range(6):
        word = f"uniqueword{number}"
        vector = embedder.embed_query(f"The heron {word}")
        (settings.corpus_dir / "000" / f"{number:06}.txt").write_text(f"The heron {word}.")
        began = time.perf_counter()
        _wait_until_found(index, word, vector)
        figures.append(time.perf_counter() - began)
    watcher.close()
    pipeline.close()
    index.close()
    row(f"one changed file among {FILES:,}, saved to found, the first time", figures[0], "s", "reader and model start")
    row(
        f"one changed file among {FILES:,}, saved to found, median of 5",
        sorted(figures[1:])[2],
        "s",
        "by both searches",
    )


def rename(root: Path, models_dir: Path) -> None:
    settings = make(root / "rename", models_dir, 2_000)
    (settings.corpus_dir / "thousand").mkdir()
    for folder in ("000", "001"):
        (settings.corpus_dir / folder).rename(settings.corpus_dir / "thousand" / folder)
    with closing(Index(settings.index_dir)) as index, closing(Pipeline(settings, models_dir)) as pipeline:
        began = time.perf_counter()
        report = sync_corpus(index, pipeline)
    note = f"{report.moved:,} moved, {report.embedded} embedded"
    row("a renamed folder of 1,000 files", time.perf_counter() - began, "s", note)


def words(root: Path, models_dir: Path) -> None:
    settings = Settings(corpus_dir=root / "words" / "corpus", index_dir=root / "words" / "index")
    settings.corpus_dir.mkdir(parents=True)
    for number in range(DOCUMENTS):
        pages = [f"# Page {page} of document {number}\n\n{text(WORDS_A_PAGE)}" for page in range(1, 4)]
        (settings.corpus_dir / f"{number}.md").write_text("\n\n".join(pages))
    at: dict[str, float] = {}

    def note(progress: Progress) -> None:
        at.setdefault(progress.stage, time.perf_counter())

    pipeline = Pipeline(settings, models_dir)
    with closing(Index(settings.index_dir)) as index, closing(pipeline):
        _ = pipeline.embedder
        began = time.perf_counter()
        report = sync_corpus(index, pipeline, SyncOptions(progress=note, must_stop=lambda: "embed" in at))
        first = at["embed"] - began  # the first 64 vectors are done, so all words are live before that
        row(f"{DOCUMENTS:,} documents of three pages, all found by words", first, "s", f"{report.chunks:,} chunks")
        sync_corpus(index, pipeline)
    whole = time.perf_counter() - began
    row(f"{DOCUMENTS:,} documents of three pages, the last vector", whole, "s", f"words took {first / whole:.1%} of it")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    row("peak memory of that process", peak, "MB", "without its reading processes")


def _wait_until_found(index: Index, word: str, vector: np.ndarray) -> None:
    _wait(lambda: bool(index.read(lambda s: s.search_words(word, 1))))
    _wait(lambda: index.read(lambda s: s.search_vectors(vector, 1))[0][1] > 0.8)


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.005)


def main() -> None:
    wanted = sys.argv[1:] or ["noop", "watch", "rename", "words"]
    with tempfile.TemporaryDirectory() as folder:
        models_dir = Path(folder) / "models"
        cached = os.environ.get("BENCH_MODELS_DIR")
        shutil.copytree(cached, models_dir) if cached else Embedder.open(DEFAULT_EMBED_MODEL, models_dir)
        for name in wanted:
            {"noop": noop, "watch": watch, "rename": rename, "words": words}[name](Path(folder), models_dir)


if __name__ == "__main__":
    main()
