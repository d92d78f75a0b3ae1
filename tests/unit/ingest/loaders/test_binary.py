"""Binary Office files: those of Word 6 and 95, damaged ones, and those that name the same text again and again."""

from __future__ import annotations

import struct

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from rag.errors import LoadError
from rag.types import Document
from tests import files

PIECES = 1_000
LETTERS = "The café has 12 ducks.\rName\x07Fee\x07\x07Duck\x0712\x07\x07See \x13 HYPERLINK x \x14our site\x15 now.\r"
READ = "The café has 12 ducks.\n\nName\tFee\nDuck\t12\nSee our site now."


def _old_word(raw: bytes, flags: int = 0, places: bytes = b"") -> bytes:
    word = bytearray(0x300) + raw + places
    struct.pack_into("<HH", word, 0, 0xA5DC, 104)
    struct.pack_into("<H", word, 0x0A, flags)
    struct.pack_into("<II", word, 0x18, 0x300, 0x300 + len(raw))
    struct.pack_into("<II", word, 0x160, 0x300 + len(raw), len(places))
    return files.compound_file(WordDocument=bytes(word))


def _piece_table(limits: list[int], offsets: list[int]) -> bytes:
    pieces = b"".join(struct.pack("<HIH", 0, offset, 0) for offset in offsets)
    places = struct.pack(f"<{len(limits)}I", *limits) + pieces
    return b"\2" + struct.pack("<I", len(places)) + places


def _read(name: str, data: bytes) -> list[str]:
    return [page.text for page in read(name, data, ReadOptions())[1].pages]


def test_word_95_is_read():
    assert _read("a.doc", _old_word(LETTERS.encode("cp1252"))) == [READ]


def test_word_6_is_read_in_its_code_page():
    text = "Договор о поставке муки для пекарни, подписанный в городе."
    assert _read("a.doc", _old_word(text.encode("cp1251"))) == [text]


def test_word_6_is_read_though_it_was_saved_fast():
    raw, half = LETTERS.encode("cp1252"), len(LETTERS) // 2
    table = _piece_table([0, half, len(raw)], [0x300 + len(raw) - half, 0x300])
    assert _read("a.doc", _old_word(raw[half:] + raw[:half], 0x0004, table)) == [READ]


def test_word_6_with_a_password_is_told_as_encrypted():
    with pytest.raises(LoadError, match=r"^encrypted"):
        _read("a.doc", _old_word(b"xyz", 0x0100))


def test_a_word_file_without_its_table_is_damaged():
    with pytest.raises(LoadError, match="damaged"):
        _read("a.doc", files.compound_file(WordDocument=struct.pack("<H", 0xA5EC) + bytes(0x400)))


def test_pieces_of_a_word_file_share_its_letters():
    word = bytearray(0x01AA) + b"x" * 5_000
    table = _piece_table([number * len(word) for number in range(PIECES + 1)], [0x40000000 | (0x01AA * 2)] * PIECES)
    struct.pack_into("<H", word, 0, 0xA5EC)
    struct.pack_into("<II", word, 0x01A2, 0, len(table))
    text = _read("a.doc", files.compound_file(**{"WordDocument": bytes(word), "0Table": table}))[0]
    assert text.startswith("x" * 5_000)
    assert len(text) <= len(word) + 512


def test_edits_of_a_powerpoint_file_in_a_circle_are_read_once():
    text = "Slide".encode("utf-16-le")
    atoms = struct.pack("<HHI5I", 0, 1011, 20, 1, 0, 0, 0, 0) + struct.pack("<HHI", 0, 4000, len(text)) + text
    listed = struct.pack("<HHI", 0xF, 4080, len(atoms)) + atoms
    directory = struct.pack("<HHIII", 0, 6002, 8, 1 << 20 | 1, 0)
    at = len(listed) + len(directory)
    edit = struct.pack("<HHI", 0, 4085, 28) + struct.pack("<IIII", 0, 0, at, len(listed)) + bytes(12)
    stream = listed + directory + edit
    current = bytes(16) + struct.pack("<I", at)
    assert _read("a.ppt", files.compound_file(PowerPoint_Document=stream, Current_User=current)) == ["# Slide"]


def _summary(code_page: int, properties: dict[int, tuple[int, bytes]]) -> bytes:
    held = {1: (2, struct.pack("<Hxx", code_page)), **properties}
    places, values = b"", b""
    for number, (kind, value) in held.items():
        places += struct.pack("<II", number, 8 + 8 * len(held) + len(values))
        values += struct.pack("<I", kind) + value
    section = struct.pack("<II", 8 + len(places) + len(values), len(held)) + places + values
    return struct.pack("<HHI16sI16sI", 0xFFFE, 0, 0, b"", 1, b"", 48) + section


def _counted(raw: bytes, unit: int = 1) -> bytes:
    return struct.pack("<I", len(raw) // unit) + raw


def _header_of(summary: bytes) -> Document:
    word = bytearray(0x300) + b"xyz"
    struct.pack_into("<HH", word, 0, 0xA5DC, 104)
    struct.pack_into("<II", word, 0x18, 0x300, 0x303)
    data = files.compound_file(**{"WordDocument": bytes(word), "\x05SummaryInformation": summary})
    return read("a.doc", data, ReadOptions())[1].header


@pytest.mark.parametrize(
    ("title", "codec", "code_page", "kind"),
    [
        ("Полёт над горой", "cp1251", 1251, 0x1E),
        ("湖の地図", "cp932", 932, 0x1E),
        ("Ödland", "utf-16-le", 1200, 0x1E),
        ("Żuraw", "utf-8", 65001, 0x08),
        ("Café", "mac-roman", 10000, 0x1E),
        ("Ελιά", "utf-16-le", 1252, 0x1F),
        ("Plain", "ascii", 4, 0x1E),
    ],
)
def test_the_title_is_read_in_the_code_page_of_its_file(title, codec, code_page, kind):
    raw = (title + "\0\0").encode(codec)
    assert _header_of(_summary(code_page, {2: (kind, _counted(raw, 2 if kind == 0x1F else 1))})).title == title


def test_dates_that_no_calendar_has_are_left_out():
    ticks = {12: 132_223_104_000_000_000, 13: 2**64 - 1}
    header = _header_of(_summary(1252, {number: (0x40, struct.pack("<Q", value)) for number, value in ticks.items()}))
    assert (header.created, header.modified) == ("2020-01-01T00:00:00", "")


def test_a_property_that_claims_to_be_endless_is_no_work():
    endless = struct.pack("<I", 0xFFFFFFFF) + bytes(2_000)
    properties = {26: (0x100C, endless), 13: (0x1003, endless), 2: (0x1E, endless), 4: (0x1E, _counted(b"Ada\0"))}
    assert _header_of(_summary(1252, properties)).author == "Ada"
