"""An HTTP client for servers that aren't trusted: it counts what they send while it arrives. Owns httpx2.

openai reads bodies and error pages to their end, however far that is, so the bytes are counted below it.
"""

from __future__ import annotations

import zlib
from typing import Any

import httpx2

_COMPRESSED = ("gzip", "x-gzip", "deflate")
_ANY_HEADER = 32 + zlib.MAX_WBITS  # zlib finds out by itself whether it is gzip's or its own


class FloodError(Exception):
    """More bytes came than a server may send without a word of an answer."""


class BodyError(Exception):
    """The connection broke while a body was read."""


class MeteredBody(httpx2.AsyncByteStream):
    """The body of a response; if more than `most_bytes` come between two calls of `reset`, it raises FloodError.

    A body that is compressed although nobody asked for it is counted as it is when unpacked.

    It is its own iterator and closes the generators below it, in the task that closes it: Chainlit's event loop has no
    hook that would close those which are left in the middle, and Python then prints an error for each.
    """

    def __init__(self, body: httpx2.AsyncByteStream, most_bytes: int, encoding: str = "") -> None:
        self._body = body
        self._unpacker = zlib.decompressobj(_ANY_HEADER) if encoding in _COMPRESSED else None
        self._parts: Any = aiter(body)
        self._most_bytes = most_bytes
        self._left = most_bytes

    def __aiter__(self) -> MeteredBody:
        return self

    async def __anext__(self) -> bytes:
        part: bytes = await anext(self._parts)
        if self._unpacker:
            part = self._unpack(part, self._unpacker)
        self._left -= len(part)
        if self._left < 0:
            raise FloodError
        return part

    def _unpack(self, part: bytes, unpacker: zlib._Decompress) -> bytes:
        """Raises ValueError for what isn't compressed as the server says."""
        try:
            return unpacker.decompress(part, self._left + 1)
        except zlib.error as exc:
            raise ValueError(str(exc)) from exc

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
        encoding = response.headers.pop("content-encoding", "").strip().lower()
        if encoding not in ("", "identity", *_COMPRESSED):
            await response.aclose()
            raise ValueError(f"it is compressed as {encoding}, which nobody asked for")
        body: Any = response.stream
        response.stream = MeteredBody(body, self._most_bytes, encoding)
        if not stream:
            await read_body(response)
        return response


async def read_body(response: httpx2.Response) -> bytes:
    """The whole body; the response is closed afterwards, whatever happens."""
    try:
        return await response.aread()
    finally:
        await response.aclose()


async def read_part(body: MeteredBody) -> bytes | None:
    """The next bytes of a body; None at its end. Raises BodyError, and what `MeteredBody` raises."""
    try:
        return await anext(body, None)
    except httpx2.RequestError as exc:
        raise BodyError(str(exc)) from exc
