r"""LaTeX as it is typeset, as far as that is seen from its source: headings, lists, tables, notes; formulas stay LaTeX.

What `\newcommand` defines is put in where it takes no arguments. Numbers that LaTeX would count are not made up.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial

from ingest.loaders.encoding import decode
from ingest.loaders.reading import Reading, ReadOptions, make_one_line, make_single_page
from ingest.loaders.tables import Cell, measure_width, write_table
from rag.types import Document

_DEEPEST = 30
"""Groups within groups that are resolved."""
_HELD, _IS_HELD = "\ue000{}\ue001", re.compile("\ue000(\\d{1,7})\ue001")
"""What stands for a formula or for code while the text around it is converted."""
_LONGEST_OPTION = 300
_COMMENT = re.compile(r"(?<!\\)%[^\n]*(?:\n[ \t]+)?")
_MACRO = re.compile(r"\\(?:re)?newcommand\*?[ \t]*\{?\\([A-Za-z]+)\}?[ \t]*\{([^{}]{0,100})\}")
_TWO_GROUPS = re.compile(
    r"\\(href|SI|qty|textcolor|colorbox|parbox)\*?[ \t]*\{([^{}]{0,2000})\}[ \t]*\{([^{}]{0,2000})\}"
)
_GROUP = re.compile(rf"\\([A-Za-z]+)\*?(?:\[[^\[\]\n]{{0,{_LONGEST_OPTION}}}\])*\{{([^{{}}]*)\}}")
_BARE_GROUP = re.compile(r"(?<![\\\w\]}*])\{([^{}\\]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?(?:[ \t]+|\{\})?")
_ACCENT = re.compile(
    r"\\(?:([`'^\"~=.])[ \t]*|([cvrukH])(?=\{|[ \t])[ \t]*)(?:\{\\?([A-Za-z])\}|\\?([A-Za-z])(?![A-Za-z]*\{))"
)
_COMBINING = dict(
    zip("`'^\"~=.cvrukH", "\u0300\u0301\u0302\u0308\u0303\u0304\u0307\u0327\u030c\u030a\u0306\u0328\u030b", strict=True)
)
_LEVELS = {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5}
_SILENT = frozenset(
    "label vspace hspace includegraphics bibliography bibliographystyle usepackage input include pagestyle"
    " thispagestyle documentclass setlength setcounter addtolength index hypersetup graphicspath newpage vskip"
    " phantom color".split()
)
_SIGNS = {
    "ldots": "…", "dots": "…", "S": "§", "P": "¶", "ss": "ß", "o": "ø", "O": "Ø", "ae": "æ", "AE": "Æ", "oe": "œ",
    "OE": "Œ", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł", "i": "i", "j": "j", "euro": "€", "EUR": "€", "pounds": "£",
    "copyright": "©", "textdegree": "°", "degree": "°", "textendash": "–", "textemdash": "—", "LaTeX": "LaTeX",
    "TeX": "TeX", "textbackslash": "\\", "textbar": "|", "quad": " ", "qquad": " ", "newline": "\n", "par": "\n\n",
}  # fmt: skip
_TABLES = ("tabular*", "tabularx", "tabulary", "tabular", "longtable")
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endfirsthead|endhead|endfoot|endlastfoot|centering)\b"
    r"|\\(?:cline|cmidrule|addlinespace)(?:\([a-z]{0,9}\))?(?:[\[{][^\]}]{0,40}[\]}])?"
)
_WIDE_CELL = re.compile(
    r"\s*\\multicolumn[ \t]*\{(\d{1,3})\}[ \t]*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[ \t]*\{(.*)\}\s*$", re.DOTALL
)
_HIGH_CELL = re.compile(r"\s*\\multirow[ \t]*(?:\[[^\]]*\])?\{(\d{1,3})\}[ \t]*\{[^{}]*\}[ \t]*\{(.*)\}\s*$", re.DOTALL)
_LIST_MARK = re.compile(
    r"\\(begin|end)\{(itemize|enumerate|description)\}|\\item\b[ \t]*(?:\[([^\[\]]{0,300})\][ \t]*)?"
)


def load_latex(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The document's body, or all of a file that has none; title, author and date from the preamble."""
    text = _COMMENT.sub("", decode(data))
    macros = dict(_MACRO.findall(text))
    before, begin, body = text.partition("\\begin{document}")
    fields = {name: _find_field(before if begin else text, name, macros) for name in ("title", "author", "date")}
    converted = _convert(body.partition("\\end{document}")[0] if begin else text, macros)
    shown = fields["title"] if begin and fields["title"] not in converted else ""
    header = Document(source, (), fields["title"], fields["author"], fields["date"])
    return make_single_page(header, f"# {shown}\n\n{converted}" if shown else converted)


