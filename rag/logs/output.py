"""Where steps are written: by a server to a file, as JSON, one object a line; with ``--debug`` to the terminal too.

Warnings of ours are whole sentences and go to both. Of an exception, and of what other people's code says, the file has
no words, since they may be a document's. Keys and passwords are taken out of all of it.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rag.logs.steps import LOG_LEVELS, VALUES, Value, read_request

_OURS = ("rag", "ingest", "page")
_SHORTEST_SECRET = 6
"""Shorter ones would be found within ordinary words."""


def open_log(folder: Path, level: str, keys: Iterable[str]) -> None:
    """Write what this process does to ``logs/pagewise.jsonl`` below `folder`; `keys` are what must not stand there.

    Several processes may share it. Nothing is written at the level ``none``. Raises OSError if the file can't be made.
    """
    if level == "none":
        return
    from rag.logs.shared_file import SharedFile  # it takes 10 ms to be imported

    _listen(SharedFile(folder / "logs" / "pagewise.jsonl"), _JsonLines(keys), LOG_LEVELS[level])


def show_steps(keys: Iterable[str]) -> None:
    """Show each step on standard error, as a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: not _is_for_all(record))
    _listen(handler, _Lines(keys), logging.DEBUG)


def hide_key(key: str) -> None:
    """Take a key that was entered just now out of all that is written from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Redacting):
            handler.formatter.hide(key)


def are_steps_shown() -> bool:
    """Whether `show_steps` was called."""
    return any(isinstance(handler.formatter, _Lines) for handler in logging.getLogger().handlers)


def _listen(handler: logging.Handler, formatter: logging.Formatter, level: int) -> None:
    root = logging.getLogger()
    if any(type(other.formatter) is type(formatter) for other in root.handlers):
        return
    for other in root.handlers:
        if not isinstance(other.formatter, _JsonLines | _Lines):
            other.addFilter(_is_for_all)
    handler.setFormatter(formatter)
    handler.setLevel(level)
    root.addHandler(handler)
    for name in _OURS:
        ours = logging.getLogger(name)
        ours.setLevel(min(level, logging.WARNING, ours.level or logging.WARNING))


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _OURS


def _is_for_all(record: logging.LogRecord) -> bool:
    """Whether a user should read it who didn't ask for steps."""
    return record.levelno >= logging.WARNING or not _is_ours(record)


class _Redacting(logging.Formatter):
    """Takes keys out of what is written, whatever they got into."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__()
        self._keys: set[str] = set()
        for key in keys:
            self.hide(key)

    def hide(self, key: str) -> None:
        if len(key) >= _SHORTEST_SECRET:
            self._keys = {*self._keys, key}

    def format(self, record: logging.LogRecord) -> str:
        line = self.write(record)
        for key in sorted(self._keys, key=len, reverse=True):
            line = line.replace(json.dumps(key)[1:-1], "[key]").replace(key, "[key]")
        return line

    def write(self, record: logging.LogRecord) -> str:
        raise NotImplementedError


class _JsonLines(_Redacting):
    def write(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": record.process,
            "where": record.name,
            "request": read_request(),
        }
        if _is_ours(record):
            line["step"] = record.getMessage()
            line |= getattr(record, VALUES, {})
        else:  # who knows what other code puts into its words
            line["step"] = f"a message of {Path(record.pathname).name}, line {record.lineno}"
        if record.exc_info and record.exc_info[1]:
            line |= _describe_error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _describe_error(error: BaseException) -> dict[str, object]:
    """What kind of error, and where; its words may be a document's."""
    frames = traceback.extract_tb(error.__traceback__)
    causes = [type(one).__name__ for one in (error, error.__cause__ or error.__context__) if one]
    return {"error": causes, "at": [f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in frames]}


class _Lines(_Redacting):
    def write(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).isoformat(timespec="milliseconds").partition("T")[2]
        values: dict[str, Value] = getattr(record, VALUES, {})
        shown = " ".join(f"{name}={_show(value)}" for name, value in values.items())
        return f"{time} {read_request() or '-':12} {record.name}: {record.getMessage()} {shown}".rstrip()


def _show(value: Value) -> str:
    text = str(value) if isinstance(value, str | int | float) or value is None else ",".join(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or not text.isprintable() else text
