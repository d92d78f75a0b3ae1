"""python -m rag: search, ask, measure and check from the command line. `pagewise search`, `ask` … do the same."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rag import cli
from rag.doctor.options import add_doctor, add_models
from rag.errors import SettingsError
from rag.index.index import Index
from rag.logs.steps import begin_request
from rag.settings import Settings
from rag.types import MODES, Restriction, Retrieval

if TYPE_CHECKING:
    from rag.answering.events import AnswerReport, Event
    from rag.chat.routing.router import QuestionRouter

_EPILOG = """examples:
  python -m rag search "how often to descale the boiler"
  python -m rag ask "How often must I descale the boiler?"
  python -m rag ask --json --folder manuals "What does error E4 mean?"
  python -m rag eval my-questions

All but eval read the index that python -m ingest made."""

_EVAL = """Ask every question of a dataset and report hit@k, recall@k, MRR@10 and nDCG@10 of each search, how well it
knows what the documents don't say, and the milliseconds of one search. The corpus is indexed into an index of its own
below the index folder, which later runs use again. questions.jsonl has one JSON object a line, such as
{"question": "…", "answerable": true, "relevant": [{"source": "file.pdf", "page": 3}], "answers": ["90 days"],
"kind": "table", "language": "en"}; all but the question may be left out.

Beside these come the figures by which others publish: precision, recall and MRR of the first 3; Pass@5, @10 and @20,
the share of the golden documents found, where questions name them ("gold": ["a/1.txt", "a/2.txt"]; files with the same
text count as one); and recall, precision and IoU in characters of 5 passages, where questions mark the excerpts that
answer ("spans": [[start, end], …], in characters of the one relevant file, which is text, from 0, the end not
included).

--answers also asks the model every question that has accepted answers or isn't answerable. It tells how often the
model's own words are right, wrong, invented, a refusal or no answer at all, and how often what the reader gets, quotes
and words together, holds an accepted answer or warns; each by kind and by language. It scores exact match, token F1
and citations, how reliably the model refuses, and how fast it writes. Without a model the quotes that stand in for it
are measured. Questions at which the model fails are counted and left out, and the exit code is 1. Ctrl-C ends the
asking: the figures so far are shown, marked as partial, and the exit code is 130. With --json or --save the model's
words on each question stand beside the figures. An answer in other words than the accepted ones counts as wrong."""

_SERVE = """Answer programs from your documents, without the chat page: OpenAI's API at /v1 (chat completions,
responses, embeddings, models), search at /search, the documents at /documents, what the index does at /events, and
all of it described at /openapi.json. The folder is followed, as by the page. Beyond this machine RAG_PASSWORD is
needed, which programs send as their API key."""

_MCP = """Give an assistant that speaks the Model Context Protocol your documents as tools that only read: search, ask,
list_documents and read_page. The assistant starts this command itself and speaks to it by standard input and output;
`serve` offers the same at /mcp."""

_COMPARE = """Put the same questions with the same passages to two or more models, one after another, and show side by
side: the median time to the first token and in all, tokens a second, words an answer, the share of answers that the
passages support, the share that holds an accepted answer where the file gives some, and the memory of this process. A
model is named as MODEL is, at BASE_URL or by Foundry Local, or with the address of its server: llama3.2@http://…"""

_MODEL_START_S = 60.0
"""How long a model that is on the disk already may take to be loaded."""
_MOST_ENDINGS = 10
_PROGRESS_LINES = 20
"""Lines that tell how far the reading of many documents is."""
_WORTH_TELLING = ("starting", "downloading", "loading")


def main(arguments: list[str] | None = None, prog: str = "python -m rag") -> int:
    parser = _make_parser(prog)
    options = parser.parse_args(arguments)
    if getattr(options, "limit", None) and not options.answers:
        parser.error("--limit says how many answers to ask for, so it needs --answers")
    return cli.run(lambda: options.run(options))


