"""The catalog's tables with their columns, and the statements that are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table with its columns in order, each with its type."""

    name: str
    columns: Mapping[str, str]
    constraint: str = ""
    options: str = ""

    def create_statement(self) -> str:
        """The statement that makes the table where there is none."""
        columns = [f"{name} {kind}".strip() for name, kind in self.columns.items()]
        body = ", ".join([*columns, self.constraint] if self.constraint else columns)
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({body}) {self.options}".strip()

    def insert_statement(self) -> str:
        """The statement that inserts a row; it takes a dictionary of the values of all columns but the id."""
        names = self.list_columns()
        return f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"

    def copy_statement(self, *changed: str, condition: str) -> str:
        """The statement that inserts copies of the rows which fulfil the condition.

        It takes the new values of the `changed` columns, then those of the condition.
        """
        same = self.list_columns(*changed)
        values = ", ".join([*("?" for _ in changed), *same])
        target = f"{self.name} ({', '.join([*changed, *same])})"
        return f"INSERT INTO {target} SELECT {values} FROM {self.name} WHERE {condition}"

    def list_columns(self, *without: str) -> list[str]:
        """All columns but the id and those named."""
        return [name for name in self.columns if name != "id" and name not in without]


META = Table("meta", {"key": "TEXT PRIMARY KEY", "value": ""}, options="WITHOUT ROWID")
MODELS = Table("models", {"id": "INTEGER PRIMARY KEY", "fingerprint": "TEXT NOT NULL UNIQUE"})
BUILDS = Table(
    "builds",
    {
        "id": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "fingerprint": "TEXT NOT NULL",
        "model": "INTEGER",
        "started": "REAL NOT NULL",
    },
)
DOCUMENTS = Table(
    "documents",
    {
        "id": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "build": "INTEGER NOT NULL",
        "source": "TEXT NOT NULL",
        "size": "INTEGER NOT NULL",
        "mtime_ns": "INTEGER NOT NULL",
        "ctime_ns": "INTEGER NOT NULL",
        "sha256": "BLOB NOT NULL",
        "loader": "TEXT NOT NULL",
        "header": "TEXT NOT NULL",
        "language": "TEXT NOT NULL",
        "page_kind": "TEXT NOT NULL",
        "title": "TEXT NOT NULL",
        "chunk_count": "INTEGER NOT NULL",
        "reason": "TEXT",
        "kind": "TEXT NOT NULL",
        "since": "REAL NOT NULL",
        "date": "TEXT NOT NULL",
        "digest": "INTEGER",
    },
    constraint="UNIQUE (build, source)",
)
CHUNKS = Table(
    "chunks",
    {
        "id": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "document": "INTEGER NOT NULL",
        "ordinal": "INTEGER NOT NULL",
        "text": "TEXT NOT NULL",
        "section": "TEXT NOT NULL",
        "page": "INTEGER",
        "page_end": "INTEGER",
        "label": "TEXT",
        "overlap": "INTEGER NOT NULL",
        "hash": "BLOB NOT NULL",
    },
)
VECTORS = Table(
    "vectors",
    {
        "id": "INTEGER PRIMARY KEY",
        "model": "INTEGER NOT NULL",
        "hash": "BLOB NOT NULL",
        "vector": "BLOB NOT NULL",
        "digest": "INTEGER",
    },
    constraint="UNIQUE (model, hash)",
)
FILES = Table(
    "files",
    {
        "name": "TEXT PRIMARY KEY",
        "size": "INTEGER NOT NULL",
        "mtime_ns": "INTEGER NOT NULL",
        "digest": "INTEGER NOT NULL",
    },
    options="WITHOUT ROWID",
)
MOUNTS = Table("mounts", {"source": "TEXT PRIMARY KEY"}, options="WITHOUT ROWID")
TABLES = (META, MODELS, BUILDS, DOCUMENTS, CHUNKS, VECTORS, FILES, MOUNTS)
_INDICES = (
    "CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks (document, ordinal)",
    "CREATE INDEX IF NOT EXISTS chunks_by_hash ON chunks (hash, document)",
)
SCHEMA = (*(table.create_statement() for table in TABLES), *_INDICES)
"""Statements that make an empty catalog, and change nothing in one that is there."""
