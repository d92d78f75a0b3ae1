"""What of a model's text is its answer: neither its thoughts nor the tokens of its chat template. Pure.

Models think aloud in many forms: between tags (``<think>``, also with ``&lt;``, ``[THINK]``, ``◁think▷``,
``<|begin_of_thought|>``), in channels of their own (``<|channel|>analysis<|message|>``, ``<|channel>thought``, or what
is left of them once a server has taken the tokens out: ``analysis…assistantfinal…``), under a heading
(``**Reasoning:**``, which ends at another one, ``**Answer:**``), and without a beginning, where the chat template wrote
it, so that only the closing tag is left. That one takes back all that came before it. A beginning that sounds like
musing is therefore held back until the closing tag or the answer's end, and so is every answer of a model that was
heard to muse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal

_IN_NAME = r"[\w:.▁-]"
_THOUGHT = (
    rf"(?:{_IN_NAME}{{0,20}}?(?:think|thought|reason|reflect|analysis|scratchpad|monologue|deliberat){_IN_NAME}{{0,16}}"
    r"|plan|planning|cot|internal|rationale)"
)
_IN_BRACKETS = r"(?:THINK|THINKING|THOUGHTS?|REASONING)"
_ROLE = r"(?:assistant|user|system|model|human|tool|developer)"
_TURN = r"<\|?(?:im_start|start_of_\w{1,8}|start_header_id|turn|start|\w{1,8}_start)\|?>"
_ROLE_TOKEN = rf"<[|｜](?:[a-z]{{1,8}}_)?{_ROLE}(?:_token)?[|｜]>"
_END_TOKEN = r"<[|｜](?:endof\w{1,10}|end[_▁]of[_▁](?:text|sentence|turn|query)|im_end|eo[tms](?:_id)?)[|｜]>"
_CALL = (
    r"<[|｜]?(?:(?:tool|function)s?[_▁]calls?(?:[_▁](?:begin|section_begin))?|function=[^<>\s]{1,40}|python_tag)[|｜]?>"
    r"|(?-i:\[TOOL_CALLS\])|<invoke name=[^<>]{1,60}>"
)
_BARE_FINAL = "assistantfinal"

_MARK = re.compile(
    r"(?P<header>(?:<\|start\|>[^<]{0,60})?(?:<\|channel\|>[^<]{0,80})?(?:<\|constrain\|>[^<]{0,40})?<\|message\|>)"
    rf"|(?P<final>(?-i:{_BARE_FINAL}))"
    rf"|(?P<call>{_CALL})"
    rf"|(?P<close><[|｜]?(?:/{_THOUGHT}|{_THOUGHT}[_▁]end|end[_▁]{_THOUGHT}|inner_suffix)[|｜]?>|<channel\|>"
    rf"|&lt;/{_THOUGHT}&gt;"
    rf"|(?-i:\[/{_IN_BRACKETS}\])|◁/\w{{2,20}}▷)"
    rf"|(?P<open><[|｜]?(?:{_THOUGHT}|inner_prefix)[|｜]?>|&lt;{_THOUGHT}&gt;|<\|channel>\w{{0,20}}\n?|(?-i:\[{_IN_BRACKETS}\])|◁\w{{2,20}}▷)"
    rf"|(?P<turn>{_TURN}\s?{_ROLE}\b|{_ROLE_TOKEN}|{_END_TOKEN})"
    r"|(?P<token><[|｜][^<>\s|｜]{1,40}[|｜]?>|<[^<>\s|｜]{1,40}[|｜]>"
    r"|</?(?:s|eo[smtdg]|bos|pad|unk|answer|response|solution|output|final_answer)>|<0x[0-9a-f]{2}>|<special_\d{1,4}>"
    r"|<(?:start|end|begin)_of_\w{1,16}>|<unused\d{1,4}>|(?-i:\[/?INST\]|\[EOS\]))",
    re.IGNORECASE,
)
"""What stands in a model's text and is no text; `SpokenText._obey` tells what it means, and where it is text after all.
"""

_UNFINISHED = re.compile(
    r"(?:<(?:[/|｜]{0,2}[\w:.▁/=-]{0,60}[|｜]?)?"
    r"|&(?:lt?|lt;/?[\w:.▁-]{0,60}(?:&g?t?)?)?|<invoke [^<>]{0,66}|\[/?[A-Z_]{0,11}|◁/?\w{0,20}|<\|channel>\w{0,20}"
    rf"|{_TURN}\s?\w{{0,9}}|<\|(?:start|channel|constrain)\|>[^<]{{0,80}}(?:<[|a-z]{{0,12}})?"
    r"|<\|start\|>[^<]{0,60}<\|channel\|>[^<]{0,80}(?:<\|constrain\|>[^<]{0,40})?(?:<[|a-z]{0,12})?"
    r"|<\|channel\|>[^<]{0,80}<\|constrain\|>[^<]{0,40}(?:<[|a-z]{0,12})?"
    rf"|{'|'.join(_BARE_FINAL[:length] for length in range(len(_BARE_FINAL) - 1, 0, -1))})\Z"
)
"""The end of a text that may still become a mark, or a longer one."""

_BARE_HEADER = re.compile(r"(?:assistant)?(analysis|commentary|final)(?=[^\sa-z.,:;!?])")
"""A channel's header without its tokens; a word of the language would go on in small letters, or end."""
_BARE_HEADERS = tuple(who + channel for who in ("", "assistant") for channel in ("analysis", "commentary", "final"))
_MUSINGS = (
    *("okay", "ok,", "ok so", "alright", "hmm", "let me", "let's", "let us", "the user", "user asks", "we need"),
    *("we are given", "we have to", "i need to", "i should", "first, i", "first, let", "so, ", "so the user", "wait,"),
    *("got it", "looking at", "嗯", "好的", "好，", "首先", "用户", "我们", "我需要", "让我", "まず", "ユーザー"),
)
"""How thoughts begin, and answers seldom; what is wrongly held back is shown at the answer's end."""
_HEADINGS = (
    *("thinking", "thought", "reasoning", "here is my thought", "here's my thought", "chain of thought", "gedanke"),
    *("überlegung", "begründung", "raisonnement", "réflexion", "razonamiento", "ragionamento", "raciocínio"),
    *("redenering", "resonemang", "ræsonnement", "рассуждени", "размышлени", "思考", "推理", "생각", "추론"),
)
"""What thoughts are headed with."""
_ANSWER_HEADING = re.compile(
    r"^[ \t>*#_]*(?:here(?: i|')s my (?:response|answer)|(?:final |endgültige )?(?:answer|response|antwort)"
    r"|réponse(?: finale)?|respuesta(?: final)?|risposta(?: finale)?|resposta(?: final)?|antwoord|svar|ответ"
    r"|最终答案|最終回答|回答|答案|答え|최종 답변|답변?)(?:[*_ \t]*[:：][*_]*|[*_ \t]*$)\s*",
    re.IGNORECASE | re.MULTILINE,
)
_SET_APART = re.compile(
    r"\A\s*(?:<details\b[^>]*\breason[^>]*>.*?</details>"
    r"|<details\b[^>]*>\s*<summary>[^<]*(?:think|thought|reason)[^<]*</summary>.*?</details>"
    r"|<!--.*?-->|```(?:think|thought|reason)[^\n]*\n.*?\n```"
    r"|thinking(?:\.\.\.|…)\s.*?(?:\.\.\.|…)done thinking\."
    r"|>[ \t]*[*_]*(?:thinking|thoughts?|reasoning)\b[^\n]*\n(?:>[^\n]*\n)*"
    r"|[*_](?:thinking|thoughts?|reasoning)\b[^*_\n]*[*_][ \t]*\n)\s*",
    re.IGNORECASE | re.DOTALL,
)
"""Thoughts in what pages fold, hide, quote or slant."""
_FENCED = re.compile(
    r"\s*(?P<fence>```|~~~)(?P<kind>json|markdown|md|te?xt|plain\w{0,9}|)[ \t]*\n(?P<inner>.*)\n\s*(?P=fence)\s*",
    re.DOTALL | re.IGNORECASE,
)
_BOXED = re.compile(r"\A\s*\\boxed\{(.*)\}\s*\Z", re.DOTALL)
_CALL_IN_WORDS = re.compile(r"\s*```tool|(?:[^\n]*\n)?\W*action:[^\n]*\n\W*action input:", re.IGNORECASE)
_CALLED, _GIVEN = {"name", "function", "tool"}, {"arguments", "parameters", "args", "input"}
_SAID = ("answer", "final_answer", "response", "text", "content", "output", "result", "sentences", "statements")
_DEEPEST = 4
"""How far an answer may lie within JSON."""
_WRAPPED = (
    *("```json", "```markdown", "```md", "```text", "```txt", "```plain", "```\n", "~~~", "```tool", "action:"),
    *("{", "[{", '["', "\\boxed{"),
)
"""How an answer begins that is wrapped into something, or is no answer but a call."""
_MUSED = (*_MUSINGS, *_HEADINGS, "<details", "<!--", "```think", "```thought", "```reason")
_HELD_BACK = (*_MUSED, *_WRAPPED)
"""What is shown at the answer's end alone: only then can it be told what it is. Behind a thought no other is expected.
"""
_LONGEST_BEGINNING = max(map(len, (*_BARE_HEADERS, *_HELD_BACK)))
_DECORATION = "*#_> \n"
"""What may stand before a heading's words."""


