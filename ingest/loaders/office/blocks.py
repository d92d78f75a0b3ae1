"""Paragraphs, list items and tables of a text document, put together. A leaf."""

from __future__ import annotations

import re
from collections.abc import Iterable


def join_blocks(blocks: Iterable[str]) -> str:
    """Blocks apart by an empty line, but list items under one another."""
    text = "\n\n".join(block for block in blocks if block.strip())
    return re.sub(r"(\n *- [^\n]*)\n\n(?= *- )", r"\1\n", re.sub(r"(^|\n)( *- [^\n]*)\n\n(?= *- )", r"\1\2\n", text))
