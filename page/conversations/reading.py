"""A kept conversation, as it is shown and as it is written out. Pure, but for whether a process still runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from page.conversations.records import Conversation, Json
from rag.private import is_running

SERVER_STOPPED = "The server was stopped while this was written, so the answer ends here. Ask again for the rest."

_FOR_GOOD = 2**53
"""As the time of what stands below an answer: nothing comes after it."""

SOURCES = "Sources"
"""The name of the element below an answer."""


def close_broken_off(conversation: Conversation) -> tuple[list[Json], list[Json]]:
    """The steps and elements; an answer that nobody writes any more says so and is no longer shown as being written."""
    broken = {answer.id for answer in conversation.answers if answer.writer and not is_running(answer.writer)}
    kept = {pair.kept for pair in conversation.pairs}
    steps = [step | {"streaming": False} for step in conversation.steps]
    elements = [_end(element) if element.get("forId") in broken else element for element in conversation.elements]
    return steps, [_keep(element) if element.get("forId") in kept else element for element in elements]


def _keep(element: Json) -> Json:
    return element | {"props": element["props"] | {"kept": True}} if element.get("name") == SOURCES else element


def _end(element: Json) -> Json:
    if element.get("name") != SOURCES:
        return element
    props = element["props"]
    look = "" if props.get("look") == "writing" else props.get("look")
    ended = {"look": look, "reading": "", "notices": [*props["notices"], SERVER_STOPPED], "at": _FOR_GOOD}
    return element | {"props": props | ended}


def write_markdown(conversation: Conversation) -> str:
    """The conversation as Markdown, each answer with its sources and their quotes."""
    steps, elements = close_broken_off(conversation)
    below = {element["forId"]: element["props"] for element in elements if element.get("name") == SOURCES}
    by_id = {step["id"]: step for step in steps}
    second = {pair.first: pair.second for pair in conversation.pairs if pair.second in by_id}
    parts = [f"# {conversation.title or 'Conversation'}"]
    for step in steps:
        if step["type"] == "user_message":
            parts += _write_question(str(step["output"]))
        elif step["id"] in second:
            for one in (step["id"], second[step["id"]]):
                parts += [_name(below.get(one)), *_write_answer(by_id[one], below.get(one))]
        elif step["type"] == "assistant_message" and step["id"] not in second.values():
            parts += _write_answer(step, below.get(step["id"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _write_question(text: str) -> list[str]:
    if not text or "\n" in text.strip():
        return ["## Question", _quote(text)]
    return [f"## {text.strip()}"]


def _name(props: dict[str, Any] | None) -> str:
    """The heading of one of two answers: who wrote it, and whether the conversation went on with it."""
    name = " ".join(str((props or {}).get("by") or "Another answer").split())
    return f"### {name}{' (kept)' if props and props.get('kept') else ''}"


def _write_answer(step: Json, props: dict[str, Any] | None) -> Iterator[str]:
    if props is None:
        yield str(step["output"])
        return
    yield str(props.get("written") or step["output"])
    yield from (f"*{notice}*" for notice in props.get("notices", ()))
    yield "\n".join(_write_sources(props))
    if props.get("madeBy"):
        yield f"*{props['madeBy']}*"


def _write_sources(props: dict[str, Any]) -> Sequence[str]:
    cited = set(props.get("cited", ()))
    sources = [source for source in props.get("sources", ()) if source["number"] in cited]
    lines = []
    for source in sources:
        place = ", ".join(filter(None, (source["source"], source["place"], source.get("section", ""))))
        quote = " ".join(str(source.get("quote", "")).split())
        lines.append(f"- [{source['number']}] {place}" + (f": “{quote}”" if quote else ""))
    return lines


def _quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())
