"""How far a question's way is: which functions of ours one warm search and one warm answer pass, in how many files.

    uv run python -m bench.trace                 # the counts
    uv run python -m bench.trace --list          # each function too, in the order in which it is first called

It indexes the sample documents, asks once so that models and indexes are loaded, and counts while the question is asked
again, in all threads. A comprehension or a lambda belongs to the function that it stands in; what Python itself writes
for a dataclass belongs to nobody.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import NoReturn

from ingest.pipeline import Pipeline
from ingest.sync import sync_corpus
from rag.answering.answer import answer_report
from rag.answering.widening import make_around
from rag.assembly import open_retriever
from rag.chat.router import ModelRouter
from rag.errors import ModelUnavailableError
from rag.index.index import Index
from rag.settings import Settings

ROOT = Path(__file__).parents[1]
ROOMS = ("rag", "ingest", "page", "app.py")
QUESTION = "How many unused holidays may be carried into the next year?"
UNNAMED = {"<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>", "<lambda>", "<module>"}


class NoRuntime:
    """Stands for a machine on which no language model can be had."""

    def __init__(self, *_: str) -> None:
        pass

    def open(self, alias: str, *_: object) -> NoReturn:
        raise ModelUnavailableError(f"The model {alias} can't be had.")

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass


class CallTrace:
    """Notes our functions in the order of their first calls, in the threads that start after it was made."""

    def __init__(self) -> None:
        self._called: dict[CodeType, None] | None = None
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    @contextmanager
    def record(self) -> Iterator[dict[CodeType, None]]:
        called = self._called = {}
        yield called
        self._called = None

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and self._called is not None and _is_ours(frame.f_code):
            self._called.setdefault(frame.f_code)


def _is_ours(code: CodeType) -> bool:
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT) or path.relative_to(ROOT).parts[0] not in ROOMS:
        return False
    return code.co_name not in UNNAMED


def trace_question(folder: Path) -> tuple[list[CodeType], list[CodeType]]:
    """The functions of a warm search, and those of a warm answer without a model."""
    trace = CallTrace()
    settings = Settings.load({}, corpus_dir=ROOT / "corpus", index_dir=folder)
    with closing(Index(folder)) as index:
        with closing(Pipeline(settings, index.models_dir)) as pipeline:
            sync_corpus(index, pipeline)
        with (
            closing(open_retriever(index, settings)) as retriever,
            closing(ModelRouter(settings, make_runtime=NoRuntime)) as router,
        ):
            around = make_around(index, settings.top_k)
            router.start()
            router.settle(10)

            def ask() -> None:
                asyncio.run(
                    answer_report(
                        QUESTION, retrieve=retriever.retrieve, router=router, settings=settings, around=around
                    )
                )

            ask()
            with trace.record() as search:
                retriever.retrieve(QUESTION)
            with trace.record() as answer:
                ask()
    return list(search), list(answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name each function")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        search, answer = trace_question(Path(folder))
    for name, codes in (("retrieve", search), ("a whole answer without a model", answer)):
        print(f"{name}: {len(codes)} functions in {len({code.co_filename for code in codes})} files")
        for code in codes if options.list else ():
            print(f"    {Path(code.co_filename).relative_to(ROOT)}: {code.co_qualname}")


if __name__ == "__main__":
    main()
