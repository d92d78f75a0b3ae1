"""RTF as Outlook packs it into mails: Microsoft's MS-OXRTFCP."""

from __future__ import annotations

import struct

from ingest.loaders.reading import ReadOptions
from rag.errors import LoadError

_PACKED, _PLAIN = 0x75465A4C, 0x414C454D
_WINDOW = 4096
_KNOWN = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u"
    rb"\tab\tx"
)
"""What the packer takes for written already."""


def convert_packed_rtf(data: bytes, options: ReadOptions) -> str:
    """The text; empty where the data is damaged."""
    from ingest.loaders.rtf import load_rtf

    try:
        return "\n\n".join(page.text for page in load_rtf("body.rtf", unpack_rtf(data), options).pages)
    except LoadError:
        return ""


def unpack_rtf(data: bytes) -> bytes:
    """The RTF; empty if the data isn't packed RTF, and as far as there is some if it ends too early."""
    if len(data) < 16:
        return b""
    size, kind = struct.unpack_from("<II", data, 4)
    if kind == _PLAIN:
        return data[16 : 16 + size]
    return _unpack(data[16:])[:size] if kind == _PACKED else b""


def _unpack(data: bytes) -> bytes:
    """Each byte tells of the next eight whether they are letters or places in the last 4,096 letters."""
    window = bytearray(_KNOWN.ljust(_WINDOW, b"\0"))
    place, at = len(_KNOWN), 0
    out = bytearray()

    def put(letter: int) -> None:
        nonlocal place
        out.append(letter)
        window[place] = letter
        place = (place + 1) % _WINDOW

    while at < len(data):
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data):
                break
            if not flags >> bit & 1:
                put(data[at])
                at += 1
                continue
            reference = int.from_bytes(data[at : at + 2], "big")
            at += 2
            if reference >> 4 == place:  # the sign of its end
                return bytes(out)
            for step in range((reference & 15) + 2):
                put(window[((reference >> 4) + step) % _WINDOW])
    return bytes(out)
