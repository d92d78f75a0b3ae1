"""Text that Markdown would swallow, through the real page: documents' words in quotes, and a model's answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import Chat
from tests.endpoint import Exchange, model_server

OpenChat = Callable[..., Chat]

STARTS = ["::leaf[a]{.b}", ":::note", ":a", "# h", "## h ##", "> q", "+ p", "1) n", "7. n", "2024. y", "===", "---", "+++", "***"]
STARTS += ["```", "~~~", "|a|b|", "[a]: b", "[^1]: c", "<div>", "<!-- c", "&amp; d", "$$", "\\[", "\\begin{x}", "= e", "\t:t", "-- f"]
MIDDLES = ["host:badge", "10:am", "C:Windows", "foo:bar(1)", ":e[f]{g=h}", "a::b", "std::map<int,b>", "\\(x^2\\,dx\\)", "$5 $6", "~5~"]
MIDDLES += ["~~gone~~", "x^2^", "2*3*4", "__init__", "snake_case_x", "C:\\dir\\*new", "\\\\srv\\x", "&lt;p&gt;", "&#58;", "<b>x</b>"]
MIDDLES += ["[^1]", "[x][y]", "[i](j)", "![p](q)", "<http://u.v/w:x>", "http://u.v/a_b:c", "www.u_v.w/x_y", "me_too@u.v", "`t", "a|b"]
MIDDLES += ["{.c #d}", "#tag", "@name", "*a", "_b", "]:", "a\\", "!", "5 \" 6'", "100%", "日本:語", "été:où", "x:y|z", "\\|", "\\&", "``:"]
WORDS = ["alder", "birch", "cedar", "daphne", "elder", "fir"]


def make_lines() -> list[str]:
    """Each awkward start with each of a few middles, and each middle by itself; all different."""
    lines = [f"{start} {MIDDLES[(7 * n + k) % len(MIDDLES)]} z{n}k{k}" for n, start in enumerate(STARTS) for k in range(7)]
    return lines + [f"Mid {middle} and {middle} end{n}" for n, middle in enumerate(MIDDLES)]


LINES = make_lines()
