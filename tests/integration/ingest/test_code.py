"""The splitter on the code of programs, which llama-index reads."""

from __future__ import annotations

from pathlib import Path

from ingest.splitting.splitter import Splitter
from rag.models.embedder import load_tokenizer
from rag.settings import DEFAULT_EMBED_MODEL
from rag.types import Document, Page

TOKENIZER = load_tokenizer(DEFAULT_EMBED_MODEL, Path())
MAX_TOKENS = 256


def _squeezed(text: str) -> str:
    return "".join(text.split())


def test_code_is_broken_before_functions():
    source = "\n\n\n".join(
        f"def function_{n}(value):\n    total = value + {n}\n    return total * {n}" for n in range(30)
    )
    splitter = Splitter(TOKENIZER, chunk_size=100, overlap=0, max_tokens=MAX_TOKENS)
    chunks = list(splitter.split(Document("a.py", ()), [Page(1, source)], "code"))
    assert len(chunks) > 5
    assert all(chunk.text.startswith("def function_") for chunk in chunks)
    assert _squeezed("".join(chunk.text for chunk in chunks)) == _squeezed(source)


def test_code_that_is_not_what_its_name_says_is_broken_by_lines():
    splitter = Splitter(TOKENIZER, chunk_size=40, overlap=0, max_tokens=MAX_TOKENS)
    text = "\n".join(f"((( {n} ]]] %%% this is no program" for n in range(40))
    chunks = list(splitter.split(Document("a.rs", ()), [Page(1, text)], "code"))
    assert _squeezed("".join(chunk.text for chunk in chunks)) == _squeezed(text)
