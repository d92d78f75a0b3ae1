"""The body of a server's answer → JSON objects, in whatever form it comes. Pure.

Servers that are asked for a stream send server-sent events with all the liberties of that format, an object a line, or
one JSON text, and some name another content type than the one they send. So the lines tell what it is, not the header.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

_LINE_END = re.compile(r"\r\n|[\r\n]")


class BodyReader:
    """Reads a body part by part. Call `feed` with each part, and `end` once if no more comes."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._line: list[str] = []
        """The parts of a line that isn't complete."""
        self._ended_with_return = False
        self._event = ""
        self._data: list[str] = []
        self._bare: list[str] = []
        """Lines that are neither of an event nor an object each."""
        self._objects = 0
        """Objects that stood on a line each."""
        self.is_done = False
        """Whether the server has said that no more comes."""
        self.is_whole = False
        """Whether the body turned out to be one JSON text."""

    @property
    def words(self) -> str:
        """What is no JSON: the page of a proxy, say."""
        return "" if self.is_whole else "\n".join(self._bare).strip()

    def feed(self, part: bytes) -> Iterator[dict[str, Any]]:
        """The objects that are complete now. Raises ValueError for an event that is broken JSON."""
        text = self._decoder.decode(part)
        if not text:
            return
        if self._ended_with_return:
            text = text.removeprefix("\n")
        self._ended_with_return = text.endswith("\r")
        *ends, rest = _LINE_END.split(text)
        for end in ends:
            line, self._line = "".join([*self._line, end]), []
            yield from self._take_line(line)
        self._line.append(rest)

    def end(self) -> Iterator[dict[str, Any]]:
        """The objects that the body's end makes complete; an event that is cut off is left out."""
        line, self._line = "".join(self._line), []
        try:
            yield from self._take_line(line)
            yield from self._take_event()
        except ValueError:
            return
        if self._objects:
            self.is_whole = self._objects == 1
            return
        try:
            read = json.loads("\n".join(self._bare))
        except (ValueError, RecursionError):
            return
        self.is_whole = True
        yield from (value for value in (read if isinstance(read, list) else [read]) if isinstance(value, dict))

    def _take_line(self, line: str) -> Iterator[dict[str, Any]]:
        name, _, value = line.partition(":")
        match name:
            case "" if not line:
                yield from self._take_event()
            case "data":
                value = value.removeprefix(" ")
                if value.startswith(("{", "[DONE")) and _is_complete(self._data):
                    yield from self._take_event()  # some servers leave out the empty line between two events
                self._data.append(value)
            case "error":  # llama.cpp names the field so that the format calls "data"
                self._event = "error"
                self._data.append(value)
            case "event":
                self._event = value.strip()
            case "" | "id" | "retry":
                pass
            case _:
                yield from self._take_bare(line)

    def _take_bare(self, line: str) -> Iterator[dict[str, Any]]:
        """An object a line, unless the line is one of a longer text."""
        value = None
        if not self._bare and line.startswith("{"):
            with suppress(ValueError, RecursionError):
                value = json.loads(line)
        if isinstance(value, dict):
            self._objects += 1
            yield value
        else:
            self._bare.append(line)

    def _take_event(self) -> Iterator[dict[str, Any]]:
        event, self._event = self._event, ""
        data, self._data = "\n".join(self._data).strip(), []
        data = data.removeprefix("data:").strip()  # some gateways put it before what has it
        if data.casefold() == "[done]":
            self.is_done = True
        if not data or self.is_done:
            return
        try:
            value = json.loads(data)
        except ValueError:
            if data.startswith(("{", "[", "<")):
                raise
            value = data if event == "error" or " " in data else None  # one word alone is a sign of life
        if isinstance(value, (list, int, float)) and value is not True and value is not False:
            raise ValueError("an event of no known form")
        if isinstance(value, dict) and event != "error":
            yield value
        elif value and (event == "error" or (isinstance(value, str) and " " in value)):
            yield value if isinstance(value, dict) and value.get("error") else {"error": value}


def _is_complete(lines: list[str]) -> bool:
    """Whether the lines of an event's data are an object already."""
    if not lines or not lines[0].startswith("{"):
        return False
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads("\n".join(lines)), dict)
    return False
