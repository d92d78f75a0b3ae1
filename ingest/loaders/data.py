"""Tables and data as text: CSV, TSV, JSON, JSON Lines, YAML, notebooks, subtitles."""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator

from ingest.loaders.encoding import decode, decode_blocks
from ingest.loaders.reading import Reading, ReadOptions, make_single_page
from ingest.loaders.text import find_first_heading
from rag.errors import LoadError
from rag.types import Document, Page

_ROWS_A_PAGE = 2_000
"""How many rows are handed on together: a table of millions of rows is never held whole."""


def load_csv(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Rows of tab-separated cells, whatever separated them in the file."""
    return Reading(Document(source, ()), _group_rows(_read_csv_rows(data)))


def _read_csv_rows(data: bytes) -> Iterator[list[str]]:
    csv.field_size_limit(min(sys.maxsize, 10_000_000))
    lines = _split_lines(decode_blocks(data))
    sample = list(itertools.islice(lines, 50))
    try:
        yield from csv.reader(itertools.chain(sample, lines), delimiter=_find_separator("".join(sample)))
    except csv.Error as error:
        raise LoadError(f"it is not a readable table ({error})") from error


def _split_lines(blocks: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in blocks, each with its end; a line may lie across blocks."""
    held: list[str] = []
    for block in blocks:
        lines = block.splitlines(keepends=True)
        open_line = lines.pop() if lines and not lines[-1].endswith("\n") else ""
        if lines:
            yield "".join((*held, lines.pop(0)))
            yield from lines
            held.clear()
        held.append(open_line)
    if any(held):
        yield "".join(held)


def _find_separator(sample: str) -> str:
    """The separator that gives the same number of cells in most lines; in doubt a comma."""
    lines = [line for line in sample.splitlines() if line.strip()][:50]

    def measure_agreement(mark: str) -> tuple[float, int]:
        counts = [len(next(csv.reader([line], delimiter=mark), [])) for line in lines]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual) / max(1, len(counts)) if usual > 1 else 0.0, usual)

    return max(",\t;|", key=measure_agreement)


def _group_rows(rows: Iterable[list[str]]) -> Iterator[Page]:
    block: list[str] = []
    for cells in rows:
        line = "\t".join(" ".join(cell.split()) for cell in cells)
        if not line.strip():
            continue
        block.append(line)
        if len(block) >= _ROWS_A_PAGE:
            yield Page(1, "\n".join(block))
            block = []
    if block:
        yield Page(1, "\n".join(block))


def load_json(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text itself. One long line is broken into many, and ``\\u`` escapes become their letters."""
    text = decode(data)
    if max(map(len, text.splitlines()), default=0) > 500 or "\\u" in text:
        text = _lay_out(text)
    return make_single_page(Document(source, ()), text)


_MOST_PARSED = 10_000_000
"""Characters. Parsed data takes up to ten times its text's memory, so longer text is only broken into lines."""


def _lay_out(text: str) -> str:
    if len(text) > _MOST_PARSED or _is_deep(text):
        return re.sub(r"(?<=[\"\]}\d]),(?=[\"\[{])", ",\n", text)
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):  # JSON Lines, or not quite JSON: still text
        return "\n".join(map(_lay_out_line, text.splitlines()))


_DEEPEST = 50
"""Levels that are shown by indentation. Values within thousands would each come after as many spaces."""


def _is_deep(text: str) -> bool:
    """Whether brackets nest further than they are indented; those within strings count too, which does no harm."""
    depth = 0
    for found in re.finditer(r"[\[{]|[\]}]", text):
        depth += 1 if found[0] in "[{" else -1
        if depth > _DEEPEST:
            return True
    return False


def _lay_out_line(line: str) -> str:
    try:
        return json.dumps(json.loads(line), ensure_ascii=False)
    except (ValueError, RecursionError):
        return line


def load_notebook(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Markdown cells as they are, code cells fenced, outputs as text; a picture's data is left out."""
    notebook = json.loads(decode(data))
    metadata = notebook.get("metadata", {})
    language = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name", "")
    cells = notebook.get("cells") or [cell for sheet in notebook.get("worksheets", []) for cell in sheet["cells"]]
    text = "\n\n".join(part for cell in cells for part in _write_cell(cell, language) if part.strip())
    title = metadata.get("title") or find_first_heading(text)
    authors = ", ".join(author.get("name", "") for author in metadata.get("authors", []) if isinstance(author, dict))
    return make_single_page(Document(source, (), title=str(title), author=authors), text)


def _write_cell(cell: dict[str, object], language: str) -> Iterator[str]:
    text = _join_text(cell.get("source", cell.get("input", "")))
    yield f"```{language}\n{text}\n```" if cell.get("cell_type") == "code" and text.strip() else text
    outputs = cell.get("outputs", [])
    for output in outputs if isinstance(outputs, list) else []:
        shown = output.get("text") or output.get("data", {}).get("text/plain") or output.get("traceback", "")
        if text := re.sub(r"\x1b\[[0-9;]*m", "", _join_text(shown)).strip():
            yield f"```\n{text}\n```"


def _join_text(text: object) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


_CUE = re.compile(r"(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}[ \t]+-->.*")
_CUE_TAG = re.compile(r"<v(?:\.[\w.-]{1,50})?[ \t]([^<>]{0,200})>|</?[^<>]{0,100}>|\{\\[^{}]{0,200}\}")


def load_subtitles(source: str, data: bytes, options: ReadOptions) -> Reading:
    """What is said, cue after cue, each with its time and its speaker, where that is known."""
    lines = decode(data).splitlines()
    title = lines[0].removeprefix("WEBVTT").strip(" -") if lines and lines[0].startswith("WEBVTT") else ""
    return make_single_page(Document(source, (), title=title), "\n\n".join(_read_cues(lines)))


def _read_cues(lines: list[str]) -> Iterator[str]:
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
            continue
        if text := _read_cue(block):
            yield text
        block = []


def _read_cue(block: list[str]) -> str:
    at = next((number for number, line in enumerate(block) if _CUE.match(line.strip())), None)
    if at is None:
        is_note = block[:1] and block[0].startswith("NOTE")
        return "\n".join(block).removeprefix("NOTE").strip() if is_note else ""
    said = " ".join(" ".join(_CUE_TAG.sub(_name_speaker, line).split()) for line in block[at + 1 :])
    start = block[at].strip().split()[0].replace(",", ".").rpartition(".")[0]
    return f"[{start}] {said.strip()}" if said.strip() else ""


def _name_speaker(found: re.Match[str]) -> str:
    return f"{found[1].strip()}: " if found[1] else ""
