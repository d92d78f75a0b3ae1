"""What a model's name stands for: the documents or a folder of them, with a language model, or that model alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from page.api.failures import CallError
from rag.chat.routing.guarding import GuardedModel
from rag.types import Restriction

if TYPE_CHECKING:
    from page.backend import Backend

CORPUS = "corpus"
"""The model that answers from the documents, with whatever language model is connected."""
FOLDER = "folder/"
"""Begins the name of a model that answers from one folder's documents."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a model's name stands for."""

    folder: str = ""
    """The folder of the documents that may be found; empty for all."""
    is_bare: bool = False
    """Whether the language model is asked without documents."""
    model: GuardedModel | None = None
    """The language model that is asked for; None for the one that the settings choose."""


def list_models(backend: Backend) -> list[str]:
    """The names that can be asked for: the documents, with the language model, by folder; and that model alone.

    Then the other models that are where the language model is, in the same two ways.
    """
    names = backend.router.list_names()
    ways = [way for name in names for way in (f"{CORPUS}/{name}", name)]
    return [CORPUS, *ways[:2], *(f"{FOLDER}{folder}" for folder in backend.find_choices().folders), *ways[2:]]


def choose_model(name: str, backend: Backend) -> Choice:
    """What the name stands for; a language model that isn't ready is waited for.

    Raises CallError for a model that there is none of, and names those that there are.
    """
    if name.startswith(FOLDER):
        folder = name.removeprefix(FOLDER).strip("/")
        if folder and backend.index.read(lambda snapshot: snapshot.count(Restriction(folder=folder))):
            return Choice(folder=folder)
    if name == CORPUS:
        return Choice()
    own = name.removeprefix(f"{CORPUS}/")
    if own and (model := backend.router.find_model(own)):
        return Choice(is_bare=own == name, model=model)
    known = ", ".join(list_models(backend))
    raise CallError(404, f"There is no model {name!r}. There are: {known}.", param="model", code="model_not_found")
