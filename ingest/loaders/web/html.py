"""HTML becomes Markdown: headings, paragraphs, lists and rows. Owner of lxml's HTML parser."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.loaders.encoding import decode
from ingest.loaders.office.numbering import write_number
from ingest.loaders.reading import LAYOUT_CELL, Reading, ReadOptions, make_single_page
from ingest.loaders.tables import Cell, measure_width, write_table
from rag.types import Document

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SKIPPED = frozenset("script style template head iframe object canvas audio video annotation".split())
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hr html legend li main math noscript ol option p pre section summary table tbody td"
    " tfoot th thead tr ul".split()
)
_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,30})|<\?xml[^>]{0,100}encoding=[\"']([\w-]{2,30})", re.I
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)


def load_html(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Scripts and hidden parts are left out, navigation comes last; the title is the page's own."""
    declared = _CHARSET.search(data[:4096])
    name = (declared[1] or declared[2]).decode() if declared else ""
    root = parse_html(decode(data, name))
    header = Document(
        source,
        (),
        title=_find_title(root),
        author=_find_meta(root, "author", "article:author"),
        created=_find_meta(root, "date", "article:published_time", "dcterms.created", "citation_publication_date"),
        modified=_find_meta(root, "last-modified", "article:modified_time", "dcterms.modified"),
        language=(root.get("lang") or "")[:2].lower(),
    )
    text = write_markdown(root)
    if header.title and header.title not in text:
        text = f"{header.title}\n\n{text}"
    return make_single_page(header, text)


_NESTING_TAG = re.compile(r"</?(?!(?:script|style|title|p|br)\b)[a-z][^<>]*+>", re.I)
"""Tags that are left out where they nest deeper than the parser reads (2,048): it would lose all that comes after."""


