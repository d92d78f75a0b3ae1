"""The binary Office formats of before 2007: Word's DOC and PowerPoint's PPT.

olefile opens the container; what its streams hold is read as in [MS-DOC], [MS-PPT] and [MS-OLEPS].
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingest.loaders.encoding import detect_encoding
from ingest.loaders.reading import Reading, ReadOptions, make_one_line, make_single_page, number_pages
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    import olefile

# Both formats


_SUMMARY = "\x05SummaryInformation"
_CODE_PAGE, _TITLE, _AUTHOR, _CREATED, _SAVED = 1, 2, 4, 12, 13
"""Identifiers of the properties that we use, in the summary."""
_NUMBER, _BASIC_STRING, _BYTES_STRING, _WIDE_STRING, _TIME = 0x02, 0x08, 0x1E, 0x1F, 0x40
"""Types of properties, as [MS-OLEPS] numbers them."""
_MOST_PROPERTIES = 1_000
_LONGEST_PROPERTY = 4_096
"""Bytes of a title or an author that are read."""
_FIRST_DAY = datetime(1601, 1, 1)
_UTF_16 = 1200
_CODECS = {_UTF_16: "utf-16-le", 65001: "utf-8", -535: "utf-8", 10000: "mac-roman"}
"""Codecs of code pages that Python has under another name. In 16 bits with a sign, 65001 is -535."""


def _read_header(source: str, ole: olefile.OleFileIO, page_kind: str = "") -> Document:
    """Title, author and dates from the summary of an open file."""
    section, places = _find_properties(ole)
    code_page = _read_number(section, places.get(_CODE_PAGE))
    return Document(
        source,
        (),
        title=_read_string(section, places.get(_TITLE), code_page),
        author=_read_string(section, places.get(_AUTHOR), code_page),
        created=_read_time(section, places.get(_CREATED)),
        modified=_read_time(section, places.get(_SAVED)),
        page_kind=page_kind,
    )


def _find_properties(ole: olefile.OleFileIO) -> tuple[bytes, dict[int, int]]:
    """The summary's section, and where in it each property begins; nothing of a damaged one.

    olefile's own reader makes a list as long as the file says of any property, which can take minutes and gigabytes.
    """
    if not ole.exists(_SUMMARY):
        return b"", {}
    stream = ole.openstream(_SUMMARY).read()
    if len(stream) < 48:
        return b"", {}
    section = stream[struct.unpack_from("<I", stream, 44)[0] :]
    if len(section) < 8:
        return b"", {}
    count = min(struct.unpack_from("<I", section, 4)[0], (len(section) - 8) // 8, _MOST_PROPERTIES)
    return section, dict(struct.iter_unpack("<II", section[8 : 8 + 8 * count]))


def _read_number(section: bytes, place: int | None) -> int:
    """The number that begins at the place; 0 if there is none."""
    value = _unpack(section, place, _NUMBER, "<h")
    return 0 if value is None else int(value)


def _read_string(section: bytes, place: int | None, code_page: int) -> str:
    """The text in one line; empty if there is none."""
    for kind in (_BYTES_STRING, _BASIC_STRING, _WIDE_STRING):
        length = _unpack(section, place, kind, "<I")
        if place is None or length is None:
            continue
        is_wide = kind == _WIDE_STRING or code_page == _UTF_16
        letters = min(2 * length if kind == _WIDE_STRING else length, _LONGEST_PROPERTY)
        raw = section[place + 8 : place + 8 + letters]
        return make_one_line(_decode_property(raw, _UTF_16 if is_wide else code_page).partition("\0")[0])
    return ""


def _read_time(section: bytes, place: int | None) -> str:
    """The time as ISO writes it; empty if there is none, or one that no calendar has."""
    ticks = _unpack(section, place, _TIME, "<Q")
    try:
        return (_FIRST_DAY + timedelta(microseconds=ticks // 10)).isoformat() if ticks else ""
    except OverflowError:
        return ""


def _unpack(section: bytes, place: int | None, kind: int, form: str) -> int | None:
    """The number at the place, behind its type; None if it isn't there or of another type."""
    if place is None or place + 4 + struct.calcsize(form) > len(section):
        return None
    found, value = struct.unpack_from("<I", section, place)[0], struct.unpack_from(form, section, place + 4)[0]
    return int(value) if found == kind else None


def _decode_property(raw: bytes, code_page: int) -> str:
    name = _CODECS.get(code_page) or (f"cp{code_page}" if code_page > 0 else "cp1252")
    try:
        return raw.decode(name, "replace")
    except LookupError:
        return raw.decode("cp1252", "replace")


