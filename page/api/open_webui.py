"""Our citations in Open WebUI's own list of sources, with quote and page.

It takes `url_citation` annotations as well, but keeps only their address and title. Quotes need frames of its own among
those of the stream, which other programs wouldn't expect: so they are sent to it alone. Tried with its version 0.12.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from page.api.writing import Address, name_place
from rag.answering.citations import make_citation
from rag.text.hostile import remove_invisible
from rag.types import Citation, ScoredChunk

_HEADER = "x-openwebui-"
"""Begins the headers that it sends with ENABLE_FORWARD_USER_INFO_HEADERS, and one that a connection may be given."""


def is_open_webui(headers: Mapping[str, str]) -> bool:
    return any(name.lower().startswith(_HEADER) for name in headers)


def make_frames(citations: Sequence[Citation], hits: Sequence[ScoredChunk], address: Address) -> list[dict[str, Any]]:
    """A frame for each number up to the highest one that is cited: it counts sources by itself, without gaps."""
    by_number = {citation.number: citation for citation in citations}
    numbers = range(1, max(by_number, default=0) + 1)
    listed = [by_number.get(number) or make_citation(number, hits[number - 1].stored, "") for number in numbers]
    return [{"event": {"type": "source", "data": _describe(one, address(one))}} for one in listed]


def _describe(citation: Citation, url: str) -> dict[str, Any]:
    name = name_place(citation)
    # Sources with the same id are one to it, and all numbers behind them would be wrong; one that is an address
    # would be shown in place of the name.
    own = f"{name} [{citation.number}]"
    quote = remove_invisible(citation.quote or citation.text)
    return {
        "source": {"id": own, "name": name, "url": url},
        "document": [quote],
        "metadata": [{"source": own, "name": name}],
    }