def parse_html(text: str) -> HtmlElement:
    """The root element; an empty paragraph where there is nothing to read."""
    from lxml import etree, html

    text = re.sub(r"^\s*+<\?xml[^>]*\?>", "", text)  # lxml refuses a declared encoding in text that is decoded already
    parser = html.HTMLParser(no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(text or "<p></p>", parser=parser)
        if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
            root = html.document_fromstring(_NESTING_TAG.sub(" ", text), parser=parser)
        return root
    except etree.ParserError:  # nothing but comments
        return html.document_fromstring("<p></p>")


def convert_html(text: str) -> str:
    """A fragment, such as the body of a mail or of a feed's entry, as Markdown."""
    return write_markdown(parse_html(text))


def _find_title(root: HtmlElement) -> str:
    text = root.findtext(".//head/title") or root.findtext(".//title") or _find_meta(root, "og:title")
    if not text and (heading := root.find(".//h1")) is not None:
        text = heading.text_content()
    return " ".join((text or "").split())[:300]


def _find_meta(root: HtmlElement, *names: str) -> str:
    for element in root.iterfind(".//meta"):
        name = element.get("name") or element.get("property") or element.get("http-equiv") or ""
        if name.lower() in names and element.get("content"):
            return " ".join(element.get("content", "").split())[:200]
    return ""


def write_markdown(root: HtmlElement) -> str:
    """The text of the element and of all below it."""
    _name_tables(root)
    writer = _Writer()
    writer.walk(root)
    writer.walk_menus()
    return writer.join_blocks()


class _Writer:
    """Walks the tree without recursion (a page may nest thousands deep) and collects blocks."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._line: list[str] = []
        self._mark = ""
        self._menus: deque[HtmlElement] = deque()
        self._lists: list[_List] = []

    def join_blocks(self) -> str:
        """What was collected so far, as Markdown."""
        self._end_block()
        return re.sub(r"\n{3,}", "\n\n", "".join(self._blocks)).strip(" \n")  # a tab is an empty cell

    def walk(self, root: HtmlElement) -> None:
        """Collect the text of `root` and all below it."""
        stack: list[tuple[HtmlElement, bool]] = [(root, False)]
        while stack:
            element, is_end = stack.pop()
            tag = element.tag if isinstance(element.tag, str) else ""
            if is_end:
                self._close_element(tag)
                self._add_text(element.tail if element is not root else None)
            elif self._take_whole(element, tag):
                self._add_text(element.tail)
            else:
                self._open_element(element, tag)
                stack.append((element, True))
                stack.extend((child, False) for child in reversed(element))

    def walk_menus(self) -> None:
        """Add the navigation, which was put off to the end."""
        while self._menus:
            menu = self._menus.popleft()
            menu.tag, menu.tail = "div", None
            menu.attrib.pop("role", None)
            self.walk(menu)

    def _take_whole(self, element: HtmlElement, tag: str) -> bool:
        """Add the element with all its children if it is of a kind that is read as a whole; say whether it was."""
        if not tag or tag in _SKIPPED or _is_hidden(element) or (tag == "noscript" and not _open_noscript(element)):
            return True
        if tag == "option" and element.get("selected") is None and _has_selected(element):
            return True
        if tag == "nav" or element.get("role") == "navigation":
            self._end_block()
            self._menus.append(element)
        elif tag == "table" and (rows := _read_rows(element)):
            self._add_block("\n".join(rows))
        elif tag == "pre":
            self._add_block(f"```\n{element.text_content().strip(chr(10))}\n```")
        elif tag == "br":
            self._line.append("\n")
        elif tag == "svg":
            self._add_text("".join(f" {label.text_content()} " for label in element.iter("text")))
        elif tag in ("img", "area"):
            self._add_text(element.get("alt"))
        elif tag in ("input", "textarea"):
            self._add_text(_read_input(element))
        else:
            return False
        return True

    def _open_element(self, element: HtmlElement, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_block()
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._mark = "#" * int(tag[1]) + " "
        elif tag in ("ul", "ol"):
            self._lists.append(_open_list(element, tag))
        elif tag == "li":
            mark = self._lists[-1].count(element) if self._lists else "-"
            self._mark = "  " * min(len(self._lists) - 1, 5) + f"{mark} "
        elif tag in ("td", "th"):
            self._line.append(" ")
        self._add_text(element.text)

    def _close_element(self, tag: str) -> None:
        if tag == "dt" and (term := "".join(self._line).strip()) and term[-1] not in ":.?!":
            self._line[:] = [f"{term}:"]  # what it means follows
        if tag in _BLOCKS:
            self._end_block()
            self._mark = ""
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()

    def _add_text(self, text: str | None) -> None:
        if text:
            self._line.append(re.sub(r"\s+", " ", text))

    def _add_block(self, text: str) -> None:
        self._end_block()
        self._blocks.append(f"\n\n{text}\n\n")

    def _end_block(self) -> None:
        text = re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", "".join(self._line))).strip()
        self._line.clear()
        if not text:
            return
        if self._mark.startswith("#"):
            self._blocks.append(f"\n\n{self._mark}{' '.join(text.split())}\n\n")
        elif self._mark:
            self._blocks.append(f"\n{self._mark}{text}\n")
        else:
            self._blocks.append(f"\n\n{text}\n\n")
        self._mark = ""


@dataclass(slots=True)
class _List:
    """A list that is open; `kind` is empty for one without numbers."""

    kind: str
    next: int
    step: int

    def count(self, item: HtmlElement) -> str:
        """What stands before the item: its number as a page shows it, or a dash."""
        if not self.kind:
            return "-"
        value = item.get("value", "").strip()
        number = int(value) if re.fullmatch(r"-?\d{1,9}", value) else self.next
        self.next = number + self.step
        return f"{write_number(number, self.kind)}."


_COUNTED_BY = {"a": "lowerLetterInTurn", "A": "upperLetterInTurn", "i": "lowerRoman", "I": "upperRoman"}
_STYLES = {"alpha": "LetterInTurn", "latin": "LetterInTurn", "roman": "Roman"}
_LIST_STYLE = re.compile(
    r"list-style(?:-type)?\s*:[^;]*?(?:(lower|upper)-(alpha|latin|roman)|\b(none|disc|circle|square)\b)"
)


def _open_list(element: HtmlElement, tag: str) -> _List:
    style = _LIST_STYLE.search(element.get("style") or "")
    if tag == "ul" or (style and style[3]):
        return _List("", 1, 1)
    kind = f"{style[1]}{_STYLES[style[2]]}" if style else _COUNTED_BY.get(element.get("type", "").strip(), "decimal")
    start = element.get("start", "").strip()
    is_reversed = element.get("reversed") is not None
    usual = sum(child.tag == "li" for child in element) if is_reversed else 1
    return _List(kind, int(start) if re.fullmatch(r"-?\d{1,9}", start) else usual, -1 if is_reversed else 1)


_UNSEEN_INPUTS = frozenset(("hidden", "password", "submit", "reset", "button", "image", "file"))


def _read_input(field: HtmlElement) -> str:
    """What a field of a form shows: its text, or whether its box is ticked."""
    kind = (field.get("type") or "").lower() if field.tag == "input" else ""
    if kind in ("checkbox", "radio"):
        return "☒ " if field.get("checked") is not None else "☐ "
    return "" if kind in _UNSEEN_INPUTS else field.get("value") or field.text or ""


def _has_selected(option: HtmlElement) -> bool:
    """Whether the list of choices says which of them is taken; then that one alone is shown."""
    choices = next((above for above in option.iterancestors("select")), None)
    return choices is not None and choices.find(".//option[@selected]") is not None


_NOTES = re.compile(r"(?:^|[\s-])(?:footnote|endnote|rearnote|note)s?(?:\s|$)")
"""In ``epub:type`` and ``role``: notes that an e-book hides until a reader touches their number."""


def _is_hidden(element: HtmlElement) -> bool:
    style, hidden = element.get("style"), element.get("hidden")
    if element.tag == "dialog" and element.get("open") is None:
        return True
    if (hidden is not None and hidden.lower() != "until-found") or (style and _HIDDEN.search(style)):
        is_note = _NOTES.search(f"{element.get('epub:type') or ''} {element.get('role') or ''}") is not None
        return not is_note and not (element.tag == "aside" and element.get("id"))
    return bool(element.get("aria-hidden") == "true")


_COMPLAINT = re.compile(r"java ?script|\bscripts?\b|\bcookies\b", re.I)
_LONGEST_COMPLAINT = 400
"""Characters of a text that asks for JavaScript."""


def _open_noscript(element: HtmlElement) -> bool:
    """Whether the content for readers without scripts, as we are, says more than that; then it is read as a part."""
    text = element.text_content().strip()
    if not text or (len(text) < _LONGEST_COMPLAINT and _COMPLAINT.search(text)):
        return False
    for inner in list(element.iter("noscript")):
        inner.tag = "div"  # those within it aren't asked again
    return True


_ROLES = {
    "table": "table", "grid": "table", "treegrid": "table", "rowgroup": "tbody", "row": "tr", "cell": "td",
    "gridcell": "td", "columnheader": "th", "rowheader": "th",
}  # fmt: skip
"""The elements of a table by the roles that others play on pages which draw tables by style alone."""


def _name_tables(root: HtmlElement) -> None:
    """Make elements that say that they are a table, its rows and its cells what they say."""
    for element in root.xpath(".//*[@role]"):
        tag = _ROLES.get(element.get("role", "").strip().lower())
        if tag is None or element.tag in ("table", "thead", "tbody", "tfoot", "tr", "td", "th"):
            continue
        element.tag = tag
        above = element.getparent()
        while tag in ("tr", "td", "th") and above is not None and _is_wrapper(above) and above is not root:
            above.drop_tag()
            above = element.getparent()
        for name in ("colspan", "rowspan"):
            if span := element.get(f"aria-{name}"):
                element.set(name, span)


def _is_wrapper(element: HtmlElement) -> bool:
    """Whether an element between a table's parts says nothing itself."""
    if element.tag not in ("div", "span") or element.get("role") is not None or _is_hidden(element):
        return False
    return not any(text and text.strip() for text in (element.text, *(child.tail for child in element)))


def _frames_page(table: HtmlElement) -> bool:
    """Whether the table arranges parts of a page: by its own word, or because it has no heads but tables within it."""
    if table.get("role") in ("presentation", "none"):
        return True
    inner = list(table.iterfind(".//table"))
    if not inner:
        return False
    cells = [cell for row in _find_rows(table) for cell in row]
    if any(len(cell.text_content()) > LAYOUT_CELL for cell in cells):
        return True
    return all(cell.tag != "th" for cell in cells) and any(
        sum(len(row) > 1 for row in _find_rows(other)) > 1 for other in inner
    )


def _read_rows(table: HtmlElement) -> list[str]:
    """The rows of a data table, cells separated by tabs; none if the table frames a page's parts."""
    if _frames_page(table):
        return []
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in _find_rows(table)]
    if max(map(len, cells), default=0) < 2:
        return []
    rows = [
        [Cell(_read_cell(cell), _count(cell, "colspan", 1_000), _count(cell, "rowspan", 65_534)) for cell in row]
        for row in cells
    ]
    if any(len(cell.text) > LAYOUT_CELL for row in rows for cell in row):
        return []
    caption = table.find("caption")
    head = [_read_cell(caption), ""] if caption is not None else []
    lines = write_table(rows, width=measure_width(rows), head_rows=_count_head_rows(cells))
    return head + [line for line in lines if line]


