"""ZIP containers (Office, OpenDocument, EPUB), bounded before anything is expanded."""

from __future__ import annotations

import io
import zipfile

from rag.errors import LoadError

_MOST_BYTES = 400_000_000
_MOST_RATIO = 300
"""The expanded size of all members together over the packed one. Real files reach 30; a bomb has 1,000 and more."""
_MOST_MEMBERS = 20_000


class Archive:
    """The members of a ZIP file by name. Reading a member counts what really comes out, whatever the directory says."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise LoadError(f"it is a damaged archive ({error})") from error
        members = self._zip.infolist()
        expanded = sum(member.file_size for member in members)
        if len(members) > _MOST_MEMBERS:
            raise LoadError(f"it has more than {_MOST_MEMBERS:,} parts")
        if expanded > _MOST_BYTES or (expanded > 50_000_000 and expanded > _MOST_RATIO * max(1, len(data))):
            raise LoadError(
                f"it would expand from {len(data) / 1e6:.1f} to {expanded / 1e6:,.0f} MB (an archive bomb?)"
            )
        self._names = {member.filename.replace("\\", "/").lstrip("/"): member for member in members}
        self._left = _MOST_BYTES

    @property
    def names(self) -> list[str]:
        """The members' names in the order of the archive's directory, with forward slashes."""
        return list(self._names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        """A member's bytes. Raises LoadError if it is absent or damaged, or all members together become too large."""
        member = self._names.get(name)
        if member is None:
            raise LoadError(f"it lacks its part {name}")
        try:
            with self._zip.open(member) as stream:
                content = stream.read(self._left + 1)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
            raise LoadError(f"its part {name} is damaged ({error})") from error
        except Exception as error:  # zlib.error, lzma.LZMAError, …: each packer has its own
            raise LoadError(f"its part {name} is damaged ({error})") from error
        self._left -= len(content)
        if self._left < 0:
            raise LoadError(f"it expands to more than {_MOST_BYTES // 1_000_000} MB")
        return content

    def get(self, name: str) -> bytes | None:
        """A member's bytes, or None if there is no such member. Raises LoadError like `read`."""
        return self.read(name) if name in self._names else None
