"""The nouns of the project, as small frozen values. A leaf: imports nothing of ours.

document ─ pages ─▶ chunks ─▶ hits ─▶ citations
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Page:
    """One page (or slide, or sheet) of a document. Documents without pages have a single one."""

    number: int
    """Physical position, from 1."""
    text: str
    """Markdown in reading order: headings as ``#`` lines, table rows as lines of cells separated by tabs."""
    label: str | None = None
    """The number printed on the page where it differs from `number` (``iv``, ``A-3``)."""


@dataclass(frozen=True, slots=True)
class Document:
    """A corpus file as text."""

    source: str
    """Path below the corpus folder, with forward slashes on every system."""
    pages: tuple[Page, ...]
    title: str = ""
    """What the content calls itself; never the file name, so that a rename leaves every embedded text as it was."""
    author: str = ""
    created: str = ""
    """ISO 8601 date or date-time; empty when the file doesn't say. Likewise `modified`."""
    modified: str = ""
    language: str = ""
    """ISO 639-1 code; empty when unknown."""
    format: str = ""
    """Short name of the detected format: ``pdf``, ``docx``, ``markdown``."""
    page_kind: str = ""
    """What a page of it is called: ``page``, ``slide``, ``sheet``; empty when it has none."""
    loader: str = ""
    """The loader that read it, with its version: ``pypdfium2/1``."""
    notes: tuple[str, ...] = ()
    """What a reader of the status should know: ``3 of 9 pages have no text``."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage small enough for the embedding model. Chunks of a document are ordered by `ordinal`, from 0."""

    source: str
    ordinal: int
    text: str
    title: str = ""
    section: str = ""
    """Heading path, outermost first: ``Setup > Boiler``."""
    page: int | None = None
    """First page, from 1; None where the document has no pages."""
    page_end: int | None = None
    """Last page, inclusive."""
    overlap: int = 0
    """How many leading characters of `text` were in a chunk before: whole sentences of its end, or a table's header."""

    @property
    def embed_text(self) -> str:
        """What the embedding model reads: title and section give the passage its context."""
        return "\n".join(part for part in (self.title, self.section, self.text) if part)


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A live chunk as the index gives it back."""

    id: int
    """Never reused, so that a view can't confuse two chunks."""
    chunk: Chunk
    language: str = ""
    label: str | None = None
    """Printed page label of the first page."""
    page_kind: str = ""


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A hit. Higher scores are better; scores compare within one answer only."""

    stored: StoredChunk
    score: float
    dense: float | None = None
    """Cosine similarity, −1…1; None if the dense search didn't return it."""
    lexical: float | None = None
    """BM25, unbounded; None if the lexical search didn't return it."""

    @property
    def chunk(self) -> Chunk:
        return self.stored.chunk


@dataclass(frozen=True, slots=True)
class Restriction:
    """Which documents may be found; what is None doesn't restrict."""

    folder: str | None = None
    """Path below the corpus folder with forward slashes; a document's own path keeps to that document."""
    file_type: str | None = None
    """Ending of the file's name, with or without a dot."""
    since: str | None = None
    """First year, month or day (``2023``, ``2023-07``, ``2023-07-31``) of the documents' own dates; of their files'
    where they have none. Likewise `until`, the last."""
    until: str | None = None

    @property
    def is_dated(self) -> bool:
        return self.since is not None or self.until is not None

    @property
    def description(self) -> str:
        """``pdf files in manuals since 2023``: the plural of what may be found."""
        kind = f"{self.file_type.lstrip('.').lower()} files" if self.file_type else "documents"
        place = f" in {self.folder.strip('/')}" if self.folder else ""
        return f"{kind}{place}{self._period}"

    @property
    def _period(self) -> str:
        if self.since and self.until:
            return f" from {self.since} to {self.until}"
        return f" since {self.since}" if self.since else f" until {self.until}" if self.until else ""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What retrieval found for one question."""

    question: str
    mode: str
    hits: tuple[ScoredChunk, ...]
    """Best first."""
    answerable: bool
    """Whether the corpus seems to hold the answer; the hits are given either way."""
    confidence: float
    """0…1, calibrated: the probability that the corpus holds the answer."""
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    """``embed`` (while the words are searched for), ``search``, ``judge`` and ``total``."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A marker ``[number]`` of an answer and the passage that it stands for."""

    number: int
    source: str
    page: int | None
    quote: str
    section: str = ""
    label: str | None = None
    page_kind: str = ""
    text: str = ""
    """The whole passage that `quote` is part of."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a language model answers in the OpenAI protocol."""

    base_url: str
    """With ``/v1``."""
    api_key: str
    model_id: str
    """As the server knows it; for Foundry Local the full ``name:version``."""
    context_length: int | None = None
    """Prompt and answer together, in tokens; None where the server doesn't say."""
    note: str = ""
    """What the user should know about the choice of the model; empty if it is the one that was asked for."""
