"""Mail: EML and MBOX, with their attachments."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

from ingest.loaders.encoding import decode
from ingest.loaders.labels import make_label, make_one_line
from ingest.loaders.reading import Reading, ReadOptions
from ingest.loaders.web.html import convert_html
from rag.errors import LoadError
from rag.types import Document, Page

DEEPEST = 3
"""Mails within mails, and files attached to them, are read to this depth."""
MOST_ATTACHMENTS = 200


_LONGEST_FIELD = 20_000
"""Characters of a header field. The standard library's parser of addresses takes the square of their length."""


class _BoundedPolicy(email.policy.EmailPolicy):
    """Overlong header fields are cut before they are parsed."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_FIELD]


def load_eml(source: str, data: bytes, options: ReadOptions) -> Reading:
    """One mail: its header fields, its body, then each attachment under its name."""
    message = _parse_message(data)
    if _is_encrypted(message):
        raise LoadError("encrypted (a mail for its receiver's key alone); save a decrypted copy")
    header = Document(
        source,
        (),
        title=_read_header(message, "subject"),
        author=_read_header(message, "from"),
        created=_read_date(message),
    )
    return Reading(header, (Page(1, part) for part in _write_message(message, options)))


def _is_encrypted(message: EmailMessage) -> bool:
    kind = message.get_content_type()
    is_smime = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
    return kind == "multipart/encrypted" or (is_smime and message.get_param("smime-type") != "signed-data")


def load_mbox(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Messages in order, each under its subject."""

    def read_pages() -> Iterator[Page]:
        for raw in _split_messages(data):
            message = _parse_message(raw)
            title = make_label(_read_header(message, "subject")) or "(no subject)"
            yield Page(1, f"# {title}\n\n" + "\n\n".join(_write_message(message, options)))

    return Reading(Document(source, ()), read_pages())


def _split_messages(data: bytes) -> Iterator[bytes]:
    starts = [found.start() for found in re.finditer(rb"(?:\A|(?<=\n))From [^\n]*\n(?=[!-9;-~]+:)", data)]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        yield data[data.find(b"\n", start) + 1 : end]


def _parse_message(data: bytes) -> EmailMessage:
    message = BytesParser(policy=_BoundedPolicy(max_line_length=None)).parsebytes(data)
    assert isinstance(message, EmailMessage)
    return message


def _read_header(message: EmailMessage, name: str) -> str:
    try:
        return make_one_line(str(message.get(name, "")))
    except Exception:  # the standard library's header parser fails in many ways on malformed headers
        raw = next((value for key, value in message.raw_items() if key.lower() == name), "")
        return make_one_line(str(raw))


def _read_date(message: EmailMessage) -> str:
    try:
        return parsedate_to_datetime(_read_header(message, "date")).isoformat()
    except (ValueError, TypeError):
        return ""


def _write_message(message: EmailMessage, options: ReadOptions) -> Iterator[str]:
    fields = [
        f"{name}: {value}"
        for name in ("From", "To", "Cc", "Date", "Subject")
        if (value := _read_header(message, name.lower()))
    ]
    yield "\n".join(fields) + "\n\n" + _choose_body(message)
    for count, part in enumerate(_find_attachments(message)):
        if count >= MOST_ATTACHMENTS:
            return
        yield from _read_attached(part, options)


def _choose_body(message: EmailMessage) -> str:
    """The plain text; the HTML where the plain text has less than a third of its letters."""
    plain = html = ""
    for part in _find_body_parts(message):
        if part.get_content_type() == "text/plain":
            plain += "\n" + _decode_part(part)
        elif part.get_content_type() == "text/html":
            html += _decode_part(part)
    shown = convert_html(html) if html.strip() else ""
    return plain.strip() if len(plain.strip()) * 3 > len(shown) else shown


def _find_body_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Parts that aren't attached, in order; those of attached mails are read with the mail that they belong to."""
    if not message.is_multipart():
        if not _is_attachment(message):
            yield message
    elif message.get_content_type() != "message/rfc822":
        for part in _list_parts(message):
            yield from _find_body_parts(part)


def _list_parts(message: EmailMessage) -> list[EmailMessage]:
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, EmailMessage)] if isinstance(payload, list) else []


def _is_attachment(part: EmailMessage) -> bool:
    is_named = part.get_content_disposition() == "attachment" or part.get_filename() is not None
    return is_named and not part.is_multipart()


def _decode_part(part: EmailMessage) -> str:
    return decode(_read_payload(part), part.get_content_charset() or "")


def _read_payload(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _find_attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    """Attached files and messages, not those within attached messages. A mail may be nothing but a file."""
    if message.get_content_type() == "message/rfc822" or _is_attachment(message):
        yield message
    else:
        for part in _list_parts(message):
            yield from _find_attachments(part)


def _read_attached(part: EmailMessage, options: ReadOptions) -> Iterator[str]:
    if part.get_content_type() == "message/rfc822":
        for message in _list_parts(part) if options.depth < DEEPEST else ():
            yield f"## Attached: {make_label(_read_header(message, 'subject'))}"
            yield from _write_message(message, replace(options, depth=options.depth + 1))
        return
    yield from read_attachment(make_one_line(part.get_filename() or "attachment"), _read_payload(part), options)


def read_attachment(name: str, data: bytes, options: ReadOptions) -> Iterator[str]:
    """The attachment's text under its name. Of a file that cannot be read the name alone, which may be asked for."""
    from ingest.loaders.formats import read

    yield f"## Attached: {make_label(name)}"
    if options.depth >= DEEPEST or not data:
        return
    try:
        _, reading = read(name, data, replace(options, depth=options.depth + 1))
        for page in reading.pages:
            yield re.sub(r"^(#{1,4}) ", r"##\1 ", page.text, flags=re.MULTILINE)
    except LoadError:
        return
