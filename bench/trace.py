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
import inspect
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import NoReturn

from ingest.pipeline import Pipeline
from ingest.sync import sync_corpus
from rag.answering.answer import answer_report
from rag.answering.prompt import make_around
from rag.assembly import open_retriever
from rag.chat.router import ModelRouter
from rag.errors import ModelUnavailableError
from rag.index.index import Index
from rag.settings import Settings

ROOT = Path(__file__).parents[1]
ROOMS = ("rag", "ingest", "page", "app.py")
QUESTION = "How many unused holidays may be carried into the next year?"
UNNAMED = {"<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>", "<lambda>"}


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
        self._callers: dict[CodeType, CodeType | None] | None = None
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    def end(self) -> None:
        threading.setprofile(None)
        sys.setprofile(None)

    @contextmanager
    def record(self) -> Iterator[dict[CodeType, CodeType | None]]:
        """The functions that are called until the block ends, each with the one of ours that called it first; None
        where a thread or the event loop did."""
        callers = self._callers = {}
        yield callers
        self._callers = None

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        callers, code = self._callers, frame.f_code
        if event == "call" and callers is not None and code not in callers and _is_ours(code):
            callers[code] = _find_caller(frame)


def _find_caller(frame: FrameType) -> CodeType | None:
    outer = frame.f_back
    while outer and not _is_ours(outer.f_code):
        outer = outer.f_back
    return outer and outer.f_code


def _is_ours(code: CodeType) -> bool:
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT) or path.relative_to(ROOT).parts[0] not in ROOMS:
        return False
    is_function = code.co_flags & inspect.CO_OPTIMIZED  # which a module and the body of a class are not
    return bool(is_function) and code.co_name not in UNNAMED


def name_function(code: CodeType) -> tuple[str, str]:
    """``("rag/ranking/search.py", "search")``"""
    return Path(code.co_filename).relative_to(ROOT).as_posix(), code.co_qualname


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
            router.start()
            router.settle(10)
            ask = partial(
                answer_report,
                retrieve=retriever.retrieve,
                router=router,
                settings=settings,
                around=make_around(index, settings.top_k),
            )
            asyncio.run(ask(QUESTION))
            with trace.record() as search:
                retriever.retrieve(QUESTION)
            with trace.record() as answer:
                asyncio.run(ask(QUESTION))
    trace.end()
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
            print(f"    {': '.join(name_function(code))}")


if __name__ == "__main__":
    main()
