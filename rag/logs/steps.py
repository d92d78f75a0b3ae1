"""What is noted of each step, so that one question can be followed from its search to its answer.

`begin_request` gives what follows an id: in the same task, the tasks that it starts and the threads that it waits for.
`log_step` notes a step under it. Steps have names, numbers, ids of models and names of files, and never a text: not a
question, a passage or an answer.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar

LOG_LEVELS = {
    "none": logging.CRITICAL + 1,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}
"""By the names that RAG_LOG_LEVEL has."""

VALUES = "step_values"
"""Under which name a record of ours keeps its values."""

Value = str | int | float | bool | None | Sequence[str]

_GIVEN_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)

_request: ContextVar[str] = ContextVar("request", default="")


def begin_request(given: str = "") -> str:
    """Give what follows an id, the caller's own if that can be one; returns it."""
    request = given if _GIVEN_ID.fullmatch(given) else os.urandom(6).hex()
    _request.set(request)
    return request


def read_request() -> str:
    """The id of what is being done; empty outside of any request."""
    return _request.get()


def log_step(
    logger: logging.Logger,
    step: str,
    more: Mapping[str, Value] | None = None,
    *,
    level: int = logging.DEBUG,
    **values: Value,
) -> None:
    """Note that a step is done, with values that hold no text of a document, a question or an answer."""
    if logger.isEnabledFor(level):
        given = {**values, **(more or {})}
        logger.log(level, step, extra={VALUES: {name: value for name, value in given.items() if value is not None}})
