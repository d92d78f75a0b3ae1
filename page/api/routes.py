"""The documents for programs, part one: what clients of OpenAI's API call, at ``/v1``."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from page.api.asked import (
    CORPUS,
    FOLDER,
    ChatCall,
    Conversation,
    EmbeddingCall,
    Message,
    ResponseCall,
    read_conversation,
    read_text,
)
from page.api.completions import DONE, Completion, count_usage, make_event
from page.api.failures import CallError, CallRoute, FailureBody, describe_failure
from page.api.responses import ResponseForm
from page.api.writing import Address, StopCutter, Writing, annotate, cut_sources, make_document_address
from rag.answering.answer import answer, check_question
from rag.answering.events import AnswerReport, Event, Retrieved
from rag.answering.followup import Turn
from rag.types import Citation, Restriction, Retrieval

if TYPE_CHECKING:
    from page.backend import Backend

openai_routes = APIRouter(
    prefix="/v1",
    route_class=CallRoute,
    responses={status: {"model": FailureBody} for status in (400, 401, 404, 413, 429, 500, 503)},
)


async def wait_for_backend(request: Request) -> Backend:
    """The backend, as soon as it is built. Raises CallError if it could not be."""
    try:
        backend: Backend = await asyncio.shield(request.app.state.backend)
    except Exception as exc:
        raise CallError(503, f"The service could not start ({exc}). Its terminal says more.") from exc
    return backend


# The models


@dataclass(frozen=True, slots=True)
class Choice:
    """What a model's name stands for."""

    folder: str = ""
    """The folder of the documents that may be found; empty for all."""
    is_bare: bool = False
    """Whether the language model is asked without documents."""


def list_models(backend: Backend) -> list[str]:
    """The names that can be asked for: the documents, with the language model, by folder; and that model alone."""
    state = backend.router.state
    model = [f"{CORPUS}/{state.model_id}", state.model_id] if state.is_ready else []
    return [CORPUS, *model, *(f"{FOLDER}{folder}" for folder in backend.find_choices().folders)]


def choose_model(name: str, backend: Backend) -> Choice:
    """Raises CallError for a model that there is none of, and names those that there are."""
    if name.startswith(FOLDER):
        folder = name.removeprefix(FOLDER).strip("/")
        if folder and backend.index.read(lambda snapshot: snapshot.count(Restriction(folder=folder))):
            return Choice(folder=folder)
    own = {backend.router.state.model_id, backend.settings.model} - {""}
    if name in {CORPUS, *(f"{CORPUS}/{model}" for model in own)}:
        return Choice()
    if name in own:
        return Choice(is_bare=True)
    known = ", ".join(list_models(backend))
    raise CallError(404, f"There is no model {name!r}. There are: {known}.", param="model", code="model_not_found")


@openai_routes.get("/models")
async def send_models(request: Request) -> dict[str, Any]:
    backend = await wait_for_backend(request)
    names = await asyncio.to_thread(list_models, backend)
    return {"object": "list", "data": [_describe_model(name) for name in names]}


@openai_routes.get("/models/{name:path}")
async def send_model(request: Request, name: str) -> dict[str, Any]:
    backend = await wait_for_backend(request)
    await asyncio.to_thread(choose_model, name, backend)
    return _describe_model(name)


def _describe_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "pagewise"}


# Questions


@openai_routes.post("/chat/completions", response_model=None)
async def complete_chat(request: Request, call: ChatCall) -> dict[str, Any] | Response:
    backend = await wait_for_backend(request)
    choice = await asyncio.to_thread(choose_model, call.model, backend)
    completion = Completion(call.model)
    if choice.is_bare:
        pieces = _ask_model_alone(backend, call)
        finish = partial(_finish_bare, read="\n".join(map(read_text, call.messages)))
    else:
        conversation = _read_conversation(call.messages)
        told = Told(_make_addresses(request), conversation.question, streams=call.stream)
        pieces = told.write(_ask(backend, conversation, choice, call.most_tokens))
        finish = told.finish
    if call.stream:
        # What can't be answered fails before the first word, while there can be a status for it.
        first = await _wait_unless_left(request, _take_first(pieces))
        events = _stream_completion(
            completion,
            _cut(_put_before(first, pieces), StopCutter(call.stops)),
            finish,
            wants_usage=bool(call.stream_options and call.stream_options.include_usage),
        )
        return StreamingResponse(events, media_type="text/event-stream")
    text = await _wait_unless_left(request, _collect(_cut(pieces, StopCutter(call.stops))))
    end = finish(text)
    return completion.make_whole(text, end.usage, end.reason, **end.more)


