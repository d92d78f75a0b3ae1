"""What the chat page is given to show: Markdown for Chainlit that loses no letter. Pure.

Chainlit reads more into a text than models write and documents mean: ``:word`` is a directive of its own, ``[a]: b`` a
definition that vanishes, ``&amp;`` a single character. So no text goes there as it stands: every sign that could be
markup becomes an entity, which never is. Of a document's words only tables and lists are shown as such; a model's
Markdown is parsed by `page/dialect.py` and written anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from page.dialect import parse
from rag.answering.citations import MARKER, find_markers, read_numbers
from rag.answering.spots import Marked
from rag.answering.support import find_claims

if TYPE_CHECKING:
    from markdown_it.token import Token

_SIGNS = re.compile(r"[$&*:<@\[\\\]_`|~]|!(?=\[|\Z)|(?<=www)\.", re.IGNORECASE)
_LINE_START = re.compile(r"^[ \t]*(?:([#+\-=>])|(\d{1,9})([.)])|(?=(&#58;){3}))?", re.MULTILINE)
_HEADING_END = re.compile(r"(?<!\S)#+(?=\s*\Z)")
_NO_MARKER = "\u00a0"
"""Stands for a marker in code; a plain space could make a table's wide gap."""
_BETWEEN_WORDS = "\u200b"
"""In Thai, say. Nobody sees it, but Chainlit puts its cursor where it stands."""


def escape_markdown(text: str) -> str:
    """The text as Markdown that shows just this text, line by line; white space around a line is not kept."""
    return _escape_line_starts("\n".join(line.strip() for line in _escape_signs(text).split("\n")))


def link_source(number: int) -> str:
    """The marker of a source as a link, which Sources.jsx opens."""
    return f"[&#91;{number}&#93;](#pw-{number})"


def _escape_signs(text: str) -> str:
    return _SIGNS.sub(lambda match: f"&#{ord(match[0])};", text.replace(_BETWEEN_WORDS, ""))


def _escape_line_starts(text: str) -> str:
    """The lines without what makes them headings, items or rules, and without white space before, which makes code.

    Chainlit makes a box of what stands between two lines with three colons, be these entities or not; a space before
    them prevents it.
    """

    def escape(match: re.Match[str]) -> str:
        sign, number, end, colons = match.groups()
        if sign:
            return f"&#{ord(sign)};"
        return f"{number}&#{ord(end)};" if number else "&#32;" if colons else ""

    return _LINE_START.sub(escape, text)


# A document's words

_TABLE_RULE = re.compile(r"\|(?: --- \|)+")
_CELL_END = re.compile(r"(?<!\\)\|")
_BULLET = re.compile(r"\s*[-*+]\s+(?=\S)")
_OURS = re.compile("\x01(\\d+)\x02")
"""A marker of ours, while it is told from the same characters in a document: no text here has control characters."""


def show_quotes(text: str, markers: Sequence[int]) -> str:
    """Quotes as Markdown that shows them letter for letter; only the markers that begin at `markers` become links.

    Rows with a line ``| --- |`` are a table, and lines that begin with a bullet a list.
    """
    before = text[: markers[0] if markers else len(text)]
    quotes = (text[start:end] for start, end in pairwise([*markers, len(text)]))
    marked = before + "".join(re.sub(r"\[(\d+)\]", "\x01\\1\x02", quote, count=1) for quote in quotes)
    groups = groupby(marked.split("\n"), lambda line: bool(line.strip()))
    blocks = [list(lines) for is_filled, lines in groups if is_filled]
    shown = "\n\n".join(_show_table(lines) if _is_table(lines) else "\n".join(_show_lines(lines)) for lines in blocks)
    return _OURS.sub(lambda match: link_source(int(match[1])), shown)


def _is_table(lines: Sequence[str]) -> bool:
    return len(lines) > 1 and bool(_TABLE_RULE.fullmatch(lines[1])) and all(line.startswith("|") for line in lines)


def _show_table(lines: Sequence[str]) -> str:
    rows = [_CELL_END.split(line)[1:-1] for line in [lines[0], *lines[2:]]]
    return _write_table([[escape_markdown(cell.replace("\\|", "|")) for cell in row] for row in rows], ())


def _write_table(rows: Sequence[Sequence[str]], aligned: Sequence[str]) -> str:
    """The rows, of which the first is the head, all as wide as the widest."""
    width = max(map(len, rows))
    rules = [*aligned, *["---"] * (width - len(aligned))]
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [full[0], rules, *full[1:]])


def _show_lines(lines: Sequence[str]) -> Iterator[str]:
    """A paragraph, or items with the lines that continue them. The numbers of numbered items are words like others."""
    for index, line in enumerate(lines):
        bullet = _BULLET.match(line)
        if bullet and index and not _BULLET.match(lines[index - 1]):
            yield ""
        yield f"- {escape_markdown(line[bullet.end() :])}" if bullet else escape_markdown(line)


