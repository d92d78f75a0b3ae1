"""What a program asks, as OpenAI's API and our search have it. Fields that we don't know are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from page.api.failures import CallError
from rag.answering.followup import Turn


class _Call(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Part(_Call):
    """A piece of a message; only text is read."""

    type: str
    text: str = ""


class Message(_Call):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


_Value = str | dict[str, object] | None
"""A name, or an object that says more."""


class StreamOptions(_Call):
    include_usage: bool = False


class ChatCall(_Call):
    """``POST /v1/chat/completions``."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=1_000)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1, le=32_768)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=32_768)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    response_format: dict[str, object] | None = None
    tool_choice: _Value = None
    function_call: _Value = None
    logprobs: bool | None = None

    @property
    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> tuple[str, ...]:
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(stop for stop in given if stop)

    def refuse_unserved(self) -> None:
        """Raise CallError for what would be left out in silence, where the caller can't do without it."""
        _refuse_form((self.response_format or {}).get("type"), "response_format")
        _refuse_tool(self.tool_choice, "tool_choice")
        _refuse_tool(self.function_call, "function_call")
        if self.logprobs:
            raise CallError(400, "Probabilities of tokens aren't told; leave logprobs out.", param="logprobs")


class ResponseCall(_Call):
    """``POST /v1/responses``, as far as a question and an answer go."""

    model: str
    input: str | Annotated[list[Message], Field(min_length=1, max_length=1_000)]
    stream: bool = False
    instructions: str | None = None
    max_output_tokens: Annotated[int, Field(ge=1, le=32_768)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    text: dict[str, object] | None = None
    tool_choice: _Value = None
    previous_response_id: str | None = None
    background: bool | None = None

    @property
    def messages(self) -> list[Message]:
        given = [Message(role="user", content=self.input)] if isinstance(self.input, str) else self.input
        return [*([Message(role="system", content=self.instructions)] if self.instructions else []), *given]

    def refuse_unserved(self) -> None:
        """As `ChatCall.refuse_unserved`."""
        form = (self.text or {}).get("format")
        _refuse_form(form.get("type") if isinstance(form, dict) else None, "text.format")
        _refuse_tool(self.tool_choice, "tool_choice")
        if self.previous_response_id:
            sentence = "Responses aren't kept here; send the conversation as input."
            raise CallError(400, sentence, param="previous_response_id")
        if self.background:
            raise CallError(400, "A response can't be made in the background; stream it.", param="background")


class EmbeddingCall(_Call):
    """``POST /v1/embeddings``."""

    model: str
    input: str | Annotated[list[str], Field(min_length=1, max_length=2_048)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


class SearchCall(_Call):
    """``POST /search``."""

    question: str
    top_k: Annotated[int, Field(ge=1, le=100)] | None = None
    mode: Literal["hybrid", "dense", "lexical"] = "hybrid"
    folder: str | None = None
    type: str | None = None
    since: str | None = None
    until: str | None = None


def _refuse_form(kind: object, param: str) -> None:
    if kind not in (None, "text"):
        raise CallError(400, f"Answers are text with its sources; {param} can't be {kind}.", param=param)


def _refuse_tool(choice: _Value, param: str) -> None:
    """Tools may be offered, since they are never called; they can't be demanded."""
    if choice not in (None, "auto", "none"):
        raise CallError(400, f"No tools are called here, so {param} can't demand one.", param=param)


MAX_WISHES = 4_000
"""Characters of a program's instructions; more would take the room of the passages."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The last question, the turns before it, and how the program wishes it to be answered."""

    question: str
    turns: tuple[Turn, ...]
    wishes: str = ""


def read_text(message: Message) -> str:
    """The text of a message. Raises CallError for one that holds something else, such as an image."""
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    if other := next((part.type for part in message.content if not part.type.endswith("text")), None):
        raise CallError(400, f"A message holds a part of the type {other}; only text can be read.", param="messages")
    return "\n".join(part.text for part in message.content)


def read_conversation(messages: Sequence[Message]) -> Conversation:
    """What a conversation asks. Tools' results are no part of it: the documents answer.

    Raises CallError if its last word is not the user's, or its instructions (system messages) are too long.
    """
    wishes = "\n".join(read_text(one) for one in messages if one.role in ("system", "developer")).strip()
    if len(wishes) > MAX_WISHES:
        raise CallError(
            400,
            f"The system message has {len(wishes):,} characters; beside passages of documents at most {MAX_WISHES:,}"
            " can be read. Shorten it.",
            param="messages",
        )
    said = [(message.role, read_text(message)) for message in messages if message.role in ("user", "assistant")]
    if not said or said[-1][0] != "user":
        raise CallError(400, "The last message must be the user's: it is the question.", param="messages")
    turns: list[Turn] = []
    for role, text in said[:-1]:
        if role == "user":
            turns.append(Turn(text))
        elif turns:
            turns[-1] = Turn(turns[-1].question, text)
    return Conversation(said[-1][1], tuple(turns), wishes)
