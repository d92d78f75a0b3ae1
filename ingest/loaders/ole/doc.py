"""Word 97–2003 (DOC): the text by its piece table, as in [MS-DOC] 2.4.1; olefile opens the container.

kreuzberg reads these files too, but leaves out text boxes; it is the second try, for older and damaged ones.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from ingest.loaders.ole.native import load_doc_by_kreuzberg
from ingest.loaders.ole.properties import read_header
from ingest.loaders.reading import Reading, ReadOptions, make_single_page

_TABLE_FLAG = 0x0200  # which of the two table streams is in use
_CLX = 0x01A2  # offset and length of the piece table, in the header's list of structures
_COMPRESSED = 0x40000000  # a piece of one byte a letter; its offset is doubled


def load_doc(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text, then footnotes, headers, comments and text boxes, in the file's own order."""
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            word = ole.openstream("WordDocument").read()
            flags = struct.unpack_from("<H", word, 0x0A)[0]
            table = ole.openstream("1Table" if flags & _TABLE_FLAG else "0Table").read()
            header = read_header(source, ole)
        text = make_plain("".join(_read_pieces(word, table)))
    except (struct.error, OSError, IndexError, MemoryError):
        return load_doc_by_kreuzberg(source, data)
    return make_single_page(header, text) if text else load_doc_by_kreuzberg(source, data)


def _read_pieces(word: bytes, table: bytes) -> Iterator[str]:
    start, length = struct.unpack_from("<II", word, _CLX)
    clx = table[start : start + length]
    at = 0
    while clx[at] == 1:  # formats, before the piece table
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    size = struct.unpack_from("<I", clx, at + 1)[0]
    places = clx[at + 5 : at + 5 + size]
    count = (len(places) - 4) // 12
    limits = struct.unpack_from(f"<{count + 1}I", places)
    left = len(word)  # pieces don't share letters; damaged or hostile ones may each claim the whole file
    for index in range(count):
        letters = min(max(0, limits[index + 1] - limits[index]), left)
        left -= letters
        offset = struct.unpack_from("<I", places, 4 * (count + 1) + 8 * index + 2)[0]
        if offset & _COMPRESSED:
            begin = (offset & ~_COMPRESSED) // 2
            yield word[begin : begin + letters].decode("cp1252", "replace")
        else:
            yield word[offset : offset + 2 * letters].decode("utf-16-le", "replace")


_INSTRUCTION = re.compile("\x13[^\x13\x14\x15]*(?:\x14|(?=\x15))")
_SIGNS = str.maketrans({"\x0b": "\n", "\x0c": "\n\n", "\x1e": "-", "\x1f": None, "\xa0": " ", "\r": "\n\n"})
_STRAY = re.compile("[\x00-\x08\x0e-\x1f]")


def make_plain(text: str) -> str:
    """Fields show their result, table cells are separated by tabs, paragraphs by an empty line."""
    for _ in range(10):  # fields lie in fields
        shorter = _INSTRUCTION.sub("", text)
        if shorter == text:
            break
        text = shorter
    text = text.replace("\x07\x07", "\n").replace("\x07", "\t").translate(_SIGNS)
    return re.sub(r"\n{3,}", "\n\n", _STRAY.sub("", text)).strip("\n")