# A model's Markdown

_LONGEST_PARSED = 100_000
"""Characters, which take a second or two; a longer answer is shown as it was written."""
_HIGHEST_NUMBER = 99
"""The highest number that an item is shown with: higher ones find no room beside a list, and may be years that stand
where a line begins."""


def show_answer(text: str, passages: int, marked: list[Marked] | None = None) -> str:
    """A model's answer as Markdown that shows all of it; its markers become links, ``[1, 2]`` two of them.

    A marker in code, and one without a passage, stays as it is. An image becomes a link to it, since showing it would
    tell its host that the answer was read. To `marked`, each link's marker is added with its claim, in order.
    """
    tokens = parse(text) if len(text) <= _LONGEST_PARSED else None
    if tokens is None:
        return _escape_line_starts(_link_markers(text, passages))
    writer = _Writer(passages)
    for token in tokens:
        writer.take(token)
    if marked is not None:
        marked += writer.marked
    return "\n".join(writer.lines)


def _list_marked(tokens: Sequence[Token], passages: int) -> Iterator[Marked]:
    """The markers that become links in a paragraph, a heading or a cell, each with its own claim."""
    text, is_link = "", False
    for token in tokens:
        is_link = (is_link or token.type == "link_open") and token.type != "link_close"
        is_words = token.type == "text" and not is_link
        text += (
            "\n"
            if token.type.endswith("break")
            else token.content
            if is_words
            else MARKER.sub(_NO_MARKER, token.content)
        )
    claims = find_claims(text)
    for marker in find_markers(text):
        if not marker.numbers or not all(1 <= number <= passages for number in marker.numbers):
            continue
        claim = next((one for one in claims if one.start <= marker.start < one.end), None)
        for number in marker.numbers:
            yield Marked(number, " ".join(claim.text.split()) if claim else "", claim.numbers if claim else ())


def _link_markers(text: str, passages: int) -> str:
    """The text with its signs escaped and its markers linked."""
    pieces: list[str] = []
    at = 0
    for match in MARKER.finditer(text):
        numbers = read_numbers(match)
        if numbers and all(1 <= number <= passages for number in numbers):
            pieces += [_escape_signs(text[at : match.start()]), *map(link_source, numbers)]
            at = match.end()
    return "".join([*pieces, _escape_signs(text[at:])])


class _Numbering:
    """Gives items the numbers that they have: Markdown counts on from the first, but another sign begins a new list."""

    def __init__(self) -> None:
        self._written = self._shown = 0
        self._sign = "."

    def mark(self, number: int) -> str:
        """What an item begins with; it counts on if all have the same number."""
        if self._shown and number not in (self._written, self._shown + 1):
            self._sign = ")" if self._sign == "." else "."
            self._shown = number
        else:
            self._shown = self._shown + 1 if self._shown else number
        self._written = number
        return f"{number}{self._sign} " if number <= _HIGHEST_NUMBER else f"{number}&#46; "


@dataclass(slots=True)
class _Container:
    """A quotation, an item of a list, or the whole text."""

    first: str = ""
    """What its first line begins with."""
    others: str = ""
    is_begun: bool = False
    """Whether it has its first line."""
    items: _List | None = None
    """The list that it is an item of."""


@dataclass(slots=True)
class _List:
    numbering: _Numbering
    is_begun: bool = False
    is_loose: bool = False
    """Whether there are empty lines between its items."""