def _make_parser(prog: str) -> argparse.ArgumentParser:
    parser = cli.make_parser(prog, "Search your documents, ask them, and measure how well that works.", _EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    search = commands.add_parser("search", help="find passages", description="Find the passages that fit best.")
    search.set_defaults(run=_search)
    search.add_argument("--top-k", type=int, metavar="N", help="how many passages (default: RAG_TOP_K, 6)")
    search.add_argument("--mode", choices=MODES, default="hybrid", help="default: hybrid")
    _add_question(search)
    ask = commands.add_parser("ask", help="get an answer with its sources", description="Answer, and cite the pages.")
    ask.set_defaults(run=_ask)
    ask.add_argument("--model", metavar="ALIAS", help="another model than MODEL says")
    ask.add_argument("--download", action="store_true", help="wait for the model if it must be downloaded first")
    ask.add_argument("--every", action="store_true", help="put the question to each document: a table, a row for each")
    ask.add_argument("--csv", type=Path, metavar="FILE", help="write that table there too, for spreadsheets")
    ask.add_argument("--markdown", type=Path, metavar="FILE", help="write it there as Markdown")
    ask.add_argument(
        "--explain-route", action="store_true", help="say which model would be asked, and why, and ask none"
    )
    _add_question(ask)
    add_doctor(commands)
    add_models(commands)
    evaluate = commands.add_parser("eval", help="measure retrieval on a dataset", description=_EVAL)
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("dataset", type=Path, help="folder with corpus/ and questions.jsonl")
    evaluate.add_argument("--mode", choices=("all", *MODES), default="all", help="default: all")
    evaluate.add_argument("--built", type=Path, metavar="INDEX", help="ask this index of the corpus; index nothing")
    evaluate.add_argument("--answers", action="store_true", help="measure answers too; takes a model's time")
    evaluate.add_argument("--model", metavar="ALIAS", help="another model than MODEL says")
    evaluate.add_argument("--top-k", type=int, metavar="N", help="passages for an answer (default: RAG_TOP_K, 6)")
    evaluate.add_argument(
        "--limit", type=_read_count, metavar="N", help="ask for only N answers, evenly over the kinds"
    )
    evaluate.add_argument("--save", type=Path, metavar="FILE", help="keep the figures as a baseline")
    evaluate.add_argument("--baseline", type=Path, metavar="FILE", help="show the change against kept figures")
    cli.add_common(evaluate)
    serve = commands.add_parser("serve", help="answer programs, without the chat page", description=_SERVE)
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, default=8000, help="default: 8000")
    cli.add_folders(serve)
    tools = commands.add_parser("mcp", help="be a tool of an assistant (MCP)", description=_MCP)
    tools.set_defaults(run=_serve_tools)
    cli.add_folders(tools)
    compare = commands.add_parser("compare", help="put the same questions to several models", description=_COMPARE)
    compare.set_defaults(run=_compare)
    compare.add_argument("questions", type=Path, help="file with a question on each line, or a questions.jsonl")
    compare.add_argument("--model", action="append", required=True, metavar="MODEL[@URL]", help="give two or more")
    compare.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots there too")
    cli.add_common(compare)
    return parser


def _add_question(command: argparse.ArgumentParser) -> None:
    """Add the question, and the options that say which documents may be found."""
    command.add_argument("question")
    only = command.add_argument_group("which documents")
    only.add_argument("--folder", metavar="SUB", help="only those below this folder of the corpus")
    only.add_argument("--type", metavar="EXT", help="only files with this ending, such as pdf")
    dates = "of their own date, or their file's: 2023, 2023-07 or 2023-07-31"
    only.add_argument("--since", metavar="DATE", help=f"only those from then on, {dates}")
    only.add_argument("--until", metavar="DATE", help="only those up to then, that day or month or year included")
    cli.add_common(command)


def _read_count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _search(options: argparse.Namespace) -> int:
    from rag.answering.excerpts import describe_hits
    from rag.assembly import open_retriever
    from rag.text.asked import check_question

    settings = _load_settings(options, top_k=options.top_k)
    begin_request()
    question, only = check_question(options.question), _read_restriction(options, settings)
    with closing(Index(settings.index_dir)) as index:
        index.require()
        _check_restriction(index, only)
        with closing(open_retriever(index, settings, progress=cli.say)) as retriever:
            found = retriever.retrieve(question, mode=options.mode, only=only)
    if options.json:
        cli.print_json(describe_hits(found))
    else:
        _print_hits(found)
    return 0


def _load_settings(options: argparse.Namespace, *, top_k: int | None = None, model: str | None = None) -> Settings:
    """Raises SettingsError for a corpus folder that was named and isn't there: the index is of another one."""
    settings = cli.load_settings(options, top_k=top_k, model=model)
    if options.corpus and not settings.corpus_dir.is_dir():
        what = "is not a folder" if settings.corpus_dir.exists() else "does not exist"
        raise SettingsError(f"The corpus folder {settings.corpus_dir} {what}. Correct --corpus, or leave it out.")
    return settings


def _read_restriction(options: argparse.Namespace, settings: Settings) -> Restriction | None:
    from rag.text.dates import bound

    folder = options.folder and _normalise_folder(settings.corpus_dir, options.folder)
    since, until = bound("--since", options.since), bound("--until", options.until)
    only = Restriction(folder or None, options.type, since, until)
    return None if only == Restriction() else only


