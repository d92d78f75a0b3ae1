"""Mail with its attachments: EML, MBOX, and Outlook's MSG."""

from __future__ import annotations

import datetime
import email.policy
import mimetypes
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from itertools import islice

from ingest.loaders.encoding import decode
from ingest.loaders.packed_rtf import convert_packed_rtf
from ingest.loaders.reading import Reading, ReadOptions, make_label, make_one_line, make_single_page
from ingest.loaders.web.html import convert_html
from rag.errors import LoadError
from rag.types import Document, Page

DEEPEST = 3
"""Mails within mails, and files attached to them, are read to this depth."""
MOST_ATTACHMENTS = 200


_LONGEST_FIELD = 20_000
"""How many characters of a header field are parsed: the standard library's parser takes the square of their length."""


class _BoundedPolicy(email.policy.EmailPolicy):
    """The standard library's policy, but overlong header fields are cut before they are parsed."""

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
    yield "\n".join(_write_fields(message)) + "\n\n" + _write_body(message)
    shown: set[bytes | None] = set()
    inline = (part for part in _find_body_parts(message) if part.get_content_type() not in _BODY_TYPES)
    for part in islice(inline, MOST_ATTACHMENTS):
        shown.add(_read_payload(part) or None)
        yield from _read_inline(part, options)
    for count, part in enumerate(_find_attachments(message)):
        if count >= MOST_ATTACHMENTS:
            return
        if not shown or _read_payload(part) not in shown:  # an invitation often comes as both
            yield from _read_attached(part, options)


def _write_fields(message: EmailMessage) -> list[str]:
    names = ("From", "To", "Cc", "Date", "Subject")
    return [f"{name}: {value}" for name in names if (value := _read_header(message, name.lower()))]


def _write_body(part: EmailMessage) -> str:
    """The text of the body's parts in order; of alternatives, the one that says what the others don't."""
    kind = part.get_content_type()
    if not part.is_multipart():
        if _is_attachment(part) or kind not in _BODY_TYPES:
            return ""
        text = _decode_part(part)
        if kind == "text/plain":
            return _join_flowed(text, part).strip()
        return convert_html(text) if text.strip() else ""
    if kind in _REPORTS or kind == "message/rfc822":
        return ""
    texts = [text for text in map(_write_body, _list_parts(part)) if text]
    return _choose_text(texts) if kind == "multipart/alternative" else "\n\n".join(texts)


def _join_flowed(text: str, part: EmailMessage) -> str:
    """The paragraphs of a text that is flowed (RFC 3676), each on one line; any other text as it is."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    # With DelSp the space was put in where the line was broken, even within a word.
    end = 1 if str(part.get_param("delsp", "")).lower() == "yes" else 0
    lines: list[str] = []
    is_open, depth = False, ""
    for line in text.splitlines():
        quoted = line[: len(line) - len(line.lstrip(">"))]
        words = line[len(quoted) :].removeprefix(" ")
        if is_open and quoted == depth:
            lines[-1] = lines[-1][: len(lines[-1]) - end] + words
        else:
            lines.append(f"{quoted} {words}" if quoted else words)
        is_open, depth = words.endswith(" ") and words != "-- ", quoted
    return "\n".join(line.rstrip() for line in lines)


def _choose_text(texts: list[str]) -> str:
    """The first text, which is the plain one, unless a later one has words that it lacks: programs show the last."""
    if not texts or not set(_find_words(texts[-1])) - set(_find_words(texts[0])):
        return texts[0] if texts else ""
    return texts[-1]


def _find_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _find_body_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that aren't attached, in order; the parts of an attached mail are read with that mail."""
    if not message.is_multipart() or message.get_content_type() in _REPORTS:
        if not _is_attachment(message):
            yield message
    elif message.get_content_type() != "message/rfc822":
        for part in _list_parts(message):
            yield from _find_body_parts(part)


