"""Text to search terms, the same for documents and questions.

Words are case-folded, stemmed by language, then stripped of accents; in languages that put words together or bend them
in many ways their beginnings are terms too. Text without spaces between words becomes pairs of characters, and each
Chinese character is also a term of its own. Numbers, codes, versions, e-mail addresses and CamelCase give one term as
written and one for each part. The figures behind these choices are in `bench/RESULTS.md`, "Text".
"""

from __future__ import annotations

import re
import string
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rag.text.question_words import QUESTION_WORDS, SPACELESS_LANGUAGES
from rag.text.scripts import HAN, SPACELESS

if TYPE_CHECKING:
    import Stemmer

STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""ISO 639-1 code to the stemmer library's name."""

_BEGINNING = 4
"""Letters that a word's beginning has. Tuned on German and Danish program descriptions (`bench/RESULTS.md`, "Text")."""

_WITH_BEGINNINGS = frozenset(
    # German and its relatives, Uralic, Baltic, Slavic, Turkic and Indian languages: where it was measured to help.
    "de nl da no nn sv is fi et hu lt lv pl cs sk sl hr sr bs mk bg ru uk be tr az kk ky uz"
    " bn gu kn ml mr pa ta te".split()
)

_LONGEST_TERM = 64  # characters; longer ones are encoded data, not words
_WORD_CACHE = 1 << 17
_FORMS_CACHE = 1 << 14

# Python's \w leaves out combining marks, without which Hindi, Thai or Hebrew words fall apart.
_MARKS = "".join(
    re.escape(chr(code)) for code in range(0x300, 0x2000) if unicodedata.category(chr(code)).startswith("M")
)
_LETTERS = rf"(?:[^\W_]|[{_MARKS}\u200c\u200d])+"
_TOKEN = re.compile(rf"{_LETTERS}(?:[._@/:+&'’,-]{_LETTERS})*(?:\+\+|\#)?")
_TOKENS_AND_GAPS = re.compile(f"({_TOKEN.pattern})")
_PART = re.compile(_LETTERS)
_GROUPED_NUMBER = re.compile(r"\d{1,3}(?:[,.']\d{3})+(?:[.,]\d+)?")
_HUMPS = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])|\d{2,}")
_HAN = re.compile(f"[{HAN}]")
_RUNS = re.compile(f"([{SPACELESS}]+)|([^{SPACELESS}]+)")
_HAS_SPACELESS = re.compile(f"[{SPACELESS}]")
# Groups of a code or a number as people write them: 6RU 959 801 AL, DE89 3704 0044, +47 555 01 42, 88-10-0042.
_GROUP = re.compile(r"[0-9]{9,15}(?![0-9A-Z])|[A-Z]{0,4}[0-9][0-9A-Z]{0,7}|[A-Z]{1,3}")
_GAP = r"[ \u00a0\u202f./()-]{1,2}"
_GROUPS = re.compile(rf"(?<![^\W_])(?:{_GROUP.pattern})(?:{_GAP}(?:{_GROUP.pattern})){{0,5}}(?![^\W_])")
# Every match begins with a digit, because most texts have few: that halves the time of indexing.
_HAS_GROUPS = re.compile(
    rf"[0-9](?:(?<=[A-Z][ \u00a0\u202f./()-][0-9])|(?={_GAP}(?:[0-9]|[A-Z]{{1,3}}(?:[0-9]|(?![^\W_])))|[0-9]{{7}}))"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}")
_JOINED = range(6, 35)  # characters of a code without its gaps; an IBAN has up to 34
_TELEPHONE = range(8, 16)  # digits of a number that may begin with the code of a country or a town
_SUBSCRIBER = 7
"""Digits at the end of a telephone number that stay the same, whatever stands before them."""
# Letters that Unicode does not decompose into a base letter and an accent.
_FOLD = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n", "ـ": ""}
)

_MENDED = range(5, 25)
"""Letters of a word that is looked after; a shorter one is one letter off from too many others."""
_MOST_WORDS = 2
"""Words of a question that are looked after, for each takes about a millisecond."""
_MOST_NEIGHBOURS = 3
_PART_OF_COMPOUND = 4
"""Letters of each of the two words of a compound; shorter ones stand in too many words, as car and pet in carpet."""
_LETTERS_ALONE = re.compile(r"[^\W\d_]+")

