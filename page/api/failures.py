"""What goes wrong in a call of a program, in the form that OpenAI has for errors: one sentence, a type, a code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from page.api.reading import MissingDocumentError
from rag.errors import (
    IndexMissingError,
    ModelUnavailableError,
    PrivateTextError,
    PromptTooLongError,
    QuestionError,
    RagError,
    SettingsError,
)

logger = logging.getLogger(__name__)

_LEFT = 499
"""The status, as web servers log it, of a request whose caller has left; nobody reads it."""


Kind = Literal["invalid_request_error", "server_error"]


class Failure(BaseModel):
    message: str
    type: Kind
    param: str | None = None
    code: str | None = None


class FailureBody(BaseModel):
    error: Failure


class CallError(Exception):
    """A call that can't be answered as it is asked."""

    def __init__(self, status: int, sentence: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(sentence)
        self.status, self.param, self.code = status, param, code


class CallRoute(APIRoute):
    """A route whose failures all have OpenAI's form, whichever application it is part of."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_call(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:
                return Response(status_code=_LEFT)
            except Exception as exc:  # whatever it is, the caller gets a sentence
                return make_failure(exc)

        return handle_call


def make_failure(exc: Exception) -> JSONResponse:
    """The response for an exception; what nobody foresaw is logged, and told without its words."""
    status, failure = describe_failure(exc)
    return JSONResponse(FailureBody(error=failure).model_dump(), status)


_OURS: tuple[tuple[type[RagError], tuple[int, str | None, str | None]], ...] = (
    (MissingDocumentError, (404, None, "document_not_found")),
    (QuestionError, (400, None, None)),
    (SettingsError, (400, None, None)),
    (PromptTooLongError, (400, "messages", "context_length_exceeded")),
    (IndexMissingError, (503, None, "index_missing")),
    (PrivateTextError, (400, "messages", "private_text")),
    (ModelUnavailableError, (503, None, "model_unavailable")),
)
"""Status, field and code of our own errors; the first that fits counts. All others are the server's fault."""


def describe_failure(exc: Exception) -> tuple[int, Failure]:
    """The status and what to say."""
    match exc:
        case CallError():
            return exc.status, _describe(exc.status, str(exc), exc.param, exc.code)
        case RequestValidationError():
            param, sentence = _read_validation(exc)
            return 400, _describe(400, sentence, param)
        case RagError():
            status, param, code = next((what for kind, what in _OURS if isinstance(exc, kind)), (500, None, None))
            return status, _describe(status, str(exc), param, code)
        case HTTPException():
            return exc.status_code, _describe(exc.status_code, str(exc.detail))
    logger.error("A call failed", exc_info=exc)
    return 500, _describe(500, "The server failed at this call; its log says why.")


def _describe(status: int, sentence: str, param: str | None = None, code: str | None = None) -> Failure:
    kind: Literal["invalid_request_error", "server_error"] = (
        "server_error" if status >= 500 else "invalid_request_error"
    )
    return Failure(message=sentence, type=kind, param=param, code=code)


def _read_validation(exc: RequestValidationError) -> tuple[str | None, str]:
    """The first field that is wrong, and a sentence on it."""
    first = exc.errors()[0]
    param = ".".join(str(part) for part in first["loc"][1:]) or None
    what = f"{param} is wrong" if param else "The request is wrong"
    return param, f"{what}: {first['msg']}."
