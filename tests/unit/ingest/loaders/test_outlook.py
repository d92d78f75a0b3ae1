"""What Outlook alone writes, built by hand: winmail.dat, and packed RTF as a mail's text."""

from __future__ import annotations

import struct

import pytest

from ingest.loaders.formats import read
from ingest.loaders.packed_rtf import unpack_rtf
from ingest.loaders.reading import ReadOptions
from tests import files

RTF = rb"{\rtf1\ansi\mac\deff0 The gate\u8217?s code is 4471; the gate\u8217?s key hangs in the shed.\par}"


def _pack(rtf: bytes) -> bytes:
    """Letters alone, and one place among what is known: its first 20 bytes."""
    assert rtf.startswith(rb"{\rtf1\ansi\mac\deff")
    items = [struct.pack(">H", 0 << 4 | 15), struct.pack(">H", 17 << 4 | 1), *(bytes([c]) for c in rtf[20:])]
    items.append(struct.pack(">H", (207 + len(rtf)) << 4))
    body = b""
    for at in range(0, len(items), 8):
        group = items[at : at + 8]
        body += bytes([sum(1 << n for n, item in enumerate(group) if len(item) == 2)]) + b"".join(group)
    return struct.pack("<IIII", len(body) + 12, len(rtf), 0x75465A4C, 0) + body


def _attribute(kind: int, body: bytes, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, kind, 6, len(body)) + body + struct.pack("<H", sum(body) & 0xFFFF)


def _properties(*properties: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(properties) + 2)
    out += struct.pack("<HHI", 0x03, 0x0E07, 1)  # a number
    out += struct.pack("<HH16sIIH2x", 0x0B, 0x8001, bytes(16), 0, 7, 1)  # a named one
    for kind, number, value in properties:
        out += struct.pack("<HHII", kind, number, 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def _wide(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")


def tnef(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + _attribute(0x9007, struct.pack("<II", 1252, 0)) + b"".join(attributes)


INNER = tnef(
    _attribute(0x9003, _properties((0x1F, 0x0037, _wide("Old gate")), (0x1F, 0x1000, _wide("It rusts since May."))))
)
MAIL = tnef(
    _attribute(0x8004, "Schlüssel\0".encode("cp1252")),
    _attribute(0x9003, _properties((0x102, 0x1009, _pack(RTF)), (0x1F, 0x0C1A, _wide("Ida Lund")))),
    _attribute(0x9002, bytes(14), 2),
    _attribute(0x8010, b"PUMPS~1.CSV\0", 2),
    _attribute(0x800F, b"Pump,Power\nHilde,2.2 kW\n", 2),
    _attribute(0x9005, _properties((0x1F, 0x3707, _wide("pumps of the well.csv"))), 2),
    _attribute(0x9002, bytes(14), 2),
    _attribute(0x9005, _properties((0x0D, 0x3701, bytes(16) + INNER)), 2),
)


def _read(name: str, data: bytes) -> tuple[str, str]:
    _, reading = read(name, data, ReadOptions())
    return reading.header.title, "\n\n".join(page.text for page in reading.pages)


def test_winmail_dat_is_a_mail_with_its_attachments():
    title, text = _read("winmail.dat", MAIL)
    assert title == "Schlüssel"
    assert text.split("\n\n") == [
        "From: Ida Lund\nSubject: Schlüssel",
        "The gate’s code is 4471; the gate’s key hangs in the shed.",
        "## Attached: pumps of the well.csv",
        "Pump\tPower\nHilde\t2.2 kW",
        "## Attached: Old gate",
        "Subject: Old gate",
        "It rusts since May.",
    ]


def test_it_is_read_within_the_mail_that_brought_it():
    mail = (
        b'From: Ida <i@example.org>\r\nContent-Type: multipart/mixed; boundary="A"\r\n\r\n--A\r\n\r\nHello.\r\n--A\r\n'
        b'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    import base64

    text = _read("a.eml", mail + base64.encodebytes(MAIL) + b"\r\n--A--\r\n")[1]
    assert "The gate’s code is 4471" in text
    assert "Hilde\t2.2 kW" in text


@pytest.mark.parametrize("end", [10, 60, 200, 400])
def test_what_there_is_of_a_cut_file_is_read(end: int):
    assert "Schlüssel" in "".join(_read("winmail.dat", MAIL[:end] if end > 60 else MAIL)) or end <= 60
    assert isinstance(_read("winmail.dat", MAIL[:end])[1], str)


def test_packed_rtf_is_unpacked():
    assert unpack_rtf(_pack(RTF)) == RTF
    assert unpack_rtf(struct.pack("<IIII", len(RTF) + 12, len(RTF), 0x414C454D, 0) + RTF) == RTF
    assert unpack_rtf(b"abc") == unpack_rtf(bytes(40)) == b""


def test_a_msg_file_with_nothing_but_packed_rtf_has_that_text():
    streams = {"__substg1.0_0037001F": _wide("Key")[:-2], "__substg1.0_10090102": _pack(RTF)}
    data = files.compound_file(**{"__properties_version1.0": bytes(64), **streams})
    assert "The gate’s code is 4471" in _read("a.msg", data)[1]
