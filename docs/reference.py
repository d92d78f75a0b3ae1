"""The tables of all settings and of all commands with their options, in docs/: made from the code.

uv run python docs/reference.py            writes them anew
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from ingest.__main__ import _make_parser as make_ingest_parser  # noqa: E402 (found by the line above)
from page.command import _make_parser as make_page_parser  # noqa: E402 (the path comes first)
from rag.__main__ import _make_parser as make_rag_parser  # noqa: E402 (the path comes first)
from rag.settings import Settings  # noqa: E402 (the path comes first)


def make_settings() -> str:
    """A row for each setting, with its default and its limits."""
    rows = ["| name | default | meaning |", "| --- | --- | --- |"]
    for spec in fields(Settings):
        default = f"`{spec.default}`" if str(spec.default) else "empty"
        low, high = spec.metadata["low"], spec.metadata["high"]
        limits = f" From {low:,} to {high:,}." if low is not None else ""
        rows.append(f"| `{spec.metadata['env']}` | {default} | {_escape(spec.metadata['help'])}{limits} |")
    return "\n".join(rows)


def make_commands() -> str:
    """A heading for each command, with what it does and a row for each option."""
    pagewise = list(_walk(make_page_parser(""), "pagewise"))
    others = list(_walk(make_ingest_parser("pagewise ingest"), "pagewise ingest"))
    return "\n\n".join([*pagewise, *others, *_walk(make_rag_parser("pagewise"), "pagewise", is_whole=False)])


def _walk(parser: argparse.ArgumentParser, name: str, *, is_whole: bool = True) -> Iterator[str]:
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if is_whole:
        rows = [_describe(action) for action in parser._actions if action not in inner and action.dest != "help"]
        table = "\n".join(["| option | meaning |", "| --- | --- |", *rows])
        yield f"### {name}\n\n{(parser.description or '').strip()}" + (f"\n\n{table}" if rows else "")
    for action in inner:
        for command, below in action.choices.items():
            yield from _walk(below, f"{name} {command}")


def _describe(action: argparse.Action) -> str:
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices:
        value = "\\|".join(map(str, action.choices))
    names = ", ".join(action.option_strings)
    shown = f"`{names} {value}`".replace(" `", "`") if names else f"`{value}`"
    return f"| {shown} | {_escape(action.help or '')} |"


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PARTS = {"settings.md": make_settings, "commands.md": make_commands}


def fill_in(text: str, table: str) -> str:
    """The page's text with the table in its place."""
    return re.sub(
        r"(<!-- (?:settings|commands) -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}\n{table}\n\n{m[2]}", text, flags=re.S
    )


if __name__ == "__main__":
    for name, make in PARTS.items():
        page = DOCS / name
        page.write_text(fill_in(page.read_text("utf-8"), make()), "utf-8")
