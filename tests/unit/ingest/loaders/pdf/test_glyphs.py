"""Ligatures whose font names them by their letters."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

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
