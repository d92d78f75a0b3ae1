"""A log file that several processes write to, put away when it is full."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

_FILE_BYTES = 2_000_000
_OLD_FILES = 4
"""A file that is full becomes ``pagewise.jsonl.1``, and the fifth is deleted: 10 MB in all."""


class SharedFile(RotatingFileHandler):
    """Each process goes on in the new file when another has put the full one away.

    If the file can't be written, as on a full disk, that is said once, until it can be again.
    """

    def __init__(self, path: Path, largest: int = _FILE_BYTES) -> None:
        self._largest = largest
        self._has_failed = self._is_told = False
        super().__init__(path, maxBytes=largest, backupCount=_OLD_FILES, encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        self._has_failed = False
        super().emit(record)
        self._is_told = self._is_told and self._has_failed

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._has_failed = True
        if not self._is_told:
            self._is_told = True
            with contextlib.suppress(OSError, ValueError, AttributeError):  # there may be no terminal any more
                sys.stderr.write(f"No log is kept: {self.baseFilename} can't be written ({error.strerror}).\n")

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        self._follow()
        return bool(super().shouldRollover(record))

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(
            mode=0o700, parents=True, exist_ok=True
        )  # it goes when the index is deleted
        return super()._open()

    def _follow(self) -> None:
        """Open the file that has the name now, if that is another one."""
        if self.stream and not self._has_name(self.stream.fileno()):
            self.stream.close()
            self.stream = None
        self.stream = self.stream or self._open()

    def _has_name(self, number: int) -> bool:
        """Whether the open file of that number is the one that has the name."""
        try:
            named, opened = os.stat(self.baseFilename), os.fstat(number)
        except OSError:  # it was deleted
            return False
        return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)

    def doRollover(self) -> None:
        """Put the full file away, unless another process does so now or, on Windows, has it open."""
        try:
            super().doRollover()
        except OSError as exc:
            self.maxBytes += self._largest * isinstance(exc, PermissionError)
            self.stream = self.stream or self._open()
