"""RTF, by Microsoft's specification 1.9.1: headings, lists, tables, notes, text boxes, headers and footers.

The libraries for RTF lose more of the text (`bench/RESULTS.md`, "Loaders").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ingest.loaders.encoding import is_utf8
from ingest.loaders.reading import (
    LAYOUT_CELL,
    Reading,
    ReadOptions,
    join_blocks,
    join_cell,
    make_one_line,
    make_single_page,
)
from ingest.loaders.rtf_parts import MergedCells, find_encoding, read_form_field
from rag.errors import LoadError
from rag.types import Document

_DEEPEST = 10_000
"""Groups within groups. Word's own files nest some tens deep."""
_DEEPEST_STORY = 5
"""Notes in text boxes in notes. Text that lies deeper is read as that of the note or box around it."""

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?\d{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|([^\\{}]+)", re.DOTALL
)
"""A control word and its number, a byte in hexadecimal digits, a control sign, a brace, or plain bytes."""

_SIGNS = {
    "tab": " ", "line": "\n", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ", "qmspace": " ",
    "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "zwj": "\u200d",
    "zwnj": "\u200c", "nestcell": " ", "nestrow": " ", "mden": "/", "msup": "^", "msub": "_", "mrad": "√",
    "~": " ", "_": "-", "{": "{", "}": "}", "\\": "\\",
}  # fmt: skip
"""What control words and signs are shown as. Tables within a table's cell are read as the cell's text."""
_PARAGRAPH_ENDS = frozenset(("par", "sect", "page", "column", "\n", "\r"))
_DATE_PARTS = {"yr": "", "mo": "-", "dy": "-", "hr": "T", "min": ":"}
_PROPERTIES = frozenset("title author creatim revtim".split())
_BOXES = frozenset(("shptxt", "dptxbxtext"))
_EDGES = frozenset(f"{place}{pages}" for place in ("header", "footer") for pages in ("", "l", "r", "f"))
_KEPT = _PROPERTIES | _BOXES | _EDGES | {"footnote", "annotation", "atnauthor", "listtext", "pntext"}
"""Groups with a story of their own: what they say belongs elsewhere, or stands apart."""
_DROPPED = frozenset(
    "fonttbl colortbl stylesheet info filetbl listtable listoverridetable revtbl rsidtbl pict objclass objname objdata"
    " nonesttables xe tc rxe txe fldinst template ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn sp shprslt nonshppict pn"
    " pntxta pntxtb bkmkstart bkmkend mmathPr private datafield formfield falt".split()
)
"""Groups without text that is shown. A drawing's ``shprslt`` shows old readers the same text once more."""
_OPTIONAL = frozenset("shpinst do annotation atnauthor listtext pntext moMath moMathPara fldrslt".split())
"""Groups that are read though they are marked as what a reader may skip if it doesn't know them."""
_ENCODINGS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "cp936", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
"""The encodings of fonts by Windows' numbers. 0 (Western), 1 (any) and 2 (symbols) have none of their own."""
_ROW_WORDS = frozenset("trowd cellx clvmrg clmrg".split())
_KNOWN = {*_SIGNS, *_PARAGRAPH_ENDS, *_KEPT, *_DROPPED, *_ENCODINGS, *_DATE_PARTS}.union(
    "* cell row u pard v deleted s outlinelevel ilvl intbl sbasedon f fcharset cpg deff plain uc ansicpg bin".split(),
    _ROW_WORDS,
)
"""The words and signs that mean something here; most others are about looks, and are passed over."""


