"""What families of models want before a question and before a passage, where their own files don't say so."""

from __future__ import annotations

import re

from rag.models.manifest import Prefixes

# Prefixes of model families whose configuration files leave them out, from the models' own cards.
_FAMILY_PREFIXES = (
    (
        r"e5-.*instruct",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
        "",
    ),
    (r"(^|[-_])e5-", "query: ", "passage: "),
    (r"bge-(small|base|large)-en", "Represent this sentence for searching relevant passages: ", ""),
    (r"bge-(small|base|large)-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    (r"nomic-embed-text", "search_query: ", "search_document: "),
)


def find_family_prefixes(name: str) -> Prefixes:
    """The prefixes that a family of models was trained with, by the model's name; empty for most."""
    base = name.rsplit("/", 1)[-1].lower()
    for pattern, query, document in _FAMILY_PREFIXES:
        if re.search(pattern, base):
            return Prefixes(query, document)
    return Prefixes()
