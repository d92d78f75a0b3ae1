import asyncio
from typing import Any

import pytest

from page.afterwards import describe_afterwards


@pytest.mark.parametrize(
    ("question", "again"),
    [("hello", ""), ("Danke!", ""), ("How often must I descale the kettle?", "How often must I descale the kettle?")],
)
def test_only_a_question_is_offered_again(question: str, again: str):
    backend: Any = None  # which isn't asked
    below = asyncio.run(describe_afterwards(question, {}, backend, are_changes_told=False))
    assert below["question"] == again
