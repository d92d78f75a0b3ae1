"""The command `pagewise`: opens the chat page on a folder, or hands on to the commands of `ingest` and `rag`."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from rag import cli
from rag.errors import RagError, SettingsError
from rag.private import make_temporary_folder
from rag.settings import Settings

_COMMANDS = """commands:
  page        open the chat page, as pagewise alone does
  ask         get an answer with its sources
  search      find passages
  ingest      bring the index up to date with the folder of documents
  status      what the index holds, and which files could not be read
  check       read the whole index and repair what is damaged
  compare     put the same questions to several models
  eval        measure retrieval on a dataset
  serve       answer other programs, without the page
  mcp         be a tool of an assistant
  doctor      check every part, and name the fix of what is wrong
  models      list, download, load and remove language models

The documents are those of the folder in which pagewise is called; if it has a folder named corpus, of that one alone.
--corpus, RAG_CORPUS_DIR or a file .env name another. pagewise COMMAND --help tells more of each."""

_DESCRIPTION = """Open the chat page on a folder of documents: index it, follow its changes, answer questions."""

_ASSETS = Path(__file__).with_name("assets")


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the first argument names; without one, the page."""
    given = sys.argv[1:] if arguments is None else arguments
    command, rest = (given[0], given[1:]) if given and not given[0].startswith("-") else ("", given)
    with contextlib.suppress(RagError):  # what is wrong with the settings, the command itself will tell
        _take_this_folder_unless_told_otherwise()
    if command in ("ask", "search", "compare", "eval", "doctor", "models", "serve", "mcp"):
        from rag.__main__ import main as run

        return run(given, prog="pagewise")
    if command in ("ingest", "status", "check"):
        from ingest.__main__ import main as run

        return run(rest, prog="pagewise ingest") if command == "ingest" else run(given, prog="pagewise")
    if command in ("", "page"):
        return _open_page(_make_parser(command).parse_args(rest))
    _make_parser("").error(f"there is no command {command!r}; --help lists them, and --corpus names a folder")


def _take_this_folder_unless_told_otherwise() -> None:
    """Make the current folder the corpus, if it has no ``corpus/`` and no setting names one.

    A home folder, or a whole disk, is more than anybody means; there the command will ask for a folder.
    """
    is_told = Settings.load().corpus_dir is not Settings.corpus_dir
    here = Path.cwd()
    if not is_told and not Settings.corpus_dir.exists() and here not in (Path.home().resolve(), Path(here.anchor)):
        os.environ["RAG_CORPUS_DIR"] = str(here)


def _make_parser(command: str) -> argparse.ArgumentParser:
    """The parser of the page's options; without a command's name its help also lists the commands."""
    parser = cli.make_parser(f"pagewise {command}".rstrip(), _DESCRIPTION, "" if command else _COMMANDS)
    if not command:
        parser.usage = "pagewise [COMMAND] [options]"
        parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    cli.add_folders(parser)
    parser.add_argument("--host", help="address to listen at (default: 127.0.0.1); others need RAG_PASSWORD")
    parser.add_argument("--port", type=int, help="port to listen at (default: 8000)")
    parser.add_argument("--root-path", metavar="PATH", help="the path below which a proxy serves the page: /papers")
    parser.add_argument("--headless", action="store_true", help="don't open the browser")
    parser.add_argument("--ssl-cert", metavar="FILE", help="certificate, for https")
    parser.add_argument("--ssl-key", metavar="FILE", help="the certificate's key")
    return parser


class _ShowVersion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # slow

        cli.show(f"pagewise {version('pagewise')}")
        parser.exit()


def _open_page(options: argparse.Namespace) -> int:
    """Start Chainlit on our page. It ends the process when it is stopped."""
    try:
        settings = cli.load_settings(options)
        if not settings.corpus_dir.is_dir():
            raise SettingsError(
                f"There is no folder {settings.corpus_dir} here. Go to the folder with your documents, or name it by"
                " --corpus or RAG_CORPUS_DIR."
            )
    except RagError as error:
        cli.say(f"Error: {error}")
        return error.exit_code
    os.environ["RAG_LOG_LEVEL"] = settings.log_level
    os.environ["RAG_CORPUS_DIR"] = str(settings.corpus_dir)
    os.environ["RAG_INDEX_DIR"] = str(settings.index_dir)
    cli.say(f"Documents: {settings.corpus_dir.resolve()}. Index: {settings.index_dir.resolve()}.")
    if options.root_path:
        os.environ["CHAINLIT_ROOT_PATH"] = f"/{options.root_path.strip('/')}"
    names = ("host", "port", "ssl_cert", "ssl_key")
    given = [f"--{name.replace('_', '-')}={value}" for name in names if (value := getattr(options, name)) is not None]
    headless = ["--headless"] if options.headless or not _has_display() else []
    _load_chainlit()(["run", str(_ASSETS / "start.py"), *headless, *given])
    return 0


def _load_chainlit() -> Callable[[list[str]], object]:
    """Chainlit's own command. As soon as it is imported, it writes its defaults into its root folder: not this one."""
    with make_temporary_folder() as root:
        Path(root, ".chainlit").mkdir()
        shutil.copy(_ASSETS / "config.toml", Path(root, ".chainlit"))
        os.environ["CHAINLIT_APP_ROOT"] = root
        os.environ["CHAINLIT_ENV_FILE"] = str(Path(root, "none"))  # our settings are all that we take from .env
        _leave_out_tracing()
        import chainlit.cli
        import chainlit.server
    return chainlit.cli.cli


def _leave_out_tracing() -> None:
    """Have Chainlit import an empty module for the SDK that would send traces to a service of its makers.

    Nothing of it is used without an account there, and it takes more than half of the time of Chainlit's import.
    """
    empty = ModuleType("traceloop.sdk")
    vars(empty)["Traceloop"] = None
    sys.modules.setdefault("traceloop", ModuleType("traceloop"))
    sys.modules.setdefault("traceloop.sdk", empty)


def _has_display() -> bool:
    """Whether a browser can be opened; without one Python would start a text browser in this terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
