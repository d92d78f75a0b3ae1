"""Letters that pdfium can't tell: their font calls them by a composed name, such as ``f_f_i``, or by a mere number.

The Adobe glyph list says how such names are read, the font's own program what the numbers mean. pypdf reads the fonts,
and only if pdfium met such a letter.
"""

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ingest.loaders.pdf.composite import read_composite

if TYPE_CHECKING:
    import pypdf
    import pypdfium2 as pdfium

_SUSPICIOUS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xa1-\xff]")
"""Codes of letters without a meaning of their own; others are such codes only where a font has composed names or mere
numbers."""
_LINE_START = re.compile(r"^\S\S", re.MULTILINE)
UNKNOWN = "\ufffd"
"""Stands for a letter that nothing tells."""
_COMPOSED = re.compile(rb"/[A-Za-z](?:_[A-Za-z])+[\s/\]]")
_PLACEHOLDER = 0xE000
"""The first of the private letters that stand for a ligature while the line is measured: one letter for one code."""
_MOST_LIGATURES = 256
_IDENTITY = ("/Identity-H", "/Identity-V")
"""Encodings whose codes are the numbers of glyphs."""
_DEEPEST = 3
"""Levels of forms, drawings within drawings, whose fonts are looked up."""
_MOST_FONTS = 500

_SUBSET = re.compile(r"^[A-Z]{6}\+")
"""What a program writes before the name of a font of which it embeds only some letters; pdfium leaves it out."""

_FontKey = tuple[str, int]
"""A font's name and the size of its embedded file (0 if it has none), which tells two parts of one font apart."""
_Names = dict[tuple[_FontKey, int], str]
"""The text of a code in a font."""


class GlyphReader:
    """Mends the text of one document, page after page."""

    def __init__(self, data: bytes, passwords: Sequence[str] = ()) -> None:
        self._data = data
        self._passwords = passwords
        self._is_named = _COMPOSED.search(data) is not None
        self._pypdf: pypdf.PdfReader | None = None
        self._is_readable = True
        self._known: dict[int, _Names] = {}
        """What was read of a font, by the number of its object: pages share them."""
        self._composites: dict[_FontKey, Any] = {}
        """The fonts whose codes are mere numbers of glyphs."""
        self._unmapped: set[_FontKey] = set()
        """Those of them that have no map to Unicode at all: a code without a meaning is no letter. A map that pdfium
        doesn't understand may say that the codes are letters."""
        self._letters: dict[_FontKey, dict[int, str]] = {}
        """The letters of these codes, as far as the font was read for them."""
        self._name = ctypes.create_string_buffer(256)

    def mark(self, text_page: pdfium.PdfTextPage, text: str, index: int) -> tuple[str, dict[int, str]]:
        """The page's text with placeholders for its ligatures, and their texts; `UNKNOWN` stands for untold letters."""
        import pypdfium2.raw as raw

        count = text_page.count_chars()
        if not self._has_unknown(text_page, text, count):
            return text, {}
        names = self._read_names(index)
        if not names and not self._composites:
            return text, {}
        codes: dict[str, int] = {}
        letters: list[str] = []
        for at in self._find_unknown(text_page, text, count):
            font = self._find_font(text_page, at)
            code = raw.FPDFText_GetUnicode(text_page.raw, at)
            meant = self._read_composite(font).get(code) if font in self._composites else names.get((font, code))
            if meant and len(meant) > 1:
                is_known = meant in codes or len(codes) < _MOST_LIGATURES
                meant = chr(codes.setdefault(meant, _PLACEHOLDER + len(codes))) if is_known else None
            elif not meant and font in self._unmapped:
                meant = UNKNOWN
            if meant:
                letters = letters or _list_letters(text_page, text, count)
                letters[at] = meant
        return "".join(letters) or text, {code: meant for meant, code in codes.items()}

    def _has_unknown(self, text_page: pdfium.PdfTextPage, text: str, count: int) -> bool:
        """Whether pdfium put codes for want of their meaning; of a font of mere numbers the lines' first words tell."""
        import pypdfium2.raw as raw

        def is_unknown(at: int) -> bool:
            return bool(raw.FPDFText_HasUnicodeMapError(text_page.raw, at) == 1)

        starts = (found.start() for found in _LINE_START.finditer(text))
        return next(self._find_unknown(text_page, text, count), None) is not None or any(
            is_unknown(at) and is_unknown(at + 1) for at in starts
        )

    def _find_unknown(self, text_page: pdfium.PdfTextPage, text: str, count: int) -> Iterator[int]:
        """Where pdfium put a letter's code for want of its meaning; without a sign of it, not each letter is asked."""
        import pypdfium2.raw as raw

        is_suspicious = self._is_named or self._composites or len(text) != count
        places = range(count) if is_suspicious else (found.start() for found in _SUSPICIOUS.finditer(text))
        return (at for at in places if raw.FPDFText_HasUnicodeMapError(text_page.raw, at) == 1)

    def _find_font(self, text_page: pdfium.PdfTextPage, at: int) -> _FontKey:
        import pypdfium2.raw as raw

        part = raw.FPDFText_GetTextObject(text_page.raw, at)
        font = raw.FPDFTextObj_GetFont(part) if part else None
        if not font:
            return "", 0
        raw.FPDFFont_GetBaseFontName(font, self._name, len(self._name))
        size = ctypes.c_size_t(0)
        if raw.FPDFFont_GetIsEmbedded(font) == 1:
            raw.FPDFFont_GetFontData(font, None, 0, size)
        return _SUBSET.sub("", self._name.value.decode("utf-8", "replace"), count=1), size.value

    def _read_names(self, index: int) -> _Names:
        """The composed names in the page's fonts; none where pypdf can't read them."""
        if not self._is_readable:
            return {}
        try:
            self._pypdf = self._pypdf or open_by_pypdf(self._data, self._passwords)
            page = self._pypdf.pages[index]
            return self._read_resources(page.get("/Resources"), set(), 0)
        except Exception:  # pypdf fails in many ways on a damaged file; its text is read without this
            self._is_readable = self._pypdf is not None
            return {}

    def _read_resources(self, resources: Any, seen: set[int], depth: int) -> _Names:  # noqa: ANN401 (pypdf's objects)
        """The names in the fonts of a page and of the forms drawn on it."""
        resources = resources.get_object() if resources is not None else {}
        names: _Names = {}
        fonts = resources.get("/Font", {}).get_object() if "/Font" in resources else {}
        for font in list(fonts.values())[:_MOST_FONTS]:
            names |= self._read_font(font)
        forms = resources.get("/XObject", {}).get_object() if "/XObject" in resources and depth < _DEEPEST else {}
        for form in list(forms.values())[:_MOST_FONTS]:
            number = getattr(form, "idnum", 0)
            if number in seen or len(seen) > _MOST_FONTS:
                continue
            seen.add(number)
            names |= self._read_resources(form.get_object().get("/Resources"), seen, depth + 1)
        return names

    def _read_font(self, font: Any) -> _Names:  # noqa: ANN401 (pypdf's objects)
        number = getattr(font, "idnum", 0)
        if not number or number not in self._known:
            font = font.get_object()
            self._known[number] = dict(_read_differences(font))
            if font.get("/Subtype") == "/Type0" and font.get("/Encoding") in _IDENTITY:
                descendant = font["/DescendantFonts"][0].get_object()
                key = _make_key(descendant)
                self._composites[key] = descendant
                if "/ToUnicode" not in font:
                    self._unmapped.add(key)
        return self._known[number]

    def _read_composite(self, key: _FontKey) -> dict[int, str]:
        if key not in self._letters:
            try:
                self._letters[key] = dict(read_composite(self._composites[key], read_glyph_name))
            except Exception:  # fontTools fails in many ways on a damaged font, whose letters then stay unknown
                self._letters[key] = {}
        return self._letters[key]