_BODY_TYPES = ("text/plain", "text/html")
_REPORTS = ("message/delivery-status", "message/global-delivery-status", "message/disposition-notification")
_NO_FILE = re.compile("signature|pgp|pkcs")
"""Parts that belong to a signature or an encryption."""
_ENRICHED = ("enriched", "richtext")
"""Text with formatting commands in angle brackets, by RFC 1896 and 1341."""
_UNSEEN = frozenset("css javascript ecmascript x-amp-html watch-html".split())
"""Kinds of text that no mail program shows."""
_ENDINGS = {
    "calendar": "ics", "ics": "ics", "csv": "csv", "comma-separated-values": "csv", "tab-separated-values": "tsv",
    "markdown": "md", "x-markdown": "md", "vcard": "vcf", "x-vcard": "vcf", "directory": "vcf", "rtf": "rtf",
}  # fmt: skip
"""The endings of files that are of the same kind as a part of a body."""


def _read_inline(part: EmailMessage, options: ReadOptions) -> Iterator[str]:
    """The text of a body's part that is neither plain text nor HTML: an invitation, a table, a report."""
    from ingest.loaders.formats import read

    kind = part.get_content_subtype()
    if part.get_content_type() in _REPORTS:
        yield "\n\n".join(filter(None, map(_write_report, _list_parts(part))))
    elif kind == "rfc822-headers":
        yield "\n".join(_write_fields(_parse_message(_read_payload(part))))
    elif options.depth < DEEPEST and (kind in _ENDINGS or _is_shown_text(part) or _is_unnamed_file(part)):
        data = _read_payload(part)
        if kind in _ENRICHED:
            data = re.sub(r"<(?:(<)|/?[\w-]{1,60}>)", r"\1", _decode_part(part)).encode()
        elif kind != "rtf" and part.get_content_maintype() == "text":
            data = _decode_part(part).encode()
        ending = _ENDINGS.get(kind) or (mimetypes.guess_extension(part.get_content_type()) or ".txt")[1:]
        try:
            _, reading = read(f"part.{ending}", data, replace(options, depth=options.depth + 1))
            yield from (page.text for page in reading.pages)
        except LoadError:
            return


def _is_shown_text(part: EmailMessage) -> bool:
    return part.get_content_maintype() == "text" and part.get_content_subtype() not in _UNSEEN


def _is_unnamed_file(part: EmailMessage) -> bool:
    return part.get_content_maintype() == "application" and not _NO_FILE.search(part.get_content_subtype())


def _write_report(block: EmailMessage) -> str:
    """What a report says of one receiver, as one sentence; each value without the name of its notation."""
    fields = [(str(name), make_one_line(str(value))) for name, value in block.raw_items()]
    return "; ".join(f"{name}: {re.sub(r'^(?:rfc822|smtp|dns|utf-8) *; *', '', value)}" for name, value in fields)


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
    """Attached files and messages, but not those within attached messages. A mail may be nothing but a file."""
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
    """The attachment's text under its name. A file that can't be read has its name alone, which may be asked for."""
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


_SUBJECT, _SENDER, _SENDER_ADDRESS, _TO, _CC = "0037", "0C1A", "5D01", "0E04", "0E03"
_BODY, _HTML, _RTF, _HEADERS = "1000", "1013", "1009", "007D"
_FILE_LONG, _FILE_SHORT, _DATA = "3707", "3704", "3701"


def load_msg(source: str, data: bytes, options: ReadOptions) -> Reading:
    """One mail as Outlook saves it: its fields, its body, then each attachment under its name."""
    import olefile

    with olefile.OleFileIO(data) as ole:
        names = ["/".join(entry) for entry in ole.listdir()]
        streams = {
            name: ole.openstream(name).read() for name in names if "__substg1.0_" in name or "__properties" in name
        }
    message = _Outlook(streams, "")
    header = Document(
        source, (), title=message.read_text(_SUBJECT), author=message.name_sender(), created=message.find_date()
    )
    return make_single_page(header, "\n\n".join(message.read_parts(options)))


