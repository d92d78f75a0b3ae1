"""The conversations that are kept: written and read one after another, beside the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from page.conversations.database import DamagedError, Database, UnusableError
from rag.errors import RagError

logger = logging.getLogger(__name__)

Found = TypeVar("Found")

_RETRY_S = 5.0
"""How long a file that can't be used is left alone, so that no question waits for it each time."""
_MOST_WAITING = 2_000
"""Changes that wait in memory for a file that can't be used; beyond that the oldest are lost."""


class History:
    """A file that is locked, full or damaged never stops the page: `problem` says what is the matter."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path)
        self._worker = ThreadPoolExecutor(1, "conversations")
        self._waiting: deque[Callable[[Database], None]] = deque(maxlen=_MOST_WAITING)
        self._retry_at = 0.0
        self._damaged = ""
        self._unusable = ""

    @property
    def problem(self) -> str:
        """One sentence or two for the user; empty while all is well."""
        return self._unusable or self._damaged

    async def write(self, change: Callable[[Database], None]) -> None:
        """Make a change, after those before it; if the file can't be used, as soon as it can."""
        await self._run(lambda: self._add(change))

    async def change_now(self, change: Callable[[Database], None]) -> None:
        """Make a change that somebody waits for. Raises RagError if it can't be made now."""

        def make(database: Database) -> bool:
            change(database)
            return True

        if not await self.read(make, otherwise=False):
            raise RagError(self.problem)

    async def read(self, find: Callable[[Database], Found], otherwise: Found) -> Found:
        """What `find` finds, all changes made; `otherwise` if the file can't be used."""
        return await self._run(lambda: self._read(find, otherwise))

    async def close(self) -> None:
        await self._run(self._make_changes)
        await self._run(self._database.close)
        self._worker.shutdown()

    async def _run(self, work: Callable[[], Found]) -> Found:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _add(self, change: Callable[[Database], None]) -> None:
        self._waiting.append(change)
        self._make_changes()

    def _make_changes(self) -> None:
        while self._waiting and self._try(lambda: self._waiting[0](self._database)):
            self._waiting.popleft()

    def _read(self, find: Callable[[Database], Found], otherwise: Found) -> Found:
        found = [otherwise]

        def look() -> None:
            found[0] = find(self._database)

        self._make_changes()
        self._try(look)
        return found[0]

    def _try(self, work: Callable[[], None]) -> bool:
        """Use the file; whether that went well. A damaged one is put aside, and the work done on a new one."""
        if time.monotonic() < self._retry_at:
            return False
        try:
            try:
                work()
            except DamagedError as error:
                logger.warning("%s is damaged (%s).", self._path, error)
                place = self._database.move_aside()
                self._damaged = (
                    f"The conversations so far can't be read, since their file is damaged. It is kept as {place},"
                    " and a new history has begun."
                )
                work()
        except (DamagedError, UnusableError) as error:
            self._retry_at = time.monotonic() + _RETRY_S
            self._unusable = (
                f"{self._path} can't be used ({error}). Questions are answered all the same, and kept once it can."
            )
            return False
        self._unusable = ""
        return True
