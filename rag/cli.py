"""What both command lines share: common options, JSON on stdout and nothing else there, errors as exit codes."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import json
import logging
import os
import select
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

from rag.errors import RagError
from rag.logs import output
from rag.logs.steps import log_step
from rag.private import write_privately
from rag.settings import Settings

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_LOOK_EVERY_S = 0.25

EXIT_CODES = """exit codes: 0 done; 1 done, but some files failed (each is named);
2 wrong usage or setting; 3 could not run, and the message says why"""


def make_parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=f"{epilog}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_common(command: argparse.ArgumentParser, *, default: object = None) -> None:
    """Add the options that every command takes.

    A subcommand whose parser has them too passes ``argparse.SUPPRESS``, so that what was given to the parser stays.
    """
    add_folders(command, default=default)
    command.add_argument("--json", action="store_true", default=default, help="one JSON object on standard output")


def add_folders(command: argparse.ArgumentParser, *, default: object = None) -> None:
    """Add those options of `add_common` that the page takes too."""
    corpus = "folder with the documents (default: corpus; with pagewise this folder, if it has no corpus)"
    command.add_argument("--corpus", metavar="DIR", default=default, help=corpus)
    command.add_argument("--index", metavar="DIR", default=default, help="folder of the index (default: .rag)")
    command.add_argument("--debug", action="store_true", default=default, help="tell each step on standard error")


def load_settings(options: argparse.Namespace, *, model: str | None = None, top_k: int | None = None) -> Settings:
    """The settings, with these before them. With --debug, or RAG_LOG_LEVEL=debug, steps are told from now on.

    Raises SettingsError.
    """
    level = "debug" if options.debug else None
    settings = Settings.load(
        corpus_dir=options.corpus, index_dir=options.index, log_level=level, model=model, top_k=top_k
    )
    if settings.log_level == "debug":
        show_debug(settings)
    return settings


def show_debug(settings: Settings) -> None:
    """Tell each step on standard error from now on, what runs here first."""
    import platform  # here, since nobody else needs it

    output.show_steps(settings.keys)
    own = f"{platform.python_implementation()} {platform.python_version()}, {platform.platform(terse=True)}"
    log_step(logger, "started", settings.list_changed(), process=os.getpid(), on=own)


def keep_log(settings: Settings) -> None:
    """Write what a server does to its log, or say why that can't be done; it runs all the same."""
    try:
        output.open_log(settings.index_dir, settings.log_level, settings.keys)
    except OSError as exc:
        say(f"No log is kept: {exc.filename or settings.index_dir} can't be written ({exc.strerror}).")


def hush(name: str) -> None:
    """Have our code of that name log no warnings, unless steps are told: the command itself says what is wrong."""
    logging.getLogger(name).setLevel(logging.DEBUG if output.are_steps_shown() else logging.ERROR)