@dataclass(frozen=True, slots=True)
class End:
    """What is told at the end of a completion."""

    reason: str
    usage: dict[str, int]
    more: dict[str, Any]
    """Further fields of the message."""


class Told:
    """An answer from the documents, as it is told to a program."""

    def __init__(self, make_address: Address, question: str, *, streams: bool) -> None:
        self.writing = Writing(make_address, streams)
        self.retrieval: Retrieval | None = None
        self._question = question

    async def write(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Retrieved):
                    self.retrieval = event.retrieval
                if text := self.writing.take(event):
                    yield text

    @property
    def report(self) -> AnswerReport | None:
        return self.writing.report

    @property
    def citations(self) -> tuple[Citation, ...]:
        return self.report.citations if self.report else ()

    def finish(self, text: str) -> End:
        """`text` is what was sent, which a stop sequence may have cut."""
        hits = self.retrieval.hits if self.retrieval else ()
        usage = count_usage("\n".join([self._question, *(hit.chunk.text for hit in hits)]), text)
        annotations = annotate(text, self.citations, self.writing.address)
        return End(self.report.finish if self.report else "stop", usage, {"annotations": annotations})


def _make_addresses(request: Request) -> Address:
    return partial(make_document_address, str(request.base_url))


def _finish_bare(text: str, *, read: str) -> End:
    return End("stop", count_usage(read, text), {})


def _read_conversation(messages: list[Message]) -> Conversation:
    """What is asked; the turns without the lists of sources that we wrote below our answers."""
    conversation = read_conversation(messages)
    turns = tuple(Turn(turn.question, cut_sources(turn.answer)) for turn in conversation.turns)
    return Conversation(check_question(conversation.question), turns)


def _ask(
    backend: Backend, conversation: Conversation, choice: Choice, most_tokens: int | None
) -> AsyncGenerator[Event, None]:
    settings = backend.settings
    return answer(
        conversation.question,
        retrieve=backend.retriever.retrieve,
        router=backend.router,
        settings=replace(settings, max_tokens=min(most_tokens or settings.max_tokens, settings.max_tokens)),
        only=Restriction(folder=choice.folder) if choice.folder else None,
        turns=conversation.turns,
        around=backend.around,
        compare=backend.retriever.compare_sentences,
    )


async def _ask_model_alone(backend: Backend, call: ChatCall) -> AsyncGenerator[str, None]:
    """The language model's own answer. Raises ModelUnavailableError if none is there."""
    messages = [{"role": message.role, "content": read_text(message)} for message in call.messages]
    await backend.router.refresh()
    most = min(call.most_tokens or backend.settings.max_tokens, backend.settings.max_tokens)
    async with aclosing(backend.router.stream(messages, most)) as pieces:
        async for piece in pieces:
            if piece:
                yield piece


