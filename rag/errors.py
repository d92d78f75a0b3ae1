"""Errors that a user may read. Each message is one sentence or two: what, which, what to do next.

RagError                 exit 3: could not run
├─ SettingsError         exit 2: a wrong setting or argument
├─ QuestionError         exit 2: a question that can't be asked
├─ IndexLockedError      another process is writing the index
├─ IndexUnusableError    the index cannot be read or written, and why
│  ├─ DiskFullError       there is no room to write it
│  └─ IndexDamagedError   a part of it is damaged; the next sync makes that part anew
├─ EmbeddingModelError   the embedding or reranking model cannot be loaded
├─ ModelUnavailableError no language model answers
│  └─ PromptTooLongError the prompt exceeds what the model can read at once
└─ LoadError             one file cannot be read: a row in the report, never a stop
   └─ UnsupportedError   its format isn't one that we read
"""

from __future__ import annotations


class RagError(Exception):
    """Base of all errors whose message is meant for the user."""

    exit_code = 3


class SettingsError(RagError):
    exit_code = 2


class QuestionError(RagError):
    exit_code = 2


class IndexLockedError(RagError):
    pass


class IndexUnusableError(RagError):
    pass


class DiskFullError(IndexUnusableError):
    """`folder` is on the disk that is full, `reason` what the system said."""

    SIGNS = ("disk is full", "No space left", "os error 28", "disk I/O error", "File too large", "os error 27")

    @classmethod
    def explains(cls, reason: str) -> bool:
        return any(sign in reason for sign in cls.SIGNS)

    def __init__(self, folder: object, reason: str) -> None:
        super().__init__(
            f"The disk that holds {folder} is full ({reason}). Free some space and run python -m ingest again."
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
    """`context_length` is the model's limit in tokens where it told us, so that a shorter prompt can be tried."""

    def __init__(self, message: str, context_length: int | None = None) -> None:
        super().__init__(message)
        self.context_length = context_length


class LoadError(RagError):
    """The message is the reason alone; the report puts the file's name before it."""


class UnsupportedError(LoadError):
    pass