def _count(cell: HtmlElement, name: str, most: int) -> int:
    """The columns or rows that the cell covers, of `most` in HTML; none for rows means all to the end."""
    value = (cell.get(name) or "").strip()
    count = int(value) if value.isdecimal() and len(value) < 6 else 1
    return min(count or (most if name == "rowspan" else 1), most)


def _count_head_rows(rows: list[list[HtmlElement]]) -> int:
    """Rows at the beginning that the page itself calls the head: in ``thead``, or of nothing but ``th``."""
    heads = (row and (row[0].getparent().getparent().tag == "thead" or all(c.tag == "th" for c in row)) for row in rows)
    return sum(1 for _ in itertools.takewhile(bool, heads))


def _find_rows(table: HtmlElement) -> Iterator[HtmlElement]:
    """The table's own rows, without those of tables within its cells."""
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _find_rows(child)


def _read_cell(cell: HtmlElement) -> str:
    writer = _Writer()
    for child in list(cell.iter("table")):
        child.tag = "div"  # a table within a cell is read as the cell's text
    cell_tag, cell.tag = cell.tag, "div"
    writer.walk(cell)
    cell.tag = cell_tag
    return " ".join(re.sub(r"^[ \t]*+(?:- |#++ )", "", writer.join_blocks(), flags=re.MULTILINE).split())