async def _put_before(first: str, rest: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    async with aclosing(rest):
        if first:
            yield first
        async for piece in rest:
            yield piece


async def _cut(pieces: AsyncGenerator[str, None], cutter: StopCutter) -> AsyncGenerator[str, None]:
    """The text up to the first stop sequence, at which the model is stopped."""
    async with aclosing(pieces):
        async for piece in pieces:
            if text := cutter.take(piece):
                yield text
            if cutter.is_cut:
                return
        if text := cutter.end():
            yield text


async def _stream_completion(
    completion: Completion, pieces: AsyncGenerator[str, None], finish: Callable[[str], End], *, wants_usage: bool
) -> AsyncIterator[str]:
    yield make_event(completion.make_piece({"role": "assistant", "content": ""}))
    text = ""
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                text += piece
                yield make_event(completion.make_piece({"content": piece}))
    except Exception as exc:  # the status was sent; what is left is an event in OpenAI's form for it
        yield make_event(FailureBody(error=describe_failure(exc)[1]).model_dump())
        return
    end = finish(text)
    yield make_event(completion.make_piece(end.more, end.reason))
    if wants_usage:
        yield make_event(completion.make_usage(end.usage))
    yield DONE


async def _take_first(pieces: AsyncGenerator[str, None]) -> str:
    return await anext(pieces, "")


async def _collect(pieces: AsyncGenerator[str, None]) -> str:
    async with aclosing(pieces):
        return "".join([piece async for piece in pieces])


async def _wait_unless_left(request: Request, work: Coroutine[Any, Any, str]) -> str:
    """What the work gives. When the caller leaves, it is ended, and the model with it; that raises ClientDisconnect."""

    async def wait_until_left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task, leaving = asyncio.ensure_future(work), asyncio.ensure_future(wait_until_left())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        for one in (task, leaving):
            one.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


# Responses


@openai_routes.post("/responses", response_model=None)
async def respond(request: Request, call: ResponseCall) -> dict[str, Any] | Response:
    backend = await wait_for_backend(request)
    choice = await asyncio.to_thread(choose_model, call.model, backend)
    if choice.is_bare:
        raise CallError(400, f"{call.model} answers at /v1/chat/completions; here only documents do.", param="model")
    given = [Message(role="user", content=call.input)] if isinstance(call.input, str) else call.input
    conversation = _read_conversation(given)
    form = ResponseForm(call.model, conversation.question)
    told = Told(_make_addresses(request), conversation.question, streams=call.stream)
    pieces = told.write(_ask(backend, conversation, choice, call.max_output_tokens))
    if call.stream:
        first = await _wait_unless_left(request, _take_first(pieces))
        stream = _put_before(first, pieces)
        return StreamingResponse(_stream_response(form, told, stream), media_type="text/event-stream")
    return _make_response(form, told, await _wait_unless_left(request, _collect(pieces)))


def _make_response(form: ResponseForm, told: Told, text: str) -> dict[str, Any]:
    end = told.finish(text)
    status = "incomplete" if end.reason == "length" else "completed"
    search = form.make_search(told.retrieval.hits if told.retrieval else ())
    return form.make_response(status, [search, form.make_message(text, told.citations)], end.usage)


async def _stream_response(form: ResponseForm, told: Told, pieces: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    number = -1

    def tell(kind: str, **more: object) -> str:
        nonlocal number
        number += 1
        return make_event({"type": kind, "sequence_number": number, **more}, kind)

    place = {"item_id": form.message_id, "output_index": 1, "content_index": 0}
    yield tell("response.created", response=form.make_response("in_progress"))
    text = ""
    try:
        search = form.make_search(told.retrieval.hits if told.retrieval else ())
        yield tell("response.output_item.added", output_index=0, item=search)
        yield tell("response.output_item.done", output_index=0, item=search)
        item = form.make_message("", (), "in_progress")
        yield tell("response.output_item.added", output_index=1, item=item)
        part = {"type": "output_text", "text": "", "annotations": []}
        yield tell("response.content_part.added", part=part, **place)
        async with aclosing(pieces):
            async for piece in pieces:
                text += piece
                yield tell("response.output_text.delta", delta=piece, logprobs=[], **place)
    except Exception as exc:  # the status was sent
        failure = describe_failure(exc)[1]
        yield tell("error", message=failure.message, code=failure.code, param=failure.param)
        return
    whole = _make_response(form, told, text)
    message = whole["output"][1]
    yield tell("response.output_text.done", text=text, logprobs=[], **place)
    yield tell("response.content_part.done", part=message["content"][0], **place)
    yield tell("response.output_item.done", output_index=1, item=message)
    yield tell(f"response.{whole['status']}", response=whole)


# Vectors


@openai_routes.post("/embeddings")
async def embed(request: Request, call: EmbeddingCall) -> dict[str, Any]:
    backend = await wait_for_backend(request)
    if not all(call.texts):
        raise CallError(400, "An empty text has no vector.", param="input")
    name, vectors = await asyncio.to_thread(backend.retriever.embed, call.texts)
    if call.model not in (name, backend.settings.embed_model):
        sentence = f"There is no embedding model {call.model!r}. There is: {name}."
        raise CallError(404, sentence, param="model", code="model_not_found")
    if call.dimensions not in (None, len(vectors[0])):
        raise CallError(400, f"The vectors of {name} have {len(vectors[0])} dimensions.", param="dimensions")
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(vector.astype("<f4").tobytes()).decode()
            if call.encoding_format == "base64"
            else vector.tolist(),
        }
        for index, vector in enumerate(vectors)
    ]
    tokens = count_usage("\n".join(call.texts), "")["prompt_tokens"]
    return {"object": "list", "data": data, "model": name, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
