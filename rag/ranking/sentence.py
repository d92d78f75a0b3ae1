"""The sentence of a passage that has most of the question. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rag.index.lexical import QuestionTerm
from rag.text.sentences import Sentence, split_sentences
from rag.text.terms import detect_languages, text_terms


def choose_sentence(text: str, terms: Sequence[QuestionTerm]) -> str:
    """The sentence whose terms have the greatest idf together; the first of those that are equal."""
    idf = {term.text: term.idf for term in terms}
    language = detect_languages(text)[0][0]

    def weigh(sentence: Sentence) -> float:
        return sum(idf.get(term, 0.0) for term in set(text_terms(text[sentence.start : sentence.end], language)))

    best = max(split_sentences(text, language), key=weigh, default=None)
    return text[best.start : best.end] if best else text
