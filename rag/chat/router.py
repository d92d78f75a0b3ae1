"""Which model answers, and whether one does. It is looked for in this order:

1. at ``BASE_URL``, if that is set;
2. at ``AZURE_OPENAI_ENDPOINT``, if that is set;
3. with Foundry Local in this process, if the model is on the disk;
4. at the service that the command `foundry` tells, if it runs and has the model;
5. with Foundry Local in this process, which downloads the model if it may.

The router has a thread that finds, downloads and loads the model and, after a failure, finds it again; the event loop
only ever reads the state and streams. The state always says, in a sentence, what a user should know.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from rag.chat.complaints import leave_out_prompt, show_words
from rag.chat.foundry import FoundryRuntime, OnStep, count_tokens
from rag.chat.foundry_service import find_address
from rag.chat.idle import IdleWatch
from rag.chat.limits import AnswerLimits
from rag.chat.model import ChatModel, Habits
from rag.chat.on_disk import find_data_dir, may_be_downloaded
from rag.chat.probing import probe, probe_azure
from rag.chat.server import ServerGoneError, describe_place
from rag.chat.state import ModelState, Route
from rag.errors import ModelUnavailableError, PromptTooLongError
from rag.logs.steps import log_step
from rag.settings import Settings
from rag.text.hostile import show_name
from rag.types import Endpoint

logger = logging.getLogger(__name__)

Messages = Sequence[dict[str, str]]

PROBE_EVERY_S = 15.0
"""How soon an endpoint that came back is noticed while nobody asks; one request to it costs a millisecond."""
_REFRESH_LIMIT_S = 2.0
"""How long a question waits for an endpoint that failed before, to see whether it is back."""
_CLOSE_LIMIT_S = 20.0
"""How long closing waits for the thread while a runtime is at work in it, which has a model to free."""
_LEAVE_LIMIT_S = 0.5
"""How long closing waits for a thread that only asks an endpoint."""


class Runtime(Protocol):
    """What the router calls of a `FoundryRuntime`."""

    def open(self, alias: str, on_step: OnStep) -> Endpoint: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...


class ModelRouter:
    """Making it costs nothing; `start` begins the work. All methods may be called from any thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        probe_every_s: float = PROBE_EVERY_S,
        make_runtime: Callable[[str, str], Runtime] = FoundryRuntime,
    ) -> None:
        self._settings = settings
        self._probe_every_s = probe_every_s
        self._make_runtime = make_runtime
        self._route: Route = "endpoint" if settings.base_url or settings.azure_endpoint else "local"
        self._changed = threading.Condition(threading.RLock())
        self._state = ModelState("starting", f"The model {settings.model} is being looked for.", route=self._route)
        self._attempts_begun = 0
        self._attempts_ended = 0
        self._listeners: list[Callable[[ModelState], None]] = []
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._runtime: Runtime | None = None
        self._model: ChatModel | None = None
        self._habits: dict[tuple[str, str], Habits] = {}
        """What was found out about each model, by its server's address and its name there."""
        self._idle = IdleWatch(settings.idle_minutes * 60)
        self._is_doubted = False
        """Whether an answer failed although the server is there, so that only another answer can tell."""
        self._is_gone = False
        """Whether the failure that is shown is that of a server that isn't there."""

    def wait_until_unused(self, limit_s: float) -> None:
        """Block until no answer is being written, at most so long."""
        self._idle.wait_until_unused(limit_s)

    def start(self) -> None:
        """Begin to look for the model, in the background. Calling it again changes nothing."""
        with self._changed:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="model-router", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Cancel a download, stop the model and free it. Blocks for up to some seconds; may be called twice."""
        self._closing.set()
        self._wake.set()
        self._idle.close()
        if self._runtime:
            self._runtime.cancel()
        if self._thread:
            # A thread that waits for an endpoint holds nothing that would have to be freed.
            self._thread.join(_CLOSE_LIMIT_S if self._route == "local" else _LEAVE_LIMIT_S)
        if self._runtime:
            self._runtime.close()
        self._set(ModelState("closed", "The model was stopped.", route=self._route))

    # ---- in the thread: the model is found, and after a failure found again

    def _run(self) -> None:
        while not self._closing.is_set():
            self._try_open()
            waits = self._route == "endpoint" and self._state.kind == "failed" and not self._is_doubted
            self._wake.wait(self._probe_every_s if waits else None)
            self._wake.clear()

    def _try_open(self) -> None:
        settings = self._settings
        with self._changed:
            self._attempts_begun += 1
        try:
            endpoint = self._probe_endpoint() if self._route == "endpoint" else self._reopen() or self._open_local()
        except ModelUnavailableError as exc:
            self._fail(str(exc), is_gone=isinstance(exc, ServerGoneError))
        except Exception as exc:  # the thread must outlive whatever a native library comes up with
            logger.exception("The model could not be started")
            self._fail(f"The model {settings.model} could not be started ({exc}). Retry.")
        else:
            habits = self._habits.setdefault((endpoint.base_url, endpoint.model_id), Habits())
            if habits.context_length:
                endpoint = dataclasses.replace(endpoint, context_length=habits.context_length)
            limits = AnswerLimits(settings.max_tokens)
            self._model = ChatModel(endpoint, limits, temperature=settings.temperature, habits=habits)
            self._is_doubted = False
            self._idle.note_use(self._get_own_id(self._model))
            self._set(self._make_ready_state(endpoint))
        finally:
            with self._changed:
                self._attempts_ended += 1
                self._changed.notify_all()

    def _probe_endpoint(self) -> Endpoint:
        settings = self._settings
        if settings.base_url:
            return probe(settings.base_url, settings.api_key, settings.model)
        return probe_azure(settings.azure_endpoint, settings.azure_api_key, settings.azure_api_version, settings.model)

    def _open_local(self) -> Endpoint:
        """The model in this process, or at a service of Foundry Local that has it, before it would be downloaded."""
        settings = self._settings
        if not may_be_downloaded(find_data_dir(settings.foundry_dir), settings.model):
            if (endpoint := self._find_served()) is not None:
                return endpoint
            return self._open_runtime()
        try:
            return self._open_runtime()
        except ModelUnavailableError:
            if (endpoint := self._find_served()) is None:
                raise
            return endpoint

    def _find_served(self) -> Endpoint | None:
        """The model at the service that the command `foundry` tells; None if no service runs or it lacks the model."""
        address = find_address()
        if not address or self._closing.is_set():
            return None
        try:
            served = probe(address, "none-needed", self._settings.model)
        except ModelUnavailableError:
            return None
        # Elsewhere a server's only model answers to any name; here another would be downloaded, or is on the disk.
        return None if served.note else served

    def _reopen(self) -> Endpoint | None:
        """The endpoint of the runtime that runs already, if its service still answers; else None."""
        if self._runtime is None or self._model is None:
            return None
        endpoint = self._model.endpoint
        try:
            probe(endpoint.base_url, endpoint.api_key, endpoint.model_id)
        except ModelUnavailableError:
            self._drop_runtime()
            return None
        return endpoint

    def _open_runtime(self) -> Endpoint:
        self._set(ModelState("starting", f"The model {self._settings.model} is being looked for."))
        self._runtime = self._make_runtime(self._settings.foundry_dir, self._settings.foundry_catalog_url)
        if self._closing.is_set():
            self._runtime.cancel()
        try:
            return self._runtime.open(self._settings.model, self._report_step)
        except Exception:
            # A runtime keeps the catalog that it found first, be it empty for want of a network: the next try gets
            # another runtime.
            self._drop_runtime()
            raise

    def _drop_runtime(self) -> None:
        if self._runtime:
            self._runtime.close()
        self._runtime = None

    def _report_step(self, step: str, percent: float | None) -> None:
        model = self._settings.model
        if step == "downloading":
            done = round(percent or 0)
            detail = f"The model {model} is being downloaded ({done} %)."
            self._set(ModelState("downloading", detail, "It goes on in the background.", done))
        else:
            self._set(ModelState("loading", f"The model {model} is being loaded.", "It takes some seconds."))

    # ---- the state: it is set by the thread and by answers, and read or waited for by everybody

    @property
    def state(self) -> ModelState:
        """The newest state; never waits."""
        return self._state

    def subscribe(self, listener: Callable[[ModelState], None]) -> Callable[[], None]:
        """Have `listener` called with every new state, from the router's thread. Returns the function that ends it."""
        with self._changed:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._changed:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def settle(self, timeout_s: float, *, download: bool = False) -> ModelState:
        """Block until the model is ready or has failed, at most `timeout_s`; a download is waited for if asked to."""
        done = {"ready", "failed", "closed"} | (set() if download else {"downloading"})
        with self._changed:
            self._changed.wait_for(lambda: self._state.kind in done, timeout_s)
            return self._state

    def retry(self) -> None:
        """Try again after a failure, in the background."""
        self.start()
        if self._state.kind == "failed":
            self._wake.set()

    async def refresh(self) -> ModelState:
        """Before a question: when the model had failed, see briefly whether it is back.

        An endpoint is asked at once and waited for up to two seconds, and so is a model that refused an answer.
        Otherwise Foundry Local isn't waited for. It is tried again only if it had run before, since a model that can't
        be had now can't be had a question later either.
        """
        if self._state.kind != "failed":
            return self._state
        if self._route == "endpoint" or self._is_doubted:
            await asyncio.to_thread(self._retry_and_wait)
        elif self._model is not None:
            self.retry()
        return self._state

    def _retry_and_wait(self) -> None:
        with self._changed:
            # An attempt that runs already may have found the old failure just before the endpoint came back.
            next_attempt = self._attempts_begun + 1
            self.retry()
            if self._state.kind == "failed":
                self._changed.wait_for(lambda: self._attempts_ended >= next_attempt, _REFRESH_LIMIT_S)

    def _set(self, state: ModelState) -> None:
        with self._changed:
            if self._state.kind == "closed" or state == self._state:
                return
            if state.kind != self._state.kind:
                log_step(logger, f"model {state.kind}", level=logging.INFO, model=state.model_id, place=state.place)
            self._state = state
            listeners = list(self._listeners)
            self._changed.notify_all()
        for listener in listeners:
            listener(state)

    def _fail(self, sentences: str, messages: Messages = (), *, is_gone: bool = False) -> None:
        """Show a failure and log a new one. The first sentence says what is wrong, the others what to do.

        A server that is gone (`is_gone`) is logged once until it is back, however each try tells of it.
        """
        sentences = show_words(sentences)
        detail, _, fix = sentences.partition(". ")
        state = ModelState("failed", detail.rstrip(".") + ".", fix, route=self._route)
        is_known = is_gone and self._is_gone and self._state.kind == "failed"
        self._is_gone = is_gone
        if state != self._state and not is_known:
            logger.warning("%s", leave_out_prompt(sentences, [message["content"] for message in messages]))
        self._set(state)

    def _make_ready_state(self, endpoint: Endpoint) -> ModelState:
        name, place = show_name(endpoint.model_id), describe_place(endpoint.base_url)
        return ModelState(
            "ready",
            f"{endpoint.note} It runs {place}." if endpoint.note else f"The model {name} answers {place}.",
            model_id=name,
            route=self._route,
            context_length=endpoint.context_length,
            place=place,
        )

    # ---- an answer, and what it tells of the model

    async def stream(
        self,
        messages: Messages,
        max_tokens: int,
        on_finish: Callable[[str], None] | None = None,
        *,
        temperature: float | None = None,
    ) -> AsyncGenerator[str, None]:
        """The model's answer, piece by piece; see `ChatModel.stream`. Closing it stops the model.

        Raises ModelUnavailableError when no model is ready or it fails on the way, which the state then shows.
        """
        model = self._model
        if model is None or not self._state.is_ready:
            raise ModelUnavailableError(self._state.detail)
        try:
            with self._idle.using(self._get_own_id(model)):
                await self._require_room(model, messages, max_tokens)
                async with aclosing(model.stream(messages, max_tokens, on_finish, temperature=temperature)) as pieces:
                    async for piece in pieces:
                        yield piece
            self._note_success(model)
        except PromptTooLongError as exc:
            self._learn_limit(model, exc.context_length)
            raise
        except ModelUnavailableError as exc:
            self._note_failure(model, exc, messages)
            raise

    def _get_own_id(self, model: ChatModel) -> str:
        """The model's id, if it is in this process's memory; empty for one of another program, which isn't ours."""
        return "" if self._runtime is None else model.endpoint.model_id

    async def _require_room(self, model: ChatModel, messages: Messages, max_tokens: int) -> None:
        """Raise PromptTooLongError for what the model can't hold, before it is sent, where tokens can be counted."""
        limit, count = model.endpoint.context_length, None
        if limit and self._runtime is not None:
            count = await asyncio.to_thread(count_tokens, model.endpoint.model_id, messages)
        if count and limit and count + max_tokens > limit:
            raise PromptTooLongError(
                f"The prompt has {count} tokens, which with an answer of {max_tokens} is more than the model"
                f" {show_name(model.endpoint.model_id)} can hold ({limit}). Lower RAG_TOP_K or RAG_MAX_TOKENS.",
                limit,
            )

    def _note_success(self, model: ChatModel) -> None:
        if self._model is model and self._is_doubted:
            self._is_doubted = False
            self._set(self._make_ready_state(model.endpoint))

    def _learn_limit(self, model: ChatModel, context_length: int | None) -> None:
        """From now on, believe the model itself: catalogs promise more context than some models take."""
        if context_length and self._model is model:
            self._habits[model.endpoint.base_url, model.endpoint.model_id].context_length = context_length
            model.endpoint = dataclasses.replace(model.endpoint, context_length=context_length)
            self._set(dataclasses.replace(self._state, context_length=context_length))

    def _note_failure(self, model: ChatModel, exc: ModelUnavailableError, messages: Messages) -> None:
        """Show the failure of an answer, unless another model has taken over since or it is shown already.

        A server that is gone is looked for again at once. A server that refused an answer is still there, which proves
        nothing: it stays in doubt until an answer succeeds.
        """
        if self._model is model and self._state.is_ready:
            self._is_doubted = not isinstance(exc, ServerGoneError)
            self._fail(str(exc), messages, is_gone=not self._is_doubted)
            if not self._is_doubted:
                self._wake.set()
