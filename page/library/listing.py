"""The library's list: all files of the folder with their state; searched, sorted and cut to what is shown. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from page.errors import say_error
from page.texts import ENGLISH
from rag.index.catalog.records import FileInfo, FileState
from rag.text.hostile import remove_invisible, show_name

STATES = ("ready", "reading", "failed")
SORTS = ("name", "folder", "type", "pages", "date", "size", "state")
_MOST_FOLDERS = 500

_MARKS = re.compile(
    r"[ _.-]*(?:\(\d{1,3}\)|\b(?:v|ver|version|rev|r)[ ._-]?\d+(?:[._]\d+)*|\b(?:19|20)\d\d[-_.]?\d\d(?:[-_.]?\d\d)?"
    r"|\b(?:final|draft|copy|old|new|entwurf|kopie|alt|neu|ancien|nouveau|copie|borrador|copia|udkast|kopi)\d*\b)"
)
"""What tells versions of one document apart in their names."""


class Row(NamedTuple):
    """A file of the folder."""

    source: str
    title: str
    type: str
    page_kind: str
    pages: int | None
    date: str
    size: int
    state: str
    """One of `STATES`."""
    reason: str = ""
    """Why it could not be read."""
    is_encrypted: bool = False
    same: str = ""
    """Another document with the same content, the first of them."""
    version: str = ""
    """The newest document of which this is an older version, as their names tell."""
    versions: int = 0
    """Of the newest one: how many there are."""

    @property
    def folder(self) -> str:
        return self.source.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.source.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the list is to be shown."""

    search: str = ""
    folder: str | None = None
    state: str = ""
    sort: str = "name"
    is_descending: bool = False
    offset: int = 0
    limit: int = 100


def make_rows(files: Iterable[FileInfo], found: Mapping[str, FileState]) -> list[Row]:
    """The rows of what is indexed or failed, and of `found`, the files that are still to be read."""
    rows = {file.source: _make_row(file) for file in files if file.source not in found}
    for source, state in found.items():
        rows[source] = Row(source, "", _get_type(source), "", None, _tell_date(state.mtime_ns), state.size, "reading")
    same = _find_same(file for file in files if file.source in rows and rows[file.source].state == "ready")
    newest = _find_versions([row for row in rows.values() if row.state == "ready"])
    counts = Counter(newest.values())
    return [
        row._replace(same=same.get(source, ""), version=newest.get(source, ""), versions=counts[source] + 1)
        for source, row in sorted(rows.items())
    ]


def _make_row(file: FileInfo) -> Row:
    reason = file.reason or ""
    return Row(
        file.source,
        file.title,
        file.format if file.reason is None else _get_type(file.source),
        file.page_kind,
        file.pages,
        file.date[:10] or _tell_date(file.mtime_ns),
        file.size,
        "ready" if file.reason is None else "failed",
        reason,
        reason.startswith("encrypted"),
    )


def _get_type(source: str) -> str:
    name = source.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name[1:] else ""


def _tell_date(mtime_ns: int) -> str:
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9, UTC).astimezone().date().isoformat()
    except (OverflowError, OSError, ValueError):  # a clock that was wrong
        return ""


def _find_same(files: Iterable[FileInfo]) -> dict[str, str]:
    """For each document with another's content, the first that has it."""
    first: dict[bytes, str] = {}
    same: dict[str, str] = {}
    for file in files:
        if (known := first.setdefault(file.sha256, file.source)) != file.source:
            same[file.source] = known
    return same


def _find_versions(rows: Sequence[Row]) -> dict[str, str]:
    """For each older version the newest document, as far as names in one folder tell: ``plan v1.md``, ``plan.md``."""
    groups: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        stem = row.name.rpartition(".")[0].casefold()
        groups[row.folder, _MARKS.sub("", stem).strip(" _.-") or stem, _get_type(row.source)].append(row)
    newest: dict[str, str] = {}
    for group in groups.values():
        last = max(group, key=lambda row: (row.date, row.source))
        newest |= {row.source: last.source for row in group if row is not last}
    return newest


_KEYS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name.casefold(),
    "folder": lambda row: row.folder.casefold(),
    "type": lambda row: row.type,
    "pages": lambda row: row.pages or 0,
    "date": lambda row: row.date,
    "size": lambda row: row.size,
    "state": lambda row: (STATES[::-1].index(row.state), row.reason),
}


def choose(rows: Sequence[Row], wanted: Wanted) -> list[Row]:
    """The rows that are wanted, in order, whatever part of them is shown."""
    words = _fold(wanted.search).split()
    chosen = [row for row in rows if _is_wanted(row, wanted, words)]
    chosen.sort(key=_KEYS[wanted.sort], reverse=wanted.is_descending)
    return chosen


def _is_wanted(row: Row, wanted: Wanted, words: Collection[str]) -> bool:
    if wanted.state and row.state != wanted.state:
        return False
    if wanted.folder is not None and not _lies_in(row.source, wanted.folder):
        return False
    text = _fold(f"{row.source} {row.title}") if words else ""
    return all(word in text for word in words)


def _lies_in(source: str, folder: str) -> bool:
    return source.startswith(f"{folder}/") if folder else "/" not in source


def _fold(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(one))


def describe(rows: Sequence[Row], wanted: Wanted, language: str = ENGLISH) -> dict[str, Any]:
    """What is shown of the list, with all that there is to choose from; JSON values only."""
    chosen = choose(rows, wanted)
    states = Counter(row.state for row in rows)
    return {
        "total": len(rows),
        "shown": len(chosen),
        "states": {state: states[state] for state in STATES},
        "encrypted": sum(row.is_encrypted for row in rows),
        "folders": _list_folders(rows),
        "rows": [_describe_row(row, language) for row in chosen[wanted.offset : wanted.offset + wanted.limit]],
    }


def _list_folders(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """The folders with the number of files below each; of too many the uppermost."""
    counts: Counter[str] = Counter()
    for folder, count in Counter(row.folder for row in rows).items():
        above = folder
        while above:
            counts[above] += count
            above = above.rpartition("/")[0]
    first = sorted(counts, key=lambda folder: (folder.count("/"), folder))[:_MOST_FOLDERS]
    return [(folder, counts[folder]) for folder in sorted(first)]


def _describe_row(row: Row, language: str) -> dict[str, Any]:
    return {
        "source": row.source,
        "name": show_name(row.name),
        "folder": show_name(row.folder),
        "title": remove_invisible(row.title),
        "type": row.type,
        "pageKind": row.page_kind,
        "pages": row.pages,
        "date": row.date,
        "size": row.size,
        "state": row.state,
        "reason": say_error(language, remove_invisible(row.reason)),
        "isEncrypted": row.is_encrypted,
        "same": show_name(row.same),
        "version": show_name(row.version),
        "versions": row.versions,
    }