class SpokenText:
    """The answer within what a model writes, piece by piece.

    It leaves out thoughts, tokens of a chat template before and behind the answer, and the white space before it; and
    it ends at `most_characters`, for which every character counts, whatever it belongs to. `muses` says that the model
    was heard to think without an opening tag.
    """

    def __init__(self, most_characters: int, *, muses: bool = False) -> None:
        self._left = most_characters
        self._muses = muses
        self._state: Literal["beginning", "thinking", "speaking", "over"] = "beginning"
        self._held = ""
        """The end of the text, as far as it may still become something else."""
        self._doubted: list[str] | None = None
        """What has been said, while it may turn out to be a thought; None if it was shown."""
        self._ending: list[str] = []
        """Tokens that are no part of the answer if no more of it follows."""
        self._apart: list[str] = []
        self._has_thought = False
        self._open_tags = 0
        self._last = ""
        self.has_begun = False
        """Whether anything of the answer was shown and not taken back."""
        self.has_mused = False
        """Whether a thought came to an end that had no beginning."""
        self.is_calling = False
        """Whether the model calls a tool, in words that its server should have kept apart."""

    @property
    def is_full(self) -> bool:
        return self._left <= 0

    def take(self, text: str, thought: str = "") -> Iterator[str]:
        """Take the next piece, and give what can be shown now; an empty string takes back all that was shown.

        `thought` is what a server keeps apart from the answer.
        """
        self._left -= len(thought)
        text = text[: max(0, self._left)]
        self._left -= len(text)
        if thought and not self.has_begun:
            self._apart.append(thought)
            self._has_thought = True
        self._held += text
        unfinished = _UNFINISHED.search(self._held)
        yield from self._read(unfinished.start() if unfinished else len(self._held))

    def end(self, reason: str) -> Iterator[str]:
        """Give what is left when nothing more comes; thoughts kept apart are the answer if there is no other."""
        yield from self._read(len(self._held), is_last=True)
        doubted, self._doubted = self._doubted, None
        if doubted and not (self._muses and reason == "length"):
            answer = find_answer("".join(doubted))
            self.is_calling |= answer is None
            yield from self._say(answer) if answer else ()
        if reason == "stop" and not self.has_begun and (thoughts := "".join(self._apart).strip()):
            yield from self._say(thoughts)

    def _read(self, end: int, *, is_last: bool = False) -> Iterator[str]:
        held, at = self._held, 0
        for mark in _MARK.finditer(held, 0, end):
            yield from self._hear(held[at : mark.start()])
            yield from self._obey(mark)
            at = mark.end()
        text = held[at:end]
        if self._state == "beginning" and not is_last and self._is_undecided(text := text.lstrip()):
            self._held = text + held[end:]
            return
        self._held = held[end:]
        yield from self._hear(text)

    def _is_undecided(self, text: str) -> bool:
        expected = _WRAPPED if self._has_thought else (*_BARE_HEADERS, *_HELD_BACK)
        heads = (text[:_LONGEST_BEGINNING].casefold(), text.lstrip(_DECORATION)[:_LONGEST_BEGINNING].casefold())
        return any(words.startswith(head) for words in expected for head in heads)

    def _hear(self, text: str) -> Iterator[str]:
        """Take text without marks."""
        if self._state == "beginning":
            text = self._begin(text.lstrip())
        if self._state != "speaking" or not text:
            return
        if self._ending and text.isspace():
            self._ending.append(text)
            return
        text = "".join([*self._ending, text])
        self._ending = []
        yield from self._say(text)

    def _begin(self, text: str) -> str:
        """Find out what the answer begins with; returns what of the text belongs to it."""
        if not self._has_thought:
            header = _BARE_HEADER.match(text)
            if header and header[1] != "final":
                self._state = "thinking"
                return ""
            text = text[header.end() :] if header else text
        expected = _WRAPPED if self._has_thought else _HELD_BACK
        if (self._muses and not self._has_thought) or text.lstrip(_DECORATION).casefold().startswith(expected):
            self._doubted = []
        if text:
            self._state = "speaking"
        return text

    def _say(self, text: str) -> Iterator[str]:
        self._last = text[-1]
        if self._doubted is not None:
            self._doubted.append(text)
        else:
            self.has_begun = True
            yield text

    def _obey(self, mark: re.Match[str]) -> Iterator[str]:
        """Take a mark. Behind a backtick it is the text's own, and so are tags that the answer itself opens."""
        kind = _find_kind(mark)
        if kind == "call" and self._state in ("beginning", "speaking") and self._last != "`":
            self._state, self.is_calling = "over", True
        elif self._state == "beginning" and kind == "open":
            self._state, self._has_thought = "thinking", True
        elif self._state == "thinking" and (kind in ("close", "final") or mark[0] in ("<|end|>", "<|call|>")):
            self._state, self._has_thought = "beginning", True
        elif self._state == "speaking":
            yield from self._obey_within_answer(mark[0], kind)

    def _obey_within_answer(self, mark: str, kind: str) -> Iterator[str]:
        is_text = self._last == "`" or kind in ("open", "call") or (kind == "close" and self._open_tags > 0)
        if is_text:
            self._open_tags += {"open": 1, "close": -1}.get(kind, 0)
            yield from self._hear(mark)
        elif kind == "token":
            self._ending.append(mark)
        elif kind == "turn":
            self._state = "over"
        else:
            yield from self._take_back()

    def _take_back(self) -> Iterator[str]:
        """What was said turns out to be a thought."""
        if self.has_begun:
            yield ""
        self._state, self._doubted, self._ending = "beginning", None, []
        self._has_thought = self.has_mused = True
        self.has_begun = False


