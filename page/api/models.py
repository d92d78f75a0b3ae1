"""What a model's name stands for: the documents or a folder of them, with a language model, or that model alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from page.api.failures import CallError
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
