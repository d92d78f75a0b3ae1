"""The models beside those of the settings, where the local one is: on its server, or on the disk for Foundry Local.

A program may ask for one by its name. It is opened when it is first asked for, and nothing is downloaded for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Generic, Protocol, TypeVar

from rag.chat.on_disk import find_data_dir, list_downloaded, may_be_downloaded
from rag.chat.probing import find_list, probe, probe_azure
from rag.chat.router import ModelRouter
from rag.errors import ModelUnavailableError
from rag.settings import Settings

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
    """`settings` are those of the local model; `make_model` makes one that isn't started yet."""

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
