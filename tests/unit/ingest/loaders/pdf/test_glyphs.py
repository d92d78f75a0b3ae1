"""Letters that a PDF's fonts call by names or numbers of their own."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

from ingest.loaders.formats import read
from ingest.loaders.pdf.glyphs import read_glyph_name
from ingest.loaders.reading import ReadOptions
from tests import files


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f_f_i", "ffi"), ("T_h.liga", "Th"), ("c_t", "ct"), ("uni00660066", "ff"), ("u1F600", "😀"),
        ("germandbls_s", "ßs"), ("g37", ""), (".notdef", ""), ("uniD800", ""), ("u110000", ""),
    ],
)  # fmt: skip
def test_the_text_of_a_glyph_is_told_by_its_name(name, text):
    assert read_glyph_name(name) == text


@pytest.mark.parametrize(
    ("differences", "drawn", "text"),
    [
        ("1 /f_f_i /T_h", "o\1ce, \2e", "office, The"),
        ("65 /f_f_l /s_t", "waAe, duBy", "waffle, dusty"),
        ("128 /f_t 174 /f_f_i", "li\x80, pu\xaen", "lift, puffin"),
        ("1 /g37", "o\1d", "od"),
    ],
)
def test_ligatures_without_a_map_to_unicode_are_read(differences, drawn, text):
    encoding = f"/Encoding << /Differences [{differences}] >> >>"
    data = files.pdf([[(72, 700, 12, drawn)]]).replace(b"/Helvetica >>", f"/Helvetica {encoding}".encode())
    assert next(read("a.pdf", data, ReadOptions())[1].pages).text == text


def _embed_font(number: int, name: str, differences: str, ending: bytes) -> list[str]:
    """A font, its description and its file, as objects with the numbers from `number` on; `ending` sets its size."""
    found = find_spec("matplotlib")
    assert found
    assert found.origin
    program = (Path(found.origin).parent / "mpl-data/fonts/ttf/cmr10.ttf").read_bytes() + ending
    stream = f"{program.hex()}>"
    return [
        f"<< /Type /Font /Subtype /TrueType /BaseFont /{name} /FontDescriptor {number + 1} 0 R"
        f" /FirstChar 0 /LastChar 255 /Widths [{'500 ' * 256}]"
        f" /Encoding << /BaseEncoding /WinAnsiEncoding /Differences [{differences}] >> >>",
        f"<< /Type /FontDescriptor /FontName /{name} /Flags 32 /FontBBox [0 -200 999 900]"
        f" /FontFile2 {number + 2} 0 R >>",
        f"<< /Length {len(stream)} /Filter /ASCIIHexDecode >>\nstream\n{stream}\nendstream",
    ]


def test_ligatures_of_embedded_fonts_are_read_though_two_parts_of_one_font_call_them_by_the_same_code():
    fonts = [*_embed_font(7, "ABCDEF+Quill", "1 /f_f_i", b""), *_embed_font(10, "GHIJKL+Quill", "1 /f_f_l", b"\0\0")]
    data = files.pdf([[(72, 700, 12, "an o\1ce"), (72, 680, 12, "a wa\1e")]], extra=fonts)
    data = data.replace(b"/F1 3 0 R", b"/F1 7 0 R /F2 10 0 R").replace(
        b"/F1 12 Tf 1 0 0 1 72 680", b"/F2 12 Tf 1 0 0 1 72 680"
    )
    assert next(read("a.pdf", data, ReadOptions())[1].pages).text == "an office\na waffle"


_GLYPHS = [".notdef", "space", *"abdehknrsty", "f_f_i"]
_SENTENCE = ["t", "h", "e", "space", "b", "r", "a", "n", "d", "y", "space", "a", "n", "d", "space", "k", "e", "y", "s"]


def _make_program(kind: str) -> bytes:
    """A font of these glyphs whose program tells its letters in one way, or in none."""
    names = [name if at < 2 or kind != "nothing" else f"g{at}" for at, name in enumerate(_GLYPHS)]
    builder = FontBuilder(1000, isTTF="CFF" not in kind)
    builder.setupGlyphOrder(names)
    letters = {32: "space"} | {ord(name): name for name in names if len(name) == 1}
    builder.setupCharacterMap(letters if kind == "cmap" else {})
    builder.setupHorizontalMetrics({name: (500, 0) for name in names})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    if "CFF" in kind:
        pen = T2CharStringPen(500, None)
        builder.setupCFF("Quill", {}, dict.fromkeys(names, pen.getCharString()), {})
        outlines = io.BytesIO()
        builder.font["CFF "].cff.compile(outlines, builder.font)
        return outlines.getvalue()
    builder.setupGlyf(dict.fromkeys(names, TTGlyphPen(None).glyph()))
    builder.setupPost(keepGlyphNames=kind in ("post", "map"))
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()


def _draw_composite(kind: str, lines: Sequence[Sequence[str]], *, is_moved: bool = False) -> bytes:
    """A page with a line of Helvetica, and these in a composite font without a map to Unicode.

    `is_moved` numbers the codes otherwise than the glyphs, by a map.
    """
    step = 40 if is_moved else 0
    program = f"{_make_program(kind).hex()}>"
    table = f"{'0000' * step}{''.join(f'{at:04x}' for at in range(len(_GLYPHS)))}>"
    kept = "FontFile3" if kind == "CFF" else "FontFile2"
    extra = [
        "<< /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+Quill /Encoding /Identity-H /DescendantFonts [8 0 R] >>",
        f"<< /Type /Font /Subtype /CIDFontType{0 if kind == 'CFF' else 2} /BaseFont /ABCDEF+Quill /DW 500"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        f" /FontDescriptor 9 0 R /CIDToGIDMap {'11 0 R' if is_moved else '/Identity'} >>",
        f"<< /Type /FontDescriptor /FontName /ABCDEF+Quill /Flags 4 /FontBBox [0 -200 999 900] /{kept} 10 0 R >>",
        f"<< /Length {len(program)} /Subtype /CIDFontType0C /Filter /ASCIIHexDecode >>\nstream\n{program}\nendstream",
        f"<< /Length {len(table)} /Filter /ASCIIHexDecode >>\nstream\n{table}\nendstream",
    ]
    texts = [(72, 700 - 20 * at, 12, f"line {at}") for at in range(len(lines) + 1)]
    data = files.pdf([texts], extra=extra).replace(b"/F1 3 0 R", b"/F1 3 0 R /F2 7 0 R")
    for at, line in enumerate(lines, start=1):
        codes = "".join(f"{_GLYPHS.index(name) + step:04x}" for name in line)
        drawn = f"BT /F1 12 Tf 1 0 0 1 72 {700 - 20 * at} Tm (line {at}) Tj"
        data = data.replace(drawn.encode(), drawn.replace("F1", "F2").replace(f"(line {at})", f"<{codes}>").encode())
    return data


@pytest.mark.parametrize(
    ("kind", "is_moved"), [("cmap", False), ("post", False), ("post", True), ("cmap", True), ("CFF", False)]
)
def test_the_letters_of_a_composite_font_without_a_map_are_told_by_its_program(kind, is_moved):
    data = _draw_composite(kind, [_SENTENCE], is_moved=is_moved)
    assert next(read("a.pdf", data, ReadOptions())[1].pages).text == "line 0\nthe brandy and keys"


def test_letters_that_the_map_of_a_composite_font_lacks_are_told_by_its_program():
    data = _draw_composite("cmap", [_SENTENCE]).replace(b"/Identity-H /Desc", b"/Identity-H /ToUnicode 11 0 R /Desc")
    assert next(read("a.pdf", data, ReadOptions())[1].pages).text == "line 0\nthe brandy and keys"


def test_a_ligature_of_a_composite_font_is_read():
    data = _draw_composite("post", [["s", "n", "f_f_i", "s", "h"]])
    assert next(read("a.pdf", data, ReadOptions())[1].pages).text == "line 0\nsnffish"


@pytest.mark.skipif(shutil.which("tesseract") is not None, reason="Tesseract is installed and reads them")
def test_letters_that_nothing_tells_are_left_out_and_told():
    reading = read("a.pdf", _draw_composite("nothing", [_SENTENCE, _SENTENCE]), ReadOptions())[1]
    assert [page.text for page in reading.pages] == ["line 0"]
    assert reading.notes == ["1 page in fonts that don't say what their letters are; install Tesseract to read them"]
    assert reading.empty_kind == "scanned"
