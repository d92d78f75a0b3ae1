"""What is sent for ``POST /v1/responses``: the passages as a file search, then the message that cites them. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from page.api.completions import make_id
from rag.answering.citations import find_markers
from rag.types import Citation, ScoredChunk


@dataclass(frozen=True, slots=True)
class ResponseForm:
    """One response and the events by which it is streamed."""

    model: str
    question: str
    id: str = field(default_factory=lambda: make_id("resp_"))
    created: int = field(default_factory=lambda: int(time.time()))
    message_id: str = field(default_factory=lambda: make_id("msg_"))
    search_id: str = field(default_factory=lambda: make_id("fs_"))

    def make_response(
        self, status: str, output: Sequence[Mapping[str, Any]] = (), usage: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": None,
            "metadata": {},
            "model": self.model,
            "output": list(output),
            "parallel_tool_calls": False,
            "temperature": None,
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
            "usage": _make_usage(usage) if usage else None,
        }

    def make_search(self, hits: Sequence[ScoredChunk]) -> dict[str, Any]:
        """The passages. A score is the cosine, since OpenAI's go from 0 to 1; a ``file_id`` is the document's path."""
        results = [
            {
                "file_id": hit.chunk.source,
                "filename": hit.chunk.source.rpartition("/")[2],
                "score": None if hit.dense is None else round(max(hit.dense, 0.0), 4),
                "text": hit.chunk.text,
                "attributes": {"section": hit.chunk.section, **({"page": hit.chunk.page} if hit.chunk.page else {})},
            }
            for hit in hits
        ]
        return {
            "type": "file_search_call",
            "id": self.search_id,
            "status": "completed",
            "queries": [self.question],
            "results": results,
        }

    def make_message(self, text: str, citations: Sequence[Citation], status: str = "completed") -> dict[str, Any]:
        content = {"type": "output_text", "text": text, "annotations": _annotate(text, citations), "logprobs": []}
        return {
            "type": "message",
            "id": self.message_id,
            "status": status,
            "role": "assistant",
            "content": [content] if text else [],
        }


def _annotate(text: str, citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """A ``file_citation`` for each marker; its index is the place in the text at which the marker begins."""
    by_number = {citation.number: citation for citation in citations}
    return [
        {
            "type": "file_citation",
            "file_id": by_number[number].source,
            "filename": by_number[number].source.rpartition("/")[2],
            "index": marker.start,
        }
        for marker in find_markers(text)
        for number in marker.numbers
        if number in by_number
    ]


def _make_usage(usage: Mapping[str, int]) -> dict[str, Any]:
    return {
        "input_tokens": usage["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage["total_tokens"],
    }
