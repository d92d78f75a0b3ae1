"""The documents for programs, part one: what clients of OpenAI's API call, at ``/v1``."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from page.api.asked import (
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
from page.api.models import choose_model, list_models
from page.api.open_webui import is_open_webui
from page.api.responses import ResponseForm
from page.api.telling import End, Told, ask, ask_model_alone, begin, collect, cut, recall_private, wait_unless_left
from page.api.writing import Address, StopCutter, cut_sources, make_document_address
from rag.answering.followup import Turn
from rag.text.asked import check_question

if TYPE_CHECKING:
    from page.backend import Backend

Finish = Callable[[str], End]
"""What is told at the end of a completion, by the text that was sent."""

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
    call.refuse_unserved()
    backend = await wait_for_backend(request)
    choice = await asyncio.to_thread(choose_model, call.model, backend)
    completion = Completion(call.model)
    finish: Finish
    if choice.is_bare:
        reasons: list[str] = []
        pieces = ask_model_alone(backend, call, choice, reasons.append)
        finish = partial(_finish_bare, read="\n".join(map(read_text, call.messages)), reasons=reasons)
    else:
        conversation = recall_private(backend, _read_conversation(call.messages))
        told = Told(
            backend,
            _make_addresses(request, backend),
            conversation,
            streams=call.stream,
            to_open_webui=call.stream and is_open_webui(request.headers),
        )
        asked = ask(backend, conversation, choice, most_tokens=call.most_tokens, temperature=call.temperature)
        pieces = told.write(asked)
        finish = told.finish
    pieces = cut(pieces, StopCutter(call.stops))
    if call.stream:
        wants_usage = bool(call.stream_options and call.stream_options.include_usage)
        events = _stream_completion(completion, await begin(request, pieces), finish, wants_usage=wants_usage)
        return StreamingResponse(events, media_type="text/event-stream")
    text = await wait_unless_left(request, collect(pieces))
    end = finish(text)
    return completion.make_whole(text, end.usage, end.reason, **end.more)


def _make_addresses(request: Request, backend: Backend) -> Address:
    url = backend.settings.public_url
    return partial(make_document_address, f"{url.rstrip('/')}/" if url else str(request.base_url))


def _finish_bare(text: str, *, read: str, reasons: list[str]) -> End:
    reason = next(iter(reasons), "stop")
    return End(reason if reason in ("length", "content_filter") else "stop", count_usage(read, text), {})


def _read_conversation(messages: list[Message]) -> Conversation:
    """What is asked; the turns without the lists of sources that we wrote below our answers."""
    conversation = read_conversation(messages)
    turns = tuple(Turn(turn.question, cut_sources(turn.answer)) for turn in conversation.turns)
    return Conversation(check_question(conversation.question), turns, conversation.wishes)


async def _stream_completion(
    completion: Completion, pieces: AsyncGenerator[str, None], finish: Finish, *, wants_usage: bool
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
    for frame in end.frames:
        yield make_event(frame)
    yield make_event(completion.make_piece(end.more, end.reason))
    if wants_usage:
        yield make_event(completion.make_usage(end.usage))
    yield DONE


# Responses


@openai_routes.post("/responses", response_model=None)
async def respond(request: Request, call: ResponseCall) -> dict[str, Any] | Response:
    call.refuse_unserved()
    backend = await wait_for_backend(request)
    choice = await asyncio.to_thread(choose_model, call.model, backend)
    if choice.is_bare:
        raise CallError(400, f"{call.model} answers at /v1/chat/completions; here only documents do.", param="model")
    conversation = recall_private(backend, _read_conversation(call.messages))
    form = ResponseForm(call.model, conversation.question)
    told = Told(backend, _make_addresses(request, backend), conversation, streams=call.stream)
    asked = ask(backend, conversation, choice, most_tokens=call.max_output_tokens, temperature=call.temperature)
    pieces = told.write(asked)
    if call.stream:
        events = _stream_response(form, told, await begin(request, pieces))
        return StreamingResponse(events, media_type="text/event-stream")
    return _make_response(form, told, await wait_unless_left(request, collect(pieces)))


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
