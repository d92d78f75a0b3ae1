"""Which of several models answers a question: by the route that the user chose, by what the question is about, and by
what of it may leave this machine.

Every model is guarded: see `rag.chat.routing.guarding`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Protocol

from rag.chat.foundry import FoundryRuntime
from rag.chat.router import Messages, ModelRouter, Runtime
from rag.chat.routing.configured import is_served, list_settings, trim_address
from rag.chat.routing.guarding import HERE, GuardedModel, name_kind
from rag.chat.routing.others import Named, Places
from rag.chat.routing.private_folders import find_private_source
from rag.chat.routing.shared_runtime import SharedRuntime
from rag.chat.state import ModelState
from rag.logs.steps import log_step
from rag.settings import NO_KEY, Settings
from rag.text.hostile import show_name
from rag.types import ScoredChunk

logger = logging.getLogger(__name__)

MakeRuntime = Callable[[str, str], Runtime]
Classify = Callable[[str], str]
"""A question's task: ``code``, ``reasoning`` or ``general``."""

_SWITCH_LIMIT_S = 60.0
"""How long answers that are being written may hold up the change to another model."""
_TASKS = {"code": "it asks for code", "reasoning": "it asks for reasoning", "general": "it is a general question"}


class Model(Protocol):
    """What an answer needs of the model that it asks."""

    @property
    def state(self) -> ModelState: ...
    async def refresh(self) -> ModelState: ...
    def stream(
        self, messages: Messages, max_tokens: int, on_finish: Callable[[str], None] | None = None
    ) -> AsyncGenerator[str, None]: ...


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a model would be given to read."""

    question: str
    texts: tuple[str, ...] = ()
    """All beside the question: passages, or what was said before."""
    sources: tuple[str, ...] = ()
    """Where passages are from, as `Chunk.source`."""
    is_private: bool = False
    """Whether it was made from something private, whatever it says now."""

    @classmethod
    def of_hits(
        cls, question: str, hits: Sequence[ScoredChunk], *, asked: str = "", is_private: bool = False
    ) -> Inquiry:
        """A question with the passages that were found; `asked` is what the user wrote in its place."""
        chunks = [hit.chunk for hit in hits]
        texts = (asked, *(text for chunk in chunks for text in (chunk.text, chunk.section, chunk.source)))
        return cls(question, texts, tuple(chunk.source for chunk in chunks), is_private)


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that may answer, and why it is the one."""

    model: Model
    why: str = ""
    """A clause, such as ``it asks for code``; empty where there was nothing to choose."""
    name: str = ""
    """The model's name as the settings have it."""
    place: str = ""
    """``on this machine``, or ``at`` and a host; empty if only the model's state tells."""
    may_shorten: bool = True
    """Whether passages may be left out for want of room; else the next model is asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The models that may answer, best first; the next one is asked when one fails before its first word."""

    choices: tuple[Choice, ...]
    private: str = ""
    """Why nothing of the question leaves this machine, as a clause; empty if it may or no model is elsewhere."""
    refused: str = ""
    """The one model that was to be asked, where that keeps it from being asked."""

    def to_dict(self) -> dict[str, Any]:
        """As ``ask --explain-route --json`` prints it."""
        shown = [{"model": choice.name, "place": choice.place, "why": choice.why} for choice in self.choices]
        return {"choices": shown, "private": self.private}


def make_plan(router: Model | QuestionRouter, inquiry: Inquiry) -> Plan:
    """The plan of several models, or the only model there is."""
    return router.choose(inquiry) if isinstance(router, QuestionRouter) else Plan((Choice(router),))


