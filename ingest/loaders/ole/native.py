"""RTF, and Word files that our own loader refuses, by kreuzberg. Sole owner of it.

kreuzberg reads more formats than these. For the others our own loaders keep more of the text (equations, notes, charts,
comments, text boxes) and say which slide it is on (`bench/RESULTS.md`, "Loaders").
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from ingest.loaders.reading import Reading, ReadOptions, make_single_page
from rag.errors import LoadError
from rag.types import Document


def load_rtf(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text as Markdown, with that of text boxes at its end."""
    return _load(source, append_text_boxes(data), "application/rtf", "markdown", _tidy_markdown)


def load_doc_by_kreuzberg(source: str, data: bytes) -> Reading:
    """As plain text: its Markdown runs the paragraphs of these files together."""
    return _load(source, data, "application/msword", "plain", _tidy_plain)


_BRACE = re.compile(rb"\\[\\{}]|[{}]")
_TEXT_BOX = b"{\\shptxt"
_MOST_BOXES = 10_000


def append_text_boxes(data: bytes) -> bytes:
    """The RTF with the text of its boxes once more at the end, where kreuzberg sees it."""
    boxes: list[bytes] = []
    start = data.find(_TEXT_BOX)
    while start >= 0 and len(boxes) < _MOST_BOXES:
        end = _find_group_end(data, start)
        boxes.append(data[start + len(_TEXT_BOX) : end])
        start = data.find(_TEXT_BOX, end)
    close = data.rfind(b"}")
    return data[:close] + b"".join(b"{\\par " + box + b"\\par}" for box in boxes) + data[close:] if boxes else data


def _find_group_end(data: bytes, start: int) -> int:
    """Where the group that begins at `start` closes; escaped braces don't count."""
    depth = 0
    for found in _BRACE.finditer(data, start):
        depth += {b"{": 1, b"}": -1}.get(found[0], 0)
        if depth == 0:
            return found.start()
    return len(data)


def _load(source: str, data: bytes, mime: str, output: str, tidy: Callable[[str], str]) -> Reading:
    import kreuzberg

    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        disable_ocr=True,  # type: ignore[call-arg]  # missing in its own type hints
        output_format=output,
    )
    try:
        result = kreuzberg.extract_bytes_sync(data, mime, config=config)
    except kreuzberg.KreuzbergError as error:
        raise LoadError(f"it seems to be damaged ({str(error)[:120]})") from error
    metadata = dict(result.metadata)
    header = Document(
        source,
        (),
        title=str(metadata.get("title") or ""),
        author=", ".join(map(str, metadata.get("authors") or ())),  # type: ignore[call-overload]  # no list in its hints
        created=str(metadata.get("created_at") or ""),
        modified=str(metadata.get("modified_at") or ""),
        loader=f"kreuzberg {kreuzberg.__version__}",
    )
    return make_single_page(header, tidy(result.content))


_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_RULE = re.compile(r"^\|(?: *:?-+:? *\|)+\n", re.MULTILINE)
_ROW = re.compile(r"^\| ?(.*?) ?\|$", re.MULTILINE)
_IMAGE = re.compile(r"^!\[[^\]\n]*\]\([^)\n]*\)$", re.MULTILINE)


def _tidy_markdown(markdown: str) -> str:
    """Without escapes, emphasis and pictures' file names; table rows as tab-separated cells."""
    text = _ROW.sub(lambda row: re.sub(r" ?(?<!\\)\| ?", "\t", row[1]), _RULE.sub("", _IMAGE.sub("", markdown)))
    text = re.sub(r"(?<![\\*])\*{1,3}(?=\S)([^*\n]+?)(?<=\S)\*{1,3}(?!\*)", r"\1", text)
    return html.unescape(_ESCAPED.sub(r"\1", text))


_FIELD = re.compile(
    r' ?\b(?:SEQ|REF|PAGEREF|TOC|HYPERLINK|NOTEREF|STYLEREF)\b(?: +(?:"[^"\n]*"|\\\S+|[A-Z]\w*|_\w+))+ ?'
)


def _tidy_plain(text: str) -> str:
    """Rows end in two tabs; the instructions of computed fields are left out. One line is one paragraph."""
    lines = re.sub(r"\t\t", "\n", _FIELD.sub("", text)).split("\n")
    return "\n".join(line.rstrip() if "\t" in line else f"{line.strip()}\n" for line in lines)