def _list_letters(text_page: pdfium.PdfTextPage, text: str, count: int) -> list[str]:
    """The page's letters by pdfium's numbers; its text lacks those whose code is a sign that it leaves out."""
    import pypdfium2.raw as raw

    if len(text) == count:
        return list(text)
    return [chr(raw.FPDFText_GetUnicode(text_page.raw, at)) for at in range(count)]


def open_by_pypdf(data: bytes, passwords: Sequence[str]) -> pypdf.PdfReader:
    """The file for what pdfium doesn't tell of it; opened with the first password that fits."""
    import logging

    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=True)
        reader.strict = False  # from here on: only opening would look at every object of the file
    except Exception:  # pypdf fails in many ways on a damaged file, which it then reads more patiently
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        any(reader.decrypt(password) for password in ("", *passwords))
    return reader


def _read_differences(font: Any) -> Iterator[tuple[tuple[_FontKey, int], str]]:  # noqa: ANN401 (pypdf's objects)
    """The codes for which a font has names of its own that pdfium doesn't read, with their texts."""
    encoding = font["/Encoding"].get_object() if "/Encoding" in font else {}
    key = _make_key(font)
    code = 0
    for entry in encoding["/Differences"].get_object() if "/Differences" in encoding else ():
        if isinstance(entry, int):
            code = int(entry)
            continue
        if text := read_glyph_name(str(entry)):
            yield (key, code), text
        code += 1


def _make_key(font: Any) -> _FontKey:  # noqa: ANN401 (pypdf's objects)
    described = font["/FontDescriptor"].get_object() if "/FontDescriptor" in font else {}
    kept = next((described[kind] for kind in ("/FontFile", "/FontFile2", "/FontFile3") if kind in described), None)
    name = str(font.get("/BaseFont", "")).removeprefix("/")
    return _SUBSET.sub("", name, count=1), 0 if kept is None else len(kept.get_object().get_data())


@lru_cache(maxsize=4096)
def read_glyph_name(name: str) -> str:
    """The text of a glyph by the rules of the Adobe glyph list; empty if its name says none.

    Parts are divided by ``_``, and what follows a full stop is only its look: ``f_f_i.alt`` is "ffi".
    """
    return "".join(map(_read_part, name.removeprefix("/").partition(".")[0].split("_")))


def _read_part(part: str) -> str:
    from pypdf._codecs.adobe_glyphs import adobe_glyphs  # the list itself, which pypdf doesn't offer otherwise

    if known := adobe_glyphs.get(f"/{part}"):
        return known
    if re.fullmatch(r"uni(?:[0-9A-F]{4})+", part):
        return bytes.fromhex(part[3:]).decode("utf-16-be", "ignore")
    if re.fullmatch(r"u[0-9A-F]{4,6}", part) and int(part[1:], 16) < 0x110000:
        return chr(int(part[1:], 16))
    return ""
