"""Errors that a user may read. Each message is one sentence or two: what, which, what to do next.

RagError                 exit 3: could not run
├─ SettingsError         exit 2: a wrong setting or argument
├─ QuestionError         exit 2: a question that can't be asked
├─ CorpusError           the folder of documents can't be read; nothing is removed from the index
├─ IndexLockedError      another process is writing the index
├─ IndexUnusableError    the index cannot be read or written, and why
│  ├─ IndexMissingError   there is none, or not any more
│  ├─ DiskFullError       there is no room to write it
│  ├─ DiskFaultError      its disk fails to read or write
│  ├─ IndexAccessError    we have no right to open or write it
│  └─ IndexDamagedError   a part of it is damaged; the next sync makes that part anew
├─ EmbeddingModelError   the embedding or reranking model cannot be loaded
├─ ModelUnavailableError no language model answers
│  ├─ PromptTooLongError the prompt exceeds what the model can read at once
│  └─ PrivateTextError   the prompt holds what may not leave this machine
└─ LoadError             one file cannot be read: a row in the report, never a stop
   └─ UnsupportedError   its format isn't one that we read
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

_ROOM_BYTES = 8_000_000  # with less than this free, a failure to write is taken for a full disk
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_IN_WORDS = "database or disk is full"  # as SQLite says it inside Chroma
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class RagError(Exception):
    """Base of all errors whose message is meant for the user."""

    exit_code = 3


class SettingsError(RagError):
    exit_code = 2


class QuestionError(RagError):
    exit_code = 2


class CorpusError(RagError):
    pass


class IndexLockedError(RagError):
    pass


class IndexUnusableError(RagError):
    pass


class IndexMissingError(IndexUnusableError):
    """`folder` is where the index should be."""

    def __init__(self, folder: object) -> None:
        super().__init__(f"There is no index in {folder} yet. Run pagewise ingest to make it.")


class DiskFullError(IndexUnusableError):
    """`folder` is on the disk that is full, `reason` what the system said."""

    def __init__(self, folder: object, reason: str) -> None:
        super().__init__(
            f"The disk that holds {folder} is full ({reason}). Free some space and run pagewise ingest again."
        )


class DiskFaultError(IndexUnusableError):
    """`folder` is on the disk that fails, `reason` what the system said."""

    def __init__(self, folder: object, reason: str) -> None:
        super().__init__(
            f"The disk that holds {folder} cannot be read or written ({reason}). "
            "Check the disk, and choose a folder on another with --index or RAG_INDEX_DIR."
        )


class IndexAccessError(IndexUnusableError):
    """`path` may not be opened or written, `reason` is what the system said."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"{path} cannot be opened or written ({reason}). "
            "Check the folder's rights, or choose another with --index or RAG_INDEX_DIR."
        )


class IndexDamagedError(IndexUnusableError):
    """`part` is ``catalog``, ``lexical`` or ``vectors``."""

    def __init__(self, message: str, part: str) -> None:
        super().__init__(message)
        self.part = part


class EmbeddingModelError(RagError):
    pass


class ModelUnavailableError(RagError):
    pass


class PromptTooLongError(ModelUnavailableError):
    """`context_length` is the model's limit in tokens if the model told it, so that a shorter prompt can be tried."""

    def __init__(self, message: str, context_length: int | None = None) -> None:
        super().__init__(message)
        self.context_length = context_length


class PrivateTextError(ModelUnavailableError):
    """Nothing was sent."""


class LoadError(RagError):
    """The message is the reason alone; the report puts the file's name before it."""


class UnsupportedError(LoadError):
    pass


def explain_system_error(exc: BaseException, folder: Path) -> IndexUnusableError | None:
    """What kept a library from using its files in the folder, if the operating system said it; else None."""
    reason = str(exc).strip().partition("\n")[0][:200]
    number = _find_errno(exc)
    if number in _FULL or _FULL_IN_WORDS in reason or _has_no_room(folder):
        return DiskFullError(folder, reason)
    if number == errno.EIO:
        return DiskFaultError(folder, reason)
    if number in _FORBIDDEN or isinstance(exc, OSError):
        return IndexAccessError(folder, reason)
    return None


def _find_errno(exc: BaseException) -> int | None:
    """The number of the system's error; Chroma and tantivy tell it in words alone, as Rust does."""
    if isinstance(exc, OSError) and exc.errno is not None:
        return exc.errno
    in_words = re.search(r"os error (\d+)", str(exc))
    return int(in_words[1]) if in_words else None


def _has_no_room(folder: Path) -> bool:
    """Whether the folder's disk is as good as full: libraries don't always say what kept them from writing."""
    try:
        return shutil.disk_usage(folder).free < _ROOM_BYTES
    except OSError:
        return False


def advise_repair(folder: Path) -> str:
    """What to do about a damaged part of the index in the folder: the end of a message."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if os.access(existing, os.W_OK):
        return "Run pagewise ingest: it makes that part anew."
    return (
        f"It can't be repaired there, because {folder} can't be written. "
        "Make the folder writable, or build another index with --index or RAG_INDEX_DIR."
    )