class _Writer:
    """Writes markdown-it's tokens as Markdown again, each kind in the one form that Chainlit can't mistake."""

    def __init__(self, passages: int) -> None:
        self.lines: list[str] = []
        self.marked: list[Marked] = []
        """The markers that became links, in order."""
        self._passages = passages
        self._containers = [_Container()]
        self._lists: list[_List] = []
        self._rows: list[list[str]] = []
        self._rules: list[str] = []
        self._begins = ""
        """What the next line of text begins with: a heading's signs."""

    def take(self, token: Token) -> None:
        """Write what a token tells; the tokens come in the order of the text."""
        match token.type.rpartition("_"):
            case (kind, _, "open"):
                self._open(kind, token)
            case (kind, _, "close"):
                self._close(kind)
            case _ if token.type == "inline":
                self._write_text(token)
            case _:
                self._write_block(_write_leaf(token))

    def _open(self, kind: str, token: Token) -> None:
        match kind:
            case "blockquote":
                self._separate()
                self._containers.append(_Container("> ", "> "))
            case "bullet_list" | "ordered_list":
                self._separate(is_nested_list=True)
                self._lists.append(_List(_Numbering()))
            case "list_item":
                self._open_item(token)
            case "paragraph" if not token.hidden and (items := self._containers[-1].items):
                items.is_loose = True
            case "heading":
                self._begins = f"{token.markup} "
            case "table":
                self._rules = []
            case "tr":
                self._rows.append([])
            case "th":
                sides = str(token.attrGet("style") or "").rpartition(":")[2]
                self._rules.append({"center": ":---:", "right": "---:", "left": ":---"}.get(sides, "---"))

    def _open_item(self, token: Token) -> None:
        items = self._lists[-1]
        begun = items.numbering.mark(int(token.info)) if token.info else f"{token.markup} "
        if items.is_begun and items.is_loose:
            self._write_line("")
        items.is_begun = True
        indent = "" if "&" in begun else " " * len(begun)
        self._containers.append(_Container(begun, indent, items=items))

    def _close(self, kind: str) -> None:
        match kind:
            case "blockquote" | "list_item":
                if not self._containers[-1].is_begun:
                    self._write_line("")
                self._containers.pop()
            case "bullet_list" | "ordered_list":
                self._lists.pop()
            case "table":
                self._write_block(_write_table(self._rows, self._rules))
                self._rows = []

    def _write_text(self, token: Token) -> None:
        """A paragraph, a heading or a cell."""
        text = _write_inline(token.children or (), self._passages, bool(self._rows))
        self.marked += _list_marked(token.children or (), self._passages)
        if self._rows:
            self._rows[-1].append(text)
        else:
            text = _escape_line_starts(text)
            if self._begins:  # signs at a heading's end would be taken for the end of its markup
                text = _HEADING_END.sub(lambda match: "&#35;" * len(match[0]), text)
            self._write_block(self._begins + text)
            self._begins = ""

    def _write_block(self, text: str) -> None:
        self._separate()
        for line in text.split("\n"):
            self._write_line(line)

    def _separate(self, is_nested_list: bool = False) -> None:
        """Write the empty line between two blocks of a container; none before a list within an item of a tight one."""
        container = self._containers[-1]
        is_tight = is_nested_list and container.items and not container.items.is_loose
        if container.is_begun and not is_tight:
            self._write_line("")

    def _write_line(self, line: str) -> None:
        begins = "".join(container.others if container.is_begun else container.first for container in self._containers)
        self.lines.append((begins + line) if line else begins.rstrip())
        for container in self._containers:
            container.is_begun = True


def _write_leaf(token: Token) -> str:
    """A block that holds no other: a rule, a formula, or code."""
    if token.type == "hr":
        return "___"
    if token.type == "formula_block":
        return _fence(token.content, "$", 2)
    info = token.info.strip()
    is_language = re.fullmatch(r"[\w+#.-]{0,40}", info)
    content = token.content.removesuffix("\n")
    return _fence(content, "`", 3, info) if is_language else _fence(f"{info}\n{content}", "`", 3)


def _fence(content: str, sign: str, least: int, info: str = "") -> str:
    fence = sign * max(least, _measure_longest_run(content, sign) + 1)
    return f"{fence}{info}\n{content}\n{fence}"


def _measure_longest_run(text: str, sign: str) -> int:
    return max(map(len, re.findall(f"{re.escape(sign)}+", text)), default=0)


def _write_inline(tokens: Sequence[Token], passages: int, is_cell: bool) -> str:
    """The text of a paragraph, a heading or a cell, with its markup."""
    pieces: list[str] = []
    text = address = ""
    for token in tokens:
        if token.type in ("text", "softbreak", "hardbreak"):
            text += token.content if token.type == "text" else "\n"
            continue
        pieces.append(_link_markers(text, 0 if address else passages))
        text = ""
        if token.type == "link_open":
            pieces.append("[")
            address = str(token.attrGet("href")).replace("&", "&#38;").replace("|", "%7C")
        elif token.type == "link_close":
            pieces.append(f"](<{address}>)")
            address = ""
        else:
            is_verbatim = token.type in ("code_inline", "formula")
            written = _write_verbatim(token, is_cell) if is_verbatim else token.markup
            # The signs of two formulas next to each other would be taken for one longer sign.
            is_joined = written.startswith("$") and "".join(pieces[-2:]).endswith("$")
            pieces.append(f" {written}" if is_joined else written)
    return "".join([*pieces, _link_markers(text, passages)])


def _write_verbatim(token: Token, is_cell: bool) -> str:
    """Code or a formula within a line; as text where it has what a table's cell can't hold."""
    is_code, content = token.type == "code_inline", token.content.replace("\n", " ")
    if is_cell and "|" in content:
        if not is_code or "\\" in content:
            return _escape_signs(f"{token.markup}{content}{token.info or token.markup}")
        content = content.replace("|", "\\|")
    sign = "`" if is_code else "$"
    fence = sign * (_measure_longest_run(content, sign) + 1)
    is_padded = sign in (content[0], content[-1]) or (content[0] == content[-1] == " " and content.strip())
    written = f"{fence} {content} {fence}" if is_padded else f"{fence}{content}{fence}"
    return written
