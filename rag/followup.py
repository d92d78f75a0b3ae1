"""A follow-up ("and in 2023?", "why?") made a question that stands alone, from the turns before it.

A question that stands alone is left as it is. Else the language model rewrites it; without one, or if what it writes
is no such question, the topic of the question before is carried over word by word.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from rag.analysis import detect_languages, question_terms, text_terms
from rag.question_words import QUESTION_WORDS, SPACELESS_LANGUAGES

_LAST_TURNS = 3
_ANSWER_CHARACTERS = 400  # of an earlier answer that the model is shown
_LONGEST_REWRITE = 300
_REWRITE_TOKENS = 80
_POINTS_BEFORE = 3
"""A pointer after as many words of a topic points at one of them: "… engine that takes in steam and exhausts it"."""

_SYSTEM = (
    "Rewrite the user's last question so that it can be understood without the conversation. Keep its language and its"
    " meaning, name what it refers to, add nothing else, and don't answer it. Reply with the question alone."
)

# How a question begins that goes on from another, and words that point at something said before: only such as rarely
# stand in a question of its own.
_BEGINNINGS = {
    "da": ("og ", "men ", "hvad med "),
    "de": ("und ", "aber ", "was ist mit ", "wie sieht es "),
    "en": ("and ", "but ", "or ", "also ", "what about ", "how about ", "then ", "same for "),
    "es": ("y ", "¿y ", "pero ", "qué hay de "),
    "fr": ("et ", "mais ", "qu'en est-il "),
    "it": ("e ", "ma ", "che ne "),
    "ja": ("では", "それで", "じゃあ", "その"),
    "ko": ("그럼", "그러면", "그리고", "그"),
    "nl": ("en ", "maar ", "hoe zit het "),
    "no": ("og ", "men ", "hva med "),
    "pt": ("e ", "mas ", "que tal "),
    "ru": ("а ", "и ", "но "),
    "sv": ("och ", "men ", "hur är det med "),
    "zh": ("那", "那么", "那麼", "还有", "還有"),
}
_POINTERS = {
    "da": "den det de dem han hun hans hendes deres dens dets",
    "de": "er sie es ihn ihm ihnen ihr ihre sein seine dessen deren davon damit dafür daran darüber",
    "en": "it its they them their theirs he him his she her hers",
    "es": "él ella ello ellos ellas eso esa ese esos esas su sus",
    "fr": "il elle ils elles cela ça celui celle ceux leur leurs son sa ses",
    "it": "esso essa loro quello quella ciò suo sua",
    "nl": "hij zij het hem hun ervan daarvan zijn haar",
    "no": "den det de dem han hun hans hennes deres",
    "pt": "ele ela eles elas isso aquilo seu sua seus suas",
    "ru": "он она оно они его её ее их ему ей им это этого этом",
    "sv": "den det de dem han hon hans hennes deras",
    "ja": "それ その 彼 彼女 彼ら これ この",
    "zh": "它 他 她 他们 她们 它们 其",
}
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked for (after any rewriting), and its answer."""

    question: str
    answer: str = ""


async def standalone_question(
    question: str,
    turns: Sequence[Turn],
    stream: Callable[[Sequence[dict[str, str]], int], AsyncIterator[str]] | None = None,
) -> str:
    """The question itself if it stands alone or nothing was asked before, else one that does.

    `stream` is the language model, None while there is none; what it raises is raised.
    """
    if not turns or stands_alone(question):
        return question
    if stream is not None:
        written = "".join([piece async for piece in stream(rewrite_messages(question, turns), _REWRITE_TOKENS)])
        rewritten = _usable(written, question)
        if rewritten:
            return rewritten
    return carried_over(question, turns)


def stands_alone(question: str) -> bool:
    """Whether a question has a topic of its own and points at nothing said before."""
    text = question.strip().casefold()
    language = _language(text)
    if text.startswith(_BEGINNINGS.get(language, ())):
        return False
    if not _topic(question, language) or set(_WORD.findall(text)) <= _ANY_QUESTION_WORDS:
        return False
    pointers = _POINTERS.get(language, "").split()
    if language in SPACELESS_LANGUAGES:
        return not text.startswith(tuple(pointers))
    words = _WORD.findall(question)
    place = next((place for place, word in enumerate(words) if word.casefold() in pointers), None)
    if place is None:
        return True
    # After a name it may mean that name ("When did Tesla sell his house?").
    has_name = any(word[0].isupper() for word in words[1:place])
    return has_name or len(_topic(" ".join(words[:place]), language)) >= _POINTS_BEFORE