def _normalise_folder(corpus_dir: Path, given: str) -> str:
    """A folder as the index spells it, however it was typed: with the corpus folder before it, or with backslashes."""
    folder = given.replace("\\", "/") if os.sep == "\\" else given
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    above = corpus_dir.parts
    is_whole = tuple(parts[: len(above)]) == above or Path(folder).is_absolute()
    if is_whole and Path(folder).resolve().is_relative_to(corpus_dir.resolve()):
        return Path(folder).resolve().relative_to(corpus_dir.resolve()).as_posix().removeprefix(".")
    return "/".join(parts)


def _check_restriction(index: Index, only: Restriction | None) -> None:
    """Raise SettingsError for a folder or an ending that no document has; tell if all together leave none."""
    if only is None or index.read(lambda snapshot: snapshot.count(only)):
        return
    sources = index.read(lambda snapshot: snapshot.list_sources())
    if only.folder and not index.read(lambda snapshot: snapshot.count(Restriction(folder=only.folder))):
        raise SettingsError(f"There is no document below the folder {only.folder}.{_suggest(only.folder, sources)}")
    if only.file_type and not index.read(lambda snapshot: snapshot.count(Restriction(file_type=only.file_type))):
        endings = Counter(PurePosixPath(source).suffix.lower().lstrip(".") for source in sources)
        common = ", ".join(ending for ending, _ in endings.most_common(_MOST_ENDINGS) if ending)
        raise SettingsError(f"There is no {only.file_type.lstrip('.')} file. The documents are files of: {common}.")
    cli.say("No document is left by --folder, --type, --since and --until; leave one of them out.")


def _suggest(folder: str, sources: Sequence[str]) -> str:
    """A sentence with the folder, or the document, whose path or name comes closest; empty if none does."""
    from difflib import get_close_matches

    from rag.text.hostile import show_name

    parsed = map(PurePosixPath, sources)
    paths = sorted({str(path) for source in parsed for path in (source, *source.parents) if path.name})
    by_name = {path.rpartition("/")[2].casefold(): path for path in paths} | {path.casefold(): path for path in paths}
    found = get_close_matches(folder.casefold(), by_name, n=1)
    return f" Did you mean {show_name(by_name[found[0]])}?" if found else ""


def _print_hits(found: Retrieval) -> None:
    from rag.answering.excerpts import make_excerpt
    from rag.answering.remarks import say_not_found

    if not found.hits:
        cli.show("Nothing found.")
    elif found.verdict == "no":
        cli.show(say_not_found(found) + "\n")
    for rank, hit in enumerate(found.hits, start=1):
        section = f" · {hit.chunk.section}" if hit.chunk.section else ""
        place = _format_place(hit.chunk.source, hit.chunk.page, hit.stored.page_kind)
        cli.show(f"{rank}. {place}{section}  ({hit.score:.3f})")
        cli.show("".join(f"   {line}\n" for line in make_excerpt(found.question, hit)))


def _format_place(source: str, page: int | None, kind: str) -> str:
    from rag.text.hostile import show_name

    return show_name(source) if page is None else f"{show_name(source)}, {kind or 'page'} {page}"


def _ask(options: argparse.Namespace) -> int:
    from rag.answering.prompt import make_around
    from rag.asked.asking import ask, wants_model
    from rag.asked.export import export_table
    from rag.assembly import open_retriever
    from rag.chat.foundry import FoundryRuntime
    from rag.chat.routing.router import QuestionRouter
    from rag.text.asked import check_question

    check_question(options.question)
    settings = _load_settings(options, model=options.model)
    runtime = partial(FoundryRuntime, may_download=options.download)
    only = _read_restriction(options, settings)
    with (
        closing(Index(settings.index_dir)) as index,
        closing(QuestionRouter(settings, make_runtime=runtime)) as router,
        closing(open_retriever(index, settings, progress=cli.say)) as retriever,
    ):
        index.require()
        _check_restriction(index, only)
        if options.explain_route:
            _explain_route(options, router, retriever.retrieve(options.question, only=only))
            return 0
        # A failure is told once, with the answer.
        cli.hush("rag.chat")
        router.subscribe(lambda state: cli.say(state.detail) if state.kind in _WORTH_TELLING else None)
        if wants_model(options.question):
            router.start()
            router.settle(24 * 3600 if options.download else _MODEL_START_S, download=options.download)
        around = make_around(index, settings.top_k)
        events = ask(
            options.question,
            index=index,
            retrieve=retriever.retrieve,
            router=router,
            settings=settings,
            only=only,
            around=around,
            compare=retriever.compare_sentences,
            every=options.every,
        )
        report = cli.work_while_read(_show_answer(events, as_json=options.json))
    if options.json:
        cli.print_json(report.to_dict())
    export_table(report, options.csv, options.markdown)
    return 0


