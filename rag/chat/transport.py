"""An HTTP client for servers that aren't trusted: it counts what they send while it arrives. Owns httpx2.

openai reads lines, bodies and error pages to their end, however far that is, so the bytes are counted below it.
"""

from __future__ import annotations

from typing import Any

import httpx2

_TAIL_BYTES = 32
"""As much of a body's end holds the event that ends a stream, and the line breaks behind it."""


class FloodError(Exception):
    """More bytes came than a server may send without a word of an answer."""


class MeteredBody(httpx2.AsyncByteStream):
    """The body of a response; if more than `most_bytes` come between two calls of `reset`, it raises FloodError.

    It is its own iterator and closes the generators below it, in the task that closes it: Chainlit's event loop has no
    hook that would close those which are left in the middle, and Python then prints an error for each.
    """

    def __init__(self, body: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._body = body
        self._parts: Any = aiter(body)
        self._most_bytes = most_bytes
        self._left = most_bytes
        self.tail = b""
        """The last bytes that came."""

    def __aiter__(self) -> MeteredBody:
        return self

    async def __anext__(self) -> bytes:
        part: bytes = await anext(self._parts)
        self._left -= len(part)
        if self._left < 0:
            raise FloodError
        self.tail = (self.tail + part[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        return part

    def reset(self) -> None:
        self._left = self._most_bytes

    async def aclose(self) -> None:
        # The connection first: afterwards nothing is left for the generators to wait for.
        await self._body.aclose()
        await self._parts.aclose()


class MeteredClient(httpx2.AsyncClient):
    """A client for servers that aren't trusted.

    It follows no redirection, which could carry a question to another host, and wants nothing compressed, since a few
    bytes can hold gigabytes. It keeps no connection, so that it serves one event loop after another.
    """

    def __init__(self, most_bytes: int, *, trust_env: bool, verify: bool) -> None:
        super().__init__(
            headers={"accept-encoding": "identity"},
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=trust_env,
            verify=verify,
        )
        self._most_bytes = most_bytes

    async def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        **options: Any,  # noqa: ANN401 (passed on)
    ) -> httpx2.Response:
        response = await super().send(request, stream=True, **options)
        response.headers.pop("content-encoding", None)
        body: Any = response.stream
        response.stream = MeteredBody(body, self._most_bytes)
        if not stream:
            await read_body(response)
        return response


async def read_body(response: httpx2.Response) -> bytes:
    """The whole body; the response is closed afterwards, whatever happens."""
    try:
        return await response.aread()
    finally:
        await response.aclose()


def note_piece(response: httpx2.Response) -> None:
    """A piece of text has come: begin to count anew."""
    if isinstance(response.stream, MeteredBody):
        response.stream.reset()


def has_said_done(response: httpx2.Response) -> bool:
    """Whether the server told that its stream was over, instead of breaking off."""
    return isinstance(response.stream, MeteredBody) and b"[DONE]" in response.stream.tail