def run(main: Callable[[], int]) -> int:
    """Run a command; what the user can mend is one sentence and an exit code, never a traceback."""
    for stream in (sys.stdout, sys.stderr):  # a Windows console's code page has no room for most of Unicode
        getattr(stream, "reconfigure", lambda **_: None)(encoding="utf-8", errors="replace")
    write_privately()
    handler = logging.StreamHandler()
    handler.setFormatter(_CleanFormatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    _stop.heed()
    atexit.register(gc.freeze)  # the last look for garbage takes 50 ms, and the process's end frees everything
    try:
        return main()
    except BaseException as exc:
        return _tell_end(_stop.find_cause(exc))


def _tell_end(exc: BaseException) -> int:
    """Tell why a command ended, and return its exit code. Raises what no user can mend."""
    match exc:
        case RagError():
            say(f"Error: {exc}")
            return exc.exit_code
        case KeyboardInterrupt() | _StopRequest():
            with contextlib.suppress(OSError):  # a terminal that was closed
                say("Stopped. What was done so far is kept; run it again to go on.")
            return exc.exit_code if isinstance(exc, _StopRequest) else 128 + signal.SIGINT
        case BrokenPipeError():  # the reader of our output has gone, as head does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case OSError():  # a disk or a right that fails where nothing better could be said
            say(f"Error: {exc.filename or 'A file'} cannot be read or written ({exc.strerror or exc}).")
            return 3
    raise exc


@contextlib.contextmanager
def logging_errors_alone() -> Iterator[None]:
    """Within the block our code logs no warnings: the command tells by itself what is wrong."""
    ours = logging.getLogger("rag")
    before = ours.level
    hush("rag")
    try:
        yield
    finally:
        ours.setLevel(before)


class _CleanFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return clean(super().format(record))


class _StopRequest(BaseException):
    """The system, or the terminal that was closed, asks the process to end."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number


class _Stop:
    """Lets a command that is told to end do so as after Ctrl-C: it leaves nothing half-done and nothing lying about."""

    def __init__(self) -> None:
        self.request: _StopRequest | None = None
        self._cancel: Callable[[], object] | None = None

    def heed(self) -> None:
        """Take the signals that tell a process to end, unless somebody has taken them, or has them ignored as nohup."""
        self.request = None
        for number in (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP", "SIGBREAK")):
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._take)

    def _take(self, number: int, _: object) -> None:
        self.request = _StopRequest(number)
        if self._cancel is None:
            raise self.request
        self._cancel()

    @contextlib.contextmanager
    def cancelling(self, cancel: Callable[[], object]) -> Iterator[None]:
        """Have `cancel` called within the block, where an exception out of nowhere would be lost.

        asyncio logs what is raised in its callbacks and goes on, or takes it for a connection that has failed.
        """
        self._cancel = cancel
        try:
            yield
        finally:
            self._cancel = None

    def find_cause(self, exc: BaseException) -> BaseException:
        """The request to stop if there was one: on its way a library may have made another exception of it."""
        return exc if self.request is None else self.request


_stop = _Stop()


def print_json(value: Mapping[str, Any]) -> None:
    """Print the value in one line on standard output, escaped so that it does nothing to a terminal."""
    encoded = json.dumps(value, ensure_ascii=False)
    if not _is_plain(encoded):
        from rag.text.hostile import escape_json

        encoded = escape_json(encoded)
    print(encoded)


def show(text: str) -> None:
    """Print lines on standard output, without anything in them that could steer a terminal."""
    print(clean(text), flush=True)


def say(text: str) -> None:
    """Tell the user something, on standard error; cleaned like what `show` shows."""
    print(clean(text), file=sys.stderr, flush=True)


def clean(text: str) -> str:
    """The text as a terminal may show it, though it can hold names and words of documents."""
    if _is_plain(text):
        return text
    from rag.text.hostile import remove_invisible

    return remove_invisible(text)


def _is_plain(text: str) -> bool:
    """Whether the text is ASCII without control characters, as most of ours is; then no table needs to be loaded."""
    return text.isascii() and text.replace("\n", "").isprintable()


def work_while_read(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work. It is cancelled once the process is told to end, or nobody reads our standard output.

    Raises BrokenPipeError if nobody reads on.
    """
    import asyncio  # here, since most commands need none of it

    async def run() -> Result:
        task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
        try:
            with _stop.cancelling(lambda: loop.call_soon_threadsafe(task.cancel)):
                while not task.done():
                    if _is_output_unread():
                        raise BrokenPipeError
                    await asyncio.wait([task], timeout=_LOOK_EVERY_S)
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait([task])

    result = asyncio.run(run())
    if _stop.request is not None:  # it came when the work was done
        raise _stop.request
    return result


def _is_output_unread() -> bool:
    """Whether the reader of standard output has gone; False where the system doesn't tell before we write."""
    if not hasattr(select, "poll"):
        return False
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):  # no real file
        return False
    return bool(poll.poll(0))
