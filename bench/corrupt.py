"""Damage a file of the index at random, and see that one check makes every answer that of a fresh index.

    python -m bench.corrupt [ROUNDS] [SEED]

Each round takes a sound index, flips a bit of one of its files, cuts it off or deletes it, half of the time while a
reader has the index open, runs what `python -m ingest --check` runs, and compares searches and documents with those of
an index that was never damaged. A flipped bit leaves size and times as they were, as a failing disk does.
Reading and embedding are small stand-ins, since they are not what is tried. Each round is a process of its own, for
damage might end it.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any, TypeVar

from ingest.check import check_index
from ingest.sync import SyncOptions, sync_corpus
from rag.index import snapshot
from rag.index import vectors as vector_store
from rag.index.index import Index
from rag.index.snapshot import Snapshot
from tests.tiny import TinyEmbedder, settle, tiny_pipeline

FILES, PARAGRAPHS = 40, 6
GRAPH_AT = 100  # vectors, at which Chroma writes its graph here; in earnest it is 2,000
WORDS = "amber birch cedar delta ember fjord grove heron inlet juniper kelp lagoon meadow nettle orchard pebble".split()
QUESTIONS = ("amber birch", "cedar delta grove", "heron", "inlet juniper kelp lagoon", "meadow nettle orchard pebble")
DAMAGES = ("flip", "flip", "flip", "cut", "delete")
KINDS = {
    "catalog": "catalog.sqlite3",
    "catalog's log": "catalog.sqlite3-wal",
    "Chroma's database": "chroma/chroma.sqlite3",
    "graph": "chroma/*/*.*",
    "segment": "lexical/*/*.*",
    "segment list": "lexical/*/*.json",
    "repair mark": "repair",
    "lock": "*.lock",
}


@dataclass
class Tally:
    rounds: int = 0
    damaged: Counter[str] = field(default_factory=Counter)
    """Rounds by kind of file and of damage."""
    noticed: int = 0
    """Rounds in which the check told of damage or of a repair; the others hit bytes that mean nothing."""
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """Of a round."""

    what: str
    is_noticed: bool
    wrong: list[str]


def make_corpus(corpus: Path, seed: int) -> None:
    choose = random.Random(seed)
    corpus.mkdir(parents=True)
    for number in range(FILES):
        paragraphs = (" ".join(choose.choice(WORDS) for _ in range(12)) for _ in range(PARAGRAPHS))
        (corpus / f"{number:02}.txt").write_text("\n\n".join(paragraphs))
    settle(corpus)


def sync(root: Path, index: Index) -> None:
    sync_corpus(index, tiny_pipeline(root / "corpus", index.folder))


T = TypeVar("T")

Answers = dict[tuple[Any, ...], float]
"""What was asked and found, with its score, or 0 where there is none."""


def collect_answers(index: Index) -> Answers:
    """All that searches and lists give; equal for equal folders, whatever the numbers of the chunks are."""

    def ask(state: Snapshot) -> Answers:
        answers: Answers = {}
        for one in state.list_documents():
            answers["document", one.source, one.title, one.chunk_count, str(one.header)] = 0.0
        for question in QUESTIONS:
            by_words = {hit.id: hit.score for hit in state.search_words(question, 500)}
            by_vector = dict(state.search_vectors(TinyEmbedder().embed_query(question), 20))
            for name, scores in (("words", by_words), ("vectors", by_vector)):
                for id_, stored in state.read_chunks(list(scores)).items():
                    chunk = stored.chunk
                    found = (chunk.source, chunk.ordinal, chunk.text, chunk.page, chunk.section, stored.label)
                    answers[name, question, *found] = scores[id_]
        return answers

    return index.read(ask)


def are_equal(found: Answers, wanted: Answers) -> bool:
    return found.keys() == wanted.keys() and all(
        math.isclose(found[key], wanted[key], rel_tol=1e-6, abs_tol=1e-6) for key in wanted
    )


def choose_file(folder: Path, choose: random.Random) -> tuple[str, Path]:
    (folder / "repair").write_text("lexical\n" if choose.random() < 0.5 else "vectors\n")
    kinds = {name: sorted(path for path in folder.glob(pattern) if path.is_file()) for name, pattern in KINDS.items()}
    kind = choose.choice([name for name, files in kinds.items() if files])
    if kind != "repair mark":
        (folder / "repair").unlink()
    return kind, choose.choice(kinds[kind])


def damage(path: Path, how: str, choose: random.Random) -> None:
    """A flipped bit keeps the file's times; an empty file can't be flipped or cut, so it is deleted."""
    stat = path.stat()
    if how == "delete" or not stat.st_size:
        path.unlink()
    elif how == "cut":
        os.truncate(path, choose.randrange(stat.st_size))
    else:
        place = choose.randrange(stat.st_size)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << choose.randrange(8)]))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def run_round(root: Path, seed: int) -> Outcome:
    """Damage the index in `root` and check it. It need not be sound before: what was left is checked too."""
    choose = random.Random(seed)
    folder = root / "index"
    is_open = choose.random() < 0.5
    with closing(Index(folder)) as reader, closing(Index(folder)) as index:
        with _reading_the_catalog(folder) if is_open else nullcontext():
            if is_open:  # then what is written last stays in the catalog's log
                collect_answers(reader)
                (root / "corpus" / f"new {seed}.txt").write_text("heron kelp\n\namber grove")
                settle(root / "corpus")
                with closing(Index(folder)) as other:
                    sync(root, other)
            kind, path = choose_file(folder, choose)
            how = choose.choice(DAMAGES)
            damage(path, how, choose)
            report = check_index(index, tiny_pipeline(root / "corpus", folder), SyncOptions())
        what = f"{kind}: {how}{' while open' if is_open else ''}"
        wrong = [f"{what} ({path.name}, seed {seed}): {text}" for text in find_differences(root, index, reader)]
        return Outcome(what, bool(report.damage or report.sync.notes), wrong)


@contextmanager
def _reading_the_catalog(folder: Path) -> Iterator[None]:
    """Keep what is written meanwhile in the catalog's log, as a reader in the midst of its work does."""
    with closing(sqlite3.connect(folder / "catalog.sqlite3", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM meta").fetchall()
        yield


def find_differences(root: Path, index: Index, reader: Index) -> Iterator[str]:
    """From a fresh index of the same folder."""
    with closing(Index(root / "fresh")) as fresh:
        sync(root, fresh)
        wanted = collect_answers(fresh)
    shutil.rmtree(root / "fresh")
    for who, one in (("the index", index), ("an open reader", reader)):
        if not are_equal(collect_answers(one), wanted):
            yield f"{who} answers otherwise than a fresh one"
    if left := index.find_damage():
        yield f"damage is left: {left}"


def build_sound(root: Path, seed: int) -> None:
    """A corpus and its index, with a graph on disk."""
    make_corpus(root / "corpus", seed)
    with closing(Index(root / "index")) as index:
        sync(root, index)


def run(rounds: int, root: Path, seed: int, say: Callable[[str], None] = lambda text: None) -> Tally:
    tally = Tally()
    run_apart(build_sound, root / "sound", seed)
    for number in range(seed, seed + rounds):
        place = root / str(number)
        shutil.copytree(root / "sound", place, symlinks=True)
        settle(place / "corpus")
        outcome = run_apart(run_round, place, number)
        if isinstance(outcome, Outcome):
            tally.damaged[outcome.what] += 1
            tally.noticed += outcome.is_noticed
            tally.wrong += outcome.wrong
        else:
            tally.wrong.append(f"seed {number}: the process ended with {outcome}")
        tally.rounds += 1
        say(f"{tally.rounds} rounds, {tally.noticed} noticed, {len(tally.wrong)} wrong")
        shutil.rmtree(place)
    return tally


def run_apart(function: Callable[[Path, int], T], root: Path, seed: int) -> T | int | None:
    """What the function returns in a process of its own, or the exit code of a process that died."""
    context = multiprocessing.get_context("spawn")
    answers: SimpleQueue[T] = context.SimpleQueue()
    process = context.Process(target=_answer, args=(function, root, seed, answers))
    process.start()
    process.join()
    return process.exitcode if answers.empty() else answers.get()


def _answer(function: Callable[[Path, int], T], root: Path, seed: int, answers: SimpleQueue[T]) -> None:
    vector_store._HNSW["sync_threshold"] = GRAPH_AT
    snapshot._REMEMBERED_CHUNKS = 0  # through Chroma, as in a large index
    answers.put(function(root, seed))


def describe(tally: Tally) -> Iterator[str]:
    yield f"{tally.rounds} rounds, {tally.noticed} noticed, {len(tally.wrong)} wrong"
    for what, count in sorted(tally.damaged.items()):
        yield f"  {count:>3} {what}"
    yield from tally.wrong


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1_000_000)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(rounds, Path(folder), seed, lambda text: print(text, file=sys.stderr, flush=True))
    print(f"seed {seed}, {time.monotonic() - began:.0f} s; " + "\n".join(describe(tally)))
    return bool(tally.wrong)


if __name__ == "__main__":
    sys.exit(main())
