from __future__ import annotations

import pytest

from page.reader.quotes import find_quote_spans

PAGE = (
    "The oﬃce opens at nine.\r\nA ticket costs 12 eu-\r\nros. Dogs travel free.\r\nFriday\r\n9-12\r\n"
    "A ticket costs 3 euros."
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("A ticket costs 12 euros.", ["A ticket costs 12 eu-\r\nros."]),
        ("The office opens at nine.", ["The oﬃce opens at nine."]),
        ("Dogs\ttravel\tFriday\t9-12", ["Dogs travel", "Friday", "9-12"]),
        ("It is said that dogs travel free on board.", ["Dogs travel free."]),
        ("Nothing of this is anywhere.", []),
        ("", []),
        ("…", []),
    ],
)
def test_a_quote_is_found_however_the_page_writes_it(quote: str, found: list[str]):
    assert [PAGE[start:end] for start, end in find_quote_spans(PAGE, quote)] == found


def test_the_passage_tells_a_quote_from_the_same_words_before_it():
    text = "Closed on Monday. The pool: Closed on Monday. Ask there."
    assert find_quote_spans(text, "Closed on Monday.") == [(0, 17)]
    assert find_quote_spans(text, "Closed on Monday.", "The pool: Closed on Monday.") == [(28, 45)]
