"""One request to a model: its words as they come, when they are ended, and what is said of their end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from rag.answering.prompt import build_messages, count_message_tokens
from rag.answering.substance import cut_loop
from rag.chat.routing.router import Model
from rag.errors import ModelUnavailableError
from rag.types import ScoredChunk

_LOOK_EVERY = 200
"""Characters of an answer after which it is looked at again whether it has begun to repeat itself."""


async def stream_words(
    model: Model,
    messages: Sequence[dict[str, str]],
    passages: Sequence[ScoredChunk],
    tokens: int,
    on_finish: Callable[[str], None],
) -> AsyncGenerator[str, None]:
    """The answer piece by piece, with the `passages` of the messages named as we name them.

    An empty piece takes back all before it. An answer that repeats itself is ended.

    Raises what `Model.stream` raises, behind all words that came.
    """
    from rag.answering.marker_forms import MarkerReader  # here, since without a model nobody writes markers

    text, looked_at = "", 0
    reader = MarkerReader(passages, messages[-1]["content"])
    try:
        async with aclosing(model.stream(messages, tokens, on_finish)) as pieces:
            async for piece in pieces:
                if not piece and text:
                    text, reader = "", reader.restart()
                    yield ""
                if words := piece if text else piece.lstrip():
                    text += words
                    if shown := reader.take(words):
                        yield shown
                if len(text) // _LOOK_EVERY > looked_at:
                    looked_at = len(text) // _LOOK_EVERY
                    if cut_loop(text) != text:
                        break  # what comes after it would be cut anyway
    except ModelUnavailableError:
        if rest := reader.end():
            yield rest
        raise
    if rest := reader.end():
        yield rest


def explain_end(reason: str, answer_tokens: int) -> str:
    """What to say of an answer that ended before its time; empty for one that is complete."""
    if reason == "length":
        return f"The answer was cut off at {answer_tokens} tokens. Set RAG_MAX_TOKENS higher for longer ones."
    if reason == "content_filter":
        return "The content filter of the model's server cut the answer off. Ask in other words for the rest."
    if reason == "tool_calls":
        return "The model called a tool in the middle of its answer, which may be incomplete."
    return ""


def halve_passages(question: str, messages: Sequence[dict[str, str]], budget: int) -> int:
    """A budget for half of the passages; the question itself can't be halved."""
    bare = count_message_tokens(build_messages(question, ()))
    return bare + (min(budget, count_message_tokens(messages)) - bare) // 2
