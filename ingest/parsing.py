"""One file → header, chunks and digest. Runs in the worker processes; see `ingest.workers` for the pool.

``python -m ingest.parsing`` is a worker: a JSON line in is a job, two JSON lines out are its answer (the digest first,
so that it is known even if the rest crashes). It ends when its input ends.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import queue
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from ingest.loaders.formats import read
from ingest.loaders.reading import Reading, ReadOptions
from ingest.splitter import Splitter
from rag.errors import LoadError, UnsupportedError
from rag.processes import open_private_stdout
from rag.types import Chunk, Document, Page

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Each is far above what honest files need, and low enough for a small machine."""

    seconds: float = 120.0
    """A 900-page PDF takes 10 s on a free core."""
    seconds_per_megabyte: float = 4.0
    """More for big files: a text of 100 MB takes 50 s on a free core."""
    ocr_seconds: float = 1_800.0
    """More time for documents whose pages are being read by OCR."""
    memory_bytes: int = 1_500 * MEGABYTE
    """A 100 MB text needs 300 MB; two workers at this limit still fit into a machine with 8 GB."""
    text_bytes: int = 250 * MEGABYTE
    """All text that comes out. The longest novels have 10 MB; archives can expand without end."""
    file_bytes: int = 1_000 * MEGABYTE
    """The file is held in memory while it is read."""


@dataclass(frozen=True, slots=True)
class ParseConfig:
    """How to read and split; the same for all files of a sync."""

    model_name: str
    models_dir: Path
    chunk_size: int
    chunk_overlap: int
    max_tokens: int = 256
    """What the embedding model reads of a text."""
    passwords_file: Path | None = None
    """One password a line, for encrypted files; need not exist."""
    ocr_languages: str = ""
    tokenizer_file: Path | None = None
    """A ``tokenizer.json`` in place of the embedding model's own."""
    limits: Limits = Limits()

    def passwords(self) -> tuple[str, ...]:
        try:
            lines = self.passwords_file.read_text("utf-8").splitlines() if self.passwords_file else []
        except (OSError, UnicodeDecodeError):
            return ()
        return tuple(line for line in lines if line)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file; its chunks went to the sink."""

    document: Document
    chunks: int = 0
    error: str | None = None
    kind: str = ""
    labels: tuple[tuple[int, str], ...] = ()
    """Printed page labels by page number."""


def allowed_s(limits: Limits, file_bytes: int) -> float:
    """Seconds that a file of that size may take."""
    return limits.seconds + limits.seconds_per_megabyte * file_bytes / MEGABYTE


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
    sink: Callable[[Chunk], None],
    more_time: Callable[[float], None] = lambda seconds: None,
) -> Outcome:
    """Read and split; never raises for what is wrong with the file. `more_time` is asked for before slow steps."""
    header = Document(source, ())
    try:
        passwords, limits = config.passwords(), config.limits
        options = ReadOptions(passwords, config.ocr_languages, limits.ocr_seconds, more_time, limits.text_bytes)
        format_, reading = read(source, data, options)
        reading.header = header = replace(reading.header, title=clean(reading.header.title))
        return _split(reading, format_.syntax, config.limits, splitter, sink)
    except UnsupportedError as error:
        return Outcome(header, error=str(error), kind="unsupported")
    except LoadError as error:
        return Outcome(header, error=str(error), kind="failed")
    except MemoryError:
        return Outcome(header, error=memory_reason(config.limits), kind="failed")
    except Exception as error:  # a loader's library may fail in any way on a damaged file; it costs this file alone
        reason = f"it seems to be damaged ({type(error).__name__}: {error})"[:300]
        return Outcome(header, error=" ".join(reason.split()), kind="failed")


def _split(reading: Reading, syntax: str, limits: Limits, splitter: Splitter, sink: Callable[[Chunk], None]) -> Outcome:
    tally = _Tally()
    count = 0
    for chunk in splitter.split(reading.header, _bounded(reading.pages, limits, tally), syntax):
        sink(chunk)
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


def _bounded(pages: Iterable[Page], limits: Limits, tally: _Tally) -> Iterator[Page]:
    """The pages, counted, up to the limit of text."""
    for page in pages:
        tally.pages = max(tally.pages, page.number)
        tally.characters += len(page.text)
        if tally.characters > limits.text_bytes:
            raise LoadError(f"it gives more than {limits.text_bytes // MEGABYTE} MB of text; split the file")
        if page.label:
            tally.labels.append((page.number, clean(page.label)))
        yield page if clean(page.text) is page.text else replace(page, text=clean(page.text))


_UNSTORABLE = re.compile("[\0\ud800-\udfff]+")


def clean(text: str) -> str:
    """Without zeros and halves of surrogate pairs, which no store takes; the same object if there are none."""
    return _UNSTORABLE.sub("", text) if _UNSTORABLE.search(text) else text


def memory_reason(limits: Limits) -> str:
    return f"reading it needed more than {limits.memory_bytes / 1e9:.2g} GB of memory"


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


# The worker process ---------------------------------------------------------------------------------------------------


def main() -> None:
    """Serve jobs until the parent closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; we end when it does
    answers = open_private_stdout()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    config = _config_from(json.loads(sys.stdin.readline()))
    _harden(config.limits)
    splitter = build_splitter(config)
    threading.Thread(target=_take_lines, args=(lines,), daemon=True).start()
    _send(answers, {"ready": True})
    while line := lines.get():
        _serve(json.loads(line), config, splitter, answers)