def _explain_route(options: argparse.Namespace, router: QuestionRouter, found: Retrieval) -> None:
    """Say which model would be asked, and which if that one fails; none is looked for."""
    from rag.chat.routing.router import Inquiry

    plan = router.choose(Inquiry.of_hits(found.question, found.hits))
    if options.json:
        cli.print_json({"question": found.question, "verdict": found.verdict, **plan.to_dict()})
        return
    for number, choice in enumerate(plan.choices):
        first = "If that fails: " if number else ""
        cli.show(f"{first}{choice.name} {choice.place}" + (f", since {choice.why}." if choice.why else "."))
    if not plan.choices:
        cli.show(f"No model, since {plan.private} and none is on this machine: you get quotes.")
    if found.verdict == "no":
        cli.show("But the documents hardly hold an answer, so none is asked.")


async def _show_answer(events: AsyncGenerator[Event, None], *, as_json: bool) -> AnswerReport:
    """Show the answer as it comes, unless it will be shown as JSON; returns the report that ends it."""
    from contextlib import aclosing

    from rag.answering.events import Done, Notice, Progress

    printer = None if as_json else _Printer()
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Done):
                if event.report.place and not as_json:
                    why = f", since {event.report.why}" if event.report.why else ""
                    cli.say(f"Answered by {event.report.model} {event.report.place}{why}.")
                return event.report
            if isinstance(event, Notice):
                cli.say(event.text)
            elif isinstance(event, Progress):
                if event.done % max(1, event.total // _PROGRESS_LINES) == 0:
                    cli.say(f"Reading {event.source} ({event.done + 1} of {event.total}) …")
            elif printer:
                printer.show(event)
    raise AssertionError("answer() ends with Done")


class _Printer:
    """An answer on a terminal, where nothing can be put above what stands there: the model's words come last."""

    def __init__(self) -> None:
        from rag.text.hostile import VisibleStream

        self._stream = VisibleStream()
        self._quotes = ""
        """What waits to be shown: if no model is asked, a remark may have to introduce it."""
        self._words = ""
        """The model's words as they stand on the terminal."""
        self._said_again: str | None = None
        """What takes their place; None if nothing was taken back."""

    def show(self, event: Event) -> None:
        from rag.answering.events import Citations, Judged, Quoted, Shown, Token, Told, Withdrawn

        match event:
            case Quoted(text):
                self._quotes = text
            case Told():
                self._quotes = event.without_bare_markers
            case Shown():
                self._show_quotes()
            case Token(text) if self._said_again is not None:
                self._said_again += text
            case Token(text):
                self._words += text
                print(self._stream.add(text), end="", flush=True)
            case Withdrawn():
                self._said_again = ""
            case Judged(outcome, remark):
                self._show_judged(outcome, remark)
            case Citations(citations):
                for cited in filter(lambda one: one.quote, citations):
                    place = _format_place(cited.source, cited.page, cited.page_kind)
                    cli.show(f"[{cited.number}] {place}: “{' '.join(cited.quote.split())}”")

    def _show_judged(self, outcome: str, remark: str) -> None:
        if self._words:
            print(self._stream.end() + "\n")
        self._show_said_again()
        if outcome != "not_found":
            self._show_quotes()
        if remark:
            cli.show(remark + "\n")
        self._show_quotes()

    def _show_said_again(self) -> None:
        """Show what takes the place of the words, unless only the markers differ, which the sources below tell."""
        from rag.answering.citations import match_but_for_markers

        if self._said_again == "":
            cli.say("These words were no answer.")
        elif self._said_again and not match_but_for_markers(self._words, self._said_again):
            cli.show(self._said_again + "\n")

    def _show_quotes(self) -> None:
        """Show the quotes, unless they stand there already."""
        if self._quotes:
            cli.show(self._quotes + "\n")
            self._quotes = ""


def _serve(options: argparse.Namespace) -> int:
    from page.api.serving import serve

    return serve(_load_settings(options), options.host, options.port)


def _serve_tools(options: argparse.Namespace) -> int:
    from page.api.serving import serve_tools

    return serve_tools(_load_settings(options))


def _evaluate(options: argparse.Namespace) -> int:
    from rag.evaluation.command import run_evaluation

    return run_evaluation(options)


def _compare(options: argparse.Namespace) -> int:
    from rag.evaluation.comparing import run_comparison

    return run_comparison(options, _load_settings(options))


if __name__ == "__main__":
    sys.exit(main())
