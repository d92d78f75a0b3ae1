"""Which model answers from now on, and whether one at an address does at all; told in sentences for the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from page.errors import say_error
from page.texts import ENGLISH, say
from rag.chat.on_disk import find_data_dir, may_be_downloaded
from rag.chat.routing.configured import trim_address
from rag.chat.routing.others import Named
from rag.chat.server import describe_place
from rag.chat.trying import try_model
from rag.errors import ModelUnavailableError, QuestionError
from rag.logs.output import hide_key
from rag.settings import NO_KEY
from rag.text.hostile import show_name

if TYPE_CHECKING:
    from page.backend import Backend

_FIELDS = {"BASE_URL": "address", "API_KEY": "key", "MODEL": "model"}
"""The fields of the panel in which stands what an error names by its setting."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model as the page names it."""

    model: str
    address: str = ""
    """Empty for one of Foundry Local in the server's process."""
    key: str = ""


def read_wanted(body: object) -> Wanted:
    """What a request of the page names. Raises QuestionError."""
    given = body if isinstance(body, dict) else {}
    model, address, key = (str(given.get(name) or "").strip() for name in ("model", "address", "key"))
    if address and not address.startswith(("http://", "https://")):
        raise QuestionError(f"The address is {address!r}; it must start with http:// or https://.")
    if not model and not address:
        raise QuestionError("No model was named. Choose one of the list, or enter an address.")
    return Wanted(model, address, key)


def _list_keys(backend: Backend) -> list[tuple[str, str]]:
    """The addresses that are known, each with its key; what was entered last comes first."""
    now, settings = backend.router.local_settings, backend.settings
    pairs = (
        (now.base_url, now.api_key),
        (settings.base_url, settings.api_key),
        (settings.cloud_url, settings.cloud_api_key),
    )
    return [(url, key) for url, key in pairs if url]


def _find_key(wanted: Wanted, backend: Backend) -> str:
    """The key for an address: the one that was entered, or the one that is known for just that address."""
    known = next((key for url, key in _list_keys(backend) if _is_same(url, wanted.address)), "")
    return wanted.key or known or NO_KEY


def _require_leave(wanted: Wanted, backend: Backend) -> None:
    """Raise QuestionError for an address that isn't for everybody who knows the page's password to choose."""
    if backend.settings.password and not any(_is_same(url, wanted.address) for url, _ in _list_keys(backend)):
        raise QuestionError(
            "Where others can use this page, documents go to no other server than its settings name. Set BASE_URL."
        )


def _is_same(one: str, other: str) -> bool:
    return trim_address(one) == trim_address(other)


def try_wanted(wanted: Wanted, backend: Backend, language: str = ENGLISH) -> str:
    """Have the model at that address write one token; returns what to say of it. Blocks.

    Raises QuestionError, or ModelUnavailableError with the reason why it doesn't answer.
    """
    _require_leave(wanted, backend)
    key = _find_key(wanted, backend)
    if key != NO_KEY:
        hide_key(key)
    try:
        trial = try_model(wanted.address, key, wanted.model or backend.settings.model)
    except ModelUnavailableError as exc:
        raise ModelUnavailableError(_name_fields(str(exc), language)) from exc
    name, place = show_name(trial.endpoint.model_id), describe_place(trial.endpoint.base_url)
    note = f" {trial.endpoint.note}" if trial.endpoint.note else ""
    return f"{name} answers {place}; one token took {trial.seconds:.1f} s.{note}"


def use_wanted(wanted: Wanted, backend: Backend, language: str = ENGLISH) -> None:
    """Have that model answer from now on. Blocks until answers that are being written are complete.

    Raises QuestionError, or ModelUnavailableError if it doesn't answer or isn't on the disk; the old one goes on then.
    """
    settings = backend.settings
    if wanted.address:
        try_wanted(wanted, backend, language)
        backend.router.switch(wanted.model or settings.model, wanted.address, _find_key(wanted, backend))
        return
    if not may_be_downloaded(find_data_dir(settings.foundry_dir), wanted.model):
        raise ModelUnavailableError(f"The model {show_name(wanted.model)} is not on the disk. Download it first.")
    backend.router.switch(wanted.model)


def offer_beside(wanted: Wanted, backend: Backend, language: str = ENGLISH) -> Named:
    """Have that model asked beside another one, wherever the page names it from now on. Blocks until it is ready.

    Raises QuestionError, or ModelUnavailableError if it doesn't answer or isn't on the disk.
    """
    if wanted.address:
        try_wanted(wanted, backend, language)
        backend.router.add_place(wanted.address, _find_key(wanted, backend))
    named = Named(wanted.model or backend.settings.model, wanted.address)
    model = backend.router.find_named(named)
    if model is None:
        raise ModelUnavailableError(f"The model {show_name(named.name)} is not on the disk. Download it first.")
    if not model.state.is_ready:
        raise ModelUnavailableError(_name_fields(f"{model.state.detail} {model.state.fix}".strip(), language))
    if (model.state.model_id, model.place) == (backend.router.state.model_id, backend.router.state.place):
        raise QuestionError(f"{show_name(named.name)} answers already. Choose another model beside it.")
    return named._replace(name=model.state.model_id)


def _name_fields(sentences: str, language: str) -> str:
    """What went wrong, in the language of a browser, with the fields of the panel in place of settings."""

    def name(found: re.Match[str]) -> str:
        field = _FIELDS[found[0]]
        return say(language, f"models.field.{field}")

    # Not every script has a space behind the name.
    return re.sub(r"\b(?:BASE_URL|API_KEY|MODEL)\b", name, say_error(language, sentences), flags=re.ASCII)