def _take_lines(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)  # the parent is gone: whatever is being read is of no use any more


def _send(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _config_from(raw: dict[str, Any]) -> ParseConfig:
    for name in ("models_dir", "passwords_file", "tokenizer_file"):
        raw[name] = Path(raw[name]) if raw[name] else None
    return ParseConfig(**{**raw, "limits": Limits(**raw["limits"])})


def config_json(config: ParseConfig) -> str:
    return json.dumps(asdict(config), default=str) + "\n"


def _harden(limits: Limits) -> None:
    """Limits that the system enforces where it can, and no network whatever a document asks for."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # no such limits on Windows
        import resource

        hard = limits.memory_bytes * 3 // 2  # the parent, which can name the reason, should be first
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    sys.addaudithook(_refuse_network)


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        raise PermissionError("a document asked for the network")


def _serve(job: dict[str, str], config: ParseConfig, splitter: Splitter, answers: IO[str]) -> None:
    source = job["source"]
    try:
        data = read_bytes(Path(job["path"]), config.limits)
    except (LoadError, MemoryError) as error:
        _send(answers, {"sha256": ""})
        _send(
            answers,
            {"document": {"source": source}, "error": str(error) or memory_reason(config.limits), "kind": "failed"},
        )
        return
    _send(answers, {"sha256": hashlib.sha256(data).hexdigest()})
    with Path(job["spool"]).open("w", encoding="utf-8", errors="replace", newline="\n") as spool:
        outcome = parse_bytes(
            source,
            data,
            config,
            splitter,
            sink=lambda chunk: _write(spool, chunk),
            more_time=lambda seconds: _send(answers, {"more_s": seconds}),
        )
    del data
    _send(answers, outcome_json(outcome))


def _write(spool: IO[str], chunk: Chunk) -> None:
    spool.write(chunk_json(chunk))


def chunk_json(chunk: Chunk) -> str:
    fields = (chunk.ordinal, chunk.text, chunk.title, chunk.section, chunk.page, chunk.page_end, chunk.overlap)
    return json.dumps(fields, ensure_ascii=False) + "\n"


def chunk_from(source: str, line: str) -> Chunk:
    return Chunk(source, *json.loads(line))


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    fields = asdict(outcome.document).items()
    document = {name: clean(value) if isinstance(value, str) else value for name, value in fields if name != "pages"}
    return {
        "document": document,
        "chunks": outcome.chunks,
        "error": outcome.error,
        "kind": outcome.kind,
        "labels": outcome.labels,
    }


if __name__ == "__main__":
    main()
