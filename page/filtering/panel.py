"""The filters of one chat: the inputs behind the gear, what is chosen there, and the line that tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import chainlit as cl
from chainlit.input_widget import InputWidget, Select, TextInput

from page.filtering.filters import (
    EVERY_FOLDER,
    EVERY_TYPE,
    ONLY,
    Choices,
    describe_restriction,
    read_chosen,
    read_restriction,
)
from page.models.tuning import make_tuning_inputs
from page.texts import say
from rag.errors import QuestionError
from rag.text.hostile import remove_invisible, show_name
from rag.types import Restriction

if TYPE_CHECKING:
    from page.backend import Backend

ATTACHED = "attached"
"""Where a chat's session keeps the documents that came with its messages."""
_MOSTATTACHED = 100
"""The latest ones; more would make each search slower."""

_OFFERED = "offered"
"""Where a chat's session keeps the choices that its inputs were last offered."""


def read_chosen_filters() -> Mapping[str, object]:
    """The values of this chat's inputs, by their ids, and what was chosen in the library; empty before either."""
    chosen: Mapping[str, object] = cl.user_session.get("chat_settings") or {}
    only: tuple[str, ...] = cl.user_session.get(ONLY, ())
    return {**chosen, ONLY: list(only)} if only else chosen


async def find_restriction(backend: Backend, chosen: Mapping[str, object], language: str) -> Restriction | None:
    """What is chosen, as a restriction that leaves this chat's attachments in; None if nothing is.

    Raises SettingsError for a wrong date, QuestionError if the restriction leaves no document.
    """
    only = read_restriction(chosen)
    only = replace(only, also=cl.user_session.get(ATTACHED, ())) if only else None
    is_emptied: bool = only is not None and await asyncio.to_thread(backend.is_emptied_by, only)
    if only and is_emptied:
        raise QuestionError(say(language, "filter.emptied", documents=describe_restriction(only, language)))
    return only


def remember_attached(source: str) -> None:
    """Have this chat find a document that came with its message, whatever its filters say."""
    attached = dict.fromkeys([*cl.user_session.get(ATTACHED, ()), source])
    cl.user_session.set(ATTACHED, tuple(attached)[-_MOSTATTACHED:])


def choose_documents(given: object) -> None:
    """Keep this chat to documents and folders that were chosen in the library; an empty list ends that."""
    cl.user_session.set(ONLY, read_chosen(given))


async def show_filter(text: str) -> None:
    """Put `text` into the status line of this page; an empty one says that there is no filter."""
    chosen = len(cl.user_session.get(ONLY, ()))
    await cl.send_window_message({"pwFilter": remove_invisible(text), "pwChosen": chosen})


async def offer_filters(backend: Backend, language: str) -> None:
    """Put what the index holds now into the page's inputs, and leave what was chosen."""
    choices = await asyncio.to_thread(backend.find_choices)
    if choices != cl.user_session.get(_OFFERED):
        cl.user_session.set(_OFFERED, choices)
        chosen = read_chosen_filters()
        inputs = [
            *make_inputs(choices, chosen, language),
            *make_tuning_inputs(backend.settings, chosen, language),
        ]
        await cl.ChatSettings(inputs).refresh()


def make_inputs(choices: Choices, chosen: Mapping[str, object], language: str) -> list[InputWidget]:
    """The inputs behind the gear, each with the value that was chosen there."""
    folder, file_type = chosen.get("folder") or EVERY_FOLDER, chosen.get("type") or EVERY_TYPE
    folders = {say(language, "folders.all"): EVERY_FOLDER} | {f"{show_name(name)}/": name for name in choices.folders}
    types = {say(language, "filter.types.all"): EVERY_TYPE} | {
        f".{show_name(name)}": name for name in choices.file_types
    }
    return [
        _make_select("folder", say(language, "folder"), folders, str(folder)),
        _make_select("type", say(language, "filter.type"), types, str(file_type)),
        _make_date("since", say(language, "filter.since"), say(language, "filter.since.meaning"), chosen, language),
        _make_date("until", say(language, "filter.until"), say(language, "filter.until.meaning"), chosen, language),
    ]


def _make_select(name: str, label: str, items: dict[str, str], value: str) -> Select:
    """A list to choose from. A chosen value that the index no longer holds stays in it, being what is searched."""
    gone = {} if value in items.values() else {value: value}
    return Select(id=name, label=label, items=items | gone, initial_value=value)


def _make_date(name: str, label: str, meaning: str, chosen: Mapping[str, object], language: str) -> TextInput:
    given, form = str(chosen.get(name) or ""), say(language, "filter.date.form")
    return TextInput(id=name, label=label, placeholder=form, description=meaning, initial=given)
