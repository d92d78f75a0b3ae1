"""Tables and data as text: CSV, TSV, JSON, JSON Lines, YAML, notebooks, subtitles."""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from html import unescape

from ingest.loaders.encoding import decode, decode_blocks
from ingest.loaders.reading import Reading, ReadOptions, make_one_line, make_single_page
from ingest.loaders.tables import group_lines, write_table
from ingest.loaders.text import find_first_heading
from rag.errors import LoadError
from rag.types import Document, Page


def load_csv(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Rows of tab-separated cells, whatever separated them in the file; the header opens each block of rows."""
    blocks = group_lines(_join_cells(_read_csv_rows(data)))
    return Reading(Document(source, ()), (Page(1, block) for block in blocks))


def _read_csv_rows(data: bytes) -> Iterator[list[str]]:
    csv.field_size_limit(min(sys.maxsize, 10_000_000))
    lines = _split_lines(decode_blocks(data))
    sample = list(itertools.islice(lines, 50))
    declared = _DECLARED.match(sample[0]) if sample else None
    separator = declared[1] if declared else find_separator("".join(sample))
    rest: Iterable[str] = itertools.chain(sample[declared is not None :], lines)
    sign = separator[0]
    if len(separator) > 1:
        rest = (line.replace(separator, sign) for line in rest)
    try:
        yield from csv.reader(rest, delimiter=sign, skipinitialspace=sign != "\t")
    except csv.Error as error:
        raise LoadError(f"it is not a readable table ({error})") from error


_DECLARED = re.compile(r'\ufeff?"?sep=([^\r\n"])"?[,;\t|]*+\s*+$', re.IGNORECASE)
"""The line in which Excel is told the separator."""


def _join_cells(rows: Iterable[list[str]]) -> Iterator[str]:
    """A line for each row. Titles above the head are lines without cells; a head of several rows becomes one."""
    width = 0
    """Cells of the table's head; 0 before it."""
    is_behind_gap = False
    for line in write_table([make_one_line(cell) for cell in cells] for cells in rows):
        own = line.strip("\t")
        if not own:
            is_behind_gap = True
            continue
        columns = line.rstrip("\t").count("\t") + 1
        if is_behind_gap and 1 < columns != width > 0:  # another table
            yield ""
            width = 0
        is_behind_gap = False
        width = width or (columns if "\t" in own else 0)
        yield line if width else own


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


_QUOTED = re.compile(r'(?:^|(?<=[,;\t|]))[ ]?"(?:[^"]++|"")*+"(?=[ ]?(?:[,;\t|\r\n]|$))', re.MULTILINE)
_CLEAN = re.compile(r"[^,;\t|]*+(?:[,;|] [^,;\t|]*+)*+|[\s$€£¥%+\-.,'\d]+")
"""A cell as it is with the right separator: without other ones, but for those of prose, or a number."""


def find_separator(sample: str) -> str:
    """The separator that gives the same number of cells in most lines, and leaves no other one in them.

    It is a sign, or two of the same.

    A decimal comma divides each line alike, too, but leaves ``Hans;12`` and a blank before a first name.
    """
    lines = [line for line in _QUOTED.sub("x", sample).splitlines() if line.strip()]

    def measure_agreement(mark: str) -> float:
        rows = [line.split(mark) for line in lines]
        counts = Counter(len(row) for row in rows if len(row) > 1)
        usual, agreed = counts.most_common(1)[0] if counts else (0, 0)
        cells = [cell for row in rows if len(row) == usual for cell in row]
        clean = sum(_CLEAN.fullmatch(cell) is not None for cell in cells)
        return agreed / len(rows) * clean / len(cells) if cells else 0.0

    usual = max("\t;|,", key=measure_agreement) if lines and any(map(measure_agreement, "\t;|")) else ","
    return _find_odd_separator(lines, usual) or usual


def _find_odd_separator(lines: list[str], usual: str) -> str:
    """A separator that few programs write; none unless it divides each line alike, and the usual one doesn't.

    A usual one that is doubled everywhere is one as well.
    """

    def count(mark: str) -> int:
        counts = {line.count(mark) for line in lines}
        return counts.pop() if len(counts) == 1 and len(lines) > 1 else 0

    has_usual = any(usual in line for line in lines)
    if has_usual and not any(usual in line.replace(usual * 2, "") for line in lines):
        return usual * 2 if count(usual) > 1 else ""
    odd = max(_ODD, key=count)
    if count(odd) > count(usual):
        return odd
    # A time has colons as well, but no name of a column is a time.
    is_headed = len(lines) > 1 and not re.search(r"\d", lines[0])
    return ":" if is_headed and not has_usual and count(":") > 1 else ""


_ODD = "~^¦\x1f\x01§"


def load_json(source: str, data: bytes, options: ReadOptions) -> Reading:
    """The text itself. One long line is broken into many, and ``\\u`` escapes become their letters.

    A record of a list stands on one line, so that its name and its values are quoted together.
    """
    text = decode(data)
    if max(map(len, text.splitlines()), default=0) > 500 or "\\u" in text:
        text = _lay_out(text)
    return make_single_page(Document(source, ()), _RECORD.sub(_put_on_one_line, text))


_RECORD = re.compile(r"[\[,]\s{0,200}+\{(?:[^{}\[\]]++|\[[^{}\[\]]{0,300}+\])++\}")
_LONGEST_RECORD = 600
"""Characters of a record that becomes one line."""


def _put_on_one_line(record: re.Match[str]) -> str:
    before, bracket, values = record[0].partition("{")
    line = " ".join(part.strip() for part in f"{bracket}{values}".splitlines())
    return before + line if len(line) <= _LONGEST_RECORD else record[0]


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
    said = " ".join(" ".join(unescape(_CUE_TAG.sub(_name_speaker, line)).split()) for line in block[at + 1 :])
    start = block[at].strip().split()[0].replace(",", ".").rpartition(".")[0]
    return f"[{start}] {said.strip()}" if said.strip() else ""


def _name_speaker(found: re.Match[str]) -> str:
    return f"{found[1].strip()}: " if found[1] else ""