def carried_over(question: str, turns: Sequence[Turn]) -> str:
    """The question with those words of the question before that it doesn't replace.

    A number takes the place of a number: "and in 2023?" after "sales in 2022" doesn't ask for 2022.
    """
    before = turns[-1].question
    language = _language(before)
    own = set(text_terms(question, _language(question))) | set(text_terms(question, language))
    has_number = bool(_NUMBER.search(question))
    if language in SPACELESS_LANGUAGES:
        return f"{question} {before}"
    kept = [
        word
        for word in _WORD.findall(before)
        if set(question_terms(word, (language,))) & set(_topic(before, language))
        and not set(text_terms(word, language)) <= own
        and not (has_number and _NUMBER.fullmatch(word))
    ]
    return " ".join([question, *kept])


def rewrite_messages(question: str, turns: Sequence[Turn]) -> list[dict[str, str]]:
    """What the language model reads: the last turns, then the question."""
    lines = []
    for turn in turns[-_LAST_TURNS:]:
        lines.append(f"User: {turn.question}")
        if turn.answer:
            lines.append(f"Assistant: {turn.answer[:_ANSWER_CHARACTERS]}")
    conversation = "\n".join(lines)
    asked = f"Conversation:\n{conversation}\n\nLast question: {question}\n\nStandalone question:"
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": asked}]


def _usable(written: str, question: str) -> str:
    """The first line of what the model wrote; empty if it can't be the question: too long, or about something else."""
    lines = [line.strip().strip("\"'“”") for line in written.strip().splitlines() if line.strip()]
    line = lines[0].removeprefix("Standalone question:").strip() if lines else ""
    language = _language(question)
    own = set(_topic(question, language))
    is_about_it = not own or bool(own & set(text_terms(line, language)))
    return line if 0 < len(line) <= _LONGEST_REWRITE and is_about_it else ""


def _topic(question: str, language: str) -> list[str]:
    """Terms that aren't the question's own machinery; none for "why?"."""
    terms = question_terms(question, (language,))
    asked_with = set(text_terms(question, language)) - set(terms)
    machinery = " ".join((*_BEGINNINGS.get(language, ()), *(words.get(language, "") for words in _MACHINERY)))
    idle = asked_with | set(text_terms(machinery, language))
    return [term for term in terms if term not in idle]


# Words without a topic of their own, and bare question words, which `question_terms` keeps where there is nothing else.
_IDLE = {
    "da": "er var bliver i på til af for med en et den der har kan skal",
    "de": "ist sind war waren im in am an auf zu für mit der die das ein eine hat haben kann",
    "en": "is are was were be been in on at to of for with the a an has have had can could would should will from by",
    "es": "es son fue en el la los las de del a para con un una ha",
    "fr": "est sont était en le la les de du des à pour avec un une a ont",
    "it": "è sono era in il la i le di del a per con un una ha",
    "nl": "is zijn was waren in op te van voor met de het een heeft",
    "no": "er var i på til av for med en et den har kan skal",
    "pt": "é são foi em o a os as de do da para com um uma tem",
    "ru": "в на с к у о по был была были есть",
    "sv": "är var i på till av för med en ett den har kan ska",
}
_BARE = {
    "da": "hvorfor hvornår hvordan hvor hvem hvad",
    "de": "warum wann wie wo wer was wieso",
    "en": "why when how where who what which so",
    "es": "por qué cuándo cómo dónde quién",
    "fr": "pourquoi quand comment où qui",
    "it": "perché quando come dove chi",
    "nl": "waarom wanneer hoe waar wie wat",
    "no": "hvorfor når hvordan hvor hvem hva",
    "pt": "por que quando como onde quem",
    "ru": "почему когда как где кто что",
    "sv": "varför när hur var vem vad",
}

# One word doesn't tell its language.
_ANY_QUESTION_WORDS = frozenset().union(*QUESTION_WORDS.values(), *(words.split() for words in _BARE.values()))

_MACHINERY = (_POINTERS, _IDLE, _BARE)


def _language(text: str) -> str:
    return detect_languages(text)[0][0]
