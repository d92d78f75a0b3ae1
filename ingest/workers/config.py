"""How files are read and split, and what one may cost: the same for all files of a sync."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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

    def read_passwords(self) -> tuple[str, ...]:
        try:
            lines = self.passwords_file.read_text("utf-8").splitlines() if self.passwords_file else []
        except (OSError, UnicodeDecodeError):
            return ()
        return tuple(line for line in lines if line)


def count_allowed_seconds(limits: Limits, file_bytes: int) -> float:
    """Seconds that a file of that size may take."""
    return limits.seconds + limits.seconds_per_megabyte * file_bytes / MEGABYTE


def tell_memory_limit(limits: Limits) -> str:
    """The reason for which a file that needs too much memory is given up."""
    return f"reading it needed more than {limits.memory_bytes / 1e9:.2g} GB of memory"


def encode_config(config: ParseConfig) -> str:
    """The configuration as a line for a worker process."""
    return json.dumps(asdict(config), default=str) + "\n"


def decode_config(line: str) -> ParseConfig:
    """The configuration from such a line."""
    raw: dict[str, Any] = json.loads(line)
    for name in ("models_dir", "passwords_file", "tokenizer_file"):
        raw[name] = Path(raw[name]) if raw[name] else None
    return ParseConfig(**{**raw, "limits": Limits(**raw["limits"])})