def _find_field(text: str, name: str, macros: dict[str, str]) -> str:
    found = re.search(rf"\\{name}\*?(?:\[[^\]]{{0,300}}\])?\{{((?:[^{{}}]|\{{[^{{}}]{{0,300}}\}}){{0,2000}})\}}", text)
    return make_one_line(_convert(found[1], macros)) if found else ""


def _convert(text: str, macros: dict[str, str]) -> str:
    """The text as it is typeset."""
    held: list[str] = []

    def hold(part: str) -> str:
        held.append(part)
        return _HELD.format(len(held) - 1)

    def hold_formula(opening: str, closing: str, formula: str) -> str:
        return hold(f"{opening}{formula}{closing}")

    for name in ("verbatim", "lstlisting", "minted"):
        text = _replace(text, f"\\begin{{{name}}}", f"\\end{{{name}}}", lambda code: hold(f"```\n{code.strip()}\n```"))
    text = re.sub(r"\\verb\*?([^\w\s])([^\n]{0,300}?)\1", lambda found: hold(found[2]), text)
    for opening, closing in (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), *_list_formulas()):
        text = _replace(text, opening, closing, partial(hold_formula, opening, closing))
    text = re.sub(r"(?<!\\)\$[^$\n]{1,2000}(?<!\\)\$", lambda found: hold(found[0]), text)
    text = _expand(text, macros)
    for name in _TABLES:
        text = _replace(text, f"\\begin{{{name}}}", f"\\end{{{name}}}", lambda body: hold(_read_table(body)))
    text = _convert_inline(_number_items(text))
    for _ in range(2):  # a table holds formulas
        text = _IS_HELD.sub(lambda found: held[int(found[1])] if int(found[1]) < len(held) else "", text)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"(?<![ \t])[ \t]++\n", "\n", text)).strip("\n ")


def _list_formulas() -> Iterator[tuple[str, str]]:
    for name in ("equation", "align", "gather", "multline", "eqnarray", "displaymath"):
        for star in ("", "*"):
            yield f"\\begin{{{name}{star}}}", f"\\end{{{name}{star}}}"


def _replace(text: str, opening: str, closing: str, change: Callable[[str], str]) -> str:
    """The text with each part from `opening` to `closing` changed, both included."""
    result: list[str] = []
    at = 0
    while (start := text.find(opening, at)) >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            break
        result += [text[at:start], change(text[start + len(opening) : end])]
        at = end + len(closing)
    return "".join([*result, text[at:]])


def _expand(text: str, macros: dict[str, str]) -> str:
    """The text with the document's own commands replaced by what they stand for; those that take arguments stay."""
    if not macros:
        return text
    text = _MACRO.sub("", text)
    return re.sub(r"\\([A-Za-z]+)(?![A-Za-z]|\{[^}])(?:\{\})?", lambda found: macros.get(found[1], found[0]), text)


def _read_table(body: str) -> str:
    """The rows of a table, cells separated by tabs."""
    body = _skip_arguments(body)
    lines = (line for line in re.split(r"\\\\(?:\[[^\]]{0,20}\])?|\\tabularnewline\b", _RULES.sub(" ", body)))
    rows = [[_read_cell(cell) for cell in re.split(r"(?<!\\)&", line)] for line in lines if line.strip()]
    return (
        "\n\n"
        + "\n".join(line for line in write_table(rows, width=measure_width(rows), has_covered=False) if line)
        + "\n\n"
    )


