"""The file of the conversations: SQLite, with an index of their words. Who uses it calls from one thread at a time.

Several servers of one folder may use the file at once. What is deleted is overwritten, in the file and in its journal.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from page.conversations.aging import list_sources
from page.conversations.records import Answered, Conversation, Json, Pair, Summary
from page.conversations.words import make_query, spread_words
from rag.private import identify_file, open_privately

FORMAT = 1
_BUSY_TIMEOUT_S = 2.0
"""How long another process may hold the file before it is called locked; the page waits meanwhile."""
_LONGEST_TITLE = 120

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversation (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, changed TEXT NOT NULL, settings TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS step (
    position INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, conversation TEXT NOT NULL, content TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS step_of ON step (conversation);
CREATE TABLE IF NOT EXISTS element (
    position INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, conversation TEXT NOT NULL, content TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS element_of ON element (conversation);
CREATE TABLE IF NOT EXISTS answer (
    position INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, conversation TEXT NOT NULL, question TEXT NOT NULL,
    text TEXT NOT NULL, private INTEGER NOT NULL, writer TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS answer_of ON answer (conversation);
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL, content TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deleted (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    text, step UNINDEXED, conversation UNINDEXED, tokenize = "unicode61 remove_diacritics 2"
);
"""
_PAIRS = """
CREATE TABLE IF NOT EXISTS pair (
    second TEXT PRIMARY KEY, first TEXT NOT NULL, conversation TEXT NOT NULL, kept TEXT NOT NULL
) WITHOUT ROWID
"""
"""A file of this format may lack it: it came later, and nothing else changed."""
_TABLES = ("step", "element", "answer", "feedback", "words", "pair")


class DamagedError(Exception):
    """The file is no database, or isn't whole."""


class UnusableError(Exception):
    """The file can't be used just now; the message is the reason, for a sentence."""


