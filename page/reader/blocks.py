"""A document's text as HTML in which nothing of the document is markup: headings, tables, lists, code, mails. Pure.

The text is what loaders write, and what search and model read: Markdown's headings and lists, rows of cells set apart
by tabs, a mail's head as lines, a subtitle's time in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from rag.text.hostile import remove_invisible
from rag.text.tables import RULE, names_columns, opens_pipe_table

Span = tuple[int, int]

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"\s{0,3}(#{1,6})[ \t]+(?=\S)")
_ITEM = re.compile(r"([ \t]*)(?:[-*+•]|(\d{1,4})[.)])[ \t]+(?=\S)")
_QUOTED = re.compile(r"\s{0,3}> ?")
_LINE = re.compile(r"\s{0,3}(?:-{3,}|\*{3,}|_{3,})\s*\Z")
_HEAD = re.compile(r"[A-Z][A-Za-z-]{1,30}: (?=\S)")
_CUE = re.compile(r"\[(\d[\d:.]{3,12})\] ")
_PIPE = re.compile(r"(?<!\\)\|")
# What can't be closed is given up after so many characters, so that no text takes long.
_INLINE = re.compile(r"(?P<code>`)([^`\n]{1,300})`|(?P<strong>\*\*|__)(?=\S)([^*_\n]{1,400})(?<=\S)(?P=strong)")

MAILS = frozenset({"eml", "msg", "mbox"})
SUBTITLES = frozenset({"vtt", "srt"})
_UNWRAPPED = frozenset({"pdf", "markdown", "html", "rst", "asciidoc", "org", "epub"})
"""Formats in which a line's end within a paragraph means nothing."""
_CODE = frozenset({"code", "json", "yaml"})


class _Line(NamedTuple):
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def write_html(text: str, format_: str = "", marks: Sequence[Span] = ()) -> str:
    """The text as HTML, with the parts ``text[start:end]`` in ``marks`` marked."""
    return "".join(_Writer(text, format_, marks).write())