def find_answer(text: str) -> str | None:
    """A whole text without the thoughts that it sets apart or heads as such; None if it is a call of a tool.

    An answer that a model writes as a field of JSON is that field; one in a block of code is what stands in there.
    """
    text = _SET_APART.sub("", text)
    if _CALL_IN_WORDS.match(text):
        return None
    heading = _ANSWER_HEADING.search(text)
    if heading and heading.end() < len(text) and text.lstrip(_DECORATION).casefold().startswith(_HEADINGS):
        return text[heading.end() :]
    fenced = _FENCED.fullmatch(text)
    inner = fenced["inner"] if fenced else _BOXED.sub(r"\1", text)
    try:
        read = json.loads(inner)
    except (ValueError, RecursionError):
        return inner if fenced is None or _is_prose(fenced) else text
    fields = read[0] if isinstance(read, list) and read else read
    is_call = isinstance(fields, dict) and bool(_CALLED & fields.keys() and _GIVEN & fields.keys())
    return None if is_call else _find_said(read) or text


def _is_prose(fenced: re.Match[str]) -> bool:
    """Whether a block of code holds an answer in words: it says so, or names a source as no program does."""
    is_named = fenced["kind"].lower() in ("markdown", "md")
    return "```" not in fenced["inner"] and (is_named or bool(re.search(r"\S \[\d{1,2}\]", fenced["inner"])))


def _find_said(value: object, depth: int = _DEEPEST) -> str:
    """The answer in what a model wrote as JSON; empty if nothing there is called one."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and depth:
        said = [_find_said(item, depth - 1) for item in value]
        return "\n".join(said) if all(said) else ""
    if isinstance(value, dict) and depth:
        return next(filter(str.strip, (_find_said(value.get(name), depth - 1) for name in _SAID)), "")
    return ""


def _find_kind(mark: re.Match[str]) -> str:
    """``open`` or ``close`` of a thought, ``final`` for what announces the answer, ``turn`` or ``token``."""
    kind = str(mark.lastgroup)
    if kind != "header":
        return kind
    channel = re.search(r"<\|channel\|>\s*(\w*)", mark[0])
    return "open" if channel and channel[1] != "final" else "final"
