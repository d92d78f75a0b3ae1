"""A model that is never sent private text on another machine, whatever was planned.

Elsewhere is every address but the loopback ones, so that a machine of the same network counts as elsewhere too, unless
it is named in RAG_TRUSTED_HOSTS. What a server on a loopback address sends on by itself can't be seen from here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from copy import copy

from rag.chat.router import Messages, ModelRouter
from rag.chat.server import describe_place
from rag.chat.state import ModelState
from rag.errors import PrivateTextError

HERE = describe_place("http://localhost")


class GuardedModel:
    """A `ModelRouter` that sends nothing private to another machine than this one and those that are trusted."""

    def __init__(self, router: ModelRouter, name: str, address: str, trusted: Sequence[str]) -> None:
        self.router = router
        self.name = name
        self.address = address
        """Where it is served; empty for one of Foundry Local."""
        self._planned_place = describe_place(address) if address else HERE
        self._trusted = trusted
        self._is_private = False
        self._temperature: float | None = None

    def for_private(self) -> GuardedModel:
        """The same model for what is private as a whole, though its words don't show it."""
        model = copy(self)
        model._is_private = True
        return model

    def at_temperature(self, temperature: float | None) -> GuardedModel:
        """The same model at another temperature; at that of the settings for None."""
        model = copy(self)
        model._temperature = temperature
        return model

    @property
    def place(self) -> str:
        return self.router.state.place or self._planned_place

    @property
    def may_read_private(self) -> bool:
        return self.place in self._trusted

    @property
    def state(self) -> ModelState:
        return self.router.state

    async def refresh(self) -> ModelState:
        return await self.router.refresh()

    async def stream(
        self, messages: Messages, max_tokens: int, on_finish: Callable[[str], None] | None = None
    ) -> AsyncGenerator[str, None]:
        """As `ModelRouter.stream`. Raises PrivateTextError, before anything is sent, for what may not leave here."""
        if not self.may_read_private and (held := self._find_private(messages)):
            raise PrivateTextError(
                f"What the model {self.name} {self.place} would read holds {held}, which doesn't leave this machine. "
                "Ask a model on this machine, by MODEL and BASE_URL."
            )
        async with aclosing(
            self.router.stream(messages, max_tokens, on_finish, temperature=self._temperature)
        ) as pieces:
            async for piece in pieces:
                yield piece

    def _find_private(self, messages: Messages) -> str:
        from rag.chat.routing.personal import iter_personal  # here, since a model on this machine may read anything

        found = (kind for message in messages for kind, _ in iter_personal(message["content"]))
        return "private text" if self._is_private else next(map(name_kind, found), "")


def name_kind(kind: str) -> str:
    """A kind of personal text with its article."""
    return f"an {kind}" if kind[0] in "aeioI" else f"a {kind}"
