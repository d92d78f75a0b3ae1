from __future__ import annotations

import numpy as np
import pytest

from rag.models.agreement import compare_by_cosine
from rag.models.manifest import Agreement, Prefixes
from rag.models.prefixes import find_family_prefixes


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("intfloat/multilingual-e5-small", Prefixes("query: ", "passage: ")),
        ("e5-base-v2", Prefixes("query: ", "passage: ")),
        ("BAAI/bge-small-en-v1.5", Prefixes("Represent this sentence for searching relevant passages: ", "")),
        ("BAAI/bge-m3", Prefixes()),
        ("all-MiniLM-L6-v2", Prefixes()),
        ("acme/made5-style", Prefixes()),
    ],
)
def test_families_of_models_have_their_prefixes(name, prefixes):
    assert find_family_prefixes(name) == prefixes


def test_instruct_models_of_the_e5_family_get_an_instruction_and_bare_passages():
    prefixes = find_family_prefixes("intfloat/multilingual-e5-large-instruct")
    assert prefixes.query.startswith("Instruct: ")
    assert prefixes.document == ""


def test_agreement_is_the_mean_and_the_minimum_of_the_cosines():
    one = np.array([[1, 0], [0, 1]], np.float32)
    other = np.array([[1, 0], [0.8, 0.6]], np.float32)
    assert compare_by_cosine(one, other) == Agreement(0.8, 0.6)


def test_vectors_that_are_no_numbers_agree_with_nothing():
    assert compare_by_cosine(np.array([[np.nan, 1]], np.float32), np.array([[0, 1]], np.float32)) == Agreement(0.0, 0.0)
