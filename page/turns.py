"""What was said in a chat, for its follow-ups: of two answers to one question, the one that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import chainlit as cl

from page.conversations.live import KEPT
from page.conversations.records import Pair
from page.server import get_answers, get_history

if TYPE_CHECKING:
    from page.conversations.records import Answered
    from page.reply import Reply
    from rag.answering.followup import Turn

_SAID, _PAIRS = "said", "pairs"
"""Where a chat's session keeps them; a new chat begins without."""
_MOST = 8
"""Answers that are looked through: several may be to the same question."""


class Said(NamedTuple):
    """An answer with its question, by the id of its message."""

    id: str
    turn: Turn


def choose_turns(said: Sequence[Said], pairs: Sequence[Pair]) -> Sequence[Turn]:
    """The turns that a follow-up may refer to, in the order of their questions. Pure.

    Of two answers to one question the kept one counts, else the first that says anything. A question that is asked
    again takes the place of the one before.
    """
    from rag.answering.followup import add_turn

    by_id = {one.id: one.turn for one in said}
    partner = {pair.first: pair for pair in pairs}
    seconds = {pair.second for pair in pairs}
    chosen: list[Turn] = []
    for one in said:
        if one.id in seconds:
            continue  # it counts where the first stands, if at all
        pair = partner.get(one.id, Pair(one.id, ""))
        kept = pair.kept or pair.first
        other = pair.second if kept == pair.first else pair.first
        turns = [by_id[identity] for identity in (kept, other) if identity in by_id]
        chosen += [turn for turn in turns if turn.answer][:1]
    last = {turn.question: turn for turn in chosen}
    found: Sequence[Turn] = ()
    for turn in chosen:
        if last[turn.question] is turn:
            found = add_turn(found, turn)
    return found


def remember_turn(question: str, reply: Reply) -> None:
    """Keep a question and its answer for follow-ups, be the answer cut short."""
    from rag.answering.followup import Turn

    turn = Turn(reply.searched_for or question, reply.text, reply.is_private, reply.sources)
    others = [one for one in cl.user_session.get(_SAID, ()) if one.id != reply.id]
    cl.user_session.set(_SAID, (*others, Said(reply.id, turn))[-_MOST:])


async def read_turns(before: str = "") -> Sequence[Turn]:
    """What a follow-up may refer to: what was asked and answered in this chat, from whichever page.

    `before` is the id of an answer; what was said from there on is left out.
    """
    from rag.answering.followup import Turn

    thread_id, history = cl.context.session.thread_id, get_history()
    kept: Sequence[Answered] | None = None
    if history:
        kept = await history.read(lambda database: database.read_last_answers(thread_id, _MOST), kept)
    said: Sequence[Said] = cl.user_session.get(_SAID, ())
    if kept is not None:
        said = [Said(one.id, Turn(one.question, one.text, one.is_private, one.sources)) for one in kept]
    if before:
        ids = [one.id for one in said]
        said = said[: ids.index(before)] if before in ids else ()
    return choose_turns(said, await read_pairs())


async def read_pairs() -> Sequence[Pair]:
    """The questions of this chat that two models answered."""
    thread_id, history = cl.context.session.thread_id, get_history()
    found: Sequence[Pair] | None = None
    if history:
        found = await history.read(lambda database: database.read_pairs(thread_id), found)
    pairs: Sequence[Pair] = cl.user_session.get(_PAIRS, ()) if found is None else found
    return pairs


async def keep_pair(pair: Pair) -> None:
    """Keep that two answers belong together, and which of them is kept."""
    thread_id, history = cl.context.session.thread_id, get_history()
    others = [one for one in cl.user_session.get(_PAIRS, ()) if one.second != pair.second]
    cl.user_session.set(_PAIRS, (*others, pair))
    if history:
        await history.write(lambda database: database.keep_pair(thread_id, pair))


async def keep_answer(identity: object) -> None:
    """Have the conversation go on with one of two answers, on all pages; not while one of them is being written."""
    running = {answer.id for answer in get_answers().find(cl.context.session.thread_id)}
    for pair in await read_pairs():
        if identity in (pair.first, pair.second) and running.isdisjoint((pair.first, pair.second)):
            await keep_pair(replace(pair, kept=str(identity)))
            await cl.send_window_message({KEPT: identity})
