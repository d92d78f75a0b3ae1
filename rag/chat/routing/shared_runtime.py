"""One Foundry Local runtime for several models, since a process can have one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from rag.chat.foundry import FoundryRuntime, OnStep, unload_model
from rag.chat.router import Runtime
from rag.types import Endpoint


class SharedRuntime:
    """Lends the same runtime to each who asks; it is made for the first model and closed with the last one.

    `aliases` are the models that will be asked for, so that a runtime which has to download one of them knows the
    catalog from the beginning. A model that nobody needs any more is unloaded.
    """

    def __init__(self, make_runtime: Callable[[str, str], Runtime], aliases: Sequence[str] = ()) -> None:
        self.aliases = aliases
        self._make_runtime = make_runtime
        self._lock = threading.Lock()
        self._runtime: Runtime | None = None
        self._borrowers: set[object] = set()
        self._opened: dict[object, str] = {}
        """The id of each borrower's model."""
        self._opening = threading.Lock()

    def lend(self, data_dir: str, catalog_url: str) -> Runtime:
        """A `Runtime` for one model: a factory for `ModelRouter`."""
        return _Lent(self, data_dir, catalog_url)

    def open_for(self, borrower: object, data_dir: str, catalog_url: str, alias: str, on_step: OnStep) -> Endpoint:
        with self._lock:
            self._borrowers.add(borrower)
            if self._runtime is None:
                self._runtime = self._make_runtime(data_dir, catalog_url)
                if isinstance(self._runtime, FoundryRuntime):
                    self._runtime.expected = self.aliases
            runtime = self._runtime
        with self._opening:  # the runtime finds and loads one model at a time
            endpoint = runtime.open(alias, on_step)
        with self._lock:
            self._opened[borrower] = endpoint.model_id
        return endpoint

    def cancel_for(self, borrower: object) -> None:
        """End a download, unless another model needs the runtime."""
        with self._lock:
            runtime = self._runtime if self._borrowers <= {borrower} else None
        if runtime:
            runtime.cancel()

    def close_for(self, borrower: object) -> None:
        with self._lock:
            self._borrowers.discard(borrower)
            model_id = self._opened.pop(borrower, "")
            is_needed = not model_id or model_id in self._opened.values()
            runtime = None if self._borrowers else self._runtime
            if runtime:
                self._runtime = None
        if runtime:
            runtime.close()
        elif not is_needed:
            unload_model(model_id)


class _Lent:
    def __init__(self, shared: SharedRuntime, data_dir: str, catalog_url: str) -> None:
        self._shared = shared
        self._folders = (data_dir, catalog_url)

    def open(self, alias: str, on_step: OnStep) -> Endpoint:
        return self._shared.open_for(self, *self._folders, alias, on_step)

    def cancel(self) -> None:
        self._shared.cancel_for(self)

    def close(self) -> None:
        self._shared.close_for(self)
