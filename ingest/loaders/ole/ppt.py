"""PowerPoint 97–2003 (PPT): a page a slide. Record types as in [MS-PPT]; olefile opens the container.

kreuzberg reads the text of these files too, but without saying which slide it is on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.loaders.labels import make_one_line
from ingest.loaders.ole.properties import read_header
from ingest.loaders.reading import Reading, ReadOptions, number_pages
from rag.errors import LoadError

_SLIDE, _NOTES, _SLIDE_LIST, _PERSIST = 1006, 1008, 4080, 1011
_HEADER, _CHARS, _BYTES, _USER_EDIT, _DIRECTORY = 3999, 4000, 4008, 4085, 6002
_TITLES = (0, 6)
"""Text types of a title and a centred title."""
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    instance: int
    start: int
    """Of its content."""
    end: int
    is_container: bool


def load_ppt(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A page a slide, in the order of the show."""
    import olefile

    with olefile.OleFileIO(data) as ole:
        stream = ole.openstream("PowerPoint Document").read()
        current = ole.openstream("Current User").read() if ole.exists("Current User") else b""
        header = read_header(source, ole, "slide")
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
    """Persist id → offset, newest edit first; [MS-PPT] 2.1.2."""
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
    """The outline's text of each slide, then that of its other boxes."""
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
