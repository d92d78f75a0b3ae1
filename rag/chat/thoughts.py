"""What of a model's text is its answer: some models think aloud before it. Pure."""

from __future__ import annotations

from typing import Literal

_BEGIN, _END = "<think>", "</think>"


class SpokenText:
    """Leaves out a ``<think>…</think>`` before the answer and the white space around it.

    It ends the answer at `most_characters`; every character counts, thoughts and white space included.
    """

    def __init__(self, most_characters: int) -> None:
        self._left = most_characters
        self._held = ""
        self._state: Literal["unknown", "thinking", "speaking"] = "unknown"
        self.has_begun = False
        """Whether anything of the answer was returned."""

    @property
    def is_full(self) -> bool:
        return self._left <= 0

    def take(self, text: str, thought: str = "", *, ended: bool) -> str:
        """Take the next piece and return what may be shown now.

        `thought` is what a server keeps apart from the answer. Text that could still turn out to be a thought is held
        back until `ended`.
        """
        self._left -= len(thought)
        text = text[: max(0, self._left)]
        self._left -= len(text)
        if self.has_begun:
            return text
        self._held = (self._held + text).lstrip()
        if self._state == "unknown":
            self._state = self._judge_beginning(ended or self.is_full)
        if self._state == "thinking":
            self._leave_out_thought()
        if self._state != "speaking":
            return ""
        spoken, self._held = self._held, ""
        self.has_begun = bool(spoken)
        return spoken

    def _judge_beginning(self, is_last: bool) -> Literal["unknown", "thinking", "speaking"]:
        if self._held.startswith(_BEGIN):
            return "thinking"
        return "unknown" if _BEGIN.startswith(self._held) and not is_last else "speaking"

    def _leave_out_thought(self) -> None:
        """Hold no more of it than could begin its end: a long thought is looked through once."""
        _, end, behind = self._held.partition(_END)
        if end:
            self._state, self._held = "speaking", behind.lstrip()
        else:
            self._held = self._held[1 - len(_END) :]
