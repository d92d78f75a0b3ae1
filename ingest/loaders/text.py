"""Texts as people write them: plain text, source code and Markdown, which stay as they are; and reStructuredText,
AsciiDoc and Org, whose headings become Markdown's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.loaders.encoding import decode, decode_blocks
from ingest.loaders.reading import Reading, ReadOptions, make_single_page
from rag.types import Document, Page

_FRONT_MATTER = re.compile(r"\A---\n(.{0,10000}?)\n(?:---|\.\.\.)\n", re.DOTALL)
_FIELD = re.compile(r"^(title|author|date|lang|language):[ \t]*+(.+)$", re.MULTILINE | re.IGNORECASE)
_BLOCK_CHARACTERS = 250_000


def load_text(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text in blocks of about a megabyte. They all count as page 1 of a document that has no pages."""
    return Reading(Document(source, ()), _split_blocks(data))


def _split_blocks(data: bytes) -> Iterator[Page]:
    """Blocks that end at an empty line, or at least at a line's end, so that no sentence is cut."""
    held = ""
    for block in decode_blocks(data):
        held += block
        cut = _find_last_break(held) if len(held) > _BLOCK_CHARACTERS else 0
        if cut:
            yield Page(1, held[:cut])
            held = held[cut:]
    yield Page(1, held)


