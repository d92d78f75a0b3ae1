"""Binary Office files that name the same text again and again: it is read once."""

from __future__ import annotations

import struct

from ingest.loaders.office.binary import _read_offsets, read_pieces

PIECES = 1_000


def test_pieces_of_a_word_file_share_its_letters():
    word = bytearray(0x01AA) + b"x" * 1_000
    limits = struct.pack(f"<{PIECES + 1}I", *(number * len(word) for number in range(PIECES + 1)))
    offset = 0x40000000 | (0x01AA * 2)
    places = limits + struct.pack("<HIH", 0, offset, 0) * PIECES
    clx = b"\2" + struct.pack("<I", len(places)) + places
    struct.pack_into("<II", word, 0x01A2, 0, len(clx))
    text = "".join(read_pieces(bytes(word), clx))
    assert text.startswith("x" * 1_000)
    assert len(text) <= len(word)


def test_edits_of_a_powerpoint_file_in_a_circle_are_read_once():
    directory = struct.pack("<HHI", 0, 6002, 8) + struct.pack("<II", 1 << 20 | 1, 777)
    edit = struct.pack("<HHI", 0, 4085, 28) + struct.pack("<IIII", 0, 0, len(directory), 0) + bytes(12)
    current = bytes(16) + struct.pack("<I", len(directory))
    assert _read_offsets(directory + edit, current) == {1: 777}
