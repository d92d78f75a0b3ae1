"""python -m ingest: make the index equal the folder, once or for as long as it runs; so does `pagewise ingest`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ingest.pipeline import Pipeline
from ingest.plan import Plan
from ingest.report import SyncReport
from ingest.sync import SyncOptions, plan_sync, sync_corpus
from rag import cli
from rag.index.catalog.records import Failure, FileInfo
from rag.index.index import Index, IndexStatus
from rag.settings import Settings

if TYPE_CHECKING:
    from ingest.terminal import Display
    from rag.index.integrity.check import Damage

_EPILOG = """examples:
  {prog}                      read what changed in the folder of documents
  {prog} --watch              and go on doing so
  {prog} --check              is the index still what was written? repair what isn't
  {prog} status               what the index holds, and which files could not be read
  {prog} --corpus ~/papers --index ~/papers-index"""

_CHECK = "Read the whole index, repair what isn't as it was written, and bring the index up to date with the folder."


def main(arguments: list[str] | None = None, prog: str = "python -m ingest") -> int:
    options = _make_parser(prog).parse_args(arguments)
    return cli.run(lambda: _show_status(options) if options.command == "status" else _run_sync(options))


def _make_parser(prog: str) -> argparse.ArgumentParser:
    epilog = _EPILOG.format(prog=prog)
    parser = cli.make_parser(prog, "Bring the index up to date with the folder of documents.", epilog)
    cli.add_common(parser)
    parser.add_argument("--watch", action="store_true", help="keep running and follow every change of the folder")
    parser.add_argument("--rebuild", action="store_true", help="read every file anew; the old index serves until then")
    parser.add_argument("--retry", action="store_true", help="give files that failed before another try")
    parser.add_argument("--check", action="store_true", help="read the whole index and repair what is damaged")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    _add_wait(parser, default=10.0)
    commands = parser.add_subparsers(dest="command", metavar="status|check")
    status = commands.add_parser(
        "status", help="what the index holds", description="What the index holds, and which files could not be read."
    )
    status.add_argument("--documents", action="store_true", help="list the documents, too")
    check = commands.add_parser("check", help="the same as --check", description=_CHECK)
    check.set_defaults(check=True)
    _add_wait(check, default=argparse.SUPPRESS)
    for command in (status, check):
        cli.add_common(command, default=argparse.SUPPRESS)
    return parser


def _add_wait(command: argparse.ArgumentParser, *, default: object) -> None:
    command.add_argument(
        "--wait", type=float, default=default, metavar="SECONDS", help="for another writer to finish (default: 10)"
    )


def _run_sync(options: argparse.Namespace) -> int:
    settings = cli.load_settings(options)
    index = Index(settings.index_dir)
    from ingest.terminal import Display

    with closing(index), Display() as display, closing(Pipeline(settings, index.models_dir, display.note)) as pipeline:
        if options.dry_run:
            return _show_plan(plan_sync(index, pipeline), as_json=options.json)
        if options.watch:
            return _watch(index, pipeline, options, display)
        if options.check:
            from ingest.check import check_index

            checked = check_index(index, pipeline, _read_sync_options(options, display))
            return _show_report(checked.sync, settings, as_json=options.json, damage=checked.damage)
        report = sync_corpus(index, pipeline, _read_sync_options(options, display))
    return _show_report(report, settings, as_json=options.json)


def _read_sync_options(options: argparse.Namespace, display: Display) -> SyncOptions:
    return SyncOptions(rebuild=options.rebuild, retry=options.retry, wait_s=options.wait, progress=display.show)


def _watch(index: Index, pipeline: Pipeline, options: argparse.Namespace, display: Display) -> int:
    from ingest.watcher import CorpusWatcher

    def show_report(report: SyncReport) -> None:
        display.pause()
        if not report.is_noop or report.pending == 0:
            _show_report(report, pipeline.settings, as_json=options.json)

    if options.rebuild:
        sync_corpus(index, pipeline, _read_sync_options(options, display))
    cli.keep_log(pipeline.settings)
    with closing(CorpusWatcher(index, pipeline, on_report=show_report, on_progress=display.show)) as watcher:
        watcher.start()
        cli.say(f"Watching {pipeline.settings.corpus_dir}. Press Ctrl+C to stop.")
        while watcher.is_alive():
            time.sleep(0.2)
    return 3


def _show_report(
    report: SyncReport, settings: Settings, *, as_json: bool, damage: Sequence[Damage] | None = None
) -> int:
    """Print the report and return the exit code. `damage` is what a check found, None if none was made."""
    names = ("added", "changed", "removed", "moved", "unchanged")
    if as_json:
        counts = {name: getattr(report, name) for name in (*names, "chunks", "embedded", "reused", "pending")}
        failed = [{"source": failure.source, "reason": failure.reason} for failure in report.failed]
        found = {} if damage is None else {"damage": [{"part": one.part, "reason": one.reason} for one in damage]}
        cli.print_json(
            {**counts, **found, "failed": failed, "seconds": round(report.seconds, 3), "notes": list(report.notes)}
        )
    else:
        for text in (*(one.reason for one in damage or ()), *report.notes):
            cli.say(text)
        counts = {name: getattr(report, name) for name in names}
        done = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "no files"
        print(f"{done}; {report.chunks:,} chunks, {report.embedded:,} newly embedded; {report.seconds:.1f} s")
        if not report.unchanged + report.added + report.changed + report.moved:
            print(f"{settings.corpus_dir} is empty: put documents into it and run this again.")
        if damage is not None:
            print("checked: what was damaged is repaired" if damage else "checked: the index is sound")
    return _tell_failures(report.failed)


def _show_plan(plan: Plan, *, as_json: bool) -> int:
    moved = [source for _, source, _ in plan.moved]
    read = [source for source, _ in plan.read] + [source for _, source, _ in plan.copied]
    gone = len(plan.removed) - len(moved)
    if as_json:
        cli.print_json({"read": read, "moved": moved, "removed": max(gone, 0), "unchanged": plan.unchanged})
    else:
        from rag.text.hostile import show_name

        for source in read:
            cli.show(f"read   {show_name(source)}")
        for source in moved:
            cli.show(f"move   {show_name(source)}")
        print(f"{len(read):,} to read, {len(moved):,} moved, {max(gone, 0):,} removed, {plan.unchanged:,} unchanged")
    return 0


def _show_status(options: argparse.Namespace) -> int:
    settings = cli.load_settings(options)
    with closing(Index(settings.index_dir)) as index:
        status = index.status()
        files = index.read(lambda held: held.list_files()) if options.documents and index.exists else []
    if options.json:
        listed = {"files": [_encode_file(file) for file in files]} if options.documents else {}
        cli.print_json({**_encode_status(status), **listed})
        return 0
    _show_files(file for file in files if file.reason is None)
    print(f"{status.documents:,} documents, {status.chunks:,} chunks, {status.bytes / 1e6:,.1f} MB in {index.folder}")
    if status.vectors < status.chunks:
        print(
            f"{status.chunks - status.vectors:,} chunks are found by their words only, their vectors are still to come"
        )
    if status.rebuilding:
        print("a new index is being built beside this one")
    for name, value in status.fingerprint.items():
        cli.show(f"  {name}: {value}")
    _tell_failures(status.failures)
    return 0


def _show_files(files: Iterable[FileInfo]) -> None:
    """A line for each document: how many pages or passages it has, of when it is, its name and title."""
    from rag.text.hostile import show_name

    for file in files:
        length = f"{file.pages:,} {file.page_kind or 'page'}{'s' * (file.pages != 1)}" if file.pages else ""
        title = f"  {show_name(file.title)}" if file.title else ""
        date = file.date[:10] or _format_time(file.mtime_ns / 1e9)[:10]
        cli.show(f"{date:10}  {length or _count_chunks(file.passages):>12}  {show_name(file.source)}{title}")


def _count_chunks(count: int) -> str:
    return f"{count:,} chunk{'s' * (count != 1)}"


def _encode_file(file: FileInfo) -> dict[str, Any]:
    return {
        "source": file.source,
        "title": file.title,
        "format": file.format,
        "pages": file.pages,
        "page_kind": file.page_kind,
        "date": file.date,
        "modified": _format_time(file.mtime_ns / 1e9),
        "bytes": file.size,
        "chunks": file.passages,
        "state": "ready" if file.reason is None else "failed",
        "reason": file.reason,
    }


def _encode_status(status: IndexStatus) -> dict[str, Any]:
    failed = [
        {"source": failure.source, "reason": failure.reason, "kind": failure.kind, "since": _format_time(failure.since)}
        for failure in status.failures
    ]
    return {
        "documents": status.documents,
        "chunks": status.chunks,
        "vectors": status.vectors,
        "failed": failed,
        "fingerprint": status.fingerprint,
        "generation": status.generation,
        "bytes": status.bytes,
        "rebuilding": status.rebuilding,
    }


def _tell_failures(failures: tuple[Failure, ...]) -> int:
    if failures:
        from rag.text.hostile import show_name  # late: an unchanged folder has nothing to tell
    for failure in failures:
        cli.say(f"Not indexed: {show_name(failure.source)}: {failure.reason}")
    return 1 if failures else 0


def _format_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(seconds))


if __name__ == "__main__":
    sys.exit(main())
