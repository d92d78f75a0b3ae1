"""The letters of composite fonts (``/Type0``) that a PDF gives no map to Unicode: the embedded program may tell them.

Such a font's codes are mere numbers of its glyphs. Its program says which letter a glyph is, by its ``cmap`` or a name.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

_GLYPH_BYTES = 2
"""A code of ``Identity-H`` has two bytes, and so has an entry of a map from codes to glyphs."""


def read_composite(font: Any, read_name: Callable[[str], str]) -> Iterator[tuple[int, str]]:  # noqa: ANN401 (pypdf's objects)
    """Codes of a descendant of a composite font with their letters, as far as the embedded program tells them.

    `read_name` gives the text that a glyph's name means.
    """
    described = font["/FontDescriptor"].get_object() if "/FontDescriptor" in font else {}
    program = next((described[kind] for kind in ("/FontFile2", "/FontFile3") if kind in described), None)
    if program is None:
        return
    glyphs = _read_program(program.get_object().get_data(), read_name)
    mapped = font["/CIDToGIDMap"].get_object() if "/CIDToGIDMap" in font else None
    if mapped is None or not hasattr(mapped, "get_data"):  # the name /Identity
        yield from glyphs.items()
        return
    table = mapped.get_data()
    for code in range(len(table) // _GLYPH_BYTES):
        glyph = int.from_bytes(table[_GLYPH_BYTES * code : _GLYPH_BYTES * (code + 1)])
        if glyph in glyphs:
            yield code, glyphs[glyph]


def _read_program(data: bytes, read_name: Callable[[str], str]) -> dict[int, str]:
    """The letters of a font's glyphs by their numbers: by the font's own table, or what the glyph's name means."""
    from fontTools.ttLib import TTFont

    font: Any = None  # fontTools has no types
    outlines: Any = None
    if data[:4] in (b"\0\1\0\0", b"true", b"OTTO"):
        font = TTFont(io.BytesIO(data), lazy=True)
        outlines = font["CFF "].cff if "CFF " in font else None
    else:
        from fontTools.cffLib import CFFFontSet

        outlines = CFFFontSet()
        outlines.decompile(io.BytesIO(data), None)
    if outlines is not None and hasattr(outlines[0], "ROS"):  # its codes aren't the numbers of its glyphs
        return {}
    order: list[str] = font.getGlyphOrder() if font else outlines[0].charset
    letters = {at: text for at, name in enumerate(order) if (text := read_name(name))}
    known = (font.getBestCmap() or {}) if font and "cmap" in font else {}
    numbers = {name: at for at, name in enumerate(order)}
    for letter, name in sorted(known.items(), reverse=True):  # of the letters of one glyph the first, which is usual
        letters[numbers[name]] = chr(letter)
    return letters