_local = threading.local()


def text_terms(text: str, language: str) -> list[str]:
    """All terms of a text in order, repeats included; `language` is an ISO 639-1 code or empty."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if _HAS_GROUPS.search(plain):
        plain = _GROUPS.sub(_add_joined, plain)
    if language == "vi":
        return list(_make_vietnamese_terms(plain))
    if _HAS_SPACELESS.search(plain):
        return [term for token in _TOKEN.findall(plain) for term in _make_token_terms(token, language)]
    known = _get_known_words(language)
    found: list[str] = []
    for word in plain.split():  # the hot loop of indexing and of every question
        terms = known.get(word)
        found += _learn(known, word, language) if terms is None else terms
    return found


def _add_joined(match: re.Match[str]) -> str:
    """The groups, and behind them as one word what several of them may be together, so that grouping is no matter.

    That is all of them, and what is left without the first or the last ones, which may be another number. Of a number
    that may be a telephone's, the end is a word too; a (0) in it is dialled only within the country.
    """
    if _DATE.fullmatch(match[0]):
        return match[0]
    written = [match[0], match[0].replace("(0)", " ")] if "(0)" in match[0] else [match[0]]
    numbers = dict.fromkeys(number for text in written for number in _list_joined(_GROUP.findall(text)))
    return " ".join([match[0], *numbers])


def _list_joined(groups: list[str]) -> list[str]:
    runs = [groups[first:] for first in range(len(groups))] + [groups[:end] for end in range(2, len(groups))]
    words = ["".join(run) for run in runs]
    joined = [word for word, run in zip(words, runs, strict=True) if len(run) > 1 and len(word) in _JOINED]
    ends = [word[-_SUBSCRIBER:] for word in words if len(word) in _TELEPHONE and word.isdigit()]
    return [word for word in joined + ends if any(map(str.isdigit, word))]


@cache
def _get_known_words(language: str) -> dict[str, tuple[str, ...]]:
    return {}


def _learn(known: dict[str, tuple[str, ...]], word: str, language: str) -> tuple[str, ...]:
    """The terms of `word`, which is what stands between spaces, punctuation included; `known` remembers them."""
    if len(known) >= _WORD_CACHE:
        known.clear()
    terms = tuple(term for token in _TOKEN.findall(word) for term in _make_spaced_terms(token, language))
    return known.setdefault(word, terms)


def question_terms(question: str, languages: Sequence[str]) -> list[str]:
    """The distinct terms of a question in the order of their first use, as each of `languages` would write them.

    The words that it merely asks with are left out, unless there are no others.
    """
    languages = languages or ("",)
    topical: list[str] = []
    for language in languages:
        words = QUESTION_WORDS.get(language, frozenset())
        if language in SPACELESS_LANGUAGES:
            topic = re.sub("|".join(sorted(words, key=len, reverse=True)), " ", question)
        else:
            topic = "".join(" " if part.casefold() in words else part for part in _TOKENS_AND_GAPS.split(question))
        topical += text_terms(topic, language)
    return list(dict.fromkeys(topical or [term for language in languages for term in text_terms(question, language)]))


def list_all_forms(text: str) -> list[str]:
    """The distinct terms of the text's words, numbers left out, as each language that bends words would write them."""
    words = dict.fromkeys(_LETTERS_ALONE.findall(text))
    return list(dict.fromkeys(form for word in words for form in _list_forms(word)))


@lru_cache(maxsize=_FORMS_CACHE)
def _list_forms(word: str) -> tuple[str, ...]:
    stems = (term for language in STEMMERS for term in _make_word_terms(word, language))
    return tuple(dict.fromkeys([_fold(word), *stems]))


