"""The program of a worker process, ``python -m ingest.workers.program``; `ingest.workers.pool` starts and stops it.

It reads a line with the configuration, then a line for each job, all JSON. It answers a job with two lines: first the
file's digest, so that the parent knows it even if the rest crashes, then the outcome; between them it may ask for more
time. It ends when its input ends.

This file tells in order how a file becomes chunks: `main` takes the jobs, `_serve` answers one, `parse_bytes` loads the
file's bytes, splits the text and turns whatever is wrong with the file into a reason.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import IO, Any

from ingest.loaders.formats import read
from ingest.loaders.reading import Reading, ReadOptions, make_label
from ingest.splitting.splitter import Splitter
from ingest.workers.messages import MEGABYTE, Limits, Outcome, ParseConfig, decode_config, encode_chunk, encode_outcome
from rag.errors import LoadError, UnsupportedError
from rag.processes import harden, leave_signals_to_parent, open_private_stdout
from rag.text.hostile import remove_escapes
from rag.types import Chunk, Document, Page

NO_TEXT = "it has no text"


class SpoolError(OSError):
    """The chunks can't be kept, which is no fault of the file that they are from."""


def main() -> None:
    """Serve jobs until the parent closes the pipe or dies."""
    leave_signals_to_parent()
    answers = open_private_stdout()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    config = decode_config(sys.stdin.readline())
    harden(config.limits.memory_bytes * 3 // 2)  # the parent, which can name the reason, should be first
    splitter = build_splitter(config)
    threading.Thread(target=_take_lines, args=(lines,), daemon=True).start()
    _send(answers, {"ready": True})
    while line := lines.get():
        _serve(json.loads(line), config, splitter, answers)


def build_splitter(config: ParseConfig) -> Splitter:
    """Raises SettingsError if the chunks would not fit the model."""
    if config.tokenizer_file:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(config.tokenizer_file))
        tokenizer.no_truncation()
        tokenizer.no_padding()
    else:
        from rag.models.embedder import load_tokenizer

        tokenizer = load_tokenizer(config.model_name, config.models_dir)
    return Splitter(tokenizer, chunk_size=config.chunk_size, overlap=config.chunk_overlap, max_tokens=config.max_tokens)


def _take_lines(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)  # the parent is gone: whatever is being read is of no use any more


