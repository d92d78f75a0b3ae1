"""Plain text, Markdown and source code: the bytes are the text."""

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
    return make_single_page(header, text)


def _read_front_matter(text: str) -> dict[str, str]:
    found = _FRONT_MATTER.match(text)
    return {name.lower(): value.strip().strip("\"'") for name, value in _FIELD.findall(found[1])} if found else {}


def find_first_heading(text: str) -> str:
    """The first Markdown heading of the outermost level that opens the text, without its marks."""
    found = re.search(r"^#{1,2}[ \t]++(.+)$|^(\S.*)\n=++[ \t]*+$", text[:20_000], re.MULTILINE)
    return (strip_closing_marks(found[1], "#") if found[1] else found[2].strip()) if found else ""


def strip_closing_marks(title: str, mark: str) -> str:
    """``Title`` of ``Title ##``; a mark that touches the last word belongs to it (``C#``)."""
    title = title.strip()
    bare = title.rstrip(mark)
    return bare.rstrip() if bare.endswith((" ", "\t")) or not bare else title
