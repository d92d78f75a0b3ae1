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
from ingest.loaders.reading import Reading, ReadOptions
from ingest.loaders.web.html import text_of_html
from ingest.loaders.web.xml import one_line
from rag.errors import LoadError
from rag.types import Document, Page

DEEPEST = 3
"""A mail in a mail in a mail, each possibly with a document."""
MOST_ATTACHMENTS = 200


def load_eml(source: str, data: bytes, options: ReadOptions) -> Reading:
    message = _parsed(data)
    if _is_encrypted(message):
        raise LoadError("encrypted (a mail for its receiver's key alone); save a decrypted copy")
    header = Document(
        source, (), title=_header(message, "subject"), author=_header(message, "from"), created=_date(message)
    )
    return Reading(header, (Page(1, part) for part in _message(message, options)))


def _is_encrypted(message: EmailMessage) -> bool:
    kind = message.get_content_type()
    is_smime = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
    return kind == "multipart/encrypted" or (is_smime and message.get_param("smime-type") != "signed-data")


def load_mbox(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Messages in order, each under its subject."""

    def pages() -> Iterator[Page]:
        for raw in _messages(data):
            message = _parsed(raw)
            title = _header(message, "subject") or "(no subject)"
            yield Page(1, f"# {title}\n\n" + "\n\n".join(_message(message, options)))

    return Reading(Document(source, ()), pages())


def _messages(data: bytes) -> Iterator[bytes]:
    starts = [found.start() for found in re.finditer(rb"(?:\A|(?<=\n))From [^\n]*\n(?=[!-9;-~]+:)", data)]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        yield data[data.find(b"\n", start) + 1 : end]


def _parsed(data: bytes) -> EmailMessage:
    message = BytesParser(policy=email.policy.default.clone(max_line_length=None)).parsebytes(data)
    assert isinstance(message, EmailMessage)
    return message


def _header(message: EmailMessage, name: str) -> str:
    try:
        return one_line(str(message.get(name, "")))
    except Exception:  # the standard library's header parser fails in many ways on malformed headers
        raw = next((value for key, value in message.raw_items() if key.lower() == name), "")
        return one_line(str(raw))


def _date(message: EmailMessage) -> str:
    try:
        return parsedate_to_datetime(_header(message, "date")).isoformat()
    except (ValueError, TypeError):
        return ""


def _message(message: EmailMessage, options: ReadOptions) -> Iterator[str]:
    fields = [
        f"{name}: {value}"
        for name in ("From", "To", "Cc", "Date", "Subject")
        if (value := _header(message, name.lower()))
    ]
    yield "\n".join(fields) + "\n\n" + _body(message)
    for count, part in enumerate(_attachments(message)):
        if count >= MOST_ATTACHMENTS:
            return
        yield from _attached(part, options)


def _body(message: EmailMessage) -> str:
    """The plain text, or the HTML one where there is no plain text to speak of."""
    plain = html = ""
    for part in message.walk():
        if part.is_multipart() or _is_attachment(part):
            continue
        if part.get_content_type() == "text/plain":
            plain += "\n" + _part_text(part)
        elif part.get_content_type() == "text/html":
            html += _part_text(part)
    shown = text_of_html(html) if html.strip() else ""
    return plain.strip() if len(plain.strip()) * 3 > len(shown) else shown


def _is_attachment(part: EmailMessage) -> bool:
    return part.get_content_disposition() == "attachment" or (
        part.get_filename() is not None and part.get_content_maintype() != "multipart"
    )


def _part_text(part: EmailMessage) -> str:
    return decode(_payload(part), part.get_content_charset() or "")


def _payload(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    """Attached files and messages, not those within attached messages."""
    if message.get_content_type() == "message/rfc822":
        return
    parts = message.get_payload() if message.is_multipart() else []
    for part in parts if isinstance(parts, list) else []:
        if not isinstance(part, EmailMessage):
            continue
        if part.get_content_type() == "message/rfc822" or _is_attachment(part):
            yield part
        else:
            yield from _attachments(part)


def _attached(part: EmailMessage, options: ReadOptions) -> Iterator[str]:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        for message in inner if isinstance(inner, list) else []:
            if isinstance(message, EmailMessage) and options.depth < DEEPEST:
                yield f"## Attached: {_header(message, 'subject')}"
                yield from _message(message, replace(options, depth=options.depth + 1))
        return
    yield from attachment_text(one_line(part.get_filename() or "attachment"), _payload(part), options)


def attachment_text(name: str, data: bytes, options: ReadOptions) -> Iterator[str]:
    """The attachment's text under its name; for what we don't read only the name, which may be asked for."""
    from ingest.loaders.formats import read

    yield f"## Attached: {name}"
    if options.depth >= DEEPEST or not data:
        return
    try:
        _, reading = read(name, data, replace(options, depth=options.depth + 1))
        for page in reading.pages:
            yield re.sub(r"^(#{1,4}) ", r"##\1 ", page.text, flags=re.MULTILINE)
    except LoadError:
        return
