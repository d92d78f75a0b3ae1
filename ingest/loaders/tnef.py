"""winmail.dat, into which Outlook packs a mail's text and attachments: TNEF, by Microsoft's MS-OXTNEF.

The one library for it, tnefparse, has had no release since 2021.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ingest.loaders.encoding import decode
from ingest.loaders.mail import DEEPEST, MOST_ATTACHMENTS, read_attachment
from ingest.loaders.packed_rtf import convert_packed_rtf
from ingest.loaders.reading import Reading, ReadOptions, make_label, make_one_line, make_single_page
from ingest.loaders.web.html import convert_html
from rag.errors import LoadError
from rag.types import Document

SIGNATURE = b"\x78\x9f\x3e\x22"

_SUBJECT, _BODY, _PROPERTIES, _CODE_PAGE, _FROM = 0x8004, 0x800C, 0x9003, 0x9007, 0x8000
_NEW_FILE, _FILE_NAME, _FILE_DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_P_SUBJECT, _P_BODY, _P_HTML, _P_RTF, _P_SENDER = 0x0037, 0x1000, 0x1013, 0x1009, 0x0C1A
_P_LONG_NAME, _P_NAME, _P_DATA = 0x3707, 0x3704, 0x3701
_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Bytes of a property's value by its type; the others tell their length."""
_TEXT, _WIDE_TEXT, _OBJECT, _BINARY, _SEVERAL, _NAMED = 0x1E, 0x1F, 0x0D, 0x102, 0x1000, 0x8000


@dataclass(slots=True)
class _File:
    name: str = ""
    data: bytes = b""
    is_mail: bool = False


@dataclass(slots=True)
class _Mail:
    encoding: str = "cp1252"
    subject: str = ""
    sender: str = ""
    text: str = ""
    html: bytes = b""
    rtf: bytes = b""
    files: list[_File] = field(default_factory=list)


def load_tnef(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A mail and its attachments as Outlook packs them into winmail.dat."""
    mail = _read_mail(data)
    header = Document(source, (), title=mail.subject, author=mail.sender)
    return make_single_page(header, "\n\n".join(part for part in _write_mail(mail, options) if part))


def _write_mail(mail: _Mail, options: ReadOptions) -> Iterator[str]:
    yield "\n".join(f"{name}: {value}" for name, value in (("From", mail.sender), ("Subject", mail.subject)) if value)
    if mail.text.strip():
        yield mail.text.replace("\r\n", "\n").strip()
    elif mail.html:
        yield convert_html(decode(mail.html))
    elif mail.rtf:
        yield convert_packed_rtf(mail.rtf, options)
    for file in mail.files[:MOST_ATTACHMENTS]:
        if not file.is_mail:
            yield from read_attachment(file.name or "attachment", file.data, options)
        elif options.depth < DEEPEST:
            inner = _read_mail(file.data)
            yield f"## Attached: {make_label(inner.subject)}"
            yield from _write_mail(inner, replace(options, depth=options.depth + 1))


def _read_mail(data: bytes) -> _Mail:
    if not data.startswith(SIGNATURE):
        raise LoadError("it is a damaged winmail.dat (its beginning is missing)")
    mail = _Mail()
    for kind, body in _read_attributes(data):
        if kind == _CODE_PAGE and len(body) >= 4:
            mail.encoding = f"cp{struct.unpack_from('<I', body)[0]}"
        elif kind == _SUBJECT:
            mail.subject = make_one_line(_decode(body, mail.encoding))
        elif kind == _BODY:
            mail.text = _decode(body, mail.encoding)
        elif kind == _PROPERTIES:
            _take_properties(mail, body)
        elif kind == _NEW_FILE:
            mail.files.append(_File())
        elif mail.files:
            _take_file_part(mail.files[-1], kind, body, mail.encoding)
    return mail


def _read_attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at + 9 <= len(data):
        kind, size = struct.unpack_from("<xHxxI", data, at)
        yield kind, data[at + 9 : at + 9 + size]
        at += 9 + size + 2


def _take_properties(mail: _Mail, body: bytes) -> None:
    for number, value in _read_properties(body, mail.encoding):
        if number == _P_SUBJECT and isinstance(value, str):
            mail.subject = make_one_line(value)
        elif number == _P_SENDER and isinstance(value, str):
            mail.sender = make_one_line(value)
        elif number == _P_BODY and isinstance(value, str):
            mail.text = value
        elif number == _P_HTML:
            mail.html = value.encode() if isinstance(value, str) else value
        elif number == _P_RTF and isinstance(value, bytes):
            mail.rtf = value


def _take_file_part(file: _File, kind: int, body: bytes, encoding: str) -> None:
    if kind == _FILE_NAME:
        file.name = file.name or make_one_line(_decode(body, encoding))
    elif kind == _FILE_DATA:
        file.data = body
    elif kind == _FILE_PROPERTIES:
        for number, value in _read_properties(body, encoding):
            if number == _P_LONG_NAME or (number == _P_NAME and not file.name):
                file.name = make_one_line(value) if isinstance(value, str) else file.name
            elif number == _P_DATA and isinstance(value, bytes):
                file.is_mail = value[16:20] == SIGNATURE  # behind the number of its interface
                file.data = value[16:] if file.is_mail else value


def _read_properties(body: bytes, encoding: str) -> Iterator[tuple[int, str | bytes]]:
    """The texts and bytes among a list of properties, by number; what is broken ends the list."""
    try:
        (count,) = struct.unpack_from("<I", body)
        at = 4
        for _ in range(min(count, len(body))):
            kind, number = struct.unpack_from("<HH", body, at)
            at = _skip_name(body, at + 4) if number >= _NAMED else at + 4
            values, at = _read_values(body, at, kind)
            if values and not kind & _SEVERAL:
                text = {_TEXT: encoding, _WIDE_TEXT: "utf-16-le"}.get(kind)
                yield number, _decode(values[0], text) if text else values[0]
    except struct.error:
        return


def _skip_name(body: bytes, at: int) -> int:
    (kind,) = struct.unpack_from("<I", body, at + 16)
    if kind == 0:
        return at + 24
    (length,) = struct.unpack_from("<I", body, at + 20)
    return int(at + 24 + -(-length // 4) * 4)


def _read_values(body: bytes, at: int, kind: int) -> tuple[list[bytes], int]:
    """The values of a property, and where they end; each fills whole groups of four bytes."""
    base = kind & ~_SEVERAL
    has_count = bool(kind & _SEVERAL) or base in (_TEXT, _WIDE_TEXT, _OBJECT, _BINARY)
    count = struct.unpack_from("<I", body, at)[0] if has_count else 1
    at += 4 * has_count
    values: list[bytes] = []
    for _ in range(min(count, len(body))):
        size = _SIZES.get(base, 0)
        if not size:
            (size,) = struct.unpack_from("<I", body, at)
            at += 4
        values.append(body[at : at + size])
        at += -(-size // 4) * 4
    return values, at


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding, "replace").rstrip("\0")
    except LookupError:
        return decode(data).rstrip("\0")