class _Outlook:
    """A message in an MSG file; an attached message lies in a storage below."""

    def __init__(self, streams: dict[str, bytes], prefix: str) -> None:
        self._streams = streams
        self._prefix = prefix

    def read_text(self, tag: str, below: str = "") -> str:
        """A property that is text; empty if absent. `below` is the storage that holds it."""
        start = f"{self._prefix}{below}__substg1.0_{tag}"
        if (data := self._streams.get(start + "001F")) is not None:
            return data.decode("utf-16-le", "replace").rstrip("\0")
        return decode(self._streams.get(start + "001E", b"")).rstrip("\0")

    def read_binary(self, tag: str, below: str = "") -> bytes:
        """A property that is bytes; empty if absent."""
        return self._streams.get(f"{self._prefix}{below}__substg1.0_{tag}0102", b"")

    def name_sender(self) -> str:
        """``Name <address>``, or whichever of the two there is."""
        name, address = self.read_text(_SENDER), self.read_text(_SENDER_ADDRESS)
        return f"{name} <{address}>" if address and address != name else name

    def find_date(self) -> str:
        """ISO 8601, from the mail's own header if there is one; empty if unknown."""
        found = re.search(r"^Date:[ \t]*(.+)$", self.read_text(_HEADERS), re.MULTILINE | re.IGNORECASE)
        try:
            return parsedate_to_datetime(found[1]).isoformat() if found else self._read_property_date()
        except (ValueError, TypeError):
            return self._read_property_date()

    def _read_property_date(self) -> str:
        """The time of delivery or submission, which a property tells in hundreds of nanoseconds since 1601."""
        properties = self._streams.get(f"{self._prefix}__properties_version1.0", b"")
        for tag in (0x0E060040, 0x00390040):
            at = properties.find(struct.pack("<I", tag))
            if 0 <= at <= len(properties) - 16:
                ticks = struct.unpack_from("<Q", properties, at + 8)[0]
                if 0 < ticks < 3 * 10**17:
                    since = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
                    return (since + datetime.timedelta(microseconds=ticks // 10)).isoformat(timespec="seconds")
        return ""

    def read_parts(self, options: ReadOptions) -> Iterator[str]:
        """The header fields, the body, then the attachments."""
        fields = {
            "From": self.name_sender(), "To": self.read_text(_TO), "Cc": self.read_text(_CC), "Date": self.find_date(),
            "Subject": self.read_text(_SUBJECT),
        }  # fmt: skip
        yield "\n".join(f"{name}: {make_one_line(value)}" for name, value in fields.items() if value)
        yield self._choose_body(options)
        for storage in self._find_storages():
            yield from self._read_attached(storage, options)

    def _choose_body(self, options: ReadOptions) -> str:
        if text := self.read_text(_BODY).replace("\r\n", "\n").strip():
            return text
        html = self.read_binary(_HTML)
        if html or self.read_text(_HTML):
            return convert_html(decode(html) if html else self.read_text(_HTML))
        return convert_packed_rtf(self.read_binary(_RTF), options)

    def _find_storages(self) -> list[str]:
        pattern = re.compile(re.escape(self._prefix) + r"(__attach_version1\.0_#[0-9A-Fa-f]{8}/)")
        found = {match[1] for name in self._streams if (match := pattern.match(name))}
        return sorted(found)[:MOST_ATTACHMENTS]

    def _read_attached(self, storage: str, options: ReadOptions) -> Iterator[str]:
        inner = _Outlook(self._streams, f"{self._prefix}{storage}__substg1.0_{_DATA}000D/")
        if subject := inner.read_text(_SUBJECT):
            yield f"## Attached: {make_label(subject)}"
            if options.depth < DEEPEST:
                yield from inner.read_parts(replace(options, depth=options.depth + 1))
            return
        name = self.read_text(_FILE_LONG, storage) or self.read_text(_FILE_SHORT, storage) or "attachment"
        yield from read_attachment(name, self.read_binary(_DATA, storage), options)
