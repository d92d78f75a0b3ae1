from functools import partial

import pytest

from rag.index.views import KeyedVectors, RememberedVectors
from rag.types import Restriction


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ([(1, "a"), (1, "a")], ["a"]),
        ([(1, "a"), (2, "a")], ["a", "a"]),  # the index changed
        ([(1, "a"), (1, "b"), (1, "a"), (1, "c"), (1, "a"), (1, "b")], ["a", "b", "c", "b"]),
        ([(1, "large"), (1, "large")], ["large", "large"]),
    ],
)
def test_the_vectors_of_the_last_restrictions_are_read_once_while_the_index_stays_as_it_is(asked, made):
    memory, read = RememberedVectors(most_chunks=6), []

    def make(folder):
        read.append(folder)
        return KeyedVectors([folder] * (7 if folder == "large" else 3), None)

    for state, folder in asked:
        assert memory.get(state, Restriction(folder), partial(make, folder)).keys[0] == folder
    assert read == made
