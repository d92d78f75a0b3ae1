"""Office files behind a password: opened with the user's own, else refused as encrypted. Owner of msoffcrypto."""

from __future__ import annotations

import io
import struct

from ingest.loaders.reading import ReadOptions
from rag.errors import LoadError

_STANDARD = "VelvetSweatshop"
"""The password that Excel itself uses for files that are only protected against changes."""


def decrypt(data: bytes, options: ReadOptions) -> bytes | None:
    """The file without its encryption; None if it has none. Raises LoadError if no password fits."""
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(data))
        if not office.is_encrypted():
            return None
    except (
        FileFormatError, DecryptionError, ParseError, OSError, ValueError, LookupError, AssertionError, struct.error,
    ):  # fmt: skip
        return None  # not a form that it knows: the format's loader says what is wrong
    for password in (*options.passwords, _STANDARD):
        plain = io.BytesIO()
        try:
            office.load_key(password=password)
            office.decrypt(plain)
        except Exception:  # a wrong password shows as one of many errors, by cipher and file format
            continue
        return plain.getvalue()
    raise LoadError(explain_encrypted(options))


def explain_encrypted(options: ReadOptions) -> str:
    """The sentence for the report: what was tried, and where the user should put the password."""
    known = len(options.passwords)
    several = f"none of the {known} known passwords opens it; " if known else ""
    tried = "the one known password doesn't open it; " if known == 1 else several
    return f"encrypted: {tried}add its password to passwords.txt in the index folder"