def mend_terms(question: str, languages: Sequence[str], count: Callable[[str], int]) -> list[str]:
    """`question_terms`, where those of a word that the documents don't have give way to what they have in its place.

    `count` gives in how many passages a term is. They may write two words of the question as one ("hair dryer"), or a
    word of it as two. Else its neighbours stand for it, three at most, which most passages have: words that differ from
    it by one letter, but not the first one, which is seldom wrong: left out, put in, replaced, or swapped with the
    next. Without any it stays. Of a code whose groups stand together in the documents, that is all that is looked for.
    """
    terms = question_terms(question, languages)
    if all(map(count, terms)):
        return terms
    idle = _find_idle_groups(question, languages, count)
    terms = [term for term in terms if term not in idle]
    words = list(dict.fromkeys(_LETTERS_ALONE.findall(question)))
    for first, second in pairwise(words):
        own = _list_stems(first, languages) | _list_stems(second, languages)
        if min(len(first), len(second)) >= _PART_OF_COMPOUND and not all(map(count, own)):
            terms = _replace_terms(terms, own, _list_known(first + second, languages, count))
    mended = 0
    for word in words:
        own = _list_stems(word, languages)
        if mended == _MOST_WORDS or len(word) not in _MENDED or not own <= set(terms) or any(map(count, own)):
            continue
        mended += 1
        found = _split_compound(word, languages, count) or _find_neighbours(word, languages, count)
        terms = _replace_terms(terms, own, found)
    return terms


def _replace_terms(terms: list[str], own: set[str], found: list[str]) -> list[str]:
    """The terms with what was found in the place of a word's own; as they are if nothing was."""
    places = [place for place, term in enumerate(terms) if term in own]
    if not found or not places:
        return terms
    kept = [term for term in terms[places[0] :] if term not in own]
    return list(dict.fromkeys([*terms[: places[0]], *found, *kept]))


def _split_compound(word: str, languages: Sequence[str], count: Callable[[str], int]) -> list[str]:
    """The terms of the two words that the word is made of, if the documents have both; else empty."""
    for place in range(_PART_OF_COMPOUND, len(word) - _PART_OF_COMPOUND + 1):
        first, second = (_list_known(part, languages, count) for part in (word[:place], word[place:]))
        if first and second:
            return [*first, *second]
    return []


def _find_neighbours(word: str, languages: Sequence[str], count: Callable[[str], int]) -> list[str]:
    stems = {stem for edit in _list_edits(word.casefold()) for stem in _list_stems(edit, languages)}
    stems -= _list_stems(word, languages)
    return sorted((stem for stem in stems if count(stem)), key=lambda stem: (-count(stem), stem))[:_MOST_NEIGHBOURS]


def _list_known(word: str, languages: Sequence[str], count: Callable[[str], int]) -> list[str]:
    return sorted(stem for stem in _list_stems(word, languages) if count(stem))


def _find_idle_groups(question: str, languages: Sequence[str], count: Callable[[str], int]) -> set[str]:
    """The terms of a code's groups that no document has, where one has several of the groups as one word."""
    idle: set[str] = set()
    for match in _GROUPS.finditer(question) if _HAS_GROUPS.search(question) else ():
        if any(count(_fold(word)) for word in _list_joined(_GROUP.findall(match[0]))):
            idle |= {term for language in languages or ("",) for term in text_terms(match[0], language)}
    return {term for term in idle if not count(term)}


def _list_stems(word: str, languages: Sequence[str]) -> set[str]:
    """The word's own term in each language, without the beginnings that some languages add to it."""
    return {terms[0] for language in languages or ("",) if (terms := text_terms(word, language))}


@lru_cache(maxsize=256)
def _list_edits(word: str) -> frozenset[str]:
    return frozenset(_make_edits(word))


def _make_edits(word: str) -> Iterator[str]:
    letters = _find_alphabet(word)
    for place in range(1, len(word) + 1):
        before, after = word[:place], word[place:]
        yield from (before + letter + after for letter in letters)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in letters)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


