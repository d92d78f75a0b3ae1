"""The Markdown that models write, as tokens of markdown-it; what others take for markup besides is text here. Pure.

There are paragraphs, headings, lists, quotations, fenced code, tables and rules; within a line bold, italics, code and
links; and TeX's formulas ``\\(…\\)``, ``\\[…\\]``, ``$$…$$``, as tokens ``formula`` and ``formula_block``. There is no
HTML, no entity, definition or footnote, no code by indentation, no heading by a line below, and no backslash that
hides itself.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_DEEPEST = 40
"""Levels, two for a list: markdown-it leaves out what lies deeper."""
_RULES = ("blockquote", "fence", "heading", "hr", "list", "table", "newline", "backticks", "emphasis")

_CLOSING = {r"\(": r"\)", r"\[": r"\]", "$$": "$$"}
_LONGEST_FORMULA = 2_000
_MOST_FORMULA_LINES = 50
_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\(((?:https?:|mailto:|/)(?:[^\s()<>]|\([^\s()<>]{0,200}\)){0,2000})\)")
_RUN = re.compile(r"\*+")
_DUNDER = re.compile(r"__\w{1,80}__(?!\w)")
_ALPHANUMERIC = frozenset(string.ascii_letters + string.digits)


def parse(text: str) -> list[Token] | None:
    """The tokens of a whole text; None if it is nested too deeply to be read whole."""
    parser = _make_parser()
    tokens = parser.parse(text)
    if any(token.level >= _DEEPEST - 1 for token in tokens):
        return None
    return list(_add_missing_cells(tokens, text.split("\n"), parser))


@cache
def _make_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"maxNesting": _DEEPEST}).enable(_RULES)
    parser.block.ruler.before("fence", "formula_block", _read_formula_block, {"alt": ["paragraph"]})
    for name, rule in (
        ("formula", _read_formula),
        ("backslash", _read_backslash),
        ("sign", _read_sign_within_word),
        ("bracket", _read_link),
    ):
        parser.inline.ruler.before("backticks", name, rule)
    return parser


def _read_formula_block(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Lines from one that begins with ``\\[`` or ``$$`` to one that ends with its counterpart."""
    opening = state.getLines(first, first + 1, state.blkIndent, False).lstrip()[:2]
    if opening not in (r"\[", "$$"):
        return False
    for last in range(first, min(end, first + _MOST_FORMULA_LINES)):
        if state.isEmpty(last) or state.sCount[last] < state.blkIndent:
            return False
        content = state.getLines(first, last + 1, state.blkIndent, False).strip()[2:]
        if content.endswith(_CLOSING[opening]):
            break
    else:
        return False
    formula = content[:-2].strip()
    if not formula or _CLOSING[opening] in formula:
        return False
    if not silent:
        state.line = last + 1
        token = state.push("formula_block", "", 0)
        token.content = formula
    return True


def _read_formula(state: StateInline, silent: bool) -> bool:
    start = state.pos + 2
    closing = _CLOSING.get(state.src[state.pos : start])
    end = state.src.find(closing, start, min(state.posMax, start + _LONGEST_FORMULA)) if closing else -1
    formula = state.src[start:end]
    # Prices are written with "$$" too: "$$ to $$$".
    if end < 0 or not formula.strip() or (closing == "$$" and formula != formula.strip()):
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.markup, token.content, token.info = state.src[state.pos : start], formula.strip(), closing or ""
    state.pos = end + 2
    return True


def _read_backslash(state: StateInline, silent: bool) -> bool:
    """A backslash is text, and so is the sign that it stands before."""
    if state.src[state.pos] != "\\":
        return False
    sign = state.src[state.pos + 1 : min(state.pos + 2, state.posMax)]
    return _take_text(state, 2 if sign and sign in string.punctuation else 1, silent)


def _read_sign_within_word(state: StateInline, silent: bool) -> bool:
    """Keep ``2*3*4`` and ``__init__`` from being italics and bold."""
    run = _RUN.match(state.src, state.pos, state.posMax)
    if run:
        neighbours = {state.src[state.pos - 1 : state.pos], state.src[run.end() : run.end() + 1]}
        return neighbours <= _ALPHANUMERIC and _take_text(state, len(run[0]), silent)
    name = _DUNDER.match(state.src, state.pos, state.posMax)
    return bool(name) and _take_text(state, len(name[0]) if name else 0, silent)


def _take_text(state: StateInline, length: int, silent: bool) -> bool:
    if not silent:
        state.pending += state.src[state.pos : state.pos + length]
    state.pos += length
    return True


def _read_link(state: StateInline, silent: bool) -> bool:
    """A link to an address, without brackets in its text, so that it is found in bounded time."""
    link = _LINK.match(state.src, state.pos, state.posMax)
    if not link:
        return False
    if not silent:
        state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(link[2])}
        end, state.pos, state.posMax = state.posMax, link.start(1), link.end(1)
        state.md.inline.tokenize(state)
        state.posMax = end
        state.push("link_close", "a", -1)
    state.pos = link.end()
    return True


def _add_missing_cells(tokens: Sequence[Token], lines: Sequence[str], parser: MarkdownIt) -> Iterator[Token]:
    """The tokens with those cells of a row that markdown-it leaves out, since the table's head has fewer."""
    cells = 0
    row: tuple[int, ...] = ()
    for token in tokens:
        if token.type == "tr_open":
            cells, row = 0, tuple(token.map or ())
        cells += token.type in ("th_open", "td_open")
        if token.type == "tr_close" and row:
            for text in _split_row(lines[row[0]])[cells:]:
                yield from parser.parseInline(text)
        yield token


def _split_row(line: str) -> list[str]:
    """The cells of a row's line, which may stand in a quotation."""
    from markdown_it.rules_block.table import escapedSplit

    cells = [cell.strip() for cell in escapedSplit(line.lstrip("> \t").rstrip())]
    return cells[not cells[0] : len(cells) - (len(cells) > 1 and not cells[-1])]