def load_rtf(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A document without pages: they are computed when it is printed."""
    reader = _Reader(data)
    reader.read()
    blocks = [*reader.story.finish(), *reader.edges]
    title = reader.properties.get("title") or next((b.lstrip("# ") for b in blocks[:30] if b.startswith("#")), "")
    author, created, modified = (reader.properties.get(name, "") for name in ("author", "creatim", "revtim"))
    created, modified = ("" if date.startswith("00-") else date for date in (created, modified))  # 0: year unknown
    return make_single_page(Document(source, (), title, author, created, modified), join_blocks(blocks))


@dataclass(frozen=True, slots=True)
class _Look:
    """What a paragraph is; ``\\pard`` makes it plain again."""

    style: int = 0
    level: int | None = None
    """Its level as a heading, 0 for none; None leaves that to its style."""
    list_level: int = 0
    in_table: bool = False


class _Story:
    """A run of text with its paragraphs and tables: the document's own, or that of a note or a text box."""

    def __init__(self) -> None:
        self.marker = ""
        """The number or bullet of the paragraph that is being read."""
        self.parts: list[str] = []
        """The text of that paragraph so far."""
        self.beside: list[str] = []
        """What stands apart from it, such as notes: it follows the paragraph."""
        self._blocks: list[str] = []
        self._rows: list[str] = []
        self._cells: list[list[str]] = []
        self._cell: list[str] = []
        self.merged = MergedCells()

    def end_paragraph(self, look: _Look, level: int) -> None:
        """End a paragraph, which is a heading if its `level` isn't 0."""
        blocks = [block for block in (self._format_paragraph(look, level), *self.beside) if block]
        self.beside.clear()
        if look.in_table:
            self._cell.extend(blocks)
            return
        self._end_table()
        self._blocks.extend(blocks)

    def _format_paragraph(self, look: _Look, level: int) -> str:
        text = "".join(self.parts).replace("\0", "").replace("\uf0b7", "•")
        if not text.isascii():  # letters beyond 16 bits are written as two
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"[ \t\xa0]+", " ", text)).strip()
        marker = make_one_line(self.marker)
        self.marker = ""
        self.parts.clear()
        if not text:
            return ""
        if re.search(r"\d|\w[.)]", marker):  # a number, or a letter as one; a lone letter is a sign of a symbol font
            text = f"{marker} {text}"
        elif marker and not level:
            return "  " * min(look.list_level, 5) + f"- {make_one_line(text)}"
        return "#" * level + " " + make_one_line(text) if level else text

    def end_cell(self, look: _Look) -> None:
        """End a cell and the paragraph that is its last."""
        self.end_paragraph(replace(look, in_table=True), 0)
        self._cells.append(self._cell)
        self._cell = []

    def end_row(self) -> None:
        """End a row. Where it arranges the page rather than tells data, its paragraphs are read one by one."""
        cells, self._cells = self._cells, []
        if len(cells) > 1 and all(sum(map(len, cell)) <= LAYOUT_CELL for cell in cells):
            row = "\t".join(self.merged.fill([join_cell(cell) for cell in cells]))
            self._rows.extend([row] if row.strip() else ())
            return
        self._end_table()
        self._blocks.extend(block for cell in cells for block in cell)

    def _end_table(self) -> None:
        if self._cells:
            self.end_row()
        if self._rows:
            self._blocks.append("\n".join(self._rows))
            self._rows = []

    def finish(self) -> list[str]:
        """All blocks, with what was still open."""
        if self._cell:
            self.end_cell(_Look())
        self.end_paragraph(_Look(), 0)
        return self._blocks


@dataclass(slots=True)
class _Group:
    """What holds between an opening brace and its closing one."""

    story: _Story | None
    """Where its text goes; None if it isn't shown."""
    destination: str = ""
    """The control word that opened this group or one around it, where that says what the text is for."""
    is_opener: bool = False
    """Whether this very group was opened for its destination."""
    stories: int = 0
    """How many notes and boxes it lies in."""
    is_optional: bool = False
    encoding: str = ""
    """The font's encoding; empty stands for the document's own."""
    fallback: int = 1
    """How many bytes after a Unicode letter stand for it in old readers."""
    is_hidden: bool = False
    look: _Look = _Look()


