"""Outlook's MSG, with its attachments. Property tags as in [MS-OXPROPS], storage names as in [MS-OXMSG]."""

from __future__ import annotations

import datetime
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime

from ingest.loaders.encoding import decode
from ingest.loaders.labels import make_label, make_one_line
from ingest.loaders.mail import DEEPEST, MOST_ATTACHMENTS, read_attachment
from ingest.loaders.reading import Reading, ReadOptions, make_single_page
from ingest.loaders.web.html import convert_html
from rag.types import Document

_SUBJECT, _SENDER, _SENDER_ADDRESS, _TO, _CC = "0037", "0C1A", "5D01", "0E04", "0E03"
_BODY, _HTML, _HEADERS = "1000", "1013", "007D"
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
        """The delivery or submission time: hundreds of nanoseconds since 1601 in the fixed-size properties."""
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
        yield self._choose_body()
        for storage in self._find_storages():
            yield from self._read_attached(storage, options)

    def _choose_body(self) -> str:
        if text := self.read_text(_BODY).replace("\r\n", "\n").strip():
            return text
        html = self.read_binary(_HTML)
        return convert_html(decode(html) if html else self.read_text(_HTML)) if html or self.read_text(_HTML) else ""

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
