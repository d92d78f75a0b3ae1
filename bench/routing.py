"""What choosing a model, and what it is given to read, cost a question: ``python -m bench.routing FOLDER``, with
passages of the text files there.

Each question comes with six passages of 1,000 characters, on every route that has a model elsewhere. No model is asked
and no server is reached.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from rag.answering.prompt import build_messages, choose_passages, prompt_budget
from rag.chat.routing.personal import find_personal
from rag.chat.routing.router import Inquiry, QuestionRouter
from rag.settings import Settings
from rag.types import Chunk, ScoredChunk, StoredChunk

_PASSAGES, _CHARACTERS = 6, 1000


def budget(question: str, passages: tuple[str, ...]) -> None:
    """Choose what a model of 4,096 tokens reads, and write its prompt."""
    hits = [ScoredChunk(StoredChunk(n, Chunk("x/y.md", n, text)), 1.0) for n, text in enumerate(passages)]
    tokens = prompt_budget(4096, 500)
    build_messages(question, choose_passages(question, hits, tokens, None, "phi-4-mini"))


def read_passages() -> list[str]:
    """Those of the folder that the command names."""
    parser = argparse.ArgumentParser(prog="python -m bench.routing", description="What choosing a model costs.")
    parser.add_argument("folder", type=Path, help="a folder with text files")
    folder: Path = parser.parse_args().folder
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in (".md", ".txt")]
    texts = [path.read_text("utf-8", "replace") for path in paths]
    passages = [text[start : start + _CHARACTERS] for text in texts for start in range(0, len(text), _CHARACTERS)]
    return passages or parser.error(f"There is no text in {folder}.")


def main() -> None:
    passages = read_passages()
    groups = [tuple(passages[start : start + _PASSAGES]) for start in range(0, len(passages), _PASSAGES)]
    settings = Settings(
        cloud_url="http://cloud.example",
        cloud_model="m",
        code_model="c@http://cloud.example",
        private_folders="a, b/*.md",
    )
    for route in ("cloud-first", "local-first", "task"):
        router = QuestionRouter(Settings(**{**vars(settings), "route": route}))
        find_personal.cache_clear()
        times = []
        for number, group in enumerate(groups):
            began = time.thread_time()
            question = f"What is said of number {number}?"
            router.choose(Inquiry(question, group, ("x/y.md",) * _PASSAGES))
            budget(question, group)
            times.append((time.thread_time() - began) * 1e3)
        times.sort()
        print(
            f"{route}: {len(times)} questions, milliseconds of the processor: p50 {statistics.median(times):.2f},"
            f" p95 {times[int(len(times) * 0.95)]:.2f}"
        )


if __name__ == "__main__":
    main()