class Database:
    """One connection to the file, made when it is needed.

    All methods raise DamagedError or UnusableError. Those that write do nothing for a conversation that was deleted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    # ---- writing

    def keep_step(self, conversation: str, step: Json, text: str = "") -> None:
        """Keep a step as it is now; `text` is what a search may find it by."""
        with self._writing(conversation) as connection:
            self._put(connection, "step", conversation, step)
            if text:
                self._put_words(connection, conversation, step["id"], text)

    def keep_element(self, conversation: str, element: Json) -> None:
        with self._writing(conversation) as connection:
            self._put(connection, "element", conversation, element)

    def keep_answer(self, conversation: str, answer: Answered, step: Json, sources: Json) -> None:
        """Keep an answer as far as it is written: its message, what stands below it, and what a follow-up needs.

        A search finds it by all that there is to read of it, the quotes below it too.
        """
        with self._writing(conversation) as connection:
            self._put(connection, "step", conversation, step)
            self._put(connection, "element", conversation, sources)
            values = (conversation, answer.question, answer.text, answer.is_private, answer.writer)
            connection.execute(
                "INSERT INTO answer (id, conversation, question, text, private, writer) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET question = excluded.question, text = excluded.text,"
                " private = excluded.private, writer = excluded.writer",
                (answer.id, *values),
            )
            self._put_words(connection, conversation, answer.id, sources["props"].get("written") or answer.text)

    def keep_pair(self, conversation: str, pair: Pair) -> None:
        with self._writing(conversation, is_news=False) as connection:
            connection.execute(
                "INSERT INTO pair VALUES (?, ?, ?, ?) ON CONFLICT (second) DO UPDATE SET kept = excluded.kept",
                (pair.second, pair.first, conversation, pair.kept),
            )

    def keep_feedback(self, conversation: str, feedback: Json) -> None:
        with self._writing(conversation, is_news=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO feedback VALUES (?, ?, ?)",
                (feedback["id"], conversation, json.dumps(feedback)),
            )

    def forget_feedback(self, identity: str) -> None:
        with self._using() as connection:
            connection.execute("DELETE FROM feedback WHERE id = ?", (identity,))

    def forget_step(self, identity: str) -> None:
        with self._using() as connection:
            for statement in ("DELETE FROM step WHERE id = ?", "DELETE FROM answer WHERE id = ?"):
                connection.execute(statement, (identity,))
            connection.execute("DELETE FROM words WHERE step = ?", (identity,))

    def forget_from(self, conversation: str, step: str) -> None:
        """Forget a step and all that followed, with what stands below it."""
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            rows = connection.execute(
                "SELECT id, json_extract(content, '$.parentId'), position >= (SELECT position FROM step WHERE id = ?)"
                " FROM step WHERE conversation = ? ORDER BY position",
                (step, conversation),
            )
            gone: list[str] = []
            stays: set[str] = set()
            for identity, parent, is_behind in rows:
                # The second answer to an earlier question may have been asked for later; it stands within the first's.
                if is_behind and parent not in stays:
                    gone.append(identity)
                else:
                    stays.add(identity)
            for identity in gone:
                connection.execute("DELETE FROM step WHERE id = ?", (identity,))
                connection.execute("DELETE FROM answer WHERE id = ?", (identity,))
                connection.execute("DELETE FROM words WHERE step = ?", (identity,))
                connection.execute("DELETE FROM element WHERE json_extract(content, '$.forId') = ?", (identity,))
                connection.execute("DELETE FROM feedback WHERE json_extract(content, '$.forId') = ?", (identity,))
                connection.execute("DELETE FROM pair WHERE ? IN (first, second)", (identity,))
            connection.execute("COMMIT")

    def name(self, conversation: str, title: str, *, is_first: bool = False) -> None:
        """Give a conversation its title; a first one only if it has none."""
        with self._writing(conversation, is_news=False) as connection:
            only = " AND title = ''" if is_first else ""
            shown = " ".join(title.split())[:_LONGEST_TITLE]
            changed = connection.execute(f"UPDATE conversation SET title = ? WHERE id = ?{only}", (shown, conversation))
            if changed.rowcount:
                self._put_words(connection, conversation, "", shown)

    def keep_settings(self, conversation: str, settings: Mapping[str, object]) -> None:
        with self._writing(conversation, is_news=False) as connection:
            connection.execute(
                "UPDATE conversation SET settings = ? WHERE id = ?", (json.dumps(settings), conversation)
            )

    def delete(self, conversation: str) -> None:
        """Delete a conversation so that no trace of it is left in the files."""
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation,))
            connection.execute("DELETE FROM conversation WHERE id = ?", (conversation,))
            connection.execute("INSERT OR IGNORE INTO deleted VALUES (?)", (conversation,))
            connection.execute("INSERT INTO words (words) VALUES ('optimize')")  # its index only marks what is gone
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # ---- reading

    def list_summaries(self, most: int, after: str | None, asked: str = "") -> Sequence[Summary]:
        """The conversations in which all words of `asked` stand, the last changed first, from behind `after` on."""
        query = make_query(asked)
        if asked.strip() and not query:
            return []
        where: list[str] = ["1"]
        values: list[object] = []
        if query:
            where.append("id IN (SELECT conversation FROM words WHERE words MATCH ?)")
            values.append(query)
        if after:
            where.append("(changed, id) < (SELECT changed, id FROM conversation WHERE id = ?)")
            values.append(after)
        with self._using() as connection:
            rows = connection.execute(
                f"SELECT id, title, changed FROM conversation WHERE {' AND '.join(where)}"
                " ORDER BY changed DESC, id DESC LIMIT ?",
                (*values, most),
            )
            return [Summary(*row) for row in rows]

    def has(self, conversation: str) -> bool:
        with self._using() as connection:
            return _is_there(connection, "conversation", conversation)

    def read(self, conversation: str) -> Conversation | None:
        """All of a conversation; None if there is none of that id."""
        with self._using() as connection:
            row = connection.execute(
                "SELECT id, title, changed, settings FROM conversation WHERE id = ?", (conversation,)
            ).fetchone()
            if row is None:
                return None
            feedback = {
                content["forId"]: content for content in self._read_contents(connection, "feedback", conversation, "id")
            }
            steps = self._read_contents(connection, "step", conversation)
            identity, title, changed, settings = row
            return Conversation(
                identity,
                title,
                changed,
                json.loads(settings),
                [step | {"feedback": feedback.get(step["id"])} for step in steps],
                self._read_contents(connection, "element", conversation),
                self._read_answers(connection, conversation, -1),
                self._read_pairs(connection, conversation),
            )

    def read_last_answers(self, conversation: str, most: int) -> Sequence[Answered]:
        """The last answers of a conversation with the documents that they cite, the oldest answer first."""
        with self._using() as connection:
            answers = self._read_answers(connection, conversation, most)
            missing = {answer.id for answer in answers}
            sources: dict[str, tuple[str, ...]] = {}
            rows = connection.execute(
                "SELECT content FROM element WHERE conversation = ? ORDER BY position DESC", (conversation,)
            )
            while missing and (row := rows.fetchone()):
                element = json.loads(row[0])
                if element.get("forId") in missing:
                    missing.discard(element["forId"])
                    sources[element["forId"]] = list_sources(element["props"])
            return [replace(answer, sources=sources.get(answer.id, ())) for answer in answers]

    def read_pairs(self, conversation: str) -> Sequence[Pair]:
        with self._using() as connection:
            return self._read_pairs(connection, conversation)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def move_aside(self) -> Path:
        """Put a damaged file where it is kept and not used; returns its new place. Raises UnusableError."""
        self.close()
        day = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
        place = self._path.with_name(f"{self._path.stem}-damaged-{day}{self._path.suffix}")
        try:
            self._path.rename(place)
            for ending in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self._path}{ending}").rename(f"{place}{ending}")
        except OSError as error:
            raise UnusableError(error.strerror or str(error)) from error
        return place

    # ---- within

    @contextlib.contextmanager
    def _writing(self, conversation: str, *, is_news: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction on a conversation, which is made if it is new; it goes to the top of the list if `is_news`."""
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            is_deleted = _is_there(connection, "deleted", conversation)
            changed = "excluded.changed" if is_news else "changed"
            connection.execute(
                "INSERT INTO conversation VALUES (?, '', ?, '{}')"
                f" ON CONFLICT (id) DO UPDATE SET changed = {changed}",
                (conversation, datetime.now(UTC).isoformat()),
            )
            yield connection
            connection.execute("ROLLBACK" if is_deleted else "COMMIT")

    @contextlib.contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connect()
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:  # locked, a full or read-only disk
            self.close()
            if "malformed" in str(error):
                raise DamagedError(str(error)) from error
            raise UnusableError(str(error)) from error
        except (sqlite3.DatabaseError, json.JSONDecodeError, UnicodeDecodeError) as error:
            self.close()
            raise DamagedError(str(error)) from error
        except OSError as error:
            raise UnusableError(error.strerror or str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        """The connection to the file that is there now: it may have been deleted or replaced."""
        if self._connection and self._file != identify_file(self._path):
            self.close()
        if self._connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(open_privately(str(self._path), os.O_RDWR | os.O_CREAT))  # SQLite's other files get its rights
            self._file = identify_file(self._path)
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @staticmethod
    def _put(connection: sqlite3.Connection, table: str, conversation: str, content: Json) -> None:
        connection.execute(
            f"INSERT INTO {table} (id, conversation, content) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET content = excluded.content",
            (content["id"], conversation, json.dumps(content)),
        )

    @staticmethod
    def _put_words(connection: sqlite3.Connection, conversation: str, step: str, text: str) -> None:
        connection.execute("DELETE FROM words WHERE step = ? AND conversation = ?", (step, conversation))
        connection.execute("INSERT INTO words VALUES (?, ?, ?)", (spread_words(text), step, conversation))

    @staticmethod
    def _read_contents(
        connection: sqlite3.Connection, table: str, conversation: str, order: str = "position"
    ) -> list[Json]:
        rows = connection.execute(
            f"SELECT content FROM {table} WHERE conversation = ? ORDER BY {order}", (conversation,)
        )
        return [json.loads(content) for (content,) in rows]

    @staticmethod
    def _read_answers(connection: sqlite3.Connection, conversation: str, most: int) -> Sequence[Answered]:
        rows = connection.execute(
            "SELECT id, question, text, private, writer FROM answer WHERE conversation = ?"
            " ORDER BY position DESC LIMIT ?",
            (conversation, most),
        )
        return [
            Answered(identity, question, text, bool(private), writer)
            for identity, question, text, private, writer in rows
        ][::-1]

    @staticmethod
    def _read_pairs(connection: sqlite3.Connection, conversation: str) -> Sequence[Pair]:
        rows = connection.execute("SELECT first, second, kept FROM pair WHERE conversation = ?", (conversation,))
        return [Pair(*row) for row in rows]


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found not in (0, FORMAT):
        raise sqlite3.OperationalError(f"made by another version of this program, in format {found}")
    if not found:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")
    connection.execute(_PAIRS)


def _is_there(connection: sqlite3.Connection, table: str, identity: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (identity,)).fetchone() is not None
