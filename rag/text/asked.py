"""What may be asked."""

from __future__ import annotations

import re

from rag.errors import QuestionError

MAX_QUESTION_CHARACTERS = 2_000
"""The longest question that is taken. A longer one would leave no room for passages in a context of 4,096 tokens,
Japanese being the worst case; and the embedding model reads about 1,000 characters of it anyway."""


def check_question(question: str) -> str:
    """The question without control characters and white space around it. Raises QuestionError if it can't be asked."""
    question = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", " ", question).strip()
    if not question:
        raise QuestionError("The question is empty. Write what you want to know.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question has {len(question):,} characters; at most {MAX_QUESTION_CHARACTERS:,} are read. "
            "Shorten it, and put long text into a document instead."
        )
    return question