class QuestionRouter:
    """The models of the settings, each with a `ModelRouter`. Making it costs nothing; `start` begins the work.

    `classify` tells a question's task for the route ``task``, in place of `classify_task`. All methods may be called
    from any thread.
    """

    def __init__(
        self, settings: Settings, *, make_runtime: MakeRuntime = FoundryRuntime, classify: Classify | None = None
    ) -> None:
        self._settings = settings
        self._classify = classify
        chosen = list_settings(settings)
        self._local = chosen["local"]
        self._runtime = SharedRuntime(make_runtime, [one.model for one in chosen.values() if not is_served(one)])
        self._models = {key: self._make_model(one) for key, one in chosen.items()}
        self._places = Places(self._make_model)
        self._places.add(self._local)
        self._places.add(replace(self._local, base_url="", azure_endpoint=""))
        self._listeners: list[Callable[[ModelState], None]] = []
        self._switching = threading.Lock()
        self._is_one = False
        """Whether it is a view of one model."""

    def _make_model(self, settings: Settings) -> GuardedModel:
        address = settings.base_url or settings.azure_endpoint
        trusted = [
            f"at {show_name(host.strip())}" for host in settings.trusted_hosts.lower().split(",") if host.strip()
        ]
        router = ModelRouter(settings, make_runtime=self._runtime.lend)
        return GuardedModel(router, settings.model, address, [HERE, *trusted])

    def switch(self, model: str, base_url: str = "", api_key: str = NO_KEY) -> None:
        """From the next question on, have another model in the place of MODEL: Foundry Local's, or one at an address.

        Blocks until answers that are being written are complete, at most a minute, and the old model is freed. The new
        one is then looked for in the background.
        """
        with self._switching:
            old, self._local = (
                self._models["local"],
                replace(self._local, model=model, base_url=base_url, api_key=api_key, azure_endpoint=""),
            )
            self._runtime.aliases = [] if base_url else [model]
            new = self._make_model(self._local)
            for listener in self._listeners:
                new.router.subscribe(listener)
            self._models = {**self._models, "local": new}
            self._places.add(self._local)
            log_step(logger, "model switched", level=logging.INFO, model=model, place=new.place)
            old.router.wait_until_unused(_SWITCH_LIMIT_S)
            old.router.close()
            new.router.start()

    @property
    def local_settings(self) -> Settings:
        """The settings of the model in the place of MODEL."""
        return self._local

    @property
    def address(self) -> str:
        """Where that model is served; empty for one of Foundry Local."""
        return self._local.base_url or self._local.azure_endpoint

    # ---- which model

    def find_model(self, name: str) -> GuardedModel | None:
        """The model of that name: one of the settings', or another that is where the local one is; None if none is.

        Another one is found or loaded now, which takes from milliseconds to minutes; nothing is downloaded.
        """
        own = (model for model in self._models.values() if name in (model.name, model.state.model_id))
        return next(own, None) or self._places.find(Named(name, self.address))

    def list_names(self) -> list[str]:
        """The names of the models that `find_model` finds: first the one that is ready, at most some dozens in all."""
        ready = [model.state.model_id for model in self._in_order() if model.state.is_ready]
        return list(dict.fromkeys(ready + self._places.list_names_at(self.address)))

    # ---- a model that the user names, for an answer beside another one

    def add_place(self, address: str, api_key: str) -> None:
        """Have the models of that server named from now on; they are guarded like all others."""
        self._places.add(replace(self._local, base_url=address, api_key=api_key, azure_endpoint=""))

    def list_named(self) -> list[Named]:
        """The models that `find_named` finds: those of the settings that are ready, then those of each known place."""
        ready = [Named(model.state.model_id, model.address) for model in self._in_order() if model.state.is_ready]
        known = {(named.name, trim_address(named.address)) for named in ready}
        others = self._places.list_names()
        return [*ready, *(one for one in others if (one.name, trim_address(one.address)) not in known)]

    def find_named(self, wanted: Named) -> GuardedModel | None:
        """The model, as `find_model` has it; None as well at an address that neither settings nor user named."""
        at = trim_address(wanted.address)
        for model in self._models.values():
            if trim_address(model.address) == at and wanted.name in (model.name, model.state.model_id):
                return model
        return self._places.find(wanted)

    def narrow(self, model: GuardedModel | None = None, temperature: float | None = None) -> QuestionRouter:
        """A view of this router for one question: one model alone, or all; at another temperature.

        Privacy holds as before. The view isn't started and not closed.
        """
        view = copy(self)
        if model:
            view._settings, view._is_one = replace(self._settings, route="local"), True
        models = {"local": model} if model else self._models
        view._models = {key: one.at_temperature(temperature) for key, one in models.items()}
        return view

    def choose(self, inquiry: Inquiry) -> Plan:
        """The models that may read this. It takes some milliseconds for texts that it hasn't seen, if any is elsewhere.

        On no route a private inquiry gets a model elsewhere, so that there may be none at all.
        """
        plan = self._make_plan(inquiry)
        names = [f"{choice.name} {choice.place}" for choice in plan.choices]
        log_step(logger, "routed", route=self._settings.route, choices=names, is_private=bool(plan.private))
        return plan

    def _make_plan(self, inquiry: Inquiry) -> Plan:
        offers = self._list_offers(inquiry.question)
        private = self.find_private(inquiry) if any(not model.may_read_private for model, _ in offers) else ""
        if private:
            kept = [model.for_private() for model, _ in offers if model.may_read_private]
            refused = f"{offers[0][0].name} {offers[0][0].place}" if self._is_one and not kept else ""
            return Plan(tuple(Choice(model, private, model.name, model.place) for model in kept), private, refused)
        has_more_room_next = self._settings.route == "local-first"
        return Plan(
            tuple(
                Choice(model, why, model.name, model.place, may_shorten=at > 0 or not has_more_room_next)
                for at, (model, why) in enumerate(offers)
            )
        )

    def find_private(self, inquiry: Inquiry) -> str:
        """Why an inquiry is private, as a clause; empty if nothing says so."""
        from rag.chat.routing.personal import find_personal

        if inquiry.is_private:
            return "it goes on from something private"
        if kind := find_personal(inquiry.question):
            return f"the question holds {name_kind(kind)}"
        if source := find_private_source(self._settings.private_folders, inquiry.sources):
            return f"{show_name(source)} is private"
        kind = next(filter(None, map(find_personal, inquiry.texts)), None)
        return f"a passage holds {name_kind(kind)}" if kind else ""

    def _list_offers(self, question: str) -> list[tuple[GuardedModel, str]]:
        """The models in the order of the route, each with why it is the one."""
        route = self._settings.route
        if route == "task":
            from rag.chat.routing.tasks import classify_task  # here, since only this route asks

            task = (self._classify or classify_task)(question)
            fitting = dict.fromkeys((task if task in self._models else "local", "local"))
            return [(self._models[key], _TASKS[task]) for key in fitting]
        keys = {"local-first": ("local", "cloud"), "cloud-first": ("cloud", "local")}.get(route, ("local",))
        return [(self._models[key], "" if route == "local" else f"RAG_ROUTE is {route}") for key in keys]

    # ---- what a single `ModelRouter` has as well, for those who show or wait for the models

    @property
    def state(self) -> ModelState:
        """That of the first model that is ready, in the order of the route; else of the first one."""
        models = self._in_order()
        return next((model.state for model in models if model.state.is_ready), models[0].state)

    @property
    def name(self) -> str:
        """The name, as the settings have it, of the model whose state that is."""
        models = self._in_order()
        return next((model.name for model in models if model.state.is_ready), models[0].name)

    @property
    def stays_here(self) -> bool:
        """Whether no model of the settings is on another machine."""
        return all(model.place == HERE for model in self._models.values())

    def describe_privacy(self) -> str:
        """What may leave this machine for an answer, in plain sentences."""
        away = [model for model in self._models.values() if model.place != HERE]
        kept = _list_hosts(model for model in away if not model.may_read_private)
        trusted = _list_hosts(model for model in away if model.may_read_private)
        sentences = [
            f"Questions and passages may go to {kept}, but no private text." if kept else "",
            f"Questions and passages, private ones too, may go to {trusted}, which is trusted." if trusted else "",
        ]
        here = (
            "Nothing leaves this machine: the model runs on it."
            if self.state.is_ready
            else "Nothing leaves this machine."
        )
        return " ".join(filter(None, sentences)) or here

    def start(self) -> None:
        for model in self._models.values():
            model.router.start()

    def close(self) -> None:
        self._places.close()
        for model in self._models.values():
            model.router.close()

    def subscribe(self, listener: Callable[[ModelState], None]) -> Callable[[], None]:
        ends = [model.router.subscribe(listener) for model in self._models.values()]
        self._listeners.append(listener)

        def unsubscribe() -> None:
            for end in ends:
                end()

        return unsubscribe

    def settle(self, timeout_s: float, *, download: bool = False) -> ModelState:
        """Block until every model is ready or has failed, at most `timeout_s`."""
        deadline = monotonic() + timeout_s
        for model in self._in_order():
            model.router.settle(max(0.0, deadline - monotonic()), download=download)
        return self.state

    def retry(self) -> None:
        for model in self._models.values():
            model.router.retry()

    def _in_order(self) -> list[GuardedModel]:
        first = "cloud" if self._settings.route == "cloud-first" else "local"
        return [self._models[key] for key in dict.fromkeys((first, *self._models))]


def _list_hosts(models: Iterable[GuardedModel]) -> str:
    return " and ".join(dict.fromkeys(model.place.removeprefix("at ") for model in models))
