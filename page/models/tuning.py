"""How one chat's answers are made: temperature, length and passages, chosen behind the gear of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from chainlit.input_widget import InputWidget, NumberInput, Slider

from page.texts import ENGLISH, say
from rag.errors import SettingsError
from rag.settings import Settings

if TYPE_CHECKING:
    from page.backend import Backend
    from rag.answering.prompt import Around
    from rag.chat.routing.guarding import GuardedModel
    from rag.chat.routing.router import QuestionRouter
    from rag.types import Retrieval

_MOST_PASSAGES = 32
_LONGEST_ANSWER = 32_768
_HOTTEST = 2.0


@dataclass(frozen=True, slots=True)
class Tuned:
    """What an answer of this chat is made with."""

    settings: Settings
    router: QuestionRouter
    retrieve: Callable[..., Retrieval]
    around: Around


def tune(backend: Backend, chosen: Mapping[str, object], model: GuardedModel | None = None) -> Tuned:
    """The backend's own parts, changed as far as something else was chosen; with one model alone if one is given.

    Raises SettingsError for no number.
    """
    from rag.answering.prompt import make_around  # slow, and not needed to open the page

    settings = read_tuning(backend.settings, chosen)
    router, retrieve, around = backend.router, backend.retriever.retrieve, backend.around
    is_other = settings.temperature != backend.settings.temperature
    if model or is_other:
        router = router.narrow(model, settings.temperature if is_other else None)
    if settings.top_k != backend.settings.top_k:
        retrieve = partial(retrieve, top_k=settings.top_k)
        around = make_around(backend.index, settings.top_k)
    return Tuned(settings, router, retrieve, around)


def read_tuning(settings: Settings, chosen: Mapping[str, object], language: str = ENGLISH) -> Settings:
    """The settings with this chat's own values.

    Raises SettingsError, in the language of a browser, for what is no number, or one that can't be.
    """

    def read(label: str, name: str, default: float, low: float, high: float) -> float:
        return _read_number(language, label, chosen.get(name), default, low, high)

    labels = _list_labels(language)
    return replace(
        settings,
        temperature=read(labels["temperature"], "temperature", settings.temperature, 0.0, _HOTTEST),
        max_tokens=int(read(labels["length"], "length", settings.max_tokens, 1, _LONGEST_ANSWER)),
        top_k=int(read(labels["passages"], "passages", settings.top_k, 1, _MOST_PASSAGES)),
    )


def _list_labels(language: str) -> dict[str, str]:
    """What the inputs are called, by their ids."""
    return {
        "temperature": say(language, "tuning.temperature"),
        "length": say(language, "tuning.length"),
        "passages": say(language, "tuning.passages"),
    }


def _read_number(language: str, label: str, given: object, default: float, low: float, high: float) -> float:
    if given in (None, ""):
        return default
    try:
        value = float(str(given))
    except ValueError:
        raise SettingsError(say(language, "tuning.unreadable", label=label, value=repr(str(given)))) from None
    if not low <= value <= high:
        told = {"value": f"{value:g}", "low": f"{low:g}", "high": f"{high:g}"}
        raise SettingsError(say(language, "tuning.beyond", label=label, **told))
    return value


def make_tuning_inputs(settings: Settings, chosen: Mapping[str, Any], language: str = ENGLISH) -> list[InputWidget]:
    """The inputs behind the gear, each with what was chosen there or the server's own setting."""
    with suppress(SettingsError):  # what is wrong was told when it was chosen
        settings = read_tuning(settings, chosen)
    labels = _list_labels(language)
    return [
        Slider(
            id="temperature",
            label=labels["temperature"],
            initial=settings.temperature,
            min=0,
            max=_HOTTEST,
            step=0.1,
            description=say(language, "tuning.temperature.meaning"),
        ),
        NumberInput(
            id="length",
            label=labels["length"],
            initial=settings.max_tokens,
            description=say(language, "tuning.length.meaning"),
        ),
        Slider(
            id="passages",
            label=labels["passages"],
            initial=settings.top_k,
            min=1,
            max=_MOST_PASSAGES,
            step=1,
            description=say(language, "tuning.passages.meaning"),
        ),
    ]
