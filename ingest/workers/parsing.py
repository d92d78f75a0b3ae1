"""One file → header, chunks and digest, or the reason why it can't be read. Runs in the worker processes."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.loaders.formats import read
from ingest.loaders.reading import Reading, ReadOptions, make_label
from ingest.splitting.splitter import Splitter
from ingest.workers.config import MEGABYTE, Limits, ParseConfig, tell_memory_limit
from rag.errors import LoadError, UnsupportedError
from rag.types import Chunk, Document, Page


class SpoolError(OSError):
    """The chunks can't be kept, which is no fault of the file that they are from."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file, beside its chunks."""

    document: Document
    chunks: int = 0
    error: str | None = None
    kind: str = ""
    labels: tuple[tuple[int, str], ...] = ()
    """Printed page labels by page number."""


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
        reading.header = header = replace(reading.header, title=clean(reading.header.title))
        return _split(reading, format_.syntax, config.limits, splitter, take_chunk)
    except UnsupportedError as error:
        return Outcome(header, error=str(error), kind="unsupported")
    except LoadError as error:
        return Outcome(header, error=str(error), kind="failed")
    except SpoolError:
        raise
    except MemoryError:
        return Outcome(header, error=tell_memory_limit(config.limits), kind="failed")
    except RecursionError:
        return Outcome(header, error="it nests too deeply to be read; save a plainer copy", kind="failed")
    except Exception as error:  # a loader's library may fail in any way on a damaged file; it costs this file alone
        reason = f"it seems to be damaged ({type(error).__name__}: {error})"[:300]
        return Outcome(header, error=" ".join(reason.split()), kind="failed")


def _split(
    reading: Reading, syntax: str, limits: Limits, splitter: Splitter, take_chunk: Callable[[Chunk], None]
) -> Outcome:
    tally = _Tally()
    count = 0
    for chunk in splitter.split(reading.header, _count_pages(reading.pages, limits, tally), syntax):
        take_chunk(chunk)
        count += 1
    header = replace(reading.header, notes=tuple(reading.notes))
    is_scan = reading.empty_kind == "scanned" and tally.characters < _SCAN_CHARACTERS * tally.pages
    if count == 0 or is_scan:
        return Outcome(header, error="; ".join(reading.notes) or "it has no text", kind=reading.empty_kind)
    return Outcome(header, count, labels=tuple(tally.labels))


_SCAN_CHARACTERS = 10
"""A page on average. A scan with less beside its pictures (stamps, page numbers) is listed as a scan."""


@dataclass(slots=True)
class _Tally:
    """What came out of a document so far."""

    characters: int = 0
    pages: int = 0
    labels: list[tuple[int, str]] = field(default_factory=list)


def _count_pages(pages: Iterable[Page], limits: Limits, tally: _Tally) -> Iterator[Page]:
    """The pages, counted, up to the limit of text."""
    for page in pages:
        tally.pages = max(tally.pages, page.number)
        tally.characters += len(page.text)
        if tally.characters > limits.text_bytes:
            raise LoadError(f"it gives more than {limits.text_bytes // MEGABYTE} MB of text; split the file")
        if page.label:
            tally.labels.append((page.number, make_label(clean(page.label), _LONGEST_PAGE_LABEL)))
        text = shorten_gaps(clean(page.text))
        yield page if text is page.text else replace(page, text=text)


_LONGEST_PAGE_LABEL = 40

_UNSTORABLE = re.compile("[\0\ud800-\udfff]+")


def clean(text: str) -> str:
    """Without zeros and halves of surrogate pairs, which no store takes; the same object if there are none."""
    return _UNSTORABLE.sub("", text) if _UNSTORABLE.search(text) else text


_LONG_GAP = re.compile(r"(?<!\s)\s{2000,}")


def shorten_gaps(text: str) -> str:
    """Without endless white space: it costs no token, so one chunk would hold megabytes. The same object if none."""
    if not _LONG_GAP.search(text):
        return text
    return _LONG_GAP.sub(lambda gap: "\n\n" if "\n" in gap[0] else " ", text)


def read_bytes(path: Path, limits: Limits) -> bytes:
    """Raises LoadError with the reason."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read() if size <= limits.file_bytes else b""
    except OSError as error:
        kind = "it has vanished" if error.errno == errno.ENOENT else f"it cannot be opened ({error.strerror})"
        raise LoadError(kind) from error
    if max(size, len(data)) > limits.file_bytes:
        raise LoadError(f"it is larger than {limits.file_bytes // MEGABYTE} MB")
    return data