def _find_alphabet(word: str) -> str:
    """The small letters that may stand in such a word: English ones, or those near its own in Unicode."""
    if word.isascii():
        return string.ascii_lowercase
    own = {letter for letter in word if not letter.isascii()}
    blocks = {ord(letter) // 64 for letter in own}
    near = {chr(code) for block in blocks for code in range(64 * block, 64 * block + 64)}
    small = {letter for letter in near if unicodedata.category(letter) in ("Ll", "Lo")}
    latin = set(string.ascii_lowercase) if any(letter.isascii() for letter in word) else set()
    return "".join(sorted(small | latin))


def _make_token_terms(token: str, language: str) -> tuple[str, ...]:
    if _HAS_SPACELESS.search(token):
        return tuple(_make_mixed_terms(token, language))
    return _make_spaced_terms(token, language)


def _make_mixed_terms(token: str, language: str) -> Iterator[str]:
    for spaceless, spaced in _RUNS.findall(token):
        if spaceless:
            yield from _pair_clusters(_split_clusters(spaceless))
        else:
            for word in _TOKEN.findall(spaced):
                yield from _make_spaced_terms(word, language)


def _split_clusters(run: str) -> list[str]:
    """Characters with the marks that belong to them."""
    clusters: list[str] = []
    for character in run.casefold():
        if clusters and unicodedata.category(character).startswith("M"):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _pair_clusters(clusters: list[str]) -> Iterator[str]:
    for cluster in clusters:
        if len(clusters) == 1 or _HAN.match(cluster):
            yield cluster
    for first, second in pairwise(clusters):
        yield first + second


def _make_spaced_terms(token: str, language: str) -> tuple[str, ...]:
    if token.isalpha() and (token.islower() or token.istitle() or token.isupper()):
        return _make_word_terms(token, language)
    return tuple(dict.fromkeys(term for term in _make_compound_terms(token, language) if term))


def _make_word_terms(word: str, language: str) -> tuple[str, ...]:
    stem = _find_stem(word, language)
    if language not in _WITH_BEGINNINGS or len(stem) <= _BEGINNING or any(map(str.isdigit, stem)):
        return (stem,)
    return stem, stem[:_BEGINNING]


def _make_vietnamese_terms(text: str) -> Iterator[str]:
    """Syllables without accents, for questions typed without them, and pairs of syllables, which most words are."""
    written, end_before, before = text.casefold(), 0, ""
    for match in _TOKEN.finditer(written):
        if before and match.start() == end_before + 1 and written[end_before].isspace():
            yield f"{before}_{match[0]}"[:_LONGEST_TERM]
        yield from _make_token_terms(match[0], "")
        end_before, before = match.end(), match[0]


def _make_compound_terms(token: str, language: str) -> Iterator[str]:
    if _GROUPED_NUMBER.fullmatch(token):
        yield re.sub(r"[,.'](?=\d{3})", "", token)
        return
    if "'" in token or "’" in token:
        yield from _make_apostrophe_terms(token, language)
        return
    if "@" in token:
        yield _fold(token)
        for side in token.split("@"):
            yield from _make_spaced_terms(side, language) if side else ()
        return
    parts = _PART.findall(token)
    if len(parts) > 1 or token[-1] in "+#":
        yield _fold(token.replace("-", ""))
    for part in parts:
        yield from _make_word_terms(part, language)
        humps = _HUMPS.findall(part)
        if len(humps) > 1 and sum(map(len, humps)) == len(part):
            yield from (_find_stem(hump, language) for hump in humps)


def _make_apostrophe_terms(token: str, language: str) -> Iterator[str]:
    """The terms of the parts between apostrophes; a single letter (l', 's, the O of O'Brien) is left out."""
    for part in re.split("['’]", token):
        if len(part) > 1:
            yield from _make_spaced_terms(part, language)


def _find_stem(word: str, language: str) -> str:
    folded = word.casefold()
    if language in STEMMERS and not any(map(str.isdigit, folded)):
        folded = _get_stemmer(language).stemWord(folded)
    return _fold(folded)


def _fold(word: str) -> str:
    """The word without case, accents and vowel points. Indic vowel signs are letters in their own right and stay."""
    folded = word.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded)
        folded = "".join(c for c in folded if not unicodedata.combining(c) or unicodedata.combining(c) in (7, 9))
        folded = folded.translate(_FOLD)
    return folded[:_LONGEST_TERM]


def _get_stemmer(language: str) -> Stemmer.Stemmer:
    """The stemmer of this thread; two threads must not use one at once."""
    stemmers: dict[str, Any] = _local.__dict__
    if language not in stemmers:
        import Stemmer

        stemmers[language] = Stemmer.Stemmer(STEMMERS[language], 0)
    return stemmers[language]
