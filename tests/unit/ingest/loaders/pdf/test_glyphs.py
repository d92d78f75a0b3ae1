"""Ligatures whose font names them by their letters."""

from __future__ import annotations

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