class _Writer:
    def __init__(self, text: str, format_: str, marks: Sequence[Span]) -> None:
        self._text = text
        self._format = format_
        self._marks = marks
        self._lines = _list_lines(text)
        self._at = 0

    def write(self) -> Iterator[str]:
        if self._format in _CODE:
            yield f"<pre><code>{self._write_text(0, len(self._text))}</code></pre>"
            return
        if self._format in MAILS:
            yield from self._write_head()
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.text.strip():
                self._at += 1
                continue
            yield from self._write_block(line)

    def _write_block(self, line: _Line) -> Iterator[str]:
        """The block that begins with the line; moves behind it."""
        text = line.text
        if fence := _FENCE.match(text):
            return self._write_code(fence[1])
        if heading := _HEADING.match(text):
            self._at += 1
            level = min(len(heading[1]) + 1, 6)
            return iter([f"<h{level}>{self._write_inline(line.start + heading.end(), line.end)}</h{level}>"])
        if _LINE.match(text):
            self._at += 1
            return iter(["<hr>"])
        if self._begins_table():
            return self._write_table()
        if _ITEM.match(text):
            return self._write_list()
        if _QUOTED.match(text) and text.lstrip().startswith(">"):
            return self._write_quotation()
        return self._write_paragraph()

    def _write_head(self) -> Iterator[str]:
        """A mail's head, if the text begins with one."""
        rows = []
        while self._at < len(self._lines) and (name := _HEAD.match(self._lines[self._at].text)):
            line = self._lines[self._at]
            value = self._write_text(line.start + name.end(), line.end)
            rows.append(f"<dt>{self._write_text(line.start, line.start + name.end() - 2)}</dt><dd>{value}</dd>")
            self._at += 1
        if rows:
            yield f'<dl class="head">{"".join(rows)}</dl>'

    def _write_code(self, fence: str) -> Iterator[str]:
        self._at += 1
        first = self._at
        while self._at < len(self._lines) and not self._lines[self._at].text.strip().startswith(fence):
            self._at += 1
        inner = self._lines[first : self._at]
        self._at += 1
        body = self._write_text(inner[0].start, inner[-1].end) if inner else ""
        yield f"<pre><code>{body}</code></pre>"

    # Tables

    def _begins_table(self) -> bool:
        text = self._lines[self._at].text
        below = self._lines[self._at + 1].text if self._at + 1 < len(self._lines) else ""
        if opens_pipe_table(text, below):
            return True
        return "\t" in text.strip(" ") and "\t" in below.strip(" ")

    def _write_table(self) -> Iterator[str]:
        is_piped = "\t" not in self._lines[self._at].text
        sign = "|" if is_piped else "\t"
        rows: list[_Line] = []
        while self._at < len(self._lines) and sign in self._lines[self._at].text:
            rows.append(self._lines[self._at])
            self._at += 1
        has_rule = is_piped and len(rows) > 1 and bool(RULE.match(rows[1].text))
        rows = [rows[0], *rows[2:]] if has_rule else rows
        cells = [_list_cells(row, is_piped) for row in rows]
        words = [[self._text[start:end] for start, end in row] for row in cells[:12]]
        has_head = has_rule or names_columns(words[0], words[1:])
        width = max(map(len, cells))
        body = [self._write_row(row, width, "th" if has_head and not n else "td") for n, row in enumerate(cells)]
        head = f"<thead>{body.pop(0)}</thead>" if has_head else ""
        yield f'<div class="table"><table>{head}<tbody>{"".join(body)}</tbody></table></div>'

    def _write_row(self, cells: Sequence[Span], width: int, tag: str) -> str:
        shown = "".join(f"<{tag}>{self._write_inline(*cell)}</{tag}>" for cell in cells)
        shown = shown.replace("\\|", "|")  # how a Markdown cell writes it
        return f"<tr>{shown}{f'<{tag}></{tag}>' * (width - len(cells))}</tr>"

    # Words

    def _write_list(self) -> Iterator[str]:
        items: list[str] = []
        while self._at < len(self._lines) and (item := _ITEM.match(self._lines[self._at].text)):
            first = self._lines[self._at]
            last = self._take_while(lambda text: not _ITEM.match(text) and not _begins_other(text))
            depth = min(len(item[1].expandtabs(4)) // 2, 5)
            number = f' data-number="{item[2]}"' if item[2] else ""
            body = self._write_inline(first.start + item.end(), last.end)
            items.append(f'<li class="deep{depth}"{number}>{body}</li>')
        yield f"<ul>{''.join(items)}</ul>"

    def _write_quotation(self) -> Iterator[str]:
        shown = []
        while self._at < len(self._lines) and (quoted := _QUOTED.match(self._lines[self._at].text)):
            line = self._lines[self._at]
            shown.append(self._write_inline(line.start + quoted.end(), line.end))
            self._at += 1
        yield f"<blockquote><p>{'<br>'.join(shown)}</p></blockquote>"

    def _write_paragraph(self) -> Iterator[str]:
        first = self._lines[self._at]
        last = self._take_while(lambda text: not _begins_other(text) and not _ITEM.match(text) and "\t" not in text)
        cue = _CUE.match(first.text) if self._format in SUBTITLES else None
        if cue:
            start = first.start + cue.end()
            yield f'<p class="cue"><time>{escape(cue[1])}</time> <span>{self._write_inline(start, last.end)}</span></p>'
        else:
            kept = "" if self._format in _UNWRAPPED else ' class="lines"'
            yield f"<p{kept}>{self._write_inline(first.start, last.end)}</p>"

    def _take_while(self, goes_on: Callable[[str], bool]) -> _Line:
        """The last line of the block at hand, which has one line at least; moves behind it."""
        self._at += 1
        while self._at < len(self._lines):
            text = self._lines[self._at].text
            if not text.strip() or not goes_on(text):
                break
            self._at += 1
        return self._lines[self._at - 1]

    def _write_inline(self, start: int, end: int) -> str:
        """Words with what Markdown has in bold and as code; other documents are shown letter for letter."""
        if self._format not in ("markdown", "ipynb"):
            return self._write_text(start, end)
        pieces, at = [], start
        for found in _INLINE.finditer(self._text, start, end):
            tag = "code" if found["code"] else "strong"
            inner = 2 if found["code"] else 4
            pieces.append(self._write_text(at, found.start()))
            pieces.append(f"<{tag}>{self._write_text(*found.span(inner))}</{tag}>")
            at = found.end()
        return "".join([*pieces, self._write_text(at, end)])

    def _write_text(self, start: int, end: int) -> str:
        """The letters of a part, with what of it is marked."""
        pieces, at = [], start
        for first, last in self._marks:
            first, last = max(first, at), min(last, end)
            if first < last:
                marked = _escape(self._text[first:last])
                pieces += [_escape(self._text[at:first]), f"<mark>{marked}</mark>" if marked.strip() else marked]
                at = last
        return "".join([*pieces, _escape(self._text[at:end])])


def _escape(text: str) -> str:
    return escape(remove_invisible(text))


def _begins_other(text: str) -> bool:
    """Whether the line begins a block that isn't words."""
    return bool(_HEADING.match(text) or _FENCE.match(text) or _LINE.match(text))


def _list_lines(text: str) -> list[_Line]:
    lines, at = [], 0
    for line in text.split("\n"):
        lines.append(_Line(at, line))
        at += len(line) + 1
    return lines


def _list_cells(row: _Line, is_piped: bool) -> list[Span]:
    """Where the cells of a row stand in the text, without white space around them."""
    cuts = [found.start() for found in (_PIPE if is_piped else re.compile("\t")).finditer(row.text)]
    edges = [-1, *cuts, len(row.text)]
    spans = [(edges[n] + 1, edges[n + 1]) for n in range(len(edges) - 1)]
    if is_piped:
        spans = [span for n, span in enumerate(spans) if 0 < n < len(spans) - 1 or row.text[slice(*span)].strip()]
    trimmed = []
    for start, end in spans:
        cell = row.text[start:end]
        begin = start + len(cell) - len(cell.lstrip())
        trimmed.append((row.start + begin, row.start + max(begin, start + len(cell.rstrip()))))
    return trimmed