def _find_last_break(text: str) -> int:
    for mark in ("\n\n", "\n", " "):
        cut = text.rfind(mark, len(text) // 2)
        if cut >= 0:
            return cut + len(mark)
    return len(text)


def load_markdown(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Title, author, date and language from the front matter; else the title is the first heading."""
    text = decode(data)
    fields = _read_front_matter(text)
    header = Document(
        source,
        (),
        title=fields.get("title") or find_first_heading(text),
        author=fields.get("author", ""),
        created=fields.get("date", ""),
        language=(fields.get("lang") or fields.get("language", ""))[:2].lower(),
    )
    return make_single_page(header, _CODE_OR_TABLE.sub(_convert_table, text))


_CODE_OR_TABLE = re.compile(
    r"^ {0,3}(```|~~~).*?^ {0,3}\1|^ {0,3}<table\b(?:(?!<table\b).)*?</table>", re.DOTALL | re.MULTILINE | re.IGNORECASE
)


def _convert_table(found: re.Match[str]) -> str:
    """The rows of a table that is written as HTML, and code as it is."""
    if found[1]:
        return found[0]
    from ingest.loaders.web.html import convert_html

    return f"\n{convert_html(found[0])}\n"


def _read_front_matter(text: str) -> dict[str, str]:
    found = _FRONT_MATTER.match(text)
    return {name.lower(): value.strip().strip("\"'") for name, value in _FIELD.findall(found[1])} if found else {}


def find_first_heading(text: str) -> str:
    """The first Markdown heading of the outermost level that opens the text, without its marks."""
    found = re.search(r"^#{1,2}[ \t]++(.+)$|^(\S.*)\n=++[ \t]*+$", text[:20_000], re.MULTILINE)
    return (_strip_closing_marks(found[1], "#") if found[1] else found[2].strip()) if found else ""


def _strip_closing_marks(title: str, mark: str) -> str:
    """``Title`` for ``Title ##``. A mark that touches the last word belongs to it, as in ``C#``."""
    title = title.strip()
    bare = title.rstrip(mark)
    return bare.rstrip() if bare.endswith((" ", "\t")) or not bare else title


def load_rst(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text with underlined titles as Markdown headings; author and date from the field list."""
    lines = decode(data).split("\n")
    text = "\n".join(_convert_rst_headings(lines))
    found = {name: _find_field(text, rf":{name}:[ \t]*(.+)") for name in ("Author", "Date")}
    return make_single_page(Document(source, (), find_first_heading(text), found["Author"], found["Date"]), text)


_ADORNMENT = re.compile(r"([=\-`:.'\"~^_*+#<>])\1{2,}[ \t]*$")


def _convert_rst_headings(lines: list[str]) -> list[str]:
    """The lines with titles, which adornments underline, as headings; kinds of adornment are levels as they appear."""
    levels: list[str] = []
    result: list[str] = []
    index = 0
    while index < len(lines):
        found = _match_rst_heading(lines, index)
        if found:
            style, title, used = found
            if style not in levels:
                levels.append(style)
            result.extend((f"{'#' * min(6, levels.index(style) + 1)} {title}", ""))
            index += used
        else:
            result.append(lines[index])
            index += 1
    return result


def _match_rst_heading(lines: list[str], index: int) -> tuple[str, str, int] | None:
    """The kind of adornment, the title and the number of lines it takes; None if no title begins at this line."""
    if index and lines[index - 1].strip():
        return None
    over = _ADORNMENT.match(lines[index])
    if (
        over
        and index + 2 < len(lines)
        and lines[index + 2].rstrip() == lines[index].rstrip()
        and lines[index + 1].strip()
    ):
        return over[1] * 2, lines[index + 1].strip(), 3
    title = lines[index]
    if over or not title.strip() or title[0].isspace() or index + 1 >= len(lines):
        return None
    under = _ADORNMENT.match(lines[index + 1])
    if under and len(lines[index + 1].rstrip()) >= len(title.rstrip()) - 2:
        return under[1], title.strip(), 2
    return None


def load_asciidoc(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text with titles as Markdown headings and simple tables as rows of cells."""
    text = decode(data)
    author = _find_field(text, r"(?:=[ \t].+\n([A-Z][\w .'-]{2,60}) ?(?:<[^>\n]+>)?$|:author:[ \t]*(.+))")
    date = _find_field(text, r":(?:revdate|date):[ \t]*(.+)")
    text = re.sub(
        r"^(={1,6})[ \t]++(\S.*)$", lambda m: f"{'#' * len(m[1])} {_strip_closing_marks(m[2], '=')}", text, flags=re.M
    )
    return make_single_page(
        Document(source, (), find_first_heading(text), author, date), _convert_asciidoc_tables(text)
    )


def _convert_asciidoc_tables(text: str) -> str:
    """The text with ``|===`` tables, if they have a line for each row, as rows of tab-separated cells."""
    return re.sub(r"^\|===\n(.*?)^\|===[ \t]*$", lambda found: _join_asciidoc_rows(found[1]), text, flags=re.M | re.S)


def _join_asciidoc_rows(body: str) -> str:
    rows: list[str] = []
    for line in body.split("\n"):
        if line.lstrip().startswith("|"):
            rows.append("\t".join(cell.strip() for cell in line.strip().removeprefix("|").split("|")))
        elif line.strip():
            rows.append(line)
    return "\n".join(rows) + "\n"


def load_org(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text with headlines as Markdown headings and blocks of code fenced."""
    text = decode(data)
    found = {name: _find_field(text, rf"#\+{name}:[ \t]*(.+)") for name in ("title", "author", "date", "language")}
    text = re.sub(r"^(\*{1,6})[ \t]+(\S.*)$", lambda m: f"{'#' * len(m[1])} {m[2]}", text, flags=re.M)
    text = re.sub(r"^#\+begin_(?:src|example)\b[ \t]*(\S*).*$", r"```\1", text, flags=re.M | re.I)
    text = re.sub(r"^#\+end_(?:src|example)[ \t]*$", "```", text, flags=re.M | re.I)
    header = Document(
        source,
        (),
        found["title"] or find_first_heading(text),
        found["author"],
        found["date"],
        language=found["language"][:2],
    )
    return make_single_page(header, text)


def _find_field(text: str, pattern: str) -> str:
    """The first group of the pattern that is found at the beginning of a line near the text's start; empty if none."""
    found = re.search("^" + pattern, text[:20_000], re.M | re.I)
    return next((group.strip() for group in found.groups() if group), "") if found else ""
