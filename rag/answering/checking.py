"""Each claim of a model's answer, held against the passages that it cites. Pure.

The page's marks (`rag.answering.spots`) and `claims` in JSON both come from here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.answering.citations import find_quote
from rag.answering.claims import Judgement, Verdict, judge_claim, says_something
from rag.answering.numbers import find_numbers
from rag.answering.support import find_claims, find_language
from rag.text.sentences import split_sentences
from rag.text.terms import text_terms
from rag.types import ScoredChunk

_SAID = 0.34
"""The share of a claim's terms that a sentence must have to be the one that says it."""
_MORE = 2
"""Terms of the claim that a second sentence must add; a single one may be a pronoun."""


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A sentence of an answer and what it is worth."""

    text: str
    """Without its markers."""
    verdict: Verdict
    passages: tuple[int, ...]
    """The numbers of the passages that it cites; of the one that says it, if it cites none and one does."""
    quotes: tuple[str, ...]
    """For each of them the sentence that says it, a piece of the passage; empty if none does."""
    judgement: Judgement

    @property
    def lacks(self) -> tuple[str, ...]:
        """Numbers, names and words of the claim that its passages don't have, as it writes them."""
        return (*self.judgement.numbers, *self.judgement.words) if self.verdict != "supported" else ()

    def to_dict(self) -> dict[str, Any]:
        """As `ask --json` prints it."""
        return {
            "text": self.text,
            "verdict": self.verdict,
            "score": round(self.judgement.score, 3),
            "passages": list(self.passages),
            "quote": next(filter(None, self.quotes), ""),
            "missing": {"numbers": list(self.judgement.numbers), "words": list(self.judgement.words)},
            "denied": self.judgement.is_denied,
        }


def check_claims(question: str, answer: str, hits: Sequence[ScoredChunk]) -> tuple[CheckedClaim, ...]:
    """The answer's sentences in order; ``[n]`` is ``hits[n - 1]``. One that says nothing ("Yes.") isn't among them."""
    claims = ((" ".join(claim.text.split()), claim.numbers) for claim in find_claims(answer))
    return tuple(check_claim(question, text, numbers, hits) for text, numbers in claims if says_something(text))


def check_claim(question: str, text: str, numbers: Sequence[int], hits: Sequence[ScoredChunk]) -> CheckedClaim:
    """A claim and the passages that it cites; one that cites none is held against all."""
    cited = tuple(number for number in numbers if 1 <= number <= len(hits))
    passages = [hits[number - 1] for number in cited] or list(hits)
    judgement = judge_claim(text, passages, question=question)
    if judgement.verdict == "not":
        return CheckedClaim(text, "not", cited, ("",) * len(cited), judgement)
    if not cited:
        cited, passages = (judgement.passage + 1,), [passages[judgement.passage]]
    share = _SAID / len(passages)  # each of several passages may say a part of it
    quotes = [_find_sentence(text, passage, share) for passage in passages]
    if not any(quotes):  # it is said in other words
        quotes = [judgement.quote if place == judgement.passage else "" for place in range(len(passages))]
    return CheckedClaim(text, judgement.verdict, cited, tuple(quotes), judgement)


def _find_sentence(claim: str, hit: ScoredChunk, share: float) -> str:
    """The sentence or two of the passage that say it; empty if less than that share of its words stands in any."""
    language = find_language(hit)
    terms = frozenset(text_terms(claim, language))
    two = find_quote(hit.chunk.text, claim, language)
    units = [two[unit.start : unit.end] for unit in split_sentences(two, language)] or [two]
    one = max(units, key=lambda unit: _count_shared(terms, unit, language))
    needs_two = _count_shared(terms, two, language) - _count_shared(terms, one, language) >= _MORE
    quote = two if needs_two else one
    if terms and _count_shared(terms, quote, language) >= share * len(terms):
        return quote
    # In another language than the passage's, only numbers can be found again.
    values = {number.value for number in find_numbers(claim) if number.is_certain}
    text = hit.chunk.text
    sentences = (text[unit.start : unit.end] for unit in split_sentences(text, language)) if values else ()
    return next((one for one in sentences if values <= {number.value for number in find_numbers(one)}), "")


def _count_shared(terms: frozenset[str], text: str, language: str) -> int:
    return len(terms & frozenset(text_terms(text, language)))