def _send(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _serve(job: dict[str, str], config: ParseConfig, splitter: Splitter, answers: IO[str]) -> None:
    """Answer one job, and write the file's chunks to its spool file."""
    source = job["source"]
    try:
        data = _read_bytes(Path(job["path"]), config.limits)
    except (LoadError, MemoryError) as error:
        reason = str(error) or config.limits.memory_reason
        _send(answers, {"sha256": ""})
        _send(answers, encode_outcome(Outcome(Document(source, ()), error=reason, kind="failed")))
        return
    _send(answers, {"sha256": hashlib.sha256(data).hexdigest()})
    try:
        with Path(job["spool"]).open("w", encoding="utf-8", errors="replace", newline="\n") as spool:
            outcome = parse_bytes(
                source,
                data,
                config,
                splitter,
                take_chunk=lambda chunk: _write_chunk(spool, chunk),
                more_time=lambda seconds: _send(answers, {"more_s": seconds}),
            )
    except OSError as error:  # the spool file's: what is wrong with the file itself is an outcome
        _send(answers, {"spool_errno": error.errno})
    else:
        _send(answers, encode_outcome(outcome))


def _read_bytes(path: Path, limits: Limits) -> bytes:
    """Raises LoadError with the reason why the file can't be read."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read() if size <= limits.file_bytes else b""
    except OSError as error:
        reason = "it has vanished" if error.errno == errno.ENOENT else f"it cannot be opened ({error.strerror})"
        raise LoadError(reason) from error
    if max(size, len(data)) > limits.file_bytes:
        raise LoadError(f"it is larger than {limits.file_bytes // MEGABYTE} MB")
    return data


def _write_chunk(spool: IO[str], chunk: Chunk) -> None:
    try:
        spool.write(encode_chunk(chunk))
    except OSError as error:
        raise SpoolError(error.errno, error.strerror) from error


def parse_bytes(
    source: str,
    data: bytes,
    config: ParseConfig,
    splitter: Splitter,
    take_chunk: Callable[[Chunk], None],
    more_time: Callable[[float], None] = lambda seconds: None,
) -> Outcome:
    """Read and split, and give each chunk to `take_chunk`; never raises for what is wrong with the file.

    `more_time` is told before a slow step how many seconds it needs.
    """
    header = Document(source, ())
    try:
        passwords, limits = config.read_passwords(), config.limits
        options = ReadOptions(passwords, config.ocr_languages, limits.ocr_seconds, more_time, limits.text_bytes)
        format_, reading = read(source, data, options)
        reading.header = header = _clean_header(reading.header)
        return _split(reading, format_.syntax, limits, splitter, take_chunk)
    except UnsupportedError as error:
        return Outcome(header, error=str(error), kind="unsupported")
    except LoadError as error:
        return Outcome(header, error=str(error), kind="failed")
    except SpoolError:
        raise
    except MemoryError:
        return Outcome(header, error=config.limits.memory_reason, kind="failed")
    except RecursionError:
        return Outcome(header, error="it nests too deeply to be read; save a plainer copy", kind="failed")
    except Exception as error:  # a loader's library may fail in any way on a damaged file; it costs this file alone
        reason = f"it seems to be damaged ({type(error).__name__}: {error})"[:300]
        return Outcome(header, error=" ".join(reason.split()), kind="failed")


def _clean_header(header: Document) -> Document:
    values = {spec.name: getattr(header, spec.name) for spec in fields(header)}
    cleaned: dict[str, Any] = {name: _clean(value) for name, value in values.items() if isinstance(value, str)}
    return replace(header, **cleaned)


def _split(
    reading: Reading, syntax: str, limits: Limits, splitter: Splitter, take_chunk: Callable[[Chunk], None]
) -> Outcome:
    """Split the pages as the loader gives them, so that the whole text is never held at once."""
    tally = _Tally()
    count = 0
    for chunk in splitter.split(reading.header, _take_pages(reading.pages, limits, tally), syntax):
        take_chunk(chunk)
        count += 1
    header = replace(reading.header, notes=tuple(reading.notes))
    is_scan = reading.empty_kind == "scanned" and tally.characters < _SCAN_CHARACTERS * tally.pages
    if count == 0 or is_scan:
        return Outcome(header, error="; ".join(reading.notes) or NO_TEXT, kind=reading.empty_kind)
    return Outcome(header, count, labels=tuple(tally.labels))


_SCAN_CHARACTERS = 10
"""Characters a page on average. A scan with fewer beside its pictures (stamps, page numbers) is listed as a scan."""


@dataclass(slots=True)
class _Tally:
    """What came out of a document so far."""

    characters: int = 0
    pages: int = 0
    labels: list[tuple[int, str]] = field(default_factory=list)


def _take_pages(pages: Iterator[Page], limits: Limits, tally: _Tally) -> Iterator[Page]:
    """The pages with storable text, counted in `tally`. Raises LoadError once they have too much text."""
    for page in pages:
        tally.pages = max(tally.pages, page.number)
        tally.characters += len(page.text)
        if tally.characters > limits.text_bytes:
            raise LoadError(f"it gives more than {limits.text_bytes // MEGABYTE} MB of text; split the file")
        if page.label:
            tally.labels.append((page.number, make_label(_clean(page.label), _LONGEST_PAGE_LABEL)))
        text = _shorten_gaps(remove_escapes(_clean(page.text)))
        yield page if text is page.text else replace(page, text=text)


_LONGEST_PAGE_LABEL = 40
_UNSTORABLE = re.compile("[\0\ud800-\udfff]+")
_LONG_GAP = re.compile(r"(?<!\s)\s{2000,}")


def _clean(text: str) -> str:
    """The text without zeros and halves of surrogate pairs, which no store takes; the same object if it has none."""
    return _UNSTORABLE.sub("", text) if _UNSTORABLE.search(text) else text


def _shorten_gaps(text: str) -> str:
    """The text without endless white space, which costs no token, so that one chunk could hold megabytes of it.

    Text without such a gap is returned as the same object.
    """
    if not _LONG_GAP.search(text):
        return text
    return _LONG_GAP.sub(lambda gap: "\n\n" if "\n" in gap[0] else " ", text)


if __name__ == "__main__":
    main()