class _Reader:
    """Reads an RTF file token by token, once and without recursion, into the document's story and what stands apart."""

    def __init__(self, data: bytes) -> None:
        self.story = _Story()
        self.edges: dict[str, None] = {}
        self.properties: dict[str, str] = {}
        self._data = data
        self._at = 0
        """Where the next token begins."""
        self._is_utf8 = not data.isascii() and is_utf8(data)
        self._encoding = "cp1252"
        self._fonts: dict[int, str] = {}
        self._knows_encodings = False
        self._font = self._default_font = 0
        self._levels: dict[int, int] = {}
        self._bases: dict[int, int] = {}
        self._group = _Group(self.story)
        self._around: list[_Group] = []
        self._bytes = bytearray()
        self._to_skip = 0

    def read(self) -> None:
        """Read all tokens. Raises LoadError if groups nest too deep."""
        at = 0
        while found := _TOKEN.search(self._data, at):
            at = self._at = found.end()
            word, number, digits, sign, brace, plain = found.groups()
            if plain or digits:
                self._add_bytes(plain or bytes.fromhex(digits.decode()))
            elif word or sign:
                name = (word or sign).decode("latin-1")
                if name in _KNOWN or self._group.is_optional:
                    self._read_word(name, int(number) if number else None)
                self._to_skip = self._to_skip if name == "u" else 0
                at += max(0, int(number or 0)) if name == "bin" else 0
            elif brace:
                self._end_bytes()
                (self._open_group if brace == b"{" else self._close_group)()
        self._end_bytes()
        while self._around:
            self._close_group()

    def _add_bytes(self, raw: bytes) -> None:
        """Keep text whose encoding the next control word may still say more about: letters may have several bytes."""
        story = self._group.story
        if story is None or self._group.is_hidden:
            return
        raw = raw.translate(None, b"\r\n")  # lines end anywhere
        skipped = min(self._to_skip, len(raw))
        self._to_skip -= skipped
        if self._is_utf8 and not raw.isascii() and len(raw) > 1:
            self._end_bytes()
            story.parts.append(raw[skipped:].decode("utf-8", "replace"))
        else:
            self._bytes += raw[skipped:]

    def _end_bytes(self) -> None:
        self._to_skip = 0
        if self._bytes and self._group.story is not None:
            self._group.story.parts.append(self._bytes.decode(self._group.encoding or self._encoding, "replace"))
        self._bytes.clear()

    def _open_group(self) -> None:
        if len(self._around) >= _DEEPEST:
            raise LoadError(f"its groups nest more than {_DEEPEST:,} deep")
        around = self._group
        self._around.append(around)
        self._group = _Group(
            around.story, around.destination, False, around.stories, False, around.encoding, around.fallback,
            around.is_hidden, around.look,
        )  # fmt: skip
        if around.destination == "stylesheet":
            self._group.story, self._group.destination, self._group.is_opener = _Story(), "style", True

    def _close_group(self) -> None:
        if not self._around:  # a brace too many: what follows is read all the same
            return
        closed = self._group
        self._group = self._around.pop()
        if closed.is_opener and closed.story is not None:
            self._place(closed, closed.story.finish())

    def _place(self, closed: _Group, blocks: list[str]) -> None:
        """Put what a group for itself says where it belongs."""
        text, name, outer = make_one_line(" ".join(blocks)), closed.destination, self._group.story
        if name in _EDGES:
            self.edges |= dict.fromkeys(block for block in blocks if len(block) > 3)
        elif name == "style":
            self._keep_style(text, closed.look)
        elif name in _PROPERTIES or name == "atnauthor":
            self.properties[name] = text
        elif outer is not None and name in ("listtext", "pntext"):
            outer.marker = text
        elif outer is not None and name in _BOXES:
            outer.beside.extend(blocks)
        elif outer is not None and text:
            author = self.properties.pop("atnauthor", "") if name == "annotation" else ""
            outer.beside.extend([f"({author}: {text})" if author else f"({text})"])

    def _keep_style(self, name: str, look: _Look) -> None:
        named = re.match(r"heading (\d)|title;", name, re.IGNORECASE)
        level = min(6, int(named[1] or 1)) if named else look.level
        if level is not None:
            self._levels[look.style] = level

    def _find_level(self) -> int:
        """The level of the paragraph as a heading; 0 for none."""
        level, style = self._group.look.level, self._group.look.style
        if level is not None:
            return level
        for _ in range(20):  # styles may be based on each other in a ring
            if style in self._levels:
                return self._levels[style]
            style = self._bases.get(style, 0)
        return 0

    def _read_word(self, word: str, value: int | None) -> None:
        self._end_bytes()
        group = self._group
        if word == "fldinst" and group.story is not None and not group.is_hidden:
            group.story.parts.append(read_form_field(self._data, self._at, group.encoding or self._encoding))
        if group.is_optional and word not in _OPTIONAL:
            group.story, group.destination = None, word
        elif word in _DROPPED or word in _KEPT:
            self._open_destination(word)
        elif not self._set_look(group, word, value) and not self._set_encoding(group, word, value):
            self._show(word, value)
        group.is_optional = word == "*"

    def _open_destination(self, word: str) -> None:
        group = self._group
        is_property = word in _PROPERTIES
        if is_property != (group.destination == "info") or (group.story is None and not is_property):
            return
        is_kept = word not in _DROPPED
        if is_kept and group.stories >= _DEEPEST_STORY:
            return
        group.destination, group.is_opener, group.stories = word, is_kept, group.stories + 1
        group.story = _Story() if is_kept else None
        group.look = group.look if word in ("stylesheet", "listtext", "pntext") else _Look()

    def _set_look(self, group: _Group, word: str, value: int | None) -> bool:
        """Take a word that says how text looks; say whether it is one."""
        if word == "pard":
            group.look = _Look()
        elif word in ("v", "deleted"):
            group.is_hidden = value != 0
        elif word == "s":
            group.look = replace(group.look, style=value or 0)
        elif word == "outlinelevel":
            number = value or 0  # counted from 0; 9 stands for text
            group.look = replace(group.look, level=number + 1 if number < 6 else 0)
        elif word == "ilvl":
            group.look = replace(group.look, list_level=value or 0)
        elif word == "intbl":
            group.look = replace(group.look, in_table=True)
        elif word == "sbasedon" and group.destination == "style":
            self._bases[group.look.style] = value or 0
        else:
            return False
        return True

    def _set_encoding(self, group: _Group, word: str, value: int | None) -> bool:
        """Take a word that says how bytes become letters; say whether it is one."""
        number = value or 0
        if word == "f" and group.destination == "fonttbl":
            self._font = number
        elif word in ("fcharset", "cpg") and group.destination == "fonttbl":
            self._fonts[self._font] = _CHARSETS.get(number, "") if word == "fcharset" else find_encoding(number)
            self._knows_encodings |= bool(self._fonts[self._font])
        elif word == "f":
            group.encoding = self._find_font_encoding(number)
        elif word == "deff":
            self._default_font = number
        elif word == "plain":
            group.encoding, group.is_hidden = self._find_font_encoding(self._default_font), False
        elif word == "uc":
            group.fallback = max(0, number)
        elif word in _ENCODINGS or word == "ansicpg":
            self._encoding = _ENCODINGS.get(word) or find_encoding(number)
        else:
            return False
        return True

    def _find_font_encoding(self, font: int) -> str:
        """Empty for the document's own. A Western font has its own only where the table knows of other ones too."""
        encoding = self._fonts.get(font)
        return "cp1252" if encoding == "" and self._knows_encodings else encoding or ""

    def _show(self, word: str, value: int | None = None) -> None:
        group, story = self._group, self._group.story
        if story is None or group.is_hidden:
            return
        if word in _PARAGRAPH_ENDS:
            story.end_paragraph(group.look, self._find_level())
        elif word == "cell":
            story.end_cell(group.look)
        elif word == "row":
            story.end_row()
        elif word in _ROW_WORDS:
            story.merged.read(word)
        elif word == "u" and value is not None:
            story.parts.append(chr(value % 0x10000))
            self._to_skip = group.fallback
        elif word in _DATE_PARTS:
            story.parts.append(f"{_DATE_PARTS[word]}{value or 0:02}")
        else:
            story.parts.append(_SIGNS.get(word, ""))