def _skip_arguments(body: str) -> str:
    """The table's body behind its width, place and columns."""
    at = 0
    while (start := re.compile(r"\s*").match(body, at)) and body[start.end() : start.end() + 1] in ("{", "["):
        closing = "}" if body[start.end()] == "{" else "]"
        depth, at = 0, start.end()
        while at < len(body):
            depth += (body[at] in "{[") - (body[at] in "}]")
            at += 1
            if depth == 0 and body[at - 1] == closing:
                break
    return body[at:]


def _read_cell(cell: str) -> Cell:
    columns = rows = 1
    if wide := _WIDE_CELL.match(cell):
        columns, cell = int(wide[1]), wide[2]
    if high := _HIGH_CELL.match(cell):
        rows, cell = int(high[1]), high[2]
    return Cell(make_one_line(_convert_inline(cell)), max(1, columns), max(1, rows))


def _number_items(text: str) -> str:
    """The text with the points of lists as Markdown's."""
    counts: list[Iterator[int] | None] = []

    def mark(found: re.Match[str]) -> str:
        if found[1] == "begin":
            counts.append(itertools.count(1) if found[2] == "enumerate" else None)
            return "\n"
        if found[1] == "end":
            if counts:
                counts.pop()
            return "\n\n"
        counter = counts[-1] if counts else None
        sign = f"{next(counter)}." if counter and found[3] is None else "-"
        return f"\n{'  ' * max(0, min(len(counts), 5) - 1)}{sign} " + (f"{found[3]}: " if found[3] else "")

    return _LIST_MARK.sub(mark, text)


def _convert_inline(text: str) -> str:
    """The text with its commands carried out, those within others first."""
    text = _ACCENT.sub(_write_accent, text)
    for escaped, sign in (
        ("\\\\", "\n"),
        ("\\{", "\ue002"),
        ("\\}", "\ue003"),
        ("\\,", " "),
        ("\\ ", " "),
        ("\\-", ""),
    ):
        text = text.replace(escaped, sign)
    text = re.sub(r"\\([%&$#_])", r"\1", text)
    for _ in range(_DEEPEST):
        before = text
        text = _GROUP.sub(_write_group, _TWO_GROUPS.sub(_write_two, _BARE_GROUP.sub(r"\1", text)))
        if text == before:
            break
    text = _COMMAND.sub(lambda found: _SIGNS.get(found[1], ""), text)
    for typed, sign in (("``", "“"), ("''", "”"), ("---", "—"), ("--", "–"), ("~", " "), ("{", ""), ("}", "")):
        text = text.replace(typed, sign)
    return text.replace("\ue002", "{").replace("\ue003", "}")


def _write_accent(found: re.Match[str]) -> str:
    letter = found[3] or found[4]
    return unicodedata.normalize("NFC", letter + _COMBINING[found[1] or found[2]])


def _write_two(found: re.Match[str]) -> str:
    name, first, second = found[1], found[2], found[3]
    if name == "href":
        return second if first == second else f"{second} ({first})"
    return f"{first} {second}" if name in ("SI", "qty") else second


def _write_group(found: re.Match[str]) -> str:
    name, text = found[1], found[2]
    if name in _LEVELS:
        return f"\n\n{'#' * _LEVELS[name]} {make_one_line(text)}\n\n"
    if name in ("footnote", "thanks", "marginpar"):
        return f" ({text})"
    if name in ("begin", "end", "caption"):
        return "\n\n" if name != "caption" else f"\n\n{text}\n\n"
    if "cite" in name.lower() or name.lower().endswith("ref"):
        return f"[{text}]"
    sign = _SIGNS.get(name)
    return "" if name in _SILENT else f"{sign}{text}" if sign else text
