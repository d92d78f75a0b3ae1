from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rag.asked.every import EveryReading, write_table
from rag.asked.kinds import Asked
from rag.asked.rows import Row


class NoPassages:
    """Stands for the index, of which a table reads only what its markers open."""

    def read(self, look: Callable[[Any], Any]) -> Any:
        return look(self)

    def read_chunks(self, ids: Sequence[int]) -> dict[int, Any]:
        return {}


@pytest.mark.parametrize(
    ("pages", "head", "row"),
    [
        ((3, None), "| Document | Answer | Page | Quote |", "| a.pdf | 40 | 3 | The fee is 40. |"),
        ((None, None), "| Document | Answer | Quote |", "| a.pdf | 40 | The fee is 40. |"),
    ],
)
def test_the_table_tells_pages_where_documents_have_them(pages: tuple[int | None, ...], head: str, row: str):
    rows = [
        Row("a.pdf", answer="40", plain="40", quote="The fee is 40.", page=pages[0]),
        Row("b.txt", answer="45", plain="45", quote="The fee is 45.", page=pages[1]),
    ]
    reading = EveryReading("?", "fee", None, "amount", None, [], 0, rows)
    lines = write_table(reading, Asked("every", language="en"), NoPassages()).text.splitlines()  # type: ignore[arg-type]  # all that is read of it
    assert head in lines
    assert row in lines
