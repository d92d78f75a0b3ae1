"""Bytes become text, whatever their encoding; in blocks, so that a big file is never held twice. Owner of chardet."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 64_000
_BLOCK_BYTES = 1 << 20
_SURE = 0.2
"""The confidence below which chardet isn't believed about text that could be Western: it took French for Cyrillic."""
_WESTERN = frozenset("äöüßÄÖÜàâæçéèêëîïôœùûÿÀÂÆÇÉÈÊËÎÏÔŒÙÛáíóúñÁÍÓÚÑìòÌÒãõÃÕåøÅØ¡¿ºª«»‘’“”„–—…•·€£§©®°±²³½¼×\xa0\xad")


def detect_encoding(data: bytes, declared: str = "") -> str:
    """The codec's name: by a byte order mark, by escapes, as UTF-8 if that is valid, as `declared`, or by letters."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    if is_utf8(data):
        return _find_escaped(data) or "utf-8"
    return _guess_by_zeros(data[:_SAMPLE_BYTES]) or _find_declared(declared) or _guess_by_letters(data)


_ESCAPES = re.compile(rb"\x1b\$(?:[@B]|\(D|(\)C))")
"""What switches text of seven bits to Japanese letters or, captured, to Korean ones (ISO 2022); no terminal has it."""


def _find_escaped(data: bytes) -> str:
    """The codec of a text whose letters are written in ASCII between escapes, as Japanese mail is; empty for others."""
    found = _ESCAPES.search(data) if b"\x1b$" in data else None
    return "" if found is None else "iso2022_kr" if found[1] else "iso2022_jp_ext"


def _find_declared(declared: str) -> str:
    """The declared codec's name if Python has that codec; empty if not. Pages that say Latin-1 mean Windows-1252."""
    try:
        name = codecs.lookup(declared).name if declared else ""
    except (LookupError, ValueError):
        return ""
    if not name or name.startswith(("utf", "base64", "hex", "rot", "zlib", "bz2", "uu", "quopri", "idna", "punycode")):
        return ""  # not UTF-8, as was seen above; the others aren't encodings of text
    return "cp1252" if name in ("iso8859-1", "ascii") else name


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are valid UTF-8, and text: without zeros."""
    if b"\0" in data[:_SAMPLE_BYTES]:
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _BLOCK_BYTES):
            decoder.decode(data[start : start + _BLOCK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guess_by_zeros(sample: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark, told by the zeros that Latin letters leave at fixed places."""
    if len(sample) < 4 or b"\0" not in sample:
        return ""
    zero = [sample[place::4].count(0) / max(1, len(sample) // 4) for place in range(4)]
    if zero[0] > 0.9 and zero[1] > 0.9:
        return "utf-32-be"
    if zero[2] > 0.9 and zero[3] > 0.9:
        return "utf-32-le"
    even, odd = zero[0] + zero[2], zero[1] + zero[3]
    if max(even, odd) < 0.1:
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _guess_by_letters(data: bytes) -> str:
    import chardet

    # Around the first letter that isn't ASCII: a long English file may have its only one at the end.
    letter = re.search(rb"[\x80-\xff]", data)
    first = letter.start() if letter else 0
    sample = data[max(0, first - _SAMPLE_BYTES // 2) : first + _SAMPLE_BYTES]
    found = chardet.detect(sample, encoding_era=chardet.EncodingEra.MODERN_WEB | chardet.EncodingEra.LEGACY_ISO)
    name, sure = found["encoding"] or "cp1252", found["confidence"] or 0.0
    return "cp1252" if sure < _SURE and _reads_western(sample) else name


def _reads_western(sample: bytes) -> bool:
    """Whether all letters beyond ASCII are the usual ones of Western languages when read as Windows-1252."""
    text = sample.decode("cp1252", "replace")
    return all(letter < "\x80" or letter in _WESTERN for letter in text)


def decode(data: bytes, declared: str = "") -> str:
    """The whole text. Bytes that the encoding doesn't know become U+FFFD, line ends become ``\\n``."""
    return "".join(decode_blocks(data, declared))


def decode_blocks(data: bytes, declared: str = "") -> Iterator[str]:
    """The text in blocks of about a megabyte, for texts too long to be held whole."""
    decoder = codecs.getincrementaldecoder(detect_encoding(data, declared))(errors="replace")
    view = memoryview(data)
    held = ""
    for start in range(0, len(data), _BLOCK_BYTES):
        text = held + decoder.decode(bytes(view[start : start + _BLOCK_BYTES]))
        held = text[-1:] if text.endswith("\r") else ""  # a \r\n may lie across two blocks
        yield _normalise_lines(text.removesuffix(held))
    yield _normalise_lines(held + decoder.decode(b"", final=True))


def _normalise_lines(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "") if "\0" in text else text
