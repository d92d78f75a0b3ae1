"""The passwords of encrypted documents: ``passwords.txt`` in the index folder, one a line."""

from __future__ import annotations

from pathlib import Path

from rag.errors import SettingsError
from rag.private import open_privately

_LONGEST = 1_000


def find_passwords_file(index_dir: Path) -> Path:
    return index_dir / "passwords.txt"


def read_passwords(index_dir: Path) -> tuple[str, ...]:
    """The passwords in order; none if there is no such file, or one that is no text."""
    return read_passwords_file(find_passwords_file(index_dir))


def read_passwords_file(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(line for line in lines if line)


def add_password(index_dir: Path, password: str) -> None:
    """Have a password tried on encrypted documents from now on; its file is its user's alone.

    Raises SettingsError for what can be none, OSError if the file can't be written.
    """
    if not password.strip() or len(password) > _LONGEST or len(password.splitlines()) > 1:
        raise SettingsError(f"A password has one line and at most {_LONGEST:,} characters.")
    path = find_passwords_file(index_dir)
    known = read_passwords_file(path)
    if password not in known:
        before = path.read_bytes() if path.is_file() else b""
        with open(path, "ab", opener=open_privately) as file:
            file.write((b"" if not before or before.endswith(b"\n") else b"\n") + password.encode() + b"\n")
