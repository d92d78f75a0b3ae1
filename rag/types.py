"""The nouns of the project, as small frozen values. A leaf: imports nothing of ours.

document ─ pages ─▶ chunks ─▶ hits ─▶ citations
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


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
    """When the content was made, as an ISO 8601 date or date-time; empty when the file doesn't say."""
    modified: str = ""
    """When the content was last changed, in the same form; empty when the file doesn't say."""
    language: str = ""
    """ISO 639-1 code; empty when unknown."""
    format: str = ""
    """Short name of the detected format: ``pdf``, ``docx``, ``markdown``."""
    page_kind: str = ""
    """What a page of the document is called: ``page``, ``slide`` or ``sheet``; empty when it has no pages."""
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
    """How many leading characters of `text` were in a chunk before: its last whole sentences, or a table's header."""

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
    """Language of the document, as `Document.language`."""
    label: str | None = None
    """The number printed on the first page, where it differs from the page's number."""
    page_kind: str = ""


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A hit. Higher scores are better; they go from some −1 to some 100 and compare within one answer only."""

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
    """The first year, month or day (``2023``, ``2023-07``, ``2023-07-31``) from which documents may be. A document that
    has no date of its own has its file's."""
    until: str | None = None
    """The last year, month or day up to which documents may be, in the same form."""
    within: tuple[str, ...] = ()
    """Documents and folders, one of which a document must be or lie in; empty for all."""
    also: tuple[str, ...] = ()
    """Documents that may be found whatever the rest says."""

    @property
    def is_dated(self) -> bool:
        return self.since is not None or self.until is not None

    @property
    def description(self) -> str:
        """What may be found, in the plural: ``pdf files in manuals since 2023``."""
        kind = f"{self.file_type.lstrip('.').lower()} files" if self.file_type else "documents"
        place = f" in {self.folder.strip('/')}" if self.folder else ""
        if self.within:
            more_names = f" and {len(self.within) - _MOST_NAMED} more" if len(self.within) > _MOST_NAMED else ""
            place += f" among {', '.join(self.within[:_MOST_NAMED])}{more_names}"
        more = f", and {', '.join(self.also)}" if self.also else ""
        return f"{kind}{place}{self._period}{more}"

    @property
    def _period(self) -> str:
        if self.since and self.until:
            return f" from {self.since} to {self.until}"
        return f" since {self.since}" if self.since else f" until {self.until}" if self.until else ""


_MOST_NAMED = 3
"""Chosen documents and folders that are named."""

Verdict = Literal["yes", "unsure", "no"]
"""Whether the documents answer a question, as far as retrieval can tell: ``no`` only where that is nearly certain."""

MODES = ("hybrid", "dense", "lexical")
"""How passages can be searched for: by vectors and words together, by vectors alone, by words alone."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What retrieval found for one question."""

    question: str
    mode: str
    """One of `MODES`."""
    hits: tuple[ScoredChunk, ...]
    """Best first."""
    verdict: Verdict
    """The hits are given whatever it is."""
    confidence: float
    """0…1, calibrated: the probability that the corpus holds the answer."""
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    """``embed`` (while the words are searched for), ``search``, ``judge`` and ``total``."""
    unknown_words: tuple[str, ...] = ()
    """The question's words of some weight that no document has, as they are written in it."""
    known_words: tuple[str, ...] = ()
    """Those that one has."""
    reprints: tuple[ScoredChunk, ...] = ()
    """Passages of other documents that repeat a hit but for a few words or numbers; they are no hits."""

    @property
    def answerable(self) -> bool:
        """Whether the corpus holds the answer more likely than not; for those who want no third verdict."""
        return self.confidence >= 0.5


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
    """The address, which ends with ``/v1``."""
    api_key: str = field(repr=False)
    model_id: str
    """The model's name as the server knows it; for Foundry Local the full ``name:version``."""
    context_length: int | None = None
    """How many tokens prompt and answer may have together; None where the server doesn't say."""
    note: str = ""
    """What the user should know about the choice of the model; empty if it is the one that was asked for."""
    alias: str = ""
    """The name that the user gave, by which a service of Foundry Local loads the model; it knows no ids for that."""
    azure_version: str = ""
    """The version of Azure's interface; empty where the server speaks the OpenAI protocol. With one, `base_url` is the
    resource's address without a path, and `model_id` names a deployment."""
