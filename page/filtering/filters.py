"""The filters of the chat page: what there is to choose from, and what was chosen. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from page.texts import say
from rag.text.dates import bound
from rag.types import Restriction

EVERY_FOLDER = "/"
EVERY_TYPE = "."
"""Chosen values that restrict nothing: a list on the page can't have an empty one, and no folder or ending is so."""

ONLY = "only"
"""Under which name a chat's filters have the documents and folders that were chosen in the library."""
MOST_CHOSEN = 300
"""SQLite takes a condition of a thousand parts."""
_MOST_NAMED = 3
"""Chosen documents and folders that are named."""

_MOST_FOLDERS = 100
_MOST_TYPES = 30
"""As many as a person looks through in a list."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the documents can be told apart by, in the order of a list."""

    folders: tuple[str, ...] = ()
    """Paths below the corpus folder. Where there are too many, the uppermost are listed, and of these the fullest."""
    file_types: tuple[str, ...] = ()
    """Endings in small letters, without the dot. Where there are too many, the most frequent are listed."""


def find_choices(sources: Iterable[str]) -> Choices:
    """What those documents can be told apart by."""
    folders: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for source in sources:
        folder, _, name = source.rpartition("/")
        folders[folder] += 1
        types[name.rpartition(".")[2].lower() if "." in name[1:] else ""] += 1
    del types[""]
    most = [file_type for file_type, _ in types.most_common(_MOST_TYPES)]
    return Choices(_find_uppermost(folders), tuple(sorted(most)))


def _find_uppermost(folders: Mapping[str, int]) -> tuple[str, ...]:
    """The folders to offer, from the number of documents that each holds itself."""
    documents: Counter[str] = Counter()
    for folder, count in folders.items():
        while folder:
            documents[folder] += count
            folder = folder.rpartition("/")[0]
    first = sorted(documents, key=lambda folder: (folder.count("/"), -documents[folder], folder))
    return tuple(sorted(first[:_MOST_FOLDERS]))


def read_chosen(given: object) -> tuple[str, ...]:
    """The documents and folders that were chosen in the library, from what the page sends."""
    chosen = (
        [one for one in given if isinstance(one, str) and one.strip("/")] if isinstance(given, list | tuple) else []
    )
    return tuple(dict.fromkeys(chosen))[:MOST_CHOSEN]


def describe_restriction(only: Restriction, language: str) -> str:
    """What may be found, in the plural and in the language of a browser: ``pdf files in manuals since 2023``."""
    file_type = (only.file_type or "").lstrip(".").lower()
    told = say(language, "filter.files", type=file_type) if file_type else say(language, "filter.documents")
    if only.folder:
        told = say(language, "filter.folder.of", documents=told, folder=only.folder.strip("/"))
    if only.within:
        names, more = ", ".join(only.within[:_MOST_NAMED]), len(only.within) - _MOST_NAMED
        names = say(language, "filter.more", names=names, number=more) if more > 0 else names
        told = say(language, "filter.among", documents=told, names=names)
    if only.since and only.until:
        told = say(language, "filter.between", documents=told, since=only.since, until=only.until)
    elif only.since:
        told = say(language, "filter.from", documents=told, since=only.since)
    elif only.until:
        told = say(language, "filter.to", documents=told, until=only.until)
    return say(language, "filter.also", documents=told, names=", ".join(only.also)) if only.also else told


def read_restriction(values: Mapping[str, object]) -> Restriction | None:
    """What the inputs ``folder``, ``type``, ``since`` and ``until``, and the library's choice, leave; None for all.

    Raises SettingsError for what is no date.
    """
    folder, file_type, since, until = (str(values.get(name) or "") for name in ("folder", "type", "since", "until"))
    only = Restriction(
        folder.strip("/") or None,
        file_type.strip(".") or None,
        bound("Since", since.strip() or None),
        bound("Until", until.strip() or None),
        read_chosen(values.get(ONLY)),
    )
    return None if only == Restriction() else only