# Word

_OLD_WORD = 0xA5DC
"""The first two bytes of a file of Word 6 and 95; those of Word 97 and later begin with 0xA5EC."""
_IS_COMPLEX, _IS_ENCRYPTED, _USES_TABLE_1 = 0x0004, 0x0100, 0x0200
"""Flags in the header: that the text lies in pieces (since Word 97 it always does), that it has a password, and that
the second of the two table streams is in use."""
_FLAGS, _TEXT, _OLD_PIECES, _PIECES = 0x0A, 0x18, 0x0160, 0x01A2
"""Where the header tells the flags, the start and end of the text, and offset and length of the piece table."""
_COMPRESSED = 0x40000000
"""A piece of one byte a letter; its offset is doubled."""


def load_doc(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text, then footnotes, headers, comments and text boxes, in the file's own order."""
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            word = ole.openstream("WordDocument").read()
            start, flags = struct.unpack_from("<H", word)[0], struct.unpack_from("<H", word, _FLAGS)[0]
            if start == _OLD_WORD:
                text = _read_old_word(word, flags)
            else:
                table = ole.openstream("1Table" if flags & _USES_TABLE_1 else "0Table").read()
                text = "".join(read_pieces(word, table))
            return make_single_page(_read_header(source, ole), make_plain(text))
    except (struct.error, OSError, IndexError, MemoryError) as error:
        raise LoadError(f"it is a damaged DOC file ({str(error)[:120]})") from error


def _read_old_word(word: bytes, flags: int) -> str:
    """The text of Word 6 and 95: one byte a letter, in the code page of the machine that wrote it."""
    if flags & _IS_ENCRYPTED:
        raise LoadError("encrypted; save a copy without password")
    if flags & _IS_COMPLEX:
        raw = b"".join(word[begin : begin + letters] for begin, letters, _ in _find_pieces(word, word, _OLD_PIECES))
    else:
        start, end = struct.unpack_from("<II", word, _TEXT)
        raw = word[start:end]
    return raw.decode(detect_encoding(raw), "replace")


def read_pieces(word: bytes, table: bytes) -> Iterator[str]:
    """The pieces of the text in order; in all not more letters than the file has bytes."""
    for begin, letters, is_compressed in _find_pieces(word, table, _PIECES):
        if is_compressed:
            yield word[begin // 2 : begin // 2 + letters].decode("cp1252", "replace")
        else:
            yield word[begin : begin + 2 * letters].decode("utf-16-le", "replace")


def _find_pieces(word: bytes, table: bytes, place: int) -> Iterator[tuple[int, int, bool]]:
    """The offset and number of letters of each piece in the table at `place`, and whether it is compressed."""
    start, length = struct.unpack_from("<II", word, place)
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
        yield offset & ~_COMPRESSED, letters, bool(offset & _COMPRESSED)


_INSTRUCTION = re.compile("\x13[^\x13\x14\x15]*(?:\x14|(?=\x15))")
_SIGNS = str.maketrans({"\x0b": "\n", "\x0c": "\n\n", "\x1e": "-", "\x1f": None, "\xa0": " ", "\r": "\n\n"})
_STRAY = re.compile("[\x00-\x08\x0e-\x1f]")


def make_plain(text: str) -> str:
    """The text with the results of fields, with tabs between a table's cells and empty lines between paragraphs."""
    for _ in range(10):  # fields lie in fields
        shorter = _INSTRUCTION.sub("", text)
        if shorter == text:
            break
        text = shorter
    text = text.replace("\x07\x07", "\n").replace("\x07", "\t").translate(_SIGNS)
    return re.sub(r"\n{3,}", "\n\n", _STRAY.sub("", text)).strip("\n")


# PowerPoint

_SLIDE, _SLIDE_LIST, _PERSIST = 1006, 4080, 1011
_HEADER, _CHARS, _BYTES, _USER_EDIT, _DIRECTORY = 3999, 4000, 4008, 4085, 6002
_TITLES = (0, 6)
"""The types of text that are a title and a centred title."""
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    instance: int
    start: int
    """Where its content begins."""
    end: int
    is_container: bool


def load_ppt(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A page for each slide, in the order of the show."""
    import olefile

    with olefile.OleFileIO(data) as ole:
        stream = ole.openstream("PowerPoint Document").read()
        current = ole.openstream("Current User").read() if ole.exists("Current User") else b""
        header = _read_header(source, ole, "slide")
    try:
        slides = list(_read_slides(stream, _read_offsets(stream, current)))
    except struct.error as error:
        raise LoadError("it is a damaged PPT file (a record ends too early)") from error
    return Reading(header, number_pages(slides))


def _read_records(stream: bytes, start: int, end: int) -> Iterator[_Record]:
    while start + 8 <= end:
        head, kind, length = struct.unpack_from("<HHI", stream, start)
        stop = min(start + 8 + length, end)
        yield _Record(kind, head >> 4, start + 8, stop, head & 0xF == 0xF)
        start = stop


def _read_offsets(stream: bytes, current: bytes) -> dict[int, int]:
    """The offsets of what the file holds by identifier; the newest edit counts ([MS-PPT] 2.1.2)."""
    found: dict[int, int] = {}
    edit = struct.unpack_from("<I", current, 16)[0] if len(current) >= 20 else 0
    seen: set[int] = set()
    for _ in range(1_000):
        if not 0 < edit <= len(stream) - 28:
            break
        kind, (previous, directory) = (
            struct.unpack_from("<H", stream, edit + 2)[0],
            struct.unpack_from("<II", stream, edit + 16),
        )
        if kind != _USER_EDIT or directory in seen:
            break
        seen.add(directory)
        for identifier, offset in _read_directory(stream, directory):
            found.setdefault(identifier, offset)
        edit = previous
    return found


def _read_directory(stream: bytes, at: int) -> Iterator[tuple[int, int]]:
    _, kind, length = struct.unpack_from("<HHI", stream, at)
    at, end = at + 8, min(at + 8 + length, len(stream))
    while kind == _DIRECTORY and at + 4 <= end:
        packed = struct.unpack_from("<I", stream, at)[0]
        first, count = packed & 0xFFFFF, packed >> 20
        at += 4
        for index in range(min(count, (end - at) // 4)):
            yield first + index, struct.unpack_from("<I", stream, at + 4 * index)[0]
        at += 4 * count


def _read_slides(stream: bytes, offsets: dict[int, int]) -> Iterator[str]:
    """The text of each slide: what the outline has of it, then its other boxes."""
    listed = next(
        (r for r in _walk_records(stream, 0, len(stream), 0) if r.kind == _SLIDE_LIST and r.instance == 0), None
    )
    if listed is None:
        return
    slides: list[tuple[int, list[str]]] = []
    kind = 0
    for record in _read_records(stream, listed.start, listed.end):
        if record.kind == _PERSIST:
            slides.append((struct.unpack_from("<I", stream, record.start)[0], []))
        elif record.kind == _HEADER:
            kind = struct.unpack_from("<I", stream, record.start)[0]
        elif record.kind in (_CHARS, _BYTES) and slides:
            text = _decode_record(stream, record)
            slides[-1][1].append(f"# {make_one_line(text)}" if kind in _TITLES and text.strip() else text)
    seen = {0}  # a hostile list names one big slide a million times
    for identifier, outline in slides:
        offset = offsets.get(identifier, 0)
        boxes = _read_boxes(stream, offset) if offset not in seen else ()
        seen.add(offset)
        yield "\n\n".join(part for part in (*outline, *boxes) if part.strip())


def _read_boxes(stream: bytes, offset: int) -> Iterator[str]:
    if not 0 < offset <= len(stream) - 8:
        return
    slide = next(_read_records(stream, offset, len(stream)))
    if slide.kind != _SLIDE:
        return
    kind = -1
    for record in _walk_records(stream, slide.start, slide.end, 0):
        if record.kind == _HEADER:
            kind = struct.unpack_from("<I", stream, record.start)[0]
        elif record.kind in (_CHARS, _BYTES):
            text = _decode_record(stream, record)
            yield f"# {make_one_line(text)}" if kind in _TITLES and text.strip() else text


def _walk_records(stream: bytes, start: int, end: int, depth: int) -> Iterator[_Record]:
    for record in _read_records(stream, start, end):
        yield record
        if record.is_container and depth < _DEEPEST:
            yield from _walk_records(stream, record.start, record.end, depth + 1)


def _decode_record(stream: bytes, record: _Record) -> str:
    raw = stream[record.start : record.end]
    text = raw.decode("utf-16-le", "replace") if record.kind == _CHARS else raw.decode("latin-1")
    text = text.replace("\r", "\n").replace("\x0b", "\n")
    return "" if text.strip() == "*" else text  # the stand-in for a slide number
