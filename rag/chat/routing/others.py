"""The models beside those of the settings: of a server that is known, or on the disk for Foundry Local.

A program may ask for one by its name, and a user for an answer beside another one. It is opened when it is first asked
for, and nothing is downloaded for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Generic, NamedTuple, Protocol, TypeVar

from rag.chat.on_disk import find_data_dir, list_downloaded, may_be_downloaded
from rag.chat.probing import find_list, probe, probe_azure
from rag.chat.router import ModelRouter
from rag.chat.routing.configured import trim_address
from rag.chat.server import describe_place
from rag.errors import ModelUnavailableError
from rag.settings import NO_KEY, Settings

_MOST_LISTED = 30
"""Names that are listed; some servers offer hundreds, of which each can be asked for all the same."""
_MOST_OPEN = 8
"""Models that are kept ready; each costs a thread, and one of Foundry Local its memory."""
_LIST_EVERY_S = 30.0
_OPEN_LIMIT_S = 180.0
"""How long the caller waits for a model that is loaded from the disk."""


class Routed(Protocol):
    router: ModelRouter


M = TypeVar("M", bound=Routed)


class OtherModels(Generic[M]):
    """Those of one place. `settings` name it; `make_model` makes a model that isn't started yet."""

    def __init__(self, settings: Settings, make_model: Callable[[Settings], M]) -> None:
        self._settings = settings
        self._make_model = make_model
        self._lock = threading.Lock()
        self._open: dict[str, M] = {}
        self._listed: tuple[float, list[str]] | None = None

    def find(self, name: str) -> M | None:
        """The model, once it can be asked or has failed to start; None if there is none of that name."""
        with self._lock:
            model = self._open.pop(name, None)
            if model is None and self._exists(name):
                model = self._make_model(replace(self._settings, model=name, route="local"))
            if model is None:
                return None
            self._open[name] = model  # the last one was used last
            dropped = [self._open.pop(one) for one in list(self._open)[:-_MOST_OPEN]]
        for one in dropped:
            one.router.close()
        model.router.start()
        model.router.settle(_OPEN_LIMIT_S)
        return model

    def list_names(self) -> list[str]:
        """What the server offers, or what is on the disk; empty while neither can be told."""
        with self._lock:
            if self._listed is None or monotonic() - self._listed[0] > _LIST_EVERY_S:
                self._listed = monotonic(), self._read_names()[:_MOST_LISTED]
            return self._listed[1]

    def close(self) -> None:
        with self._lock:
            models, self._open = list(self._open.values()), {}
        for model in models:
            model.router.close()

    def _exists(self, name: str) -> bool:
        settings = self._settings
        try:
            if settings.base_url:
                return not probe(settings.base_url, settings.api_key, name).note
            if settings.azure_endpoint:
                probe_azure(settings.azure_endpoint, settings.azure_api_key, settings.azure_api_version, name)
                return True
        except ModelUnavailableError:
            return False
        return may_be_downloaded(find_data_dir(settings.foundry_dir), name)

    def _read_names(self) -> list[str]:
        settings = self._settings
        if settings.azure_endpoint and not settings.base_url:
            return []  # its list has models that could be deployed, and no deployments
        try:
            if settings.base_url:
                return list(find_list(settings.base_url, settings.api_key)[1])
        except ModelUnavailableError:
            return []
        return list_downloaded(find_data_dir(settings.foundry_dir))

    @property
    def api_key(self) -> str:
        return self._settings.api_key


class Named(NamedTuple):
    """A model and where it is."""

    name: str
    address: str
    """That of its server; empty for one of Foundry Local in this process."""

    @property
    def place(self) -> str:
        """``on this machine``, or ``at`` and a host."""
        return describe_place(self.address or "http://localhost")


class Places(Generic[M]):
    """The other models of several places, which nobody but the user names."""

    def __init__(self, make_model: Callable[[Settings], M]) -> None:
        self._make_model = make_model
        self._lock = threading.Lock()
        self._places: dict[str, tuple[str, OtherModels[M]]] = {}
        """By their trimmed addresses, each with the address as it was named."""

    def add(self, settings: Settings) -> None:
        """Have the models asked for that are where the model of the settings is, with the key that was named last."""
        address = settings.base_url or settings.azure_endpoint
        with self._lock:
            _, known = self._places.get(trim_address(address), ("", None))
            if known and (settings.base_url == "" or settings.api_key in (known.api_key, NO_KEY)):
                return
            self._places[trim_address(address)] = (address, OtherModels(settings, self._make_model))
        if known:
            known.close()

    def find(self, wanted: Named) -> M | None:
        """The model, as `OtherModels.find` has it; None as well for a place that wasn't added."""
        place = self._places.get(trim_address(wanted.address))
        return place[1].find(wanted.name) if place else None

    def list_names_at(self, address: str) -> list[str]:
        place = self._places.get(trim_address(address))
        return place[1].list_names() if place else []

    def list_names(self) -> list[Named]:
        """The names of each place; it takes some seconds if a server that was there is gone."""
        return [Named(name, address) for address, models in list(self._places.values()) for name in models.list_names()]

    def close(self) -> None:
        for _, models in self._places.values():
            models.close()
