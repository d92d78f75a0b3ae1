"""Chainlit's side of the conversations: what its server and its page ask of a data layer, answered from our history."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from chainlit.context import context
from chainlit.data.base import BaseDataLayer
from chainlit.types import Feedback, PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser, User
from starlette.exceptions import HTTPException

from page.conversations.database import Database
from page.conversations.history import History
from page.conversations.reading import close_broken_off
from page.conversations.records import Conversation, Json, Summary
from rag.errors import RagError

if TYPE_CHECKING:
    from chainlit.element import Element, ElementDict
    from chainlit.step import StepDict

READER = "reader"
"""The one user: whoever may open the page reads the same documents and the same conversations."""

_MESSAGES = ("user_message", "assistant_message")
RUN = "on_message"
"""The name of the step that holds what answers a question."""
_NO_FILE = "#"

DeletedCallback = Callable[[str], Awaitable[None]]


def make_reader(metadata: Mapping[str, Any] | None = None) -> PersistedUser:
    return PersistedUser(id=READER, createdAt="2026-01-01T00:00:00Z", identifier=READER, metadata=dict(metadata or {}))


class ConversationLayer(BaseDataLayer):
    """`on_deleted` is called with the id of a conversation before it is deleted."""

    def __init__(self, history: History, on_deleted: DeletedCallback) -> None:
        self._history = history
        self._on_deleted = on_deleted

    # ---- the one user

    async def get_user(self, identifier: str) -> PersistedUser | None:
        return make_reader()

    async def create_user(self, user: User) -> PersistedUser | None:
        return make_reader()

    # ---- what is said

    async def create_step(self, step_dict: StepDict) -> None:
        """Keep a message, or the run that holds an answer. Before the first question there is no conversation."""
        step = dict(step_dict)
        is_message = step["type"] in _MESSAGES
        if not context.session.has_first_interaction or not (is_message or step["name"] == RUN):
            return
        if not is_message:
            step |= {"input": "", "output": ""}
        conversation, text = str(step["threadId"]), str(step["output"]) if is_message else ""
        await self._history.write(lambda database: database.keep_step(conversation, step, text))

    async def update_step(self, step_dict: StepDict) -> None:
        await self.create_step(step_dict)

    async def delete_step(self, step_id: str) -> None:
        await self._history.write(lambda database: database.forget_step(step_id))

    async def create_element(self, element: Element) -> None:
        """Keep the link of a file that came with a question; what stands below an answer is kept with that."""
        shown = dict(element.to_dict())
        if not element.url or element.url == _NO_FILE or not context.session.has_first_interaction:
            return
        await self._history.write(lambda database: database.keep_element(element.thread_id, shown))

    async def get_element(self, thread_id: str, element_id: str) -> ElementDict | None:
        return None

    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        """Nothing that is kept is ever taken off the page alone."""

    # ---- the list of conversations

    async def list_threads(self, pagination: Pagination, filters: ThreadFilter) -> PaginatedResponse[ThreadDict]:
        most, after, asked = pagination.first, pagination.cursor, filters.search or ""
        nothing: Sequence[Summary] = ()
        found = await self._history.read(
            lambda database: database.list_summaries(most + 1, after, asked), otherwise=nothing
        )
        shown = [_make_thread(one.id, one.title, one.changed) for one in found[:most]]
        ends = (shown[0]["id"], shown[-1]["id"]) if shown else (None, None)
        page = PageInfo(hasNextPage=len(found) > most, startCursor=ends[0], endCursor=ends[1])
        return PaginatedResponse(pageInfo=page, data=shown)

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        found = await self._history.read(lambda database: database.read(thread_id), otherwise=None)
        return describe(found) if found else None

    async def get_thread_author(self, thread_id: str) -> str:
        is_there = await self._history.read(lambda database: database.has(thread_id), otherwise=True)
        return READER if is_there else ""

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        """Name a conversation: by its first question, for which Chainlit tells the user, or as its reader wants it."""
        if name is None:
            return
        if user_id:
            await self._history.write(lambda database: database.name(thread_id, name, is_first=True))
        else:
            await self._change_now(lambda database: database.name(thread_id, name))

    async def delete_thread(self, thread_id: str) -> None:
        await self._on_deleted(thread_id)
        await self._change_now(lambda database: database.delete(thread_id))

    async def _change_now(self, change: Callable[[Database], None]) -> None:
        try:
            await self._history.change_now(change)
        except RagError as error:
            raise HTTPException(503, str(error)) from error

    # ---- feedback

    async def upsert_feedback(self, feedback: Feedback) -> str:
        identity = feedback.id or str(uuid.uuid4())
        kept: Json = {
            "id": identity,
            "forId": feedback.forId,
            "value": feedback.value,
            "comment": feedback.comment,
        }
        conversation = feedback.threadId or ""
        await self._change_now(lambda database: database.keep_feedback(conversation, kept))
        return identity

    async def delete_feedback(self, feedback_id: str) -> bool:
        await self._change_now(lambda database: database.forget_feedback(feedback_id))
        return True

    # ---- what this page has no use for

    async def build_debug_url(self) -> str:
        return ""

    async def get_favorite_steps(self, user_id: str) -> list[StepDict]:
        return []

    async def close(self) -> None:
        await self._history.close()


def describe(conversation: Conversation) -> ThreadDict:
    """A conversation as Chainlit's page shows it."""
    steps, elements = close_broken_off(conversation)
    thread = _make_thread(conversation.id, conversation.title, conversation.changed)
    shown = {"steps": steps, "elements": elements, "metadata": conversation.settings}
    return cast(ThreadDict, thread | shown)


def _make_thread(identity: str, title: str, changed: str) -> ThreadDict:
    return ThreadDict(
        id=identity,
        name=title,
        createdAt=changed,
        userId=READER,
        userIdentifier=READER,
        tags=None,
        metadata={},
        steps=[],
        elements=[],
    )
